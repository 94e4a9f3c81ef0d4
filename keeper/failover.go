package keeper

import (
	"context"
	"errors"
	"log/slog"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/keeper/spill"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/store"
)

// failover offers again to a database what it has lost: one that answers under the same address may be a replica that
// lacks the last commits.
type failover struct {
	store  store.Store
	kept   *spill.Kept
	rows   rows
	safe   *safe
	clicks func() Clicks
	now    func() time.Time
	log    *slog.Logger
}

// rows is what the failover keeper has done to rows.
type rows interface {
	change(ctx context.Context, id string, now time.Time, f func(*gk.Grant) ([]gk.Event, error)) error
	unsent(ctx context.Context, a apps.Opened, g gk.Grant, code string, action gk.Action) error
}

// sameDatabase reports whether the database is the one that got the last commits. It asks after it is called: a claim that
// was made before was made on that database too.
func (f *failover) sameDatabase(ctx context.Context) (bool, error) {
	return f.kept.Same(func() (string, error) { return f.store.Incarnation(ctx) })
}

// spentElsewhere looks, between a claim and its request, whether the refresh token that would be sent has been spent by a
// refresh that the database does not know of, because it is another one than the one that stored it. Then nothing is
// sent: a pair that this process kept is stored again, and those of others are waited for.
func (f *failover) spentElsewhere(ctx context.Context, a apps.Opened, g gk.Grant) (spent bool, err error) {
	same, err := f.sameDatabase(ctx)
	bought, ok := f.kept.PairFor(g.ID, g.Generation)
	switch {
	case ok:
		f.log.Warn("the database lacks a pair that this process kept", "grant", g.ID)
		now := f.now()
		err := f.rows.change(ctx, g.ID, now, func(row *gk.Grant) ([]gk.Event, error) {
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
		return true, f.offerAgain(ctx, bought)
	case err != nil:
		return true, errors.Join(err, f.rows.unsent(ctx, a, g, "local:delayed", gk.Retry))
	case !same || f.kept.Settling():
		time.Sleep(spill.SettleFor) // other instances offer again what they kept
		row, err := f.store.Grant(ctx, gk.Engine(), g.ID)
		if err != nil || row.Generation != g.Generation || row.AttemptID != g.AttemptID {
			return true, errors.Join(err, f.rows.unsent(ctx, a, g, "local:delayed", gk.Retry))
		}
	}
	return false, nil
}

// offerKept asks which database answers. If it is not the one that got the last commits, they are offered again, before
// anything is claimed: a claim would send refresh tokens that are spent.
func (f *failover) offerKept(ctx context.Context) error {
	known, due := f.kept.Due()
	if !due {
		return nil
	}
	incarnation, err := f.store.Incarnation(ctx)
	if err != nil {
		return err
	}
	if known != "" && known != incarnation {
		entries := f.kept.All()
		f.log.Warn("the database was started again or replaced; the last pairs are offered again", "pairs", len(entries))
		for _, e := range entries {
			if err := f.offerAgain(ctx, e.Entry); err != nil {
				return err
			}
		}
	}
	f.kept.Confirm(incarnation)
	return nil
}

// offerAgain stores what the database lacks; what it has stays as it is.
func (f *failover) offerAgain(ctx context.Context, e spill.Entry) error {
	if e.Kind == spill.Answer {
		c, err := f.store.Click(ctx, e.Click)
		if errors.Is(err, store.ErrNotFound) || err == nil && c.Stage != gk.Begun && c.Stage != gk.Exchanging {
			return nil
		}
		if err != nil {
			return err
		}
		if err := f.safe.commitAgain(ctx, e); err != nil {
			return err
		}
		f.log.Warn("the answer to an exchange was stored again", "click", e.Click)
		return f.clicks().Complete(ctx, e.Click)
	}
	g, err := f.store.Grant(ctx, gk.Engine(), e.Refresh.Grant)
	if errors.Is(err, store.ErrNotFound) {
		f.log.Error("a pair was bought for a grant that the database has lost", "grant", e.Refresh.Grant)
		return nil
	}
	if err != nil || g.Generation > e.Refresh.Spent || g.State == gk.Revoked {
		return err
	}
	e.Plain = false // the row decides: it may have changed otherwise since
	f.log.Warn("a pair was stored again", "grant", e.Refresh.Grant)
	return f.safe.commitAgain(ctx, e)
}
