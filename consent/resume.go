package consent

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

const (
	resumeMost   = 100 // clicks of one app that a pass takes
	resumeAtOnce = 4   // of them that are worked on together
)

// resumed knows the apps whose clicks are being worked on. A pass that takes longer than the time to the next one is
// not begun again.
type resumed struct {
	mu   sync.Mutex
	apps map[string]bool
}

func (r *resumed) begin(app string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.apps[app] {
		return false
	}
	if r.apps == nil {
		r.apps = map[string]bool{}
	}
	r.apps[app] = true
	return true
}

func (r *resumed) end(app string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.apps, app)
}

// Resume goes on with clicks that a crash, or a database that was away, left half done. Every app has a pass of its own,
// so that none waits for another's platform. It returns when the passes have begun.
func (fl *Flow) Resume(ctx context.Context) error {
	clicks, err := fl.store.OpenClicks(ctx, fl.keeper.Now().Add(-time.Minute), resumeMost)
	var damaged *store.DamagedError
	if errors.As(err, &damaged) {
		fl.log.Error("clicks of the database cannot be read and are left out", "error", err)
	} else if err != nil {
		return err
	}
	byApp := map[string][]gk.Click{}
	for _, c := range clicks {
		byApp[c.App] = append(byApp[c.App], c)
	}
	for app, clicks := range byApp {
		if !fl.resumed.begin(app) {
			continue
		}
		fl.keeper.MoreWork()
		go func() {
			defer fl.keeper.EndWork()
			defer fl.resumed.end(app)
			fl.resumeApp(ctx, clicks)
		}()
	}
	return nil
}

// resumeApp goes on with the clicks of one app, a few at a time. The failure of one is no other's.
func (fl *Flow) resumeApp(ctx context.Context, clicks []gk.Click) {
	var work errgroup.Group
	work.SetLimit(resumeAtOnce)
	for _, c := range clicks {
		if fl.keeper.Draining() {
			break // the next start, or another process, goes on
		}
		work.Go(func() error {
			if err := fl.resumeClick(ctx, c); err != nil {
				fl.log.Warn("authorization not completed yet", "app", c.App, "click", c.ID, "error", err)
			}
			return nil
		})
	}
	_ = work.Wait() // no piece of work returns an error
}

func (fl *Flow) resumeClick(ctx context.Context, c gk.Click) error {
	switch c.Stage {
	case gk.Issued:
		return fl.Complete(ctx, c.ID)
	case gk.Begun, gk.Done, gk.Failed: // no open click is at one of these
	case gk.Exchanging:
		held := fl.keeper.HoldsAnswer(c.ID) || fl.keeper.Now().Sub(c.UpdatedAt) < exchangeDeadline+30*time.Second // somebody may hold its answer
		if !held {
			return fl.failClick(ctx, c.ID, gk.Exchanging, gk.ReasonLostAnswer, nil)
		}
	}
	return nil
}
