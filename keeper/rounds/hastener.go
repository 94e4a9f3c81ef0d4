package rounds

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"strconv"
	"sync"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/store"
)

const (
	hastenAtOnce = 500
	hastenAgain  = time.Second // after the database did not answer
)

// Hastener makes due what a stop of an app has put off, once it has ended. That it has yet to be done stands on the app,
// so that it is gone on with by the next round of any process where this one stops or dies meanwhile. The note stands for as
// long as a turn that saw the stop may take, and what was put off by then is made due once more at its end: whoever put a
// grant off looks at the app afterwards, but may have died before.
type Hastener struct {
	Store interface {
		App(ctx context.Context, v gk.Viewer, id string) (gk.App, error)
		UpdateApp(ctx context.Context, v gk.Viewer, id string, now time.Time, change func(*gk.App) ([]gk.Event, error)) error
		Hasten(ctx context.Context, app string, now, until time.Time, limit int) (int, error)
	}
	Stopped  func(ctx context.Context, app string) (bool, error) // by an administrator
	Ahead    time.Duration                                       // how far ahead lies what a stop has put off
	Overlap  time.Duration                                       // how long after the end of a stop one may be put off that saw it
	Now      func() time.Time
	Begun    func() // tells that work of the process begins
	Ended    func()
	Draining func() bool
	Wake     func()
	Log      *slog.Logger

	mu    sync.Mutex
	again map[string]bool   // by app that is being hastened: whether it was asked for once more meanwhile
	went  map[string]string // by app: the note that this process has heeded
}

// Resumed heeds the note on an app that a stop has ended: once, and once more when its time is over.
func (h *Hastener) Resumed(ctx context.Context, app gk.App) {
	note := app.Cursors[lifecycle.CursorResumed]
	if note == "" {
		return
	}
	h.mu.Lock()
	heeded := h.went[app.ID] == note
	h.mu.Unlock()
	if !heeded || h.over(note) {
		h.Hasten(ctx, app.ID)
	}
}

// over reports whether nothing is put off anymore by a turn that saw the stop whose end is noted.
func (h *Hastener) over(note string) bool {
	at, err := strconv.ParseInt(note, 10, 64)
	return err != nil || !h.Now().Before(time.UnixMilli(at).Add(h.Overlap))
}

// Hasten makes due what a stop of an app has put off, behind its caller.
func (h *Hastener) Hasten(ctx context.Context, app string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, underWay := h.again[app]; underWay {
		h.again[app] = true
		return
	}
	if h.again == nil {
		h.again = map[string]bool{}
	}
	h.again[app] = false
	h.Begun()
	go func() {
		defer h.Ended()
		for h.once(context.WithoutCancel(ctx), app) {
		}
	}()
}

// once goes through an app, and reports whether it is to be gone through again.
func (h *Hastener) once(ctx context.Context, app string) bool {
	err := h.all(ctx, app)
	away := errors.Is(err, store.ErrUnavailable) && !h.Draining()
	switch {
	case away:
		time.Sleep(hastenAgain)
	case err != nil:
		h.Log.Warn("the refreshes that a stop put off come within an hour", "app", app, "error", err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if (away || h.again[app]) && !h.Draining() {
		h.again[app] = false
		return true
	}
	delete(h.again, app)
	return false
}

// all makes due what was put off, unless the app is stopped again, and notes that it is done.
func (h *Hastener) all(ctx context.Context, id string) error {
	app, err := h.Store.App(ctx, gk.Engine(), id)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil || app.Stopped() {
		return err
	}
	if stopped, err := h.Stopped(ctx, id); stopped || err != nil {
		return err
	}
	for n := hastenAtOnce; n >= hastenAtOnce; {
		if h.Draining() {
			return nil
		}
		now := h.Now()
		if n, err = h.Store.Hasten(ctx, id, now, now.Add(h.Ahead), hastenAtOnce); err != nil {
			return err
		}
		h.Wake()
	}
	return h.done(ctx, app)
}

// done takes the note from an app when its time is over, unless there is another one by now.
func (h *Hastener) done(ctx context.Context, app gk.App) error {
	since := app.Cursors[lifecycle.CursorResumed]
	h.mu.Lock()
	if h.went == nil {
		h.went = map[string]string{}
	}
	h.went[app.ID] = since
	h.mu.Unlock()
	if since == "" || !h.over(since) {
		return nil
	}
	err := h.Store.UpdateApp(ctx, gk.Engine(), app.ID, h.Now(), func(row *gk.App) ([]gk.Event, error) {
		if row.Cursors[lifecycle.CursorResumed] != since {
			return nil, store.ErrUnchanged
		}
		row.Cursors = maps.Clone(row.Cursors)
		delete(row.Cursors, lifecycle.CursorResumed)
		return nil, nil
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}
