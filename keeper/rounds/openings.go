package rounds

import (
	"context"
	"errors"
	"log/slog"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/store"
)

// Openings notes whether apps open.
type Openings struct {
	Store  Store
	Hasten func(ctx context.Context, app string) // has what a stop put off come soon
	Now    func() time.Time
	Log    *slog.Logger

	said map[string]saying // what this process has said about apps that it cannot open
}

// saying is what a process said about an app, and when.
type saying struct {
	code string
	at   time.Time
}

// sayEvery is how often one process says that an app cannot be opened. Two builds of which one can open it would
// otherwise tell a break and a repair in turns.
const sayEvery = time.Hour

// Note writes onto an app whether it opens. It tells the first failure by an event, and its end.
func (o *Openings) Note(ctx context.Context, app gk.App, err error) error {
	code := ""
	var b *apps.Broken
	switch {
	case errors.As(err, &b):
		code = b.Code
	case err != nil:
		return err
	}
	recently := o.said[app.ID].code == code && time.Since(o.said[app.ID].at) < sayEvery
	switch {
	case code == "":
		delete(o.said, app.ID)
	case !recently:
		if o.said == nil {
			o.said = map[string]saying{}
		}
		o.said[app.ID] = saying{code, time.Now()}
		o.Log.Error("an app cannot be opened; its renewals wait, its tokens are served", "platform", app.Platform, "app", app.ID, "error", err)
	}
	if code == app.Broken || code != "" && recently { // another process says otherwise
		return nil
	}
	now := o.Now()
	err = o.Store.UpdateApp(ctx, gk.Engine(), app.ID, now, func(row *gk.App) ([]gk.Event, error) {
		was := row.Broken
		row.Broken = code
		if code == "" && was != "" {
			lifecycle.Resume(row, now)
		}
		switch {
		case was == code:
			return nil, store.ErrUnchanged
		case code != "":
			return []gk.Event{Event(gk.EventAppBroken, row, now, lifecycle.FaultData(apps.BrokenFault(*row, code)))}, nil
		case row.Stopped():
			return nil, nil // it opens again, and its platform still refuses it
		}
		return []gk.Event{Event(gk.EventAppResumed, row, now, map[string]any{"code": was})}, nil
	})
	if err == nil && code == "" {
		o.Hasten(ctx, app.ID)
	}
	return err
}

// Event is an event of the engine about an app.
func Event(kind string, app *gk.App, now time.Time, data map[string]any) gk.Event {
	return gk.Event{ID: gk.NewID("evt", now), Kind: kind, Actor: "engine", App: app.ID, At: now, Data: data}
}
