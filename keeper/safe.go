package keeper

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/keeper/saver"
	"github.com/grantkeep/grantkeep/keeper/seal"
	"github.com/grantkeep/grantkeep/keeper/spill"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/vault"
)

// safe puts what a platform gave us where it outlives this process: into the database, and while that is away into the spill.
type safe struct {
	store store.Store
	vault *vault.Vault
	apps  *apps.Registry
	saver *saver.Saver // pairs that come together share a commit
	spill *spill.File  // where an entry waits that could not be stored
	kept  *spill.Kept  // what a failover may lose again
	now   func() time.Time
	log   *slog.Logger
}

// keep commits what a platform gave us. Only what cannot be stored goes the way of the spill.
func (s *safe) keep(ctx context.Context, e spill.Entry) {
	if err := s.commit(ctx, e); err != nil {
		s.spillOver(ctx, e, err)
	}
}

// commit stores an entry, and keeps it for as long as a failover may lose it again.
func (s *safe) commit(ctx context.Context, e spill.Entry) error {
	err := s.commitAgain(ctx, e)
	if err == nil {
		s.kept.Add(e)
	}
	return err
}

// commitAgain is commit for an entry that is kept already.
func (s *safe) commitAgain(ctx context.Context, e spill.Entry) error {
	switch e.Kind {
	case spill.Refresh:
		return s.storeRefresh(ctx, e)
	case spill.Answer:
		if err := s.storeAnswer(ctx, e); !errors.Is(err, store.ErrNotFound) {
			return err
		}
		return nil // its app was removed meanwhile
	}
	return fmt.Errorf("spill: unknown kind %q", e.Kind)
}

// storeAnswer commits an answer to its click. A click that has ended meanwhile took its answer from elsewhere.
func (s *safe) storeAnswer(ctx context.Context, e spill.Entry) error {
	return s.store.UpdateClick(ctx, e.Click, s.now(), func(c *gk.Click, _ *gk.Authorization) ([]gk.Event, error) {
		if c.Stage == gk.Issued || c.Stage == gk.Done {
			return nil, store.ErrUnchanged
		}
		c.Stage, c.Answer, c.AnswerKey, c.Reason, c.Fault = gk.Issued, e.Answer, e.KeyID, "", nil
		return nil, nil
	})
}

// refreshEntry makes of an issue what is stored: both tokens sealed for the generation that follows the one spent.
func (s *safe) refreshEntry(a apps.Opened, g gk.Grant, i platform.Issue, askedAt time.Time) (spill.Entry, error) {
	d, app := a.Driver, a.App
	terms := lifecycle.TermsOf(d, app)
	t := i.Token
	if t.Refresh.Empty() && len(g.Refresh) > 0 {
		old, err := s.vault.OpenSecret(seal.Place(g.ID, "refresh", g.Generation), g.Refresh)
		if err != nil {
			return spill.Entry{}, fmt.Errorf("grant %s: %w", g.ID, err)
		}
		t.Refresh = old // a platform that sends none means the one we have; it is never replaced by nothing
		if t.RefreshExpires.IsZero() {
			t.RefreshExpires = g.RefreshExpires
		}
	}
	sealed, err := seal.Pair(s.vault, g.ID, g.Generation+1, t)
	if err != nil {
		return spill.Entry{}, err
	}
	r := store.Refreshed{
		Grant: g.ID, Attempt: g.AttemptID, Spent: g.Generation, AskedAt: askedAt, At: s.now(), RepeatFor: terms.For(&g).RepeatSpan(),
		Pair: sealed,
	}
	plain := lifecycle.Plain(&g, lifecycle.BroughtBy(i), t.Expires)
	if facts := lifecycle.Learned(&g, i.Facts); plain && facts != nil {
		r.Facts, r.FactsWere = facts, g.Facts
	}
	next := lifecycle.After(&g, r, i.Ceiling)
	next.Renewable = lifecycle.Renewable(terms, &next, i.Final)
	r.Renewable, r.Due = next.Renewable, lifecycle.Plan(&next, terms, s.now())
	return spill.Entry{
		Kind: spill.Refresh, App: app.ID, Refresh: r, Plain: plain && next.Renewable,
		Subject: i.Subject, Scopes: i.Scopes, Shops: i.Shops, Facts: i.Facts, Ceiling: i.Ceiling,
	}, nil
}

// storeRefresh commits a pair: in one statement where that is enough, else by the rules for a pair that comes late or
// brings more than itself. It may run again, also after a commit whose answer was lost.
func (s *safe) storeRefresh(ctx context.Context, e spill.Entry) error {
	r := e.Refresh
	if e.Plain {
		r.At, r.Held = s.now(), true
		saved, err := s.saver.Save(ctx, r)
		if err != nil {
			return err
		}
		if saved {
			return nil
		}
	}
	app, d, err := s.apps.Read(ctx, e.App) // not opened: a pair is stored whatever has become of the app's secrets
	if errors.Is(err, store.ErrNotFound) {
		s.log.Error("a pair came for an app that is gone", "app", e.App, "grant", r.Grant)
		return nil
	}
	if err != nil {
		return err
	}
	if d == nil {
		return fmt.Errorf("app %s: this build has no driver for %s", app.ID, app.Platform)
	}
	err = s.store.UpdateGrant(ctx, gk.Engine(), r.Grant, s.now(), func(g *gk.Grant) ([]gk.Event, error) {
		return s.takePair(d, app, g, e)
	})
	if errors.Is(err, store.ErrNotFound) {
		s.log.Error("a pair came for a grant that is gone", "grant", r.Grant)
		return nil
	}
	return err
}

// takePair stores a pair by the rules for one that comes late or brings more than itself.
func (s *safe) takePair(d platform.Driver, app gk.App, g *gk.Grant, e spill.Entry) ([]gk.Event, error) {
	r := e.Refresh
	now := s.now()
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
		if r.Pair, err = s.reseal(r, g.Generation+1); err != nil {
			return nil, err
		}
	}
	brought := lifecycle.Brought{Subject: e.Subject, Scopes: e.Scopes, Shops: e.Shops, Facts: e.Facts, Ceiling: e.Ceiling}
	return lifecycle.Take(g, lifecycle.TermsOf(d, app), r, brought, now), nil
}

// reseal binds a pair to another generation than it was sealed for.
func (s *safe) reseal(r store.Refreshed, generation int64) (gk.Pair, error) {
	t := gk.Token{Expires: r.Expires, RefreshExpires: r.RefreshExpires, Windows: r.Windows}
	var err error
	if len(r.Access) > 0 {
		if t.Access, err = s.vault.OpenSecret(seal.Place(r.Grant, "access", r.Spent+1), r.Access); err != nil {
			return gk.Pair{}, err
		}
	}
	if len(r.Refresh) > 0 {
		if t.Refresh, err = s.vault.OpenSecret(seal.Place(r.Grant, "refresh", r.Spent+1), r.Refresh); err != nil {
			return gk.Pair{}, err
		}
	}
	return seal.Pair(s.vault, r.Grant, generation, t)
}
