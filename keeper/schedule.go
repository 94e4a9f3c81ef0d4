package keeper

import (
	"hash/fnv"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// warnDays is how long before an end that only the merchant can move the vendor hears of it.
var warnDays = []int64{30, 7, 1}

// backoff is how long to wait after answered failures in a row, with the time since the first one beside each step. The
// last step repeats. A platform that names a longer wait is obeyed.
var backoff = []time.Duration{
	30 * time.Second, // 30 s
	time.Minute,      // 1 m 30 s
	2 * time.Minute,  // 3 m 30 s
	5 * time.Minute,  // 8 m 30 s
	10 * time.Minute, // 18 m 30 s
	30 * time.Minute, // 48 m 30 s
	time.Hour,        // 1 h 48 m
	2 * time.Hour,    // 3 h 48 m
	4 * time.Hour,    // 7 h 48 m
	8 * time.Hour,    // 15 h 48 m
	24 * time.Hour,   // then once a day
}

// pause returns how long to wait after the given number of failures in a row.
func pause(failures int64, named time.Duration) time.Duration {
	i := max(min(failures-1, int64(len(backoff)-1)), 0)
	return max(backoff[i], named)
}

// plan returns when a grant must be looked at next: the soonest of its renewal, a warning, the end of its token, the
// settling of a doubt and the periodic check. Zero says that nothing will ever be due.
func (k *Keeper) plan(d platform.Driver, app gk.App, g *gk.Grant, now time.Time) time.Time {
	if g.State == gk.Revoked || g.State == gk.Expired {
		return time.Time{}
	}
	if g.AttemptID != "" {
		return g.AttemptUntil
	}
	f := k.renewalOf(d, app)
	var due time.Time
	soonest := func(t time.Time) {
		if !t.IsZero() && (due.IsZero() || t.Before(due)) {
			due = t
		}
	}
	if g.Renewable {
		at := renewAt(g, f)
		if g.InDoubt() {
			at = settleAt(g, f, now)
		}
		if at.Before(g.RetryAt) && !at.IsZero() {
			at = g.RetryAt
		}
		soonest(at)
	}
	soonest(warnAt(g, now))
	soonest(confirmAt(g, now))
	if g.State == gk.Active || g.State == gk.Held && (!g.Renewable || g.Expires.After(now)) {
		soonest(g.Expires)
	}
	if g.State == gk.Suspended && !g.Ceiling.IsZero() {
		soonest(g.Ceiling)
	}
	if probe := time.Duration(d.Spec().Facts.Push.Probe); probe > 0 && g.State == gk.Active && (len(g.Access) > 0 || !d.Spec().Facts.Tokens) {
		soonest(seenAt(g).Add(probe))
	}
	if due.IsZero() && g.Renewable {
		due = now.Add(24 * time.Hour) // no end is known; the grant is not forgotten
	}
	return due
}

// seenAt is when the platform last confirmed a grant.
func seenAt(g *gk.Grant) time.Time {
	if t, err := time.Parse(time.RFC3339, g.Facts[FactSeen]); err == nil {
		return t
	}
	return g.AuthorizedAt
}

// soonEnd is the end that a renewal must come before.
func soonEnd(g *gk.Grant) time.Time {
	end := g.Expires
	if !g.RefreshExpires.IsZero() && (end.IsZero() || g.RefreshExpires.Before(end)) {
		end = g.RefreshExpires
	}
	return end
}

// fixed reports whether renewing cannot move the end: the token ends with the authorization itself.
func fixed(g *gk.Grant) bool {
	return !g.Ceiling.IsZero() && !g.Expires.IsZero() && !g.Expires.Before(g.Ceiling.Add(-time.Minute))
}

// shortestPace is the least time between two renewals of a grant by themselves. No platform gives tokens of seconds on
// purpose: one that does has changed a unit, or gives what has ended already, and is not asked without a pause.
const shortestPace = time.Minute

// renewAt returns when a grant is renewed by itself: the platform's lead before the end that comes first, spread so
// that ten thousand grants of one day do not fall due in one minute. Long-lived tokens are renewed in a quiet window of
// the platform's zone, in the first night in which no more than the lead is left.
func renewAt(g *gk.Grant, f platform.Renewal) time.Time {
	if sharedPair(g) {
		return g.PairAskedAt
	}
	end := soonEnd(g)
	if end.IsZero() || fixed(g) {
		return time.Time{}
	}
	life := end.Sub(g.PairAskedAt)
	if life < 2*shortestPace {
		return g.PairAskedAt.Add(shortestPace)
	}
	lead := time.Duration(f.Lead)
	if f.LeadPart > 0 {
		lead = time.Duration(f.LeadPart * float64(life))
	}
	lead = min(lead, life/2)
	at := end.Add(-lead)
	share := spread(g.ID)
	if start, length, err := f.WindowSpan(); f.Window != "" && err == nil && lead > 24*time.Hour {
		local := at.In(f.Location())
		night := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, f.Location()).Add(start)
		if night.Before(local) {
			night = time.Date(local.Year(), local.Month(), local.Day()+1, 0, 0, 0, 0, f.Location()).Add(start)
		}
		quiet := night.Add(time.Duration(share * float64(length))).UTC().Truncate(time.Millisecond)
		if quiet.Before(end.Add(-lead / 4)) {
			return quiet // a lead of little more than a day may end before its night comes
		}
	}
	return at.Add(-time.Duration(share * float64(lead) / 4)).Truncate(time.Millisecond)
}

