package keeper

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

// save stores the pair that an attempt brought. Until it is stored nobody is given it; if the database is away it waits
// in memory and in the spill file.
func (k *Keeper) save(ctx context.Context, a apps.Opened, g gk.Grant, i platform.Issue, askedAt time.Time) error {
	app := a.App
	e, err := k.renewalEntry(a, g, i, askedAt)
	if err != nil {
		return errors.Join(err, k.inDoubt(ctx, a, g, nil, "the new pair could not be sealed"))
	}
	k.keep(ctx, e)
	k.found.taken(app.ID)
	k.gates.give(app.ID, 0) // who waited while the database looked old need not wait longer
	if app.Fault != nil || app.Stop != "" {
		return k.clearAppFault(ctx, app.ID)
	}
	return nil
}

// renewalEntry makes of an issue what is stored: both tokens sealed for the generation that follows the one spent.
func (k *Keeper) renewalEntry(a apps.Opened, g gk.Grant, i platform.Issue, askedAt time.Time) (entry, error) {
	d, app := a.Driver, a.App
	f := k.renewalOf(d, app)
	t := i.Token
	if t.Refresh.Empty() && len(g.Refresh) > 0 {
		old, err := k.vault.OpenSecret(tokenPlace(g.ID, "refresh", g.Generation), g.Refresh)
		if err != nil {
			return entry{}, fmt.Errorf("grant %s: %w", g.ID, err)
		}
		t.Refresh = old // a platform that sends none means the one we have; it is never replaced by nothing
		if t.RefreshExpires.IsZero() {
			t.RefreshExpires = g.RefreshExpires
		}
	}
	sealed, err := k.sealPair(g.ID, g.Generation+1, t)
	if err != nil {
		return entry{}, err
	}
	next := g
	next.Access, next.Refresh = sealed.access, sealed.refresh
	next.Expires, next.RefreshExpires, next.PairAskedAt = t.Expires, t.RefreshExpires, askedAt
	if !i.Ceiling.IsZero() {
		next.Ceiling = i.Ceiling
	}
	next.Renewable = k.renewable(d, app, &next, i.Final)
	next.Facts = withFact(g.Facts, FactShared, "")
	next.Doubts, next.DoubtSince, next.RetryAt, next.State, next.Fault = 0, time.Time{}, time.Time{}, gk.Active, nil
	release(&next)
	r := store.Renewal{
		Grant: g.ID, Attempt: g.AttemptID, Spent: g.Generation, AskedAt: askedAt, At: k.Now(), RepeatFor: f.RepeatSpan(),
		Access: sealed.access, Refresh: sealed.refresh, KeyID: sealed.key(), Windows: t.Windows, Renewable: next.Renewable,
		Expires: t.Expires, RefreshExpires: t.RefreshExpires, Due: k.plan(d, app, &next, k.Now()),
	}
	return entry{
		Kind: entryRenewal, App: app.ID, Renewal: r, Plain: plain(g, i) && next.Renewable, Subject: i.Subject, Scopes: i.Scopes, Shops: i.Shops, Facts: i.Facts, Ceiling: i.Ceiling,
	}, nil
}

// plain reports whether a renewal brings nothing but a pair, to a grant that owes no event for it: the hot case.
func plain(g gk.Grant, i platform.Issue) bool {
	return g.State == gk.Active && !sharedPair(&g) && g.Doubts == 0 && g.Failures == 0 && g.Fault == nil &&
		(i.Subject.Host == "" || i.Subject.Host == g.Subject.Host) &&
		(len(i.Scopes) == 0 || slices.Equal(i.Scopes, g.Scopes)) &&
		(i.Ceiling.IsZero() || i.Ceiling.Equal(g.Ceiling)) && itself(g, i.Shops) && subset(i.Facts, g.Facts)
}

