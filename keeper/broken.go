package keeper

import (
	"context"
	"errors"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/store"
)

// broken is what a process has said about apps that it cannot open.
type broken map[string]time.Time

// sayEvery is how often one process says that an app cannot be opened. Two builds of which one can open it would
// otherwise tell a break and a repair in turns.
const sayEvery = time.Hour

// noteOpened writes onto an app whether it opens. It tells the first failure by an event, and its end.
func (r *runner) noteOpened(ctx context.Context, app gk.App, err error) error {
	code := ""
	var b *apps.Broken
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
			return []gk.Event{appEvent(gk.EventAppBroken, row, now, lifecycle.FaultData(apps.BrokenFault(*row, code)))}, nil
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
