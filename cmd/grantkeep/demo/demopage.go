package demo

import (
	"context"
	"errors"
	"net/http"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api/door"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/serve"
	"github.com/grantkeep/grantkeep/console/frame"
	"github.com/grantkeep/grantkeep/people"
	"github.com/grantkeep/grantkeep/sim"
	"github.com/grantkeep/grantkeep/store"
)

// Pages leads whoever opens the demo's address to the console. It answers to the demo's name only: whoever reaches it can
// act as anybody, and a page elsewhere could point its own name here.
func (d *Demonstration) Pages(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !serve.Serves(d.Server, r.Host) && !door.Probe(r):
			serve.Misdirected(w)
		case r.URL.Path == "/" && r.Method == http.MethodGet:
			w.Header().Set("Cache-Control", "no-store")
			w.Header().Set("Location", serve.ConsoleBase)
			w.WriteHeader(http.StatusSeeOther)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// demoPerson is who the demo's link logs in.
const demoPerson = "demo"

// demoLinkLife is longer than any demo lasts.
const demoLinkLife = 10 * 365 * 24 * time.Hour

// Invite makes the link that logs its opener in to the console, as often as it is opened.
func (d *Demonstration) Invite(ctx context.Context) error {
	now := time.Now()
	p, err := people.Add(ctx, d.Store, demoPerson, store.RoleAdministrator, "", now)
	if errors.Is(err, store.ErrExists) {
		p, err = d.Store.PersonByName(ctx, demoPerson)
	}
	if err != nil {
		return err
	}
	d.console, err = people.Invite(ctx, d.Store, d.Server, p.ID, true, now.Add(demoLinkLife))
	return err
}

// Advance implements [console.Demo].
func (d *Demonstration) Advance(ctx context.Context, by time.Duration) error {
	before, err := d.tally(ctx)
	if err != nil {
		return err
	}
	if err := d.Sims.Clock.Advance(ctx, by); err != nil {
		return err
	}
	after, err := d.tally(ctx)
	if err != nil {
		return err
	}
	warned, err := d.since(ctx, gk.EventGrantExpiring, before.Events)
	if err != nil {
		return err
	}
	ended, err := d.since(ctx, gk.EventGrantExpired, before.Events)
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.happened = frame.Passed{Refreshes: max(after.Refreshes-before.Refreshes, 0), Events: after.Events - before.Events, Any: true}
	d.happened.Warnings, d.happened.Ended = warned, ended
	return nil
}

// since counts the events of a kind behind a position.
func (d *Demonstration) since(ctx context.Context, kind string, position int64) (n int64, err error) {
	f := store.RecentFilter{Kind: kind, Limit: 500}
	for {
		events, err := d.Store.RecentEvents(ctx, gk.Engine(), f)
		if err != nil {
			return n, err
		}
		for _, e := range events {
			if e.Position <= position {
				return n, nil
			}
			n, f.Before = n+1, e.Position
		}
		if len(events) < f.Limit {
			return n, nil
		}
	}
}

// tally counts what has happened until now.
func (d *Demonstration) tally(ctx context.Context) (frame.Passed, error) {
	var sum frame.Passed
	grants, err := d.Store.Grants(ctx, gk.Engine(), store.GrantFilter{Limit: 1000})
	if err != nil {
		return sum, err
	}
	for _, g := range grants {
		sum.Refreshes += g.Generation
	}
	if _, err := d.Store.Publish(ctx, 0); err != nil {
		return sum, err
	}
	last, err := d.Store.RecentEvents(ctx, gk.Engine(), store.RecentFilter{Limit: 1})
	if err == nil && len(last) == 1 {
		sum.Events = last[0].Position
	}
	return sum, err
}

// ToNext implements [console.Demo].
func (d *Demonstration) ToNext(ctx context.Context) (bool, error) {
	now := d.Keeper.Now()
	grants, err := d.Store.Grants(ctx, gk.Engine(), store.GrantFilter{Limit: 1000})
	if err != nil {
		return false, err
	}
	var soonest time.Time
	for _, g := range grants {
		ends := []time.Time{g.Ceiling}
		if !g.Renewable {
			ends = append(ends, g.Expires)
		}
		for _, end := range ends {
			if end.After(now) && (soonest.IsZero() || end.Before(soonest)) {
				soonest = end
			}
		}
	}
	if soonest.IsZero() {
		return false, nil
	}
	return true, d.Advance(ctx, soonest.Sub(now)+time.Minute)
}

// Fault implements [console.Demo].
func (d *Demonstration) Fault(ctx context.Context, platform, code string, times int) error {
	return d.control(ctx, "/"+platform+"/faults", map[string]any{"fault": code, "times": times})
}

// Simulator implements [console.Demo].
func (d *Demonstration) Simulator(platform string) string { return d.Ready.Platforms[platform].Base }

// Break implements [console.Demo].
func (d *Demonstration) Break(ctx context.Context, grant string) error {
	g, err := d.Store.Grant(ctx, gk.Engine(), grant)
	if err != nil {
		return err
	}
	subject := g.Subject.ID
	if err := d.control(ctx, "/"+g.Platform+"/revoke", map[string]any{"subject": subject}); err != nil {
		return err
	}
	// What it answers is told on the page of the grant; a token that cannot be refreshed is found out by its next use.
	if _, err = d.Keeper.Refresh(ctx, gk.Engine(), grant, false); errors.Is(err, store.ErrUnavailable) {
		return err
	}
	return nil
}

// Tricks implements [console.Demo].
func (d *Demonstration) Tricks() []string {
	return []string{sim.CutBefore, sim.CutAfter, sim.Garbage, "status-503"}
}

// Happened implements [console.Demo].
func (d *Demonstration) Happened() frame.Passed {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.happened
}
