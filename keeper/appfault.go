package keeper

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/keeper/rounds"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/store"
)

// A stop concerns refreshes only. The grants of a stopped app are warned about, end and are told of in their time; a
// refresh that falls due is looked at again within stopLook, and made due at once when the stop ends. Until then one
// refresh that is due tries, every probeInterval, whether the platform takes it.

const (
	probeInterval = 5 * time.Minute
	stopLook      = time.Hour
	replanAtOnce  = 500
)

// stops is what stands on an app's row in the way of its refreshes.
type stops struct {
	store    store.Store
	apps     *apps.Registry
	hastener *rounds.Hastener
	now      func() time.Time
}

// note records a fault of the app that a refresh of a grant met. The second grant that meets one stops the
// refreshes of all the app's grants until a probe works, with one alarm instead of a thousand refusals. What stands on the
// row decides: a stop for another cause stays as it is. A refusal of a request that was made with settings of before says
// nothing of the present ones: whoever changed them does not find the app stopped by what was under way.
func (s *stops) note(ctx context.Context, sight gk.App, grant string, f *gk.Fault) error {
	now := s.now()
	err := s.store.UpdateApp(ctx, gk.Engine(), sight.ID, now, func(app *gk.App) ([]gk.Event, error) {
		switch {
		case !asBefore(sight, *app):
			return nil, store.ErrUnchanged
		case app.Stop == gk.StopRestored || app.Stop == gk.StopAsking:
			return nil, store.ErrUnchanged
		case app.Stop == gk.StopFault:
			app.Fault, app.FaultGrant = f, grant
			return nil, nil
		case app.Fault == nil || app.FaultGrant == "":
			app.Fault, app.FaultGrant = f, grant
			return nil, nil
		case app.FaultGrant == grant:
			app.Fault = f
			return nil, nil
		}
		app.Fault, app.FaultGrant, app.Stop, app.PausedUntil = f, grant, gk.StopFault, now.Add(probeInterval)
		return []gk.Event{rounds.Event(gk.EventAppPaused, app, now, lifecycle.FaultData(f))}, nil
	})
	if err != nil {
		return err
	}
	return s.outlived(ctx, sight, mended(sight))
}

// asBefore reports whether requests of an app are made as they were at an earlier sight of it.
func asBefore(sight, fresh gk.App) bool {
	return bytes.Equal(sight.Secrets, fresh.Secrets) && maps.Equal(sight.Settings, fresh.Settings) && maps.Equal(sight.Endpoints, fresh.Endpoints) &&
		sight.Environment == fresh.Environment && sight.Profile == fresh.Profile && sight.Stage == fresh.Stage
}

// clear forgets the app's fault after a refresh of a grant that worked, and ends the stop. Where the database looks old, only
// a pair of before does; where it is known to be old, only a person's word.
func (s *stops) clear(ctx context.Context, appID string, g gk.Grant) error {
	now := s.now()
	resumed := false
	err := s.store.UpdateApp(ctx, gk.Engine(), appID, now, func(app *gk.App) ([]gk.Event, error) {
		resumed = false
		if app.Stop == gk.StopAsking || app.Fault == nil && app.Stop == "" {
			return nil, store.ErrUnchanged
		}
		if app.Stop == gk.StopRestored && (g.Subject.Kind == gk.KindApp || app.Fault != nil && !g.PairAskedAt.Before(app.Fault.At.Time)) {
			return nil, store.ErrUnchanged
		}
		stopped := app.Stop != ""
		app.Fault, app.FaultGrant, app.Stop, app.PausedUntil = nil, "", "", time.Time{}
		if !stopped {
			return nil, nil
		}
		resumed = true
		lifecycle.Resume(app, now)
		return []gk.Event{rounds.Event(gk.EventAppResumed, app, now, map[string]any{})}, nil
	})
	if resumed && err == nil {
		s.hastener.Hasten(ctx, appID)
	}
	return err
}

