package lifecycle

import (
	"time"

	gk "github.com/grantkeep/grantkeep"
)

// Own makes the grant of an app's own token, or revives it: it has no token yet, and its refresh, due at once, brings the
// first one. Nobody owns it.
func Own(old *gk.Grant, id string, app gk.App, subject gk.Subject, now time.Time) (gk.Grant, []gk.Event) {
	g := gk.Grant{ID: id, App: app.ID, Platform: app.Platform, CreatedAt: now}
	if old != nil {
		g = *old
		g.Generation++
	}
	g.Subject, g.State, g.Renewable, g.Fault = subject, gk.Suspended, true, nil
	g.AuthorizedAt, g.DueAt, g.UpdatedAt = now, now, now
	g.RetryAt, g.Failures, g.Doubt = time.Time{}, 0, gk.Doubt{}
	Release(&g)
	return g, []gk.Event{Event(gk.EventGrantCreated, "engine", &g, now, map[string]any{"generation": g.Generation})}
}

// unborn reports whether a grant is an app's own whose first token has yet to come.
func unborn(g *gk.Grant) bool { return g.Subject.Kind == gk.KindApp && len(g.Access) == 0 }
