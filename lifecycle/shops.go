package lifecycle

import (
	"cmp"
	"maps"
	"slices"
	"time"

	gk "github.com/grantkeep/grantkeep"
)

// Merge keeps a subject's identity and takes the attributes that are told.
func Merge(old, told gk.Subject) gk.Subject {
	if old.Kind == "" {
		return told
	}
	old.Host, old.Name = cmp.Or(told.Host, old.Host), cmp.Or(told.Name, old.Name)
	old.Region, old.Parent = cmp.Or(told.Region, old.Region), cmp.Or(told.Parent, old.Parent)
	return old
}

// named gives shops what was known of them, where an answer tells little more than their ids.
func named(known, told []gk.Shop) []gk.Shop {
	shops := slices.Clone(told)
	for i := range shops {
		s := &shops[i]
		at := slices.IndexFunc(known, func(k gk.Shop) bool { return k.ID == s.ID })
		if at < 0 {
			continue
		}
		was := known[at]
		s.Name, s.Host, s.Region = cmp.Or(s.Name, was.Name), cmp.Or(s.Host, was.Host), cmp.Or(s.Region, was.Region)
		if s.Facts == nil {
			s.Facts = was.Facts
		}
	}
	return shops
}

// Reach merges what a grant reached with what it reaches, and returns the ids of the shops that came and went; a shop
// that is gone keeps its row and the moment.
func Reach(old, now []gk.Shop, at time.Time) (shops []gk.Shop, gained, lost []string) {
	living := make(map[string]bool, len(now))
	for _, s := range now {
		living[s.ID] = true
	}
	was := make(map[string]bool, len(old))
	for _, s := range old {
		if s.LostAt.IsZero() {
			was[s.ID] = true
		}
		if living[s.ID] {
			continue
		}
		if s.LostAt.IsZero() {
			s.LostAt = gk.At(at)
			lost = append(lost, s.ID)
		}
		shops = append(shops, s)
	}
	for _, s := range now {
		if !was[s.ID] {
			gained = append(gained, s.ID)
		}
		shops = append(shops, s)
	}
	return shops, gained, lost
}

// mostNamed is how many ids of shops an event names; a main account of a platform can reach thousands.
const mostNamed = 100

// reachEvent tells which shops a grant gained and lost, or nothing where it did neither. The shop that a grant is about is
// no gain.
func reachEvent(g *gk.Grant, gained, lost []string, now time.Time) []gk.Event {
	gained = slices.DeleteFunc(gained, func(id string) bool { return g.Subject.Kind == gk.KindShop && id == g.Subject.ID })
	if len(gained)+len(lost) == 0 {
		return nil
	}
	data := map[string]any{"gained": firstOf(gained), "lost": firstOf(lost)}
	if len(gained) > mostNamed || len(lost) > mostNamed {
		data["gained_count"], data["lost_count"] = len(gained), len(lost)
	}
	return []gk.Event{Event(gk.EventGrantShopsChanged, "platform", g, now, data)}
}

func firstOf(ids []string) []string {
	return append([]string{}, ids[:min(len(ids), mostNamed)]...)
}

func sameShop(a, b gk.Shop) bool {
	return a.ID == b.ID && a.Name == b.Name && a.Host == b.Host && a.Region == b.Region && a.LostAt.Equal(b.LostAt.Time) && maps.Equal(a.Facts, b.Facts)
}

// lacks reports whether have misses one of before.
func lacks(have, before []string) bool {
	return len(have) > 0 && slices.ContainsFunc(before, func(s string) bool { return !slices.Contains(have, s) })
}

func subset(a, b map[string]string) bool {
	for name, v := range a {
		if b[name] != v {
			return false
		}
	}
	return true
}
