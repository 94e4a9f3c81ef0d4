package lifecycle

import (
	"hash/fnv"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// Plan returns when a grant must be looked at next: the soonest of its refresh, a warning, the end of its token, the
// settling of a doubt and the periodic check. Zero says that nothing will ever be due.
//
// Rows keep whole milliseconds. A moment within one is planned for its end: a turn that came a part of a millisecond early
// would find nothing to do and plan the same again, over and over until that part has passed.
func Plan(g *gk.Grant, t Terms, now time.Time) time.Time {
	due := soonestDue(g, t, now)
	if whole := due.Truncate(time.Millisecond); whole.Before(due) {
		return whole.Add(time.Millisecond)
	}
	return due
}

func soonestDue(g *gk.Grant, t Terms, now time.Time) time.Time {
	if g.State == gk.Revoked || g.State == gk.Expired {
		return time.Time{}
	}
	if g.AttemptID != "" {
		return g.AttemptUntil
	}
	var due time.Time
	for _, at := range []time.Time{nextRefresh(g, t, now), warnAt(g, now), confirmAt(g, now), endAt(g, t, now), probeAt(g, t, now)} {
		if !at.IsZero() && (due.IsZero() || at.Before(due)) {
			due = at
		}
	}
	if due.IsZero() && g.Renewable {
		due = now.Add(24 * time.Hour) // no end is known; the grant is not forgotten
	}
	return due
}

// nextRefresh is when a grant is refreshed or its doubt settled, not before the pause of a refusal is over.
func nextRefresh(g *gk.Grant, t Terms, now time.Time) time.Time {
	if !g.Renewable {
		return time.Time{}
	}
	at := refreshAt(g, t)
	if g.InDoubt() {
		at = settleAt(g, t.For(g), now)
	}
	if !at.IsZero() && at.Before(g.RetryAt) {
		return g.RetryAt
	}
	return at
}

// endAt is when a grant's state changes because its token, or its authorization, ends.
func endAt(g *gk.Grant, t Terms, now time.Time) time.Time {
	switch {
	case g.State == gk.Active && !asleep(g, t), g.State == gk.Held && (!g.Renewable || g.Expires.After(now)):
		return g.Expires
	case g.State == gk.Suspended:
		return g.Ceiling
	}
	return time.Time{}
}

// probeAt is when the platform is asked whether a grant lives. One that rests is left alone once its token has ended.
func probeAt(g *gk.Grant, t Terms, now time.Time) time.Time {
	usable := len(g.Access) > 0 || !t.Tokens
	if !t.probes(g) || g.State != gk.Active || !usable {
		return time.Time{}
	}
	at := SeenAt(g).Add(t.Probe)
	if asleep(g, t) && ended(g, later(at, now)) {
		return time.Time{}
	}
	return at
}

// SeenAt is when the platform last confirmed a grant.
func SeenAt(g *gk.Grant) time.Time {
	if t, err := time.Parse(time.RFC3339, g.Facts[FactSeen]); err == nil {
		return t
	}
	return g.AuthorizedAt
}

// soonEnd is the end that a refresh must come before.
func soonEnd(g *gk.Grant) time.Time {
	end := g.Expires
	if !g.RefreshExpires.IsZero() && (end.IsZero() || g.RefreshExpires.Before(end)) {
		end = g.RefreshExpires
	}
	return end
}

// Fixed reports whether refreshing cannot move the end: the token ends with the authorization itself.
func Fixed(g *gk.Grant) bool { return endsWith(g.Expires, g.Ceiling) }

func endsWith(token, authorization time.Time) bool {
	return !authorization.IsZero() && !token.IsZero() && !token.Before(authorization.Add(-time.Minute))
}

// shortestPace is the least time between two refreshes of a grant by themselves. No platform gives tokens of seconds on
// purpose: one that does has changed a unit, or gives what has ended already, and is not asked without a pause.
const shortestPace = time.Minute

// refreshAt returns when a grant is refreshed by itself: the platform's lead before the end that comes first, spread so
// that ten thousand grants of one day do not fall due in one minute. Long-lived tokens are refreshed in a quiet window
// of the platform's zone, in the first night in which no more than the lead is left. A pair that several grants share,
// and an access token that has yet to be traded for a pair, are due at once.
func refreshAt(g *gk.Grant, t Terms) time.Time {
	if Shared(g) || tradable(t, g) {
		return g.PairAskedAt
	}
	if unborn(g) {
		return g.AuthorizedAt
	}
	if since, old := t.outlivesSecret(g); old {
		return since.Add(time.Duration(Spread(g.ID) * float64(24*time.Hour))).Truncate(time.Millisecond)
	}
	f := t.For(g)
	if f.When == platform.WhenUse {
		switch {
		case g.State == gk.Suspended || g.Failures > 0:
			return g.PairAskedAt // somebody reads it, and did not get it
		case Unconfirmed(g) && !g.Expires.IsZero():
			return g.Expires // from then on only its refresh can tell whose it is
		}
		return keepAliveAt(g, f)
	}
	end := soonEnd(g)
	if end.IsZero() || Fixed(g) {
		return time.Time{}
	}
	life := end.Sub(g.PairAskedAt)
	if life < 2*shortestPace {
		return g.PairAskedAt.Add(shortestPace)
	}
	lead := leadOf(f, life)
	lead = min(lead, life/2)
	at := end.Add(-lead)
	share := Spread(g.ID)
	if quiet, ok := quietAt(f, at, share); ok && lead > 24*time.Hour && quiet.Before(end.Add(-lead/4)) {
		return quiet // a lead of little more than a day may end before its night comes
	}
	return at.Add(-time.Duration(share * float64(lead) / 4)).Truncate(time.Millisecond)
}

// quietAt is a grant's own moment in the first quiet window after a time; false where the facts name no window.
func quietAt(f platform.Refresh, at time.Time, share float64) (time.Time, bool) {
	start, length, err := f.WindowSpan()
	if f.Window == "" || err != nil {
		return time.Time{}, false
	}
	local := at.In(f.Location())
	night := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, f.Location()).Add(start)
	if night.Before(local) {
		night = time.Date(local.Year(), local.Month(), local.Day()+1, 0, 0, 0, 0, f.Location()).Add(start)
	}
	return night.Add(time.Duration(share * float64(length))).UTC().Truncate(time.Millisecond), true
}

