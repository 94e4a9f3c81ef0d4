package keeper

import (
	"context"
	"errors"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/store"
)

// takeOverEvery is how often a process shows that it lives and looks for those that do not.
const takeOverEvery = time.Second

// takeOver ends what processes that are dead have begun.
type takeOver struct {
	*Keeper

	lookedAt time.Time
}

// look tells that this process lives, and turns the attempts of processes that are proved dead into doubts at once:
// their callers would otherwise wait for the ends of leases that nobody works on. Where the platform ends a grant whose
// refresh token is used twice, a proof that leaves something open does not do, and the lease decides. The error is
// [store.ErrInUse] when another process has this one's identity; whatever else fails is told and tried again. Nobody is
// taken for dead before the spill file is empty: it may hold what an earlier process of this identity bought.
func (r *takeOver) look(ctx context.Context, offered bool) error {
	if !r.options.Announced || time.Since(r.lookedAt) < takeOverEvery {
		return nil
	}
	r.lookedAt = time.Now()
	err := r.endDead(ctx, offered)
	if errors.Is(err, store.ErrInUse) {
		return err
	}
	if err != nil && ctx.Err() == nil {
		r.log.Warn("attempts of processes that are gone", "error", err)
	}
	return nil
}

func (r *takeOver) endDead(ctx context.Context, offered bool) error {
	if err := r.store.Seen(ctx); err != nil || !offered {
		return err
	}
	dead, err := r.store.Dead(ctx)
	if err != nil || len(dead) == 0 {
		return err
	}
	fatal, err := r.reuseKills(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, gone := range dead {
		spared := fatal
		if gone.Sure {
			spared = nil
		}
		ended, err := r.store.EndAttempts(ctx, gone.By, spared, r.Now())
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if len(ended) > 0 {
			r.log.Warn("the outcome of attempts is unknown: their process is gone", "process", gone.By, "grants", len(ended))
		}
	}
	return errors.Join(errs...)
}

// reuseKills returns the apps on whose platforms a second use of a refresh token ends the access token too. What is not
// known, because this build has no such driver, counts as well.
func (r *takeOver) reuseKills(ctx context.Context) ([]string, error) {
	all, err := r.store.Apps(ctx, gk.Engine(), "", 0)
	var damaged *store.DamagedError
	if err != nil && !errors.As(err, &damaged) {
		return nil, err
	}
	var ids []string
	if damaged != nil {
		ids = damaged.IDs
	}
	for _, app := range all {
		if d := r.apps.Driver(app.Platform); d == nil || apps.RenewalOf(d, app).ReuseKills {
			ids = append(ids, app.ID)
		}
	}
	return ids, nil
}
