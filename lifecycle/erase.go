package lifecycle

import (
	"time"

	gk "github.com/grantkeep/grantkeep"
)

// Erase ends a grant on purpose and takes its tokens away. The generation rises, so that a refresh under way finds nobody
// to give its pair to. The fault stays: it tells people what was wrong when the grant ended.
func Erase(g *gk.Grant, actor, why string, now time.Time) []gk.Event {
	g.State, g.Renewable, g.Access, g.Refresh, g.KeyID = gk.Revoked, false, nil, nil, 0
	g.Generation++
	g.DueAt, g.RetryAt, g.Failures, g.Doubt = time.Time{}, time.Time{}, 0, gk.Doubt{}
	Release(g)
	return []gk.Event{Event(gk.EventGrantRevoked, actor, g, now, map[string]any{"why": why})}
}

// EndsWith reports whether the end of a subject ends another: a main account takes its sub-accounts along. Ids of
// different kinds share no namespace, so a shop never ends the shops of a main account that has its number.
func EndsWith(child, parent gk.Subject) bool {
	return child.Parent == parent.ID && (child.Kind == parent.Kind || parent.Kind == gk.KindMainAccount)
}

// Explained reports whether an access token may be refused for another reason than that the merchant left: it has
// ended, or a refresh that is under way or in doubt has replaced it. Then that refresh tells.
func Explained(g *gk.Grant, now time.Time) bool {
	if g.State == gk.Expired {
		return g.Fault != nil && g.Fault.Reason == gk.ReasonLostAnswer
	}
	return !g.Expires.IsZero() && !g.Expires.After(now) || g.InDoubt() || g.Attempting(now)
}
