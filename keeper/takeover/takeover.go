// Package takeover is the duty that ends what processes that are dead have begun.
package takeover

import (
	"context"
	"errors"
	"log/slog"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

// Every is how often a process shows that it lives and looks for those that do not.
const Every = time.Second

// Store is what the duty needs of the database.
type Store interface {
	store.Instances
	Apps(ctx context.Context, v gk.Viewer, after string, limit int) ([]gk.App, error)
}

// Duty is the duty; its fields are set once.
type Duty struct {
	Store  Store
	Driver func(code string) platform.Driver
	Now    func() time.Time
	Log    *slog.Logger

	lookedAt time.Time
}

// Look tells that this process lives, and turns the attempts of processes that are proved dead into doubts at once:
// their callers would otherwise wait for the ends of leases that nobody works on. Where the platform ends a grant whose
// refresh token is used twice, a proof that leaves something open does not do, and the lease decides. The error is
// [store.ErrInUse] when another process has this one's identity; whatever else fails is told and tried again. Nobody is
// taken for dead before the spill file is empty: it may hold what an earlier process of this identity bought.
func (d *Duty) Look(ctx context.Context, offered bool) error {
	if time.Since(d.lookedAt) < Every {
		return nil
	}
	d.lookedAt = time.Now()
	err := d.endDead(ctx, offered)
	if errors.Is(err, store.ErrInUse) {
		return err
	}
	if err != nil && ctx.Err() == nil {
		d.Log.Warn("attempts of processes that are gone", "error", err)
	}
	return nil
}

func (d *Duty) endDead(ctx context.Context, offered bool) error {
	if err := d.Store.Seen(ctx); err != nil || !offered {
		return err
	}
	dead, err := d.Store.Dead(ctx)
	if err != nil || len(dead) == 0 {
		return err
	}
	fatal, err := d.reuseKills(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, gone := range dead {
		spared := fatal
		if gone.Sure {
			spared = nil
		}
		ended, err := d.Store.EndAttempts(ctx, gone.By, spared, d.Now())
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if len(ended) > 0 {
			d.Log.Warn("the outcome of attempts is unknown: their process is gone", "process", gone.By, "grants", len(ended))
		}
	}
	return errors.Join(errs...)
}

// reuseKills returns the apps on whose platforms a second use of a refresh token ends the access token too. What is not
// known, because this build has no such driver, counts as well.
func (d *Duty) reuseKills(ctx context.Context) ([]string, error) {
	all, err := d.Store.Apps(ctx, gk.Engine(), "", 0)
	var damaged *store.DamagedError
	if err != nil && !errors.As(err, &damaged) {
		return nil, err
	}
	var ids []string
	if damaged != nil {
		ids = damaged.IDs
	}
	for _, app := range all {
		if driver := d.Driver(app.Platform); driver == nil || apps.RefreshOf(driver, app).ReuseKills {
			ids = append(ids, app.ID)
		}
	}
	return ids, nil
}
