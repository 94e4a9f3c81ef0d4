package keeper

import (
	"context"
	"errors"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/platform"
)

// save stores the pair that an attempt brought. Until it is stored nobody is given it; if the database is away it waits
// in memory and in the spill file.
func (k *Keeper) save(ctx context.Context, a apps.Opened, g gk.Grant, i platform.Issue, askedAt time.Time) error {
	app := a.App
	e, err := k.safe.refreshEntry(a, g, i, askedAt)
	if err != nil {
		return errors.Join(err, k.inDoubt(ctx, a, g, nil, "the new pair could not be sealed"))
	}
	k.safe.keep(ctx, e)
	return k.worked(ctx, app, g)
}

// worked notes that the platform took a refresh token of ours: the app works, and if the pair is one that was found, the
// database is no old one. A pair that came since, or the app's own token, shows nothing of those that were found.
func (k *Keeper) worked(ctx context.Context, app gk.App, g gk.Grant) error {
	if g.Subject.Kind != gk.KindApp && g.PairAskedAt.Before(k.gates.Found.At) {
		k.gates.Found.Taken(app.ID)
		k.gates.Give(app.ID, 0) // who waited while the database looked old need not wait longer
	}
	if app.Fault != nil || app.Stop != "" {
		return k.stops.clear(ctx, app.ID, g)
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
	return k.worked(ctx, a.App, g)
}
