package keeper

import (
	"context"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/store"
)

// noteAppFault records a fault of the app that a renewal of a grant met. The second grant that meets one stops the
// renewals of all the app's grants until a probe works, with one alarm instead of a thousand refusals. What stands on the
// row decides: a stop for another cause stays as it is.
func (k *Keeper) noteAppFault(ctx context.Context, appID, grant string, f *gk.Fault) error {
	now := k.Now()
	return k.store.UpdateApp(ctx, gk.Engine(), appID, now, func(app *gk.App) ([]gk.Event, error) {
		switch {
		case app.Stop == gk.StopRestored || app.Stop == gk.StopAsking:
			return nil, store.ErrUnchanged
		case app.Stop == gk.StopFault:
			app.Fault = f
			return nil, nil
		case app.Fault == nil || app.FaultGrant == "":
			app.Fault, app.FaultGrant = f, grant
			return nil, nil
		case app.FaultGrant == grant:
			app.Fault = f
			return nil, nil
		}
		app.Fault, app.Stop, app.PausedUntil = f, gk.StopFault, now.Add(probeInterval)
		return []gk.Event{appEvent(gk.EventAppPaused, app, now, lifecycle.FaultData(f))}, nil
	})
}

// clearAppFault forgets the app's fault after a renewal that worked, and ends the stop. Where the database is known to
// be an old one, only a person's word does.
func (k *Keeper) clearAppFault(ctx context.Context, appID string) error {
	now := k.Now()
	resumed := false
	err := k.store.UpdateApp(ctx, gk.Engine(), appID, now, func(app *gk.App) ([]gk.Event, error) {
		resumed = false
		if app.Stop == gk.StopAsking || app.Fault == nil && app.Stop == "" {
			return nil, store.ErrUnchanged
		}
		stopped := app.Stop != ""
		app.Fault, app.FaultGrant, app.Stop, app.PausedUntil = nil, "", "", time.Time{}
		if !stopped {
			return nil, nil
		}
		resumed = true
		return []gk.Event{appEvent(gk.EventAppResumed, app, now, map[string]any{})}, nil
	})
	if resumed && err == nil {
		k.hasten(ctx, appID)
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