// FaultData is what an event says of a fault.
func FaultData(f *gk.Fault) map[string]any {
	if f == nil {
		return map[string]any{}
	}
	return map[string]any{"code": f.Code, "stage": f.Stage, "action": string(f.Action), "row": f.Row, "whose_move": f.Action.Move()}
}

// putOff returns when a refresh that waits for the end of a stop is looked at again, spread so that many do not come
// together. The grant that met the app's fault last comes when the next probe is due, so that somebody tries: where all of a few
// were put off for an hour, an app that works again would be left alone as long.
func putOff(app gk.App, g *gk.Grant, now time.Time) time.Time {
	if app.Stop == gk.StopFault && app.FaultGrant == g.ID {
		if app.PausedUntil.After(now) {
			return app.PausedUntil
		}
		return now.Add(probeInterval).Truncate(time.Millisecond) // another has just taken the probe
	}
	return now.Add(stopLook/2 + time.Duration(lifecycle.Spread(g.ID)*float64(stopLook/2))).Truncate(time.Millisecond)
}

// takeProbe takes the probe of a stopped app, unless another has it or the app cannot be opened. The next one waits its
// interval, whatever becomes of this. Where the stop has ended meanwhile nothing is to be tried: what was claimed under it had
// a place that was for no refresh.
func (s *stops) takeProbe(ctx context.Context, id string, now time.Time) (taken bool, err error) {
	err = s.store.UpdateApp(ctx, gk.Engine(), id, now, func(app *gk.App) ([]gk.Event, error) {
		taken = false
		if !app.Stopped() || app.Broken != "" || app.PausedUntil.After(now) {
			return nil, store.ErrUnchanged
		}
		app.PausedUntil = now.Add(probeInterval)
		taken = true
		return nil, nil
	})
	return taken && err == nil, err
}

// outlived hastens the grants of an app whose stop, or fault, ended while one of them was put off for it: whoever ended it
// may have hastened the others before that row was written. So the app is looked at once the row is: either the one sees
// the row, or the other sees the end. sight is the app as the turn saw it.
func (s *stops) outlived(ctx context.Context, sight gk.App, over func(fresh gk.App) bool) error {
	fresh, err := s.apps.OpenByID(ctx, sight.ID)
	var b *apps.Broken
	if errors.As(err, &b) || errors.Is(err, store.ErrNotFound) {
		return nil // its next look hastens them
	}
	if err != nil || fresh.App.Stopped() || !over(fresh.App) {
		return err
	}
	s.hastener.Hasten(ctx, sight.ID)
	return nil
}

// mended returns a test of whether an app was written since a sight of it, and has no fault. A pause for a fault of the app
// is lifted then.
func mended(sight gk.App) func(fresh gk.App) bool {
	return func(fresh gk.App) bool { return fresh.Version != sight.Version && fresh.Fault == nil }
}

// replan plans the grants of an app anew after a secret to which their pairs are pinned was replaced: each is refreshed
// within a day, while the platform still takes the secret of before. It goes on behind its caller; the app's check counts
// what it does not reach.
func (k *Keeper) replan(ctx context.Context, id string) {
	k.MoreWork()
	go func() {
		defer k.EndWork()
		ctx := context.WithoutCancel(ctx)
		for after := ""; !k.draining.Load(); {
			grants, err := k.store.Grants(ctx, gk.Engine(), store.GrantFilter{App: id, After: after, Limit: replanAtOnce})
			if err = k.spare(err); err != nil {
				k.log.Warn("grants keep tokens of a secret of before until they are refreshed; see the app's check", "app", id, "error", err)
				return
			}
			for _, g := range grants {
				after = g.ID
				if _, err := k.Rewrite(ctx, gk.Engine(), g.ID, func(*gk.Grant, time.Time) ([]gk.Event, error) { return nil, nil }); err != nil {
					k.log.Warn("a grant keeps tokens of a secret of before until it is refreshed", "grant", g.ID, "error", err)
				}
			}
			k.Wake()
			if len(grants) == 0 {
				return
			}
		}
	}()
}