// itself reports whether shops are no more than the one that a grant is about, which it has from its beginning.
func itself(g gk.Grant, shops []gk.Shop) bool {
	if len(shops) == 0 {
		return true
	}
	s := shops[0]
	return len(shops) == 1 && g.Subject.Kind == gk.KindShop && s.ID == g.Subject.ID && s.Name == "" && (s.Host == "" || s.Host == g.Subject.Host)
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

func subset(a, b map[string]string) bool {
	for name, v := range a {
		if b[name] != v {
			return false
		}
	}
	return true
}

// storeRenewal commits a pair: in one statement where that is enough, else by the rules for a pair that comes late or
// brings more than itself. It may run again, also after a commit whose answer was lost.
func (k *Keeper) storeRenewal(ctx context.Context, e entry) error {
	r := e.Renewal
	if e.Plain {
		r.At, r.Held = k.Now(), true
		saved, err := k.store.SaveRenewal(ctx, r)
		if err != nil {
			return err
		}
		if saved {
			return nil
		}
	}
	app, d, err := k.apps.Read(ctx, e.App) // not opened: a pair is stored whatever has become of the app's secrets
	if errors.Is(err, store.ErrNotFound) {
		k.log.Error("a pair came for an app that is gone", "app", e.App, "grant", r.Grant)
		return nil
	}
	if err != nil {
		return err
	}
	if d == nil {
		return fmt.Errorf("app %s: this build has no driver for %s", app.ID, app.Platform)
	}
	err = k.store.UpdateGrant(ctx, gk.Engine(), r.Grant, k.Now(), func(g *gk.Grant) ([]gk.Event, error) {
		return k.takePair(d, app, g, e)
	})
	if errors.Is(err, store.ErrNotFound) {
		k.log.Error("a pair came for a grant that is gone", "grant", r.Grant)
		return nil
	}
	return err
}

// takePair is what storing a pair means. A pair in hand outweighs every conclusion drawn without it.
func (k *Keeper) takePair(d platform.Driver, app gk.App, g *gk.Grant, e entry) ([]gk.Event, error) {
	r := e.Renewal
	now := k.Now()
	if g.PairFrom == r.Attempt {
		return nil, store.ErrUnchanged // stored before; the answer to that commit was lost
	}
	current := g.Generation == r.Spent
	spentFirst := g.DoubtSince
	if spentFirst.IsZero() {
		spentFirst = g.AttemptAt
	}
	laterAttempt := g.AttemptID != "" && g.AttemptID != r.Attempt && now.Before(spentFirst.Add(r.RepeatFor))
	sameToken := g.PairSpent == r.Spent && g.PairAskedAt.Before(r.AskedAt)
	if g.State == gk.Revoked || current && laterAttempt || !current && !sameToken {
		if g.AttemptID == r.Attempt {
			release(g)
		}
		return []gk.Event{Event(gk.EventGrantLateAnswer, "engine", g, now, map[string]any{"spent_generation": r.Spent, "kept": false})}, nil
	}
	bought := pair{r.Access, r.Refresh}
	if g.Generation != r.Spent {
		var err error
		if bought, err = k.reseal(r, g.Generation+1); err != nil {
			return nil, err
		}
	}
	owed := g.State != gk.Active && g.State != gk.Held || g.InDoubt() || g.Failures > 0 || !g.Renewable
	wasRenewable := g.Renewable
	g.Access, g.Refresh, g.KeyID = bought.access, bought.refresh, bought.key()
	g.Generation++
	g.PairFrom, g.PairSpent, g.PairAskedAt = r.Attempt, r.Spent, r.AskedAt
	g.Expires, g.RefreshExpires, g.Windows, g.Renewable = r.Expires, r.RefreshExpires, r.Windows, r.Renewable
	if g.State != gk.Held {
		g.State = gk.Active
	}
	g.Fault, g.Failures, g.RetryAt, g.Doubts, g.DoubtSince = nil, 0, time.Time{}, 0, time.Time{}
	if g.AttemptID == r.Attempt || current {
		release(g)
	}
	var events []gk.Event
	if owed {
		events = append(events, Event(gk.EventGrantRecovered, "engine", g, now, map[string]any{"generation": g.Generation}))
	}
	if lacks(e.Scopes, g.Scopes) {
		events = append(events, Event(gk.EventGrantAuthorized, "platform", g, now, map[string]any{"fewer_scopes": true}))
	}
	if len(e.Scopes) > 0 {
		g.Scopes = e.Scopes
	}
	if !wasRenewable {
		g.Warned = 0 // those warnings were about the end of a token that nothing would follow
	}
	g.Subject = apps.Merge(g.Subject, e.Subject)
	if len(e.Shops) > 0 {
		g.Shops = named(g.Shops, e.Shops)
	}
	if len(e.Facts) > 0 || sharedPair(g) {
		facts := withFact(g.Facts, FactShared, "")
		maps.Copy(facts, e.Facts)
		g.Facts = facts
	}
	if !e.Ceiling.IsZero() && !e.Ceiling.Equal(g.Ceiling) {
		g.Ceiling, g.Warned = e.Ceiling, 0
	}
	if wasRenewable && !g.Renewable {
		events = append(events, Event(gk.EventGrantNeedsAuthorization, "platform", g, now, map[string]any{"reason": "final"}))
	}
	g.DueAt = k.plan(d, app, g, now)
	return events, nil
}

// withFact returns facts with one of them changed, or removed by an empty value; the map it is given is not touched.
func withFact(facts map[string]string, name, value string) map[string]string {
	out := maps.Clone(facts)
	if out == nil {
		out = map[string]string{}
	}
	if value == "" {
		delete(out, name)
	} else {
		out[name] = value
	}
	return out
}

// reseal binds a pair to another generation than it was sealed for.
func (k *Keeper) reseal(r store.Renewal, generation int64) (pair, error) {
	var t gk.Token
	var err error
	if len(r.Access) > 0 {
		if t.Access, err = k.vault.OpenSecret(tokenPlace(r.Grant, "access", r.Spent+1), r.Access); err != nil {
			return pair{}, err
		}
	}
	if len(r.Refresh) > 0 {
		if t.Refresh, err = k.vault.OpenSecret(tokenPlace(r.Grant, "refresh", r.Spent+1), r.Refresh); err != nil {
			return pair{}, err
		}
	}
	return k.sealPair(r.Grant, generation, t)
}
