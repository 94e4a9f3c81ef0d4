package store

import (
	"context"
	"time"

	gk "github.com/grantkeep/grantkeep"
)

// Stops are the apps that an administrator has stopped. They stand apart from the apps' rows, so that no change of an app,
// by a person or by a refresh that ends late, can undo one.
type Stops interface {
	// StopApp stops an app, or starts it again where stop is false, and stores the events with it; changed says whether it was
	// otherwise before, and the events are stored only then. ErrNotFound if v sees no such app.
	StopApp(ctx context.Context, v gk.Viewer, id string, stop bool, at time.Time, events ...gk.Event) (changed bool, err error)
	// StoppedApps returns the ids of all stopped apps.
	StoppedApps(ctx context.Context) ([]string, error)
}
