package keeper

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

// errNotVisible is what a grant is to those who may not see it.
var errNotVisible = store.ErrNotFound

// Revoke ends a grant on purpose: the platform is told where it can be, the tokens are erased, and the grants that
// depend on this one end with it.
func (k *Keeper) Revoke(ctx context.Context, v gk.Viewer, id string) error {
	g, err := k.store.Grant(ctx, v, id)
	if err != nil {
		return err
	}
	if g.State != gk.Revoked {
		k.tellPlatform(ctx, g)
	}
	return k.erase(ctx, v, id, anyGeneration, v.Key, "revoked by us")
}

// tellPlatform gives a permission back where the platform takes it. It is a courtesy: our own end does not wait for it.
func (k *Keeper) tellPlatform(ctx context.Context, g gk.Grant) {
	a, err := k.apps.OpenByID(ctx, g.App)
	if err != nil {
		return
	}
	r, ok := a.Driver.(platform.Revoker)
	if !ok {
		return
	}
	cred, err := k.Credential(g, true)
	if err != nil {
		return
	}
	req, err := a.Request("revoke", func() (*platform.Request, error) { return r.RevokeRequest(a.Open, cred) })
	if err != nil || req == nil {
		return
	}
	if _, err := a.Ask(ctx, req, true, 30*time.Second); err != nil {
		k.log.Warn("the platform could not be told of a revocation", "grant", g.ID, "error", err)
	}
}

// anyGeneration erases a grant whatever pair it has.
const anyGeneration = -1

// erase moves a grant and those that depend on it to revoked, if it still has the generation that this was concluded
// from. The generation rises, so that a renewal under way finds nobody to give its pair to.
func (k *Keeper) erase(ctx context.Context, v gk.Viewer, id string, generation int64, actor, why string) error {
	now := k.Now()
	var parent gk.Grant
	err := k.store.UpdateGrant(ctx, v, id, now, func(g *gk.Grant) ([]gk.Event, error) {
		parent = gk.Grant{}
		if generation != anyGeneration && g.Generation != generation {
			return nil, store.ErrUnchanged
		}
		parent = *g
		if g.State == gk.Revoked {
			return nil, store.ErrUnchanged
		}
		g.State, g.Renewable, g.Access, g.Refresh, g.KeyID = gk.Revoked, false, nil, nil, 0
		g.Generation++
		g.DueAt, g.RetryAt, g.Failures, g.Doubts, g.DoubtSince = time.Time{}, time.Time{}, 0, 0, time.Time{}
		release(g)
		return []gk.Event{Event(gk.EventGrantRevoked, actor, g, now, map[string]any{"why": why})}, nil
	})
	k.tokens.drop(id)
	if err != nil || parent.Subject.ID == "" {
		return err
	}
	children, err := k.store.Children(ctx, parent.App, parent.Subject.ID)
	if err != nil {
		return err
	}
	for _, c := range children {
		if c.ID != id && c.State != gk.Revoked && dependsOn(c.Subject, parent.Subject) {
			err = errors.Join(err, k.erase(ctx, gk.Engine(), c.ID, anyGeneration, actor, why+" (its main account)"))
		}
	}
	return err
}

// dependsOn reports whether the end of a subject ends another: a main account takes its sub-accounts along. Ids of
// different kinds share no namespace, so a shop never ends the shops of a main account that has its number.
func dependsOn(child, parent gk.Subject) bool {
	return child.Parent == parent.ID && (child.Kind == parent.Kind || parent.Kind == gk.KindMainAccount)
}

// Left hears that a merchant left: a push, or a cancel page. It is a hint. The platform is asked; only its answer ends
// the grant. at is the platform's own time of the event, zero if it did not tell: what is older than the merchant's
// last consent is ignored. It reports whether the grant has ended.
func (k *Keeper) Left(ctx context.Context, id string, at time.Time, actor string) (ended bool, err error) {
	g, err := k.store.Grant(ctx, gk.Engine(), id)
	if err != nil || g.State == gk.Revoked {
		return g.State == gk.Revoked, err
	}
	if !at.IsZero() && at.Before(g.AuthorizedAt) {
		return false, nil
	}
	a, err := k.apps.OpenByID(ctx, g.App)
	if err != nil {
		return false, err
	}
	d := a.Driver
	_, ok := d.(platform.Inspector)
	if !ok {
		if !d.Spec().Facts.Push.Time || at.IsZero() {
			return false, nil // nobody can be asked, and the message alone proves too little
		}
		return true, k.erase(ctx, gk.Engine(), id, anyGeneration, actor, "the merchant left")
	}
	cred, err := k.Credential(g, true)
	if err != nil {
		return false, err
	}
	in, err := a.Inspect(ctx, cred)
	if err != nil || in.Alive == nil {
		return false, err
	}
	if *in.Alive {
		return false, k.Seen(ctx, d, g, in)
	}
	if !g.Ceiling.IsZero() && !g.Ceiling.After(k.Now().Add(ClockSlack)) {
		return true, k.ranOut(ctx, id) // its time was over: nobody left
	}
	if d.Spec().TokenRefused(in.Fault) && explained(&g, k.Now()) {
		return false, nil
	}
	if err := k.erase(ctx, gk.Engine(), id, g.Generation, actor, "the merchant left"); err != nil {
		return false, err
	}
	now, err := k.store.Grant(ctx, gk.Engine(), id)
	return now.State == gk.Revoked, err
}

