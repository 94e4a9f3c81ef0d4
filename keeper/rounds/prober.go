package rounds

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

const (
	askedAtOnce = 30   // grants that a platform is asked about in one search
	lookedAt    = 2000 // grants that are read in one search
	proberPage  = 200
	searchFor   = time.Minute
)

// Prober chooses which grant tries whether the database of an app that looks old is good after all. All grants that fall
// due under the stop wait long, and merchants who left may be many among them: so the platform is asked whose access token
// lives, and one of those tries. Where none does, or the platform does not say, any grant does.
type Prober struct {
	Store interface {
		Grants(ctx context.Context, v gk.Viewer, f store.GrantFilter) ([]gk.Grant, error)
		UpdateGrant(ctx context.Context, v gk.Viewer, id string, now time.Time, change func(*gk.Grant) ([]gk.Event, error)) error
	}
	Apps    *apps.Registry
	Lives   func(ctx context.Context, a apps.Opened, g gk.Grant) (alive, known bool)
	Now     func() time.Time
	Isolate func(what, id string, work func() error) error
	Spare   func(err error) error
	Begun   func() // tells that work of the process begins
	Ended   func()
	Wake    func()
	Log     *slog.Logger

	mu      sync.Mutex
	seeking map[string]bool
	dead    map[string]map[string]bool // by app: grants whose access token the platform said is dead
}

// Look lets an app whose next probe is due search for the grant that makes it, behind its caller: an app whose platform
// does not answer keeps no other waiting.
func (p *Prober) Look(ctx context.Context, app gk.App) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if app.Stop != gk.StopRestored {
		delete(p.dead, app.ID)
		return
	}
	if p.seeking[app.ID] || app.PausedUntil.After(p.Now()) {
		return
	}
	if p.seeking == nil {
		p.seeking, p.dead = map[string]bool{}, map[string]map[string]bool{}
	}
	p.seeking[app.ID] = true
	if p.dead[app.ID] == nil {
		p.dead[app.ID] = map[string]bool{}
	}
	dead := p.dead[app.ID]
	p.Begun()
	go func() {
		defer p.Ended()
		defer func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			delete(p.seeking, app.ID)
		}()
		ctx, cancel := context.WithTimeout(ctx, searchFor)
		defer cancel()
		if err := p.Isolate("search for a probe", app.ID, func() error { return p.search(ctx, app, dead) }); err != nil {
			p.Log.Warn("nobody was found who tries whether the database is good; the next round searches again", "app", app.ID, "error", err)
		}
	}()
}

// search makes the grant due that is to try.
func (p *Prober) search(ctx context.Context, app gk.App, dead map[string]bool) error {
	a, err := p.Apps.Open(app)
	if err != nil {
		return err
	}
	due, err := p.waiting(ctx, a)
	if err != nil {
		return err
	}
	chosen, more := p.living(ctx, a, due, dead)
	if chosen == "" && !more && len(due) > 0 {
		chosen = due[0].ID
	}
	if chosen == "" || ctx.Err() != nil {
		return ctx.Err()
	}
	now := p.Now()
	err = p.Store.UpdateGrant(ctx, gk.Engine(), chosen, now, func(g *gk.Grant) ([]gk.Event, error) {
		if g.AttemptID != "" || !g.Renewable {
			return nil, store.ErrUnchanged
		}
		g.DueAt = now
		return nil, nil
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	p.Wake()
	return err
}

// waiting returns grants of an app whose refresh is due, in an order that tells nothing of their age.
func (p *Prober) waiting(ctx context.Context, a apps.Opened) ([]gk.Grant, error) {
	t := lifecycle.TermsOf(a.Driver, a.App)
	now := p.Now()
	var due []gk.Grant
	for after, read := "", 0; read < lookedAt; read += proberPage {
		page, err := p.Store.Grants(ctx, gk.Engine(), store.GrantFilter{App: a.App.ID, After: after, Limit: proberPage})
		if err := p.Spare(err); err != nil {
			return nil, fmt.Errorf("grants that could try: %w", err)
		}
		for i := range page {
			g := &page[i]
			after = g.ID
			if g.Renewable && g.Subject.Kind != gk.KindApp && g.AttemptID == "" && lifecycle.RefreshDue(g, t, now) {
				due = append(due, *g)
			}
		}
		if len(page) < proberPage {
			break
		}
	}
	slices.SortFunc(due, func(a, b gk.Grant) int { return cmp.Compare(lifecycle.Spread(a.ID), lifecycle.Spread(b.ID)) })
	return due, nil
}

// living returns the first grant whose access token lives as the platform says. more reports whether others are yet to be
// asked about.
func (p *Prober) living(ctx context.Context, a apps.Opened, due []gk.Grant, dead map[string]bool) (id string, more bool) {
	if _, ok := a.Driver.(platform.Inspector); !ok {
		return "", false
	}
	asked := 0
	for _, g := range due {
		if dead[g.ID] || !g.Usable(p.Now()) || ctx.Err() != nil {
			continue
		}
		if asked == askedAtOnce {
			return "", true
		}
		asked++
		alive, known := p.Lives(ctx, a, g)
		switch {
		case !known:
			return "", false // it does not answer, or does not say
		case alive:
			return g.ID, false
		}
		dead[g.ID] = true
	}
	return "", false
}