// spread is a number in [0, 1) that an id always has.
func spread(id string) float64 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id)) // never fails
	return float64(h.Sum32()) / (1 << 32)
}

// merchantEnd is the next end that only the merchant can move: the ceiling, and the access token's where it cannot be
// renewed.
func merchantEnd(g *gk.Grant) time.Time {
	end := g.Ceiling
	if !g.Renewable && !g.Expires.IsZero() && (end.IsZero() || g.Expires.Before(end)) {
		end = g.Expires
	}
	return end
}

// warnAt returns when the next warning about an end is due; zero when all have been given, or when the end has passed.
func warnAt(g *gk.Grant, now time.Time) time.Time {
	end := merchantEnd(g)
	if !end.After(now) || g.State == gk.Suspended {
		return time.Time{}
	}
	for _, days := range warnDays {
		if g.Warned == 0 || days < g.Warned {
			return end.Add(-time.Duration(days) * 24 * time.Hour)
		}
	}
	return time.Time{}
}

// warn gives the warning that is due, one for the nearest threshold passed. Short lives get none: a warning that comes
// as soon as the grant exists tells nothing.
func warn(g *gk.Grant, now time.Time) []gk.Event {
	end := merchantEnd(g)
	if at := warnAt(g, now); at.IsZero() || at.After(now) {
		return nil
	}
	for _, days := range warnDays {
		threshold := end.Add(-time.Duration(days) * 24 * time.Hour)
		if threshold.After(now) || g.Warned != 0 && days >= g.Warned {
			continue
		}
		g.Warned = days
	}
	if !g.AuthorizedAt.IsZero() && end.Sub(g.AuthorizedAt) < 2*24*time.Hour {
		return nil
	}
	return []gk.Event{Event(gk.EventGrantExpiring, "engine", g, now, map[string]any{
		"ends_at": end.UTC().Format(time.RFC3339), "days": g.Warned, "renewable": g.Renewable,
	})}
}

// lapse moves a grant whose access token has ended to the state it has then.
func lapse(g *gk.Grant, now time.Time) []gk.Event {
	if g.State == gk.Revoked || g.State == gk.Expired {
		return nil
	}
	over := !g.Expires.IsZero() && !g.Expires.After(now)
	past := !g.Ceiling.IsZero() && !g.Ceiling.After(now)
	switch {
	case past && (over || len(g.Access) == 0), over && !g.Renewable:
		g.State, g.Renewable = gk.Expired, false
		return []gk.Event{Event(gk.EventGrantExpired, "engine", g, now, reasonOf(g))}
	case over && g.State == gk.Active:
		g.State = gk.Suspended
		return []gk.Event{Event(gk.EventGrantSuspended, "engine", g, now, reasonOf(g))}
	}
	return nil
}

// reasonOf is what an event says about why a grant is as it is.
func reasonOf(g *gk.Grant) map[string]any {
	data := FaultData(g.Fault)
	if g.Fault != nil && g.Fault.Reason != "" {
		data["reason"] = g.Fault.Reason
	}
	return data
}

// Event makes an event about a grant that is being changed.
func Event(kind, actor string, g *gk.Grant, now time.Time, data map[string]any) gk.Event {
	return gk.Event{
		ID: gk.NewID("evt", now), Kind: kind, Actor: actor, App: g.App, Grant: g.ID, Owner: g.Owner,
		GrantVersion: g.Version + 1, At: now, Data: data,
	}
}

// sharedPair reports whether a grant still has the pair that its authorization gave to several subjects at once.
func sharedPair(g *gk.Grant) bool { return g.Facts[FactShared] == "true" }

// FactShared marks a grant whose pair is common to several, until its first renewal.
const FactShared = "shared_pair"