// explained reports whether an access token may be refused for another reason than that the merchant left: it has
// ended, or a renewal that is under way or in doubt has replaced it. Then that renewal tells.
func explained(g *gk.Grant, now time.Time) bool {
	if g.State == gk.Expired {
		return g.Fault != nil && g.Fault.Reason == gk.ReasonLostAnswer
	}
	return !g.Expires.IsZero() && !g.Expires.After(now) || g.InDoubt() || g.Attempting(now)
}

// ranOut records that an authorization has reached its end.
func (k *Keeper) ranOut(ctx context.Context, id string) error {
	now := k.Now()
	return k.change(ctx, id, now, func(g *gk.Grant) ([]gk.Event, error) {
		if g.State == gk.Revoked || g.State == gk.Expired || g.Ceiling.After(now.Add(ClockSlack)) {
			return nil, errOvertaken
		}
		g.State, g.Renewable, g.DueAt = gk.Expired, false, time.Time{}
		return []gk.Event{Event(gk.EventGrantExpired, "platform", g, now, reasonOf(g))}, nil
	})
}

// Seen records what an inspection or a census told of a grant that lives, unless its merchant has agreed anew since. It
// writes what is news: a census that finds everything as it was writes nothing, but now and then that it was seen.
func (k *Keeper) Seen(ctx context.Context, d platform.Driver, asked gk.Grant, in platform.Inspection) error {
	now := k.Now()
	app, err := k.store.App(ctx, gk.Engine(), asked.App)
	if err != nil {
		return err
	}
	row := asked
	row.Shops = slices.Clone(asked.Shops)
	if _, news := k.learnSeen(d, app, &row, in, now); !news {
		return nil // a row that has changed since it was read was written by somebody who knew more
	}
	return k.change(ctx, asked.ID, now, func(g *gk.Grant) ([]gk.Event, error) {
		if g.State == gk.Revoked || g.AuthorizedAt.After(asked.AuthorizedAt) {
			return nil, errOvertaken
		}
		events, news := k.learnSeen(d, app, g, in, now)
		if !news {
			return nil, errOvertaken
		}
		return events, nil
	})
}

// seenEvery is how old the note that a platform confirmed a grant may become: half of the periodic check's interval.
func seenEvery(d platform.Driver) time.Duration {
	if probe := time.Duration(d.Spec().Facts.Push.Probe); probe > 0 {
		return probe / 2
	}
	return 7 * 24 * time.Hour
}

// learnSeen adds to a grant what was told of it, and reports whether there is anything to write.
func (k *Keeper) learnSeen(d platform.Driver, app gk.App, g *gk.Grant, in platform.Inspection, now time.Time) (events []gk.Event, news bool) {
	i := apps.Learn(platform.Issue{Subject: g.Subject, Facts: g.Facts}, in)
	subject := apps.Merge(g.Subject, i.Subject)
	news = subject != g.Subject || !subset(in.Facts, g.Facts) || !seenAt(g).Add(seenEvery(d)).After(now)
	g.Subject = subject
	for name, v := range in.Facts {
		i.Facts[name] = v
	}
	i.Facts[FactSeen] = now.Format(time.RFC3339)
	g.Facts = i.Facts
	if len(in.Shops) > 0 {
		shops, changed := reach(g.Shops, in.Shops, now)
		news = news || changed || !slices.EqualFunc(shops, g.Shops, sameShop)
		g.Shops = shops
		if changed {
			events = append(events, Event(gk.EventGrantShopsChanged, "platform", g, now, map[string]any{"shops": len(in.Shops)}))
		}
	}
	if !in.Ceiling.IsZero() && !in.Ceiling.Equal(g.Ceiling) {
		g.Ceiling, g.Warned, news = in.Ceiling, 0, true
	}
	if back := k.revive(d, app, g, in, now); back != nil {
		events, news = append(events, back...), true
	}
	if news && g.AttemptID == "" {
		g.DueAt = k.plan(d, app, g, now)
	}
	return events, news
}

func sameShop(a, b gk.Shop) bool {
	return a.ID == b.ID && a.Name == b.Name && a.Host == b.Host && a.Region == b.Region && a.LostAt.Equal(b.LostAt.Time) && maps.Equal(a.Facts, b.Facts)
}

// revive undoes the end of a grant that the platform says lives: an expired grant is no more than a conclusion. Where
// nobody refused its renewal, it is renewed again; its events tell of the recovery once something usable is there.
func (k *Keeper) revive(d platform.Driver, app gk.App, g *gk.Grant, in platform.Inspection, now time.Time) []gk.Event {
	if g.State != gk.Expired || in.Alive == nil || !*in.Alive || !g.Ceiling.IsZero() && !g.Ceiling.After(now) {
		return nil
	}
	refused := g.Fault != nil && (g.Fault.Terminal || g.Fault.Action == gk.Reauthorize)
	renewable := !refused && k.renewable(d, app, g, false)
	switch {
	case !d.Spec().Facts.Tokens || g.Usable(now):
		g.State, g.Renewable = gk.Active, renewable
		return []gk.Event{Event(gk.EventGrantRecovered, "platform", g, now, map[string]any{"generation": g.Generation})}
	case renewable:
		g.State, g.Renewable, g.RetryAt, g.Failures = gk.Suspended, true, time.Time{}, 0
		return []gk.Event{Event(gk.EventGrantSuspended, "platform", g, now, reasonOf(g))}
	}
	return nil
}

// reach merges what a grant reached with what it reaches; a shop that is gone keeps its row and the moment.
func reach(old, now []gk.Shop, at time.Time) (shops []gk.Shop, changed bool) {
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
			s.LostAt, changed = gk.At(at), true
		}
		shops = append(shops, s)
	}
	for _, s := range now {
		changed = changed || !was[s.ID]
		shops = append(shops, s)
	}
	return shops, changed
}
