package keeper

import (
	"context"
	"errors"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/keeper/spill"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/store"
)

// sameDatabase reports whether the database is the one that got the last commits. It asks after it is called: a claim that
// was made before was made on that database too.
func (k *Keeper) sameDatabase(ctx context.Context) (bool, error) {
	return k.kept.Same(func() (string, error) { return k.store.Incarnation(ctx) })
}

// spentElsewhere looks, between a claim and its request, whether the refresh token that would be sent has been spent by a
// renewal that the database does not know of, because it is another one than the one that stored it. Then nothing is
// sent: a pair that this process kept is stored again, and those of others are waited for.
func (k *Keeper) spentElsewhere(ctx context.Context, a apps.Opened, g gk.Grant) (spent bool, err error) {
	same, err := k.sameDatabase(ctx)
	bought, ok := k.kept.PairFor(g.ID, g.Generation)
	switch {
	case ok:
		k.log.Warn("the database lacks a pair that this process kept", "grant", g.ID)
		now := k.Now()
		err := k.change(ctx, g.ID, now, func(row *gk.Grant) ([]gk.Event, error) {
			if row.AttemptID != g.AttemptID {
				return nil, errOvertaken
			}
			lifecycle.Release(row)
			row.DueAt = now
			return nil, nil
		})
		if err != nil {
			return true, err
		}
		return true, k.offerAgain(ctx, bought)
	case err != nil:
		return true, errors.Join(err, k.unsent(ctx, a, g, "local:delayed", gk.Retry))
	case !same || k.kept.Settling():
		time.Sleep(spill.SettleFor) // other instances offer again what they kept
		row, err := k.store.Grant(ctx, gk.Engine(), g.ID)
		if err != nil || row.Generation != g.Generation || row.AttemptID != g.AttemptID {
			return true, errors.Join(err, k.unsent(ctx, a, g, "local:delayed", gk.Retry))
		}
	}
	return false, nil
}

// offerKept asks which database answers. If it is not the one that got the last commits, they are offered again, before
// anything is claimed: a claim would send refresh tokens that are spent.
func (k *Keeper) offerKept(ctx context.Context) error {
	known, due := k.kept.Due()
	if !due {
		return nil
	}
	incarnation, err := k.store.Incarnation(ctx)
	if err != nil {
		return err
	}
	if known != "" && known != incarnation {
		entries := k.kept.All()
		k.log.Warn("the database was started again or replaced; the last pairs are offered again", "pairs", len(entries))
		for _, e := range entries {
			if err := k.offerAgain(ctx, e.Entry); err != nil {
				return err
			}
		}
	}
	k.kept.Confirm(incarnation)
	return nil
}

// offerAgain stores what the database lacks; what it has stays as it is.
func (k *Keeper) offerAgain(ctx context.Context, e spill.Entry) error {
	if e.Kind == spill.Answer {
		c, err := k.store.Click(ctx, e.Click)
		if errors.Is(err, store.ErrNotFound) || err == nil && c.Stage != gk.Begun && c.Stage != gk.Exchanging {
			return nil
		}
		if err != nil {
			return err
		}
		if err := k.commitAgain(ctx, e); err != nil {
			return err
		}
		k.log.Warn("the answer to an exchange was stored again", "click", e.Click)
		return k.attended().Complete(ctx, e.Click)
	}
	g, err := k.store.Grant(ctx, gk.Engine(), e.Renewal.Grant)
	if errors.Is(err, store.ErrNotFound) {
		k.log.Error("a pair was bought for a grant that the database has lost", "grant", e.Renewal.Grant)
		return nil
	}
	if err != nil || g.Generation > e.Renewal.Spent || g.State == gk.Revoked {
		return err
	}
	e.Plain = false // the row decides: it may have changed otherwise since
	k.log.Warn("a pair was stored again", "grant", e.Renewal.Grant)
	return k.commitAgain(ctx, e)
}
