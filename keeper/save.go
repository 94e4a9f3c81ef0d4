package keeper

import (
	"context"
	"errors"
	"fmt"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/keeper/seal"
	"github.com/grantkeep/grantkeep/keeper/spill"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

// save stores the pair that an attempt brought. Until it is stored nobody is given it; if the database is away it waits
// in memory and in the spill file.
func (k *Keeper) save(ctx context.Context, a apps.Opened, g gk.Grant, i platform.Issue, askedAt time.Time) error {
	app := a.App
	e, err := k.refreshEntry(a, g, i, askedAt)
	if err != nil {
		return errors.Join(err, k.inDoubt(ctx, a, g, nil, "the new pair could not be sealed"))
	}
	k.keep(ctx, e)
	return k.worked(ctx, app)
}

// keep commits what a platform gave us. Only what cannot be stored goes the way of the spill.
func (k *Keeper) keep(ctx context.Context, e spill.Entry) {
	if err := k.commit(ctx, e); err != nil {
		k.spillOver(ctx, e, err)
	}
}

// commit stores an entry, and keeps it for as long as a failover may lose it again.
func (k *Keeper) commit(ctx context.Context, e spill.Entry) error {
	err := k.commitAgain(ctx, e)
	if err == nil {
		k.kept.Add(e)
	}
	return err
}

// commitAgain is commit for an entry that is kept already.
func (k *Keeper) commitAgain(ctx context.Context, e spill.Entry) error {
	switch e.Kind {
	case spill.Refresh:
		return k.storeRefresh(ctx, e)
	case spill.Answer:
		if err := k.storeAnswer(ctx, e); !errors.Is(err, store.ErrNotFound) {
			return err
		}
		return nil // its app was removed meanwhile
	}
	return fmt.Errorf("spill: unknown kind %q", e.Kind)
}

// worked notes that the platform took a refresh token of ours: the database is no old one, and the app works.
func (k *Keeper) worked(ctx context.Context, app gk.App) error {
	k.gates.Found.Taken(app.ID)
	k.gates.Give(app.ID, 0) // who waited while the database looked old need not wait longer
	if app.Fault != nil || app.Stop != "" {
		return k.clearAppFault(ctx, app.ID)
	}
	return nil
}

// unmoved records that the platform answered with the pair that was sent.
func (k *Keeper) unmoved(ctx context.Context, a apps.Opened, g gk.Grant, i platform.Issue) error {
	now := k.Now()
	err := k.change(ctx, g.ID, now, func(row *gk.Grant) ([]gk.Event, error) {
		if row.AttemptID != g.AttemptID || row.Generation != g.Generation || row.State == gk.Revoked {
			return nil, errOvertaken
		}
		return lifecycle.Keep(row, lifecycle.TermsOf(a.Driver, a.App), i, now), nil
	})
	if err != nil {
		return err
	}
	return k.worked(ctx, a.App)
}

// refreshEntry makes of an issue what is stored: both tokens sealed for the generation that follows the one spent.
func (k *Keeper) refreshEntry(a apps.Opened, g gk.Grant, i platform.Issue, askedAt time.Time) (spill.Entry, error) {
	d, app := a.Driver, a.App
	terms := lifecycle.TermsOf(d, app)
	t := i.Token
	if t.Refresh.Empty() && len(g.Refresh) > 0 {
		old, err := k.vault.OpenSecret(seal.Place(g.ID, "refresh", g.Generation), g.Refresh)
		if err != nil {
			return spill.Entry{}, fmt.Errorf("grant %s: %w", g.ID, err)
		}
		t.Refresh = old // a platform that sends none means the one we have; it is never replaced by nothing
		if t.RefreshExpires.IsZero() {
			t.RefreshExpires = g.RefreshExpires
		}
	}
	sealed, err := seal.Pair(k.vault, g.ID, g.Generation+1, t)
	if err != nil {
		return spill.Entry{}, err
	}
	r := store.Refreshed{
		Grant: g.ID, Attempt: g.AttemptID, Spent: g.Generation, AskedAt: askedAt, At: k.Now(), RepeatFor: terms.For(&g).RepeatSpan(),
		Pair: sealed,
	}
	plain := lifecycle.Plain(&g, lifecycle.BroughtBy(i), t.Expires)
	if facts := lifecycle.Learned(&g, i.Facts); plain && facts != nil {
		r.Facts, r.FactsWere = facts, g.Facts
	}
	next := lifecycle.After(&g, r, i.Ceiling)
	next.Renewable = lifecycle.Renewable(terms, &next, i.Final)
	r.Renewable, r.Due = next.Renewable, lifecycle.Plan(&next, terms, k.Now())
	return spill.Entry{
		Kind: spill.Refresh, App: app.ID, Refresh: r, Plain: plain && next.Renewable,
		Subject: i.Subject, Scopes: i.Scopes, Shops: i.Shops, Facts: i.Facts, Ceiling: i.Ceiling,
	}, nil
}

// storeRefresh commits a pair: in one statement where that is enough, else by the rules for a pair that comes late or
// brings more than itself. It may run again, also after a commit whose answer was lost.
func (k *Keeper) storeRefresh(ctx context.Context, e spill.Entry) error {
	r := e.Refresh
	if e.Plain {
		r.At, r.Held = k.Now(), true
		saved, err := k.saver.Save(ctx, r)
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

// takePair stores a pair by the rules for one that comes late or brings more than itself.
func (k *Keeper) takePair(d platform.Driver, app gk.App, g *gk.Grant, e spill.Entry) ([]gk.Event, error) {
	r := e.Refresh
	now := k.Now()
	switch lifecycle.Weigh(g, r, now) {
	case lifecycle.StoredBefore:
		return nil, store.ErrUnchanged // the answer to that commit was lost
	case lifecycle.Late:
		return lifecycle.Forgo(g, r, now), nil
	case lifecycle.Stored:
	}
	if g.Generation < r.Spent { // lost in a failover, and readers have had them: no generation is counted twice
		g.Generation = r.Spent
	}
	if g.Generation != r.Spent {
		var err error
		if r.Pair, err = k.reseal(r, g.Generation+1); err != nil {
			return nil, err
		}
	}
	brought := lifecycle.Brought{Subject: e.Subject, Scopes: e.Scopes, Shops: e.Shops, Facts: e.Facts, Ceiling: e.Ceiling}
	return lifecycle.Take(g, lifecycle.TermsOf(d, app), r, brought, now), nil
}

// reseal binds a pair to another generation than it was sealed for.
func (k *Keeper) reseal(r store.Refreshed, generation int64) (gk.Pair, error) {
	t := gk.Token{Expires: r.Expires, RefreshExpires: r.RefreshExpires, Windows: r.Windows}
	var err error
	if len(r.Access) > 0 {
		if t.Access, err = k.vault.OpenSecret(seal.Place(r.Grant, "access", r.Spent+1), r.Access); err != nil {
			return gk.Pair{}, err
		}
	}
	if len(r.Refresh) > 0 {
		if t.Refresh, err = k.vault.OpenSecret(seal.Place(r.Grant, "refresh", r.Spent+1), r.Refresh); err != nil {
			return gk.Pair{}, err
		}
	}
	return seal.Pair(k.vault, r.Grant, generation, t)
}
