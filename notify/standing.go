package notify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

// standing is how all stands that an alarm may tell of.
type standing struct {
	total     int64
	platforms map[string]bool
	counts    []store.GrantCount
	ends      [3]int64         // within a day, 7 and 30 days
	events    map[string]int64 // of the last day, by kind
	stopped   []string         // names of apps
	failing   int              // outlets that do not get through
}

// standing asks how all stands within the rule of an alarm.
func (n *News) standing(ctx context.Context, o store.Outlet, zone *time.Location, now time.Time) (s standing, err error) {
	apps, v, err := n.ruled(ctx, o.Rule)
	if err != nil {
		return s, err
	}
	for _, a := range apps {
		if a.Stopped() || a.Broken != "" {
			s.stopped = append(s.stopped, oneLine(firstText(a.Name, a.ID)))
		}
	}
	counts, err := n.o.Store.GrantCounts(ctx, v)
	if err != nil {
		return s, err
	}
	s.platforms = map[string]bool{}
	for _, c := range counts {
		if c.State == gk.Revoked {
			continue
		}
		s.counts, s.total = append(s.counts, c), s.total+c.N
		s.platforms[c.Platform] = true
	}
	for i, days := range []int{1, 7, 30} {
		ends, err := n.o.Store.EndsByDay(ctx, v, now, now.AddDate(0, 0, days), offsetOf(now, zone))
		if err != nil {
			return s, err
		}
		for _, e := range ends {
			s.ends[i] += e.N
		}
	}
	if s.events, err = n.o.Store.EventCounts(ctx, v, now.Add(-24*time.Hour), now); err != nil {
		return s, err
	}
	outlets, err := n.o.Store.Outlets(ctx, "")
	for _, other := range outlets {
		if seen(v, other) && (!other.FailingSince.IsZero() || !other.Enabled && other.Reason != "") {
			s.failing++
		}
	}
	return s, err
}

// ruled lists the apps that a rule tells of, and the viewer who sees no other.
func (n *News) ruled(ctx context.Context, rule store.Rule) ([]gk.App, gk.Viewer, error) {
	v := viewerOf(rule)
	apps, err := n.o.Store.Apps(ctx, gk.Engine(), "", 0)
	var damaged *store.DamagedError
	if err != nil && !errors.As(err, &damaged) {
		return nil, v, err
	}
	apps = slices.DeleteFunc(apps, func(a gk.App) bool {
		return !v.SeesApp(a.ID) || len(rule.Platforms) > 0 && !slices.Contains(rule.Platforms, a.Platform)
	})
	if len(rule.Platforms) > 0 {
		v.Apps = []string{"none"} // a list without an app would be no limit
		for _, a := range apps {
			v.Apps = append(v.Apps, a.ID)
		}
	}
	return apps, v, nil
}

func offsetOf(now time.Time, zone *time.Location) time.Duration {
	_, offset := now.In(zone).Zone()
	return time.Duration(offset) * time.Second
}

// inStates counts the grants of a platform, or of all, by state, in words.
func (s *standing) inStates(platform string, words map[string]string, mark string) string {
	var parts []string
	for _, state := range digestStates {
		var sum int64
		for _, c := range s.counts {
			if c.State == state && (platform == "" || c.Platform == platform) {
				sum += c.N
			}
		}
		if sum > 0 {
			parts = append(parts, fmt.Sprintf(words[string(state)], sum))
		}
	}
	return strings.Join(parts, mark)
}
