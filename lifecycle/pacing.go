package lifecycle

import (
	"maps"
	"strconv"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

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

// shortPace returns how long a reader waits for the refresh of a token that lives for seconds; 0: not at all. While it
// can be used it is served, so a refresh at each half of its life is spared.
func shortPace(g *gk.Grant, now time.Time) time.Duration {
	if life := g.Life(); life <= 0 || life >= 2*shortestPace || !g.Usable(now) || g.InDoubt() || Shared(g) {
		return 0
	}
	return max(g.PairAskedAt.Add(shortestPace).Sub(now), 0)
}

// OverQuota returns how long a token call of a grant must wait; 0: not at all. The reserve of the day is for people, and
// for the refreshes that fall due by themselves in the last lead before the access token ends.
func OverQuota(g *gk.Grant, t Terms, now time.Time, reserve bool) time.Duration {
	l := t.Calls
	if gap := time.Duration(l.Gap); gap > 0 && !g.AskedAt.IsZero() && now.Before(g.AskedAt.Add(gap)) && !now.Before(g.AskedAt) {
		return g.AskedAt.Add(gap).Sub(now)
	}
	if l.Day == 0 || g.QuotaDay != DayOf(now, t.Refresh) {
		return 0
	}
	most := l.Day - l.Reserve
	if reserve {
		most = l.Day
	}
	if g.QuotaUsed < most {
		return 0
	}
	return nextDay(now, t.Refresh).Sub(now)
}

// nextDay is when the platform's next day begins, and with it the count of calls anew.
func nextDay(now time.Time, f platform.Refresh) time.Time {
	zone := f.Location()
	local := now.In(zone)
	return time.Date(local.Year(), local.Month(), local.Day()+1, 0, 0, 0, 0, zone)
}

// inLastLead reports whether a token is in the part of its life in which a refresh by itself may use the reserve: the
// last quarter of the ordinary lead.
func inLastLead(g *gk.Grant, f platform.Refresh, now time.Time) bool {
	return !g.Expires.IsZero() && g.Expires.Sub(now) < leadOf(f, g.Life())/4
}

// DayOf numbers the days of the platform's zone.
func DayOf(t time.Time, f platform.Refresh) int64 {
	local := t.In(f.Location())
	return time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC).Unix() / 86400
}

// LimitTokenCalls names the limit of token calls in events.
const LimitTokenCalls = "token_calls"

// nearly is the part of a day's calls, in hundredths, whose use is told.
const nearly = 80

// CountCall counts one token call of a grant. The one that uses up four fifths of the day's calls is told, once a day.
func CountCall(g *gk.Grant, t Terms, now time.Time) []gk.Event {
	if day := DayOf(now, t.Refresh); g.QuotaDay != day {
		g.QuotaDay, g.QuotaUsed = day, 0
	}
	g.QuotaUsed++
	g.AskedAt = now
	most := t.Calls.Day * nearly
	if most == 0 || g.QuotaUsed*100 < most || (g.QuotaUsed-1)*100 >= most {
		return nil
	}
	return []gk.Event{Event(gk.EventQuotaNear, "engine", g, now, map[string]any{
		"limit": LimitTokenCalls, "used": g.QuotaUsed, "of": t.Calls.Day, "resets_at": nextDay(now, t.Refresh).UTC().Format(time.RFC3339),
	})}
}

// Forgive lifts the pause that a fault of the app put on a grant, once the app is repaired.
func Forgive(g *gk.Grant, app gk.App) {
	if app.Fault == nil && !app.Stopped() && g.Fault != nil && g.Fault.Action.OfApp() && g.Fault.RetryAfter == 0 {
		g.RetryAt = time.Time{}
	}
}

// CursorResumed is, in an app's cursors, the moment in unix milliseconds at which a stop ended whose grants have yet to be
// made due.
const CursorResumed = "resumed_at"

// Resume notes on an app whose stop ends that what the stop put off is to be made due: whoever ended it may die before that
// is done.
func Resume(app *gk.App, now time.Time) {
	cursors := map[string]string{}
	maps.Copy(cursors, app.Cursors)
	cursors[CursorResumed] = strconv.FormatInt(now.UnixMilli(), 10)
	app.Cursors = cursors
}
