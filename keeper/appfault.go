package keeper

import (
	"context"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

// noteAppFault records a fault of the app that a renewal of a grant met. The second grant that meets one stops the
// renewals of all the app's grants until a probe works, with one alarm instead of a thousand refusals.
func (k *Keeper) noteAppFault(ctx context.Context, appID, grant string, f *gk.Fault) error {
	now := k.Now()
	return k.store.UpdateApp(ctx, gk.Engine(), appID, now, func(app *gk.App) ([]gk.Event, error) {
		switch {
		case app.Fault == nil || app.FaultGrant == "":
			app.Fault, app.FaultGrant = f, grant
			return nil, nil
		case app.FaultGrant == grant && app.PausedUntil.IsZero():
			app.Fault = f
			return nil, nil
		}
		first := app.PausedUntil.IsZero()
		app.Fault, app.PausedUntil = f, now.Add(probeInterval)
		if !first {
			return nil, nil
		}
		return []gk.Event{{ID: gk.NewID("evt", now), Kind: gk.EventAppPaused, Actor: "engine", App: app.ID, At: now, Data: faultData(f)}}, nil
	})
}

// clearAppFault forgets the app's fault after a renewal that worked.
func (k *Keeper) clearAppFault(ctx context.Context, appID string) error {
	now := k.Now()
	return k.store.UpdateApp(ctx, gk.Engine(), appID, now, func(app *gk.App) ([]gk.Event, error) {
		if app.Fault == nil && app.PausedUntil.IsZero() {
			return nil, store.ErrUnchanged
		}
		paused := !app.PausedUntil.IsZero()
		app.Fault, app.FaultGrant, app.PausedUntil = nil, "", time.Time{}
		if !paused {
			return nil, nil
		}
		return []gk.Event{{ID: gk.NewID("evt", now), Kind: gk.EventAppResumed, Actor: "engine", App: app.ID, At: now, Data: map[string]any{}}}, nil
	})
}

// probeInterval is how often a stopped app tries one renewal.
const probeInterval = 5 * time.Minute

func faultData(f *gk.Fault) map[string]any {
	if f == nil {
		return map[string]any{}
	}
	return map[string]any{"code": f.Code, "stage": f.Stage, "action": string(f.Action), "row": f.Row, "whose_move": f.Action.Move()}
}
