package keeper

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

// CodeEndpoint is the code of the fault of an app that points at a host which the server was not started with.
const CodeEndpoint = "local:endpoint_not_allowed"

// foreignEndpoint names the first endpoint of an app whose host was not named at start; empty if there is none.
func (k *Keeper) foreignEndpoint(app gk.App) string {
	for _, name := range slices.Sorted(maps.Keys(app.Endpoints)) {
		if u, err := url.Parse(app.Endpoints[name]); err != nil || !k.allowed(u) {
			return name
		}
	}
	return ""
}

// CheckEndpoints looks at the start of a process which apps point at hosts that it was not started with. Such an app is
// broken, alone: its renewals wait for an operator. One whose hosts were named meanwhile goes on. An error is the store's.
func (k *Keeper) CheckEndpoints(ctx context.Context) error {
	apps, err := k.store.Apps(ctx, gk.Engine(), "", 0)
	if err != nil {
		return err
	}
	for _, app := range apps {
		broken, marked := k.foreignEndpoint(app) != "", app.Fault != nil && app.Fault.Code == CodeEndpoint
		if broken {
			k.log.Error("an app points at a host that this server was not started with; it is stopped, the others are not. "+
				"Start with --allow-endpoint for that host, or change the app's endpoints", "platform", app.Platform, "app", app.ID, "endpoint", k.foreignEndpoint(app))
		}
		if broken == marked {
			continue
		}
		if err := k.markEndpoint(ctx, app.ID); err != nil {
			return err
		}
	}
	return nil
}

// markEndpoint writes onto an app's row whether it points at a host that was not named at start.
func (k *Keeper) markEndpoint(ctx context.Context, id string) error {
	now := k.Now()
	return k.store.UpdateApp(ctx, gk.Engine(), id, now, func(app *gk.App) ([]gk.Event, error) {
		name, marked := k.foreignEndpoint(*app), app.Fault != nil && app.Fault.Code == CodeEndpoint
		switch {
		case name == "" && marked:
			app.Fault, app.FaultGrant, app.PausedUntil = nil, "", time.Time{}
			return []gk.Event{{ID: gk.NewID("evt", now), Kind: gk.EventAppResumed, Actor: "engine", App: app.ID, At: now, Data: map[string]any{}}}, nil
		case name != "" && !marked:
			f := &gk.Fault{
				Platform: app.Platform, Stage: platform.StageRefresh, Code: CodeEndpoint, Action: gk.FixConfig, At: gk.At(now),
				Message: "endpoints." + name + " names a host that the server was not started with",
			}
			app.Fault, app.FaultGrant, app.PausedUntil = f, "", now.AddDate(100, 0, 0) // until the endpoints or the start change
			return []gk.Event{{ID: gk.NewID("evt", now), Kind: gk.EventAppBroken, Actor: "engine", App: app.ID, At: now, Data: faultData(f)}}, nil
		}
		return nil, store.ErrUnchanged
	})
}
