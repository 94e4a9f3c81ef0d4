package keeper

import (
	"context"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/platform"
)

// inDoubt records that the answer to an attempt is unknown.
func (k *Keeper) inDoubt(ctx context.Context, a apps.Opened, g gk.Grant, f *gk.Fault, why string) error {
	d, app := a.Driver, a.App
	now := k.Now()
	k.log.Warn("the answer to a renewal is unknown", "platform", app.Platform, "app", app.ID, "grant", g.ID, "why", why)
	return k.change(ctx, g.ID, now, func(row *gk.Grant) ([]gk.Event, error) {
		if row.AttemptID != g.AttemptID || row.Generation != g.Generation {
			return nil, errOvertaken
		}
		return lifecycle.Doubt(row, lifecycle.TermsOf(d, app), f, why, now), nil
	})
}

// askAlive asks the platform about the access token of a grant that has just come in doubt, where a repeat must wait. A
// token that it refuses before its end says that the pair was rotated, or that the shop has left: there is nothing left
// to lose, and the repeat is due at once. An answer that cannot be had changes nothing.
func (k *Keeper) askAlive(ctx context.Context, a apps.Opened, g gk.Grant) error {
	a.Owner = g.Owner
	d := a.Driver
	_, ok := d.(platform.Inspector)
	f := lifecycle.TermsOf(d, a.App).For(&g)
	waits := f.AfterLostAnswer == platform.Once || !lifecycle.Repeatable(&g, f, k.Now())
	if !ok || !g.Usable(k.Now()) || !waits {
		return nil
	}
	cred, err := k.Credential(g, true)
	if err != nil {
		return err
	}
	in, err := a.Inspect(ctx, cred)
	if err != nil || in.Alive == nil || *in.Alive {
		return nil //nolint:nilerr // the platform that just failed to answer may fail again; the doubt stands as it is
	}
	return k.died(ctx, d, g, in.Fault)
}
