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

// turn does for one claimed grant what is due: a refresh, a warning, the end of its token, a check.
func (k *Keeper) turn(ctx context.Context, a apps.Opened, g gk.Grant) error {
	t := lifecycle.TermsOf(a.Driver, a.App)
	now := k.Now()
	lifecycle.Forgive(&g, a.App)
	ask := g.Renewable && lifecycle.RefreshDue(&g, t, now)
	if ask && a.App.Stopped() {
		if taken, err := k.triesAgain(ctx, a.App, now); err != nil {
			return errors.Join(err, k.unsent(ctx, a, g, "local:delayed", gk.Retry))
		} else if !taken {
			return k.waitForStop(ctx, a, g)
		}
	}
	if ask && t.Calls == (platform.TokenCalls{}) && !g.InDoubt() && !lifecycle.EndsDue(&g, now) {
		return k.refresh(ctx, a, g)
	}
	var errand lifecycle.Errand
	err := k.change(ctx, g.ID, now, func(row *gk.Grant) (events []gk.Event, err error) {
		errand = lifecycle.Nothing // until the row says that the claim is still ours
		if row.AttemptID != g.AttemptID {
			return nil, errOvertaken
		}
		errand, events = lifecycle.Turn(row, t, a.App, now)
		g = *row
		return events, nil
	})
	if err != nil {
		return err
	}
	if errand != lifecycle.SendRefresh && g.RetryAt.After(now) {
		if lifecycle.OverQuota(&g, t, now, false) > 0 {
			k.counts.add(a.App.Platform, OverQuota)
		}
		if g.Fault != nil && g.Fault.Action.OfApp() {
			err = k.stops.outlived(ctx, a.App, mended(a.App))
		}
	}
	return errors.Join(err, k.goOn(ctx, a, g, errand))
}

// goOn runs the errand that a turn left. An app that is broken can send a refresh, which tells, and nothing else.
func (k *Keeper) goOn(ctx context.Context, a apps.Opened, g gk.Grant, errand lifecycle.Errand) error {
	switch {
	case errand == lifecycle.SendRefresh:
		return k.refresh(ctx, a, g)
	case a.App.Broken != "":
		return nil
	case errand == lifecycle.AskWhose:
		return k.confirmImport(ctx, a, g)
	case errand == lifecycle.AskAlive:
		return k.askAlive(ctx, a, g)
	case errand == lifecycle.AskHow:
		return k.probe(ctx, a, g)
	}
	return nil
}

// triesAgain reports whether a refresh that is due is the one that tries whether a stopped app works again.
func (k *Keeper) triesAgain(ctx context.Context, app gk.App, now time.Time) (bool, error) {
	if app.Broken != "" || app.Stop == gk.StopPerson || app.PausedUntil.After(now) {
		return false, nil
	}
	return k.stops.takeProbe(ctx, app.ID, now)
}

// waitForStop gives back the claim of a grant whose refresh waits for the end of a stop. Whatever else is due is done.
func (k *Keeper) waitForStop(ctx context.Context, a apps.Opened, g gk.Grant) error {
	now := k.Now()
	err := k.change(ctx, g.ID, now, func(row *gk.Grant) ([]gk.Event, error) {
		if row.AttemptID != g.AttemptID {
			return nil, errOvertaken
		}
		return lifecycle.Rest(row, lifecycle.TermsOf(a.Driver, a.App), putOff(a.App, row, now), now), nil
	})
	if err != nil {
		return err
	}
	return k.stops.outlived(ctx, a.App, func(gk.App) bool { return true })
}

// probe asks the platform whether a grant still lives. A token that it refuses before its end is taken as ended; the
// refresh then tells whether the merchant has left.
func (k *Keeper) probe(ctx context.Context, a apps.Opened, g gk.Grant) error {
	a.Owner = g.Owner
	cred, err := k.Credential(g, true)
	if err != nil {
		return err
	}
	in, err := a.Inspect(ctx, cred)
	if err != nil {
		return err
	}
	if in.Alive == nil || *in.Alive {
		if s, ok := a.Driver.(platform.Subscriber); ok && a.Driver.Spec().Facts.Push.Subscribe == "grant" {
			if err := k.subscribeGrant(ctx, s, a, g.ID); err != nil { // platforms drop subscriptions that failed too often
				k.log.Info("pushes could not be subscribed to again", "platform", a.Driver.Spec().Code, "grant", g.ID, "error", err)
			}
		}
		return k.Seen(ctx, a.Driver, g, in)
	}
	return k.died(ctx, a.Driver, g, in.Fault)
}

// died records that the platform refuses an access token before its end.
func (k *Keeper) died(ctx context.Context, d platform.Driver, g gk.Grant, f *gk.Fault) error {
	app, err := k.store.App(ctx, gk.Engine(), g.App)
	if err != nil {
		return err
	}
	now := k.Now()
	return k.change(ctx, g.ID, now, func(row *gk.Grant) ([]gk.Event, error) {
		over := !row.Expires.IsZero() && !row.Expires.After(now) // that it is refused past its end tells nothing
		if row.Generation != g.Generation || row.State == gk.Revoked || row.AttemptID != "" || over {
			return nil, errOvertaken
		}
		return lifecycle.Die(row, lifecycle.TermsOf(d, app), f, now), nil
	})
}
