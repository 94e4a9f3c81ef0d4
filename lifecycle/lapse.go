package lifecycle

import (
	"time"

	gk "github.com/grantkeep/grantkeep"
)

// WarnDays is how long before an end that only the merchant can move the vendor hears of it.
var WarnDays = []int64{30, 7, 1}

// lapse is Lapse for a grant whose terms are known: one that is refreshed when somebody reads it stays active while its
// refresh token is good.
func lapse(g *gk.Grant, t Terms, now time.Time) []gk.Event {
	past := !g.Ceiling.IsZero() && !g.Ceiling.After(now)
	if asleep(g, t) && !past && (g.RefreshExpires.IsZero() || g.RefreshExpires.After(now)) {
		return nil
	}
	return Lapse(g, now)
}

// Lapse moves a grant whose access token has ended to the state it has then.
func Lapse(g *gk.Grant, now time.Time) []gk.Event {
	if g.State == gk.Revoked || g.State == gk.Expired {
		return nil
	}
	over := !g.Expires.IsZero() && !g.Expires.After(now)
	past := !g.Ceiling.IsZero() && !g.Ceiling.After(now)
	switch {
	case past && (over || len(g.Access) == 0), over && !g.Renewable:
		g.State, g.Renewable = gk.Expired, false
		return []gk.Event{Event(gk.EventGrantExpired, "engine", g, now, Why(g))}
	case over && g.State == gk.Active:
		g.State = gk.Suspended
		return []gk.Event{Event(gk.EventGrantSuspended, "engine", g, now, Why(g))}
	}
	return nil
}

// Warn gives the warning that is due, one for the nearest threshold passed. Short lives get none: a warning that comes
// as soon as the grant exists tells nothing.
func Warn(g *gk.Grant, now time.Time) []gk.Event {
	end := merchantEnd(g)
	if at := warnAt(g, now); at.IsZero() || at.After(now) {
		return nil
	}
	for _, days := range WarnDays {
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

// merchantEnd is the next end that only the merchant can move: the authorization's, and the access token's where it
// cannot be refreshed.
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
	for _, days := range WarnDays {
		if g.Warned == 0 || days < g.Warned {
			return end.Add(-time.Duration(days) * 24 * time.Hour)
		}
	}
	return time.Time{}
}

// EndsDue reports whether an end or a warning must be told before a grant is refreshed. The end of its access token need
// not: the refresh follows at once, and what comes of it other than a pair tells the end as well.
func EndsDue(g *gk.Grant, now time.Time) bool {
	if !g.Ceiling.IsZero() && !g.Ceiling.After(now) {
		return true
	}
	at := warnAt(g, now)
	return !at.IsZero() && !at.After(now)
}

// RunOut records that an authorization has reached its end, as the platform says.
func RunOut(g *gk.Grant, now time.Time) []gk.Event {
	g.State, g.Renewable, g.DueAt = gk.Expired, false, time.Time{}
	return []gk.Event{Event(gk.EventGrantExpired, "platform", g, now, Why(g))}
}

// Die records that the platform refuses an access token before its end. Refreshing it may yet work.
func Die(g *gk.Grant, t Terms, f *gk.Fault, now time.Time) []gk.Event {
	if f != nil {
		told := *f
		told.At = gk.At(now)
		f = &told
	}
	g.Fault, g.Expires = f, now
	events := Lapse(g, now)
	g.DueAt = Plan(g, t, now)
	return events
}