// keepAliveAt returns when a grant that nobody reads is refreshed, so that its refresh token does not end.
func keepAliveAt(g *gk.Grant, f platform.Refresh) time.Time {
	end := g.RefreshExpires
	if end.IsZero() {
		end = g.PairAskedAt.Add(time.Duration(f.RefreshLife))
	}
	ahead := min(time.Duration(f.KeepAlive), end.Sub(g.PairAskedAt)/2)
	return end.Add(-ahead - time.Duration(Spread(g.ID)*float64(ahead)/4)).Truncate(time.Millisecond)
}

// ended reports whether an access token has ended at a moment.
func ended(g *gk.Grant, at time.Time) bool { return !g.Expires.IsZero() && !g.Expires.After(at) }

// leadOf is how long before its end a token with this life is refreshed.
func leadOf(f platform.Refresh, life time.Duration) time.Duration {
	if f.LeadPart > 0 {
		return time.Duration(f.LeadPart * float64(life))
	}
	return time.Duration(f.Lead)
}

// Spread is a number in [0, 1) that an id always has.
func Spread(id string) float64 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id)) // never fails
	return float64(h.Sum32()) / (1 << 32)
}

// RefreshDue reports whether the refresh of a grant is due.
func RefreshDue(g *gk.Grant, t Terms, now time.Time) bool {
	if g.RetryAt.After(now) {
		return false
	}
	if g.InDoubt() {
		return !settleAt(g, t.For(g), now).After(now)
	}
	at := refreshAt(g, t)
	return !at.IsZero() && !at.After(now)
}

// probeDue reports whether the periodic check of a grant is due.
func probeDue(g *gk.Grant, t Terms, now time.Time) bool {
	return t.Inspects && t.probes(g) && g.State == gk.Active && !SeenAt(g).Add(t.Probe).After(now) && !(asleep(g, t) && ended(g, now))
}

// ClockSlack is how far a platform's clock may be from ours when its moment of consent is compared with our click.
const ClockSlack = 2 * time.Minute
