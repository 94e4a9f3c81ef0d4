package consent

import (
	"context"
	"errors"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

const (
	// yieldFor outlasts the exchange and the placement of what it brings.
	yieldFor = exchangeDeadline + lifecycle.LeaseBeyond

	// yieldPatience is how long an exchange waits for a refresh under way, but no longer than half of the code's life, where
	// it is known. Some codes live for a minute.
	yieldPatience = 30 * time.Second
)

// yield keeps the grants that a callback names from being refreshed while its code is exchanged, where the facts say that a
// consent ends the pair of before. A refresh that is under way is waited for, but no longer than a code can wait. Nothing
// that stands in the way stops the exchange: the merchant has agreed, and the generations settle what comes later. The
// function that is returned lets the grants go on, for an exchange that brought nothing.
func (fl *Flow) yield(ctx context.Context, opened apps.Opened, claimed gk.Subject) (letGo func()) {
	t := lifecycle.TermsOf(opened.Driver, opened.App)
	if !t.Refresh.ReconsentKills {
		return func() {}
	}
	grants, err := fl.named(ctx, opened.App.ID, claimed)
	if err != nil {
		fl.log.Warn("whose code is exchanged could not be read; a refresh may come between", "app", opened.App.ID, "error", err)
	}
	until := fl.keeper.Now().Add(yieldFor).Truncate(time.Millisecond)
	patience := yieldPatience
	if life := time.Duration(opened.Driver.Spec().Facts.Link.CodeLife); life > 0 {
		patience = min(patience, life/2)
	}
	var held []string
	for _, g := range grants {
		yielded, err := fl.yieldOne(ctx, t, g.ID, until, patience)
		if err != nil {
			fl.log.Warn("a refresh may come between a consent and its pair", "grant", g.ID, "error", err)
		}
		if yielded {
			held = append(held, g.ID)
		}
	}
	return func() {
		for _, id := range held {
			now := fl.keeper.Now()
			err := fl.store.UpdateGrant(ctx, gk.Engine(), id, now, func(g *gk.Grant) ([]gk.Event, error) {
				if lifecycle.Unyield(g, t, until, now) == lifecycle.Still {
					return nil, store.ErrUnchanged
				}
				return nil, nil
			})
			if err != nil {
				fl.log.Info("a grant is refreshed later than it could be", "grant", id, "until", until, "error", err)
			}
		}
		fl.keeper.Wake()
	}
}

// named finds the grants that a callback is about: by the subject's id, else by its host.
func (fl *Flow) named(ctx context.Context, app string, s gk.Subject) ([]gk.Grant, error) {
	switch {
	case s.ID != "":
		g, err := fl.store.GrantOf(ctx, gk.Engine(), app, s.Kind, s.ID)
		if errors.Is(err, store.ErrNotFound) {
			return nil, nil
		}
		return []gk.Grant{g}, err
	case s.Host != "":
		grants, err := fl.store.GrantsAt(ctx, app, s.Host)
		if errors.Is(err, store.ErrNotFound) {
			return nil, nil
		}
		return grants, err
	}
	return nil, nil
}

// yieldOne holds one grant, after the refresh that is under way.
func (fl *Flow) yieldOne(ctx context.Context, t lifecycle.Terms, id string, until time.Time, patience time.Duration) (held bool, err error) {
	for began := time.Now(); ; {
		now := fl.keeper.Now()
		var outcome lifecycle.YieldOutcome
		err := fl.store.UpdateGrant(ctx, gk.Engine(), id, now, func(g *gk.Grant) ([]gk.Event, error) {
			if outcome = lifecycle.Yield(g, t, until, now); outcome != lifecycle.Yielded {
				return nil, store.ErrUnchanged
			}
			return nil, nil
		})
		if err != nil || outcome != lifecycle.UnderLease {
			return err == nil && outcome == lifecycle.Yielded, err
		}
		if time.Since(began) > patience {
			return false, errAttempt
		}
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-time.After(250 * time.Millisecond):
		}
	}
}

// claimedBy is whom a callback, or else the link that it answers, names.
func claimedBy(cb platform.Callback, c gk.Click) gk.Subject {
	if cb.Subject.ID != "" || cb.Subject.Host != "" {
		return cb.Subject
	}
	return c.Hint
}
