package keeper

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

// Codes of what keeps us from opening an application.
const (
	CodeNoDriver   = "local:no_driver"            // this build has no driver for its platform
	CodeAppSecrets = "local:app_secrets"          // its stored secrets do not open
	CodeEndpoint   = "local:endpoint_not_allowed" // it points at a host that this process was not started with
)

// Broken is an application that this process cannot open. It concerns that app alone: its renewals wait, its grants end
// in their time, and everybody else goes on.
type Broken struct {
	App  string
	Code string
	Err  error
}

// Error returns the app and what is wrong with it.
func (b *Broken) Error() string { return fmt.Sprintf("app %s cannot be opened: %v", b.App, b.Err) }

// Unwrap returns what is wrong.
func (b *Broken) Unwrap() error { return b.Err }

// foreignEndpoint names the first endpoint of an app whose host was not named at start; empty if there is none.
func (k *Keeper) foreignEndpoint(app gk.App) string {
	for _, name := range slices.Sorted(maps.Keys(app.Endpoints)) {
		if u, err := url.Parse(app.Endpoints[name]); err != nil || !k.allowed(u) {
			return name
		}
	}
	return ""
}

// FaultOf returns the fault of an application as people are shown it: what keeps us from opening it comes before what
// its platform said.
func (k *Keeper) FaultOf(app gk.App) *gk.Fault {
	code := app.Broken
	if _, _, err := k.OpenApp(app); err != nil {
		var b *Broken
		if errors.As(err, &b) {
			code = b.Code
		}
	} else if code != "" {
		code = "" // it opens again, which its next turn notes
	}
	if code == "" {
		return app.Fault
	}
	return brokenFault(app, code)
}

func brokenFault(app gk.App, code string) *gk.Fault {
	return &gk.Fault{Platform: app.Platform, Stage: platform.StageRefresh, Code: code, Action: gk.FixConfig, Known: true}
}

// broken is what a process has said about apps that it cannot open.
type broken map[string]time.Time

// sayEvery is how often one process says that an app cannot be opened. Two builds of which one can open it would
// otherwise tell a break and a repair in turns.
const sayEvery = time.Hour

// noteOpened writes onto an app whether it opens. It tells the first failure by an event, and its end.
func (r *runner) noteOpened(ctx context.Context, app gk.App, err error) error {
	code := ""
	var b *Broken
	switch {
	case errors.As(err, &b):
		code = b.Code
	case err != nil:
		return err
	}
	recently := time.Since(r.said[app.ID]) < sayEvery
	if code != "" && !recently {
		r.said[app.ID] = time.Now()
		r.log.Error("an app cannot be opened; its renewals wait, its tokens are served", "platform", app.Platform, "app", app.ID, "error", err)
	}
	if code == app.Broken || code != "" && recently && app.Broken == "" {
		return nil
	}
	now := r.Now()
	err = r.store.UpdateApp(ctx, gk.Engine(), app.ID, now, func(row *gk.App) ([]gk.Event, error) {
		was := row.Broken
		row.Broken = code
		switch {
		case was == code:
			return nil, store.ErrUnchanged
		case code != "":
			return []gk.Event{appEvent(gk.EventAppBroken, row, now, faultData(brokenFault(*row, code)))}, nil
		case row.Stopped():
			return nil, nil // it opens again, and its platform still refuses it
		}
		return []gk.Event{appEvent(gk.EventAppResumed, row, now, map[string]any{"code": was})}, nil
	})
	if err == nil && code == "" {
		r.hasten(ctx, app.ID)
	}
	return err
}

func appEvent(kind string, app *gk.App, now time.Time, data map[string]any) gk.Event {
	return gk.Event{ID: gk.NewID("evt", now), Kind: kind, Actor: "engine", App: app.ID, At: now, Data: data}
}
