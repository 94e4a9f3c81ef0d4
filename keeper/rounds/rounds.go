// Package rounds lets apps do in time what they have to do, and notes whether they open.
package rounds

import (
	"context"
	"errors"
	"fmt"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/store"
)

// every is how often an app has a turn of its own, on the real clock and by product time.
const every = 10 * time.Second

// Store is what the duty needs of the database.
type Store interface {
	Apps(ctx context.Context, v gk.Viewer, after string, limit int) ([]gk.App, error)
	UpdateApp(ctx context.Context, v gk.Viewer, id string, now time.Time, change func(*gk.App) ([]gk.Event, error)) error
}

// Duty has each app do what it has to do; its fields are set once.
type Duty struct {
	Store Store
	Apps  *apps.Registry
	Notes *Openings
	Turn  func() func(ctx context.Context, app gk.App) error // what an app does in its turn; nil: nothing yet
	Now   func() time.Time

	Resumed func(ctx context.Context, app gk.App) // heeds the note that a stop of an app has ended
	Probe   func(ctx context.Context, app gk.App) // lets a grant of an app whose database looks old try

	Isolate  func(what, id string, work func() error) error
	Spare    func(err error) error // tells of rows that cannot be read, and returns every other error
	Unopened func(n int64)         // is told how many apps could not be opened

	lookedAt, lookAt time.Time // real, and product time
}

// Look does what is due for the apps themselves, each by itself. An app that cannot be opened is told of.
func (d *Duty) Look(ctx context.Context) error {
	if real := time.Now(); real.Sub(d.lookedAt) >= every || d.Now().Sub(d.lookAt) >= every {
		defer func() { d.lookedAt, d.lookAt = real, d.Now() }()
	} else {
		return nil
	}
	all, err := d.Store.Apps(ctx, gk.Engine(), "", 0)
	if err := d.Spare(err); err != nil {
		return err
	}
	var errs []error
	unopened := int64(0)
	defer func() { d.Unopened(unopened) }()
	for _, app := range all {
		if _, err := d.Apps.Open(app); err != nil {
			unopened++
		}
		err := d.Isolate("app round", app.ID, func() error { return d.lookAtApp(ctx, app) })
		if errors.Is(err, store.ErrUnavailable) || ctx.Err() != nil {
			return errors.Join(append(errs, err)...)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("app %s: %w", app.ID, err))
		}
	}
	return errors.Join(errs...)
}

// lookAtApp notes whether an app opens, and lets it have its turn.
func (d *Duty) lookAtApp(ctx context.Context, app gk.App) error {
	_, opened := d.Apps.Open(app)
	err := d.Notes.Note(ctx, app, opened)
	if opened != nil || err != nil {
		return err
	}
	d.Resumed(ctx, app)
	d.Probe(ctx, app)
	if turn := d.Turn(); turn != nil {
		return turn(ctx, app)
	}
	return nil
}
