package apps

import (
	"strconv"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// What an app itself has to do in time: fetch messages, compare with the platform's own list, warn of the end of its
// key. The next moments stand in its cursors.
const (
	CursorPull       = "pull"        // position of the platform's messages
	CursorNextPull   = "next_pull"   // unix ms
	CursorNextCensus = "next_census" // unix ms
	keyWarned        = "key_warned"  // days of the last warning about the key
)

// NextTurn is the soonest of what an app has to do; at the latest a day from now, since its settings may change.
func NextTurn(d platform.Driver, app *gk.App, now time.Time) time.Time {
	next := now.Add(24 * time.Hour)
	for name, every := range map[string]platform.Duration{CursorNextPull: d.Spec().Facts.Push.Pull, CursorNextCensus: d.Spec().Facts.Push.Census} {
		if at := Moment(app, name); every > 0 && !at.IsZero() && at.Before(next) {
			next = at
		}
	}
	return next
}

// Due reports whether what an app has to do is due.
func Due(app gk.App, name string, now time.Time) bool { return !Moment(&app, name).After(now) }

// Moment reads one of the moments in an app's cursors; zero if it is not there.
func Moment(app *gk.App, name string) time.Time {
	n, err := strconv.ParseInt(app.Cursors[name], 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(n).UTC()
}

// Millis writes a moment as a cursor holds it.
func Millis(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }

// KeyEnd returns when the secret of an app ends, as its vendor has entered it; zero where that is not known.
func KeyEnd(d platform.Driver, app *gk.App) time.Time {
	end, err := gk.ParseTime(app.Settings[d.Spec().Facts.InRole(platform.RoleSecretEnds)])
	if err != nil {
		return time.Time{}
	}
	return end
}

// keyWarnings is how many days before the end of a key its vendor hears of it.
var keyWarnings = []int64{30, 7, 1}

// WarnKey tells, 30, 7 and 1 days ahead, that the platform's key of an app ends.
func WarnKey(d platform.Driver, app *gk.App, now time.Time) []gk.Event {
	end := KeyEnd(d, app)
	if end.IsZero() {
		return nil
	}
	warned, _ := strconv.ParseInt(app.Cursors[keyWarned], 10, 64) // none is zero
	if end.Sub(now) > time.Duration(keyWarnings[0])*24*time.Hour {
		delete(app.Cursors, keyWarned) // a newer key
		return nil
	}
	told := warned
	for _, days := range keyWarnings {
		if end.Sub(now) <= time.Duration(days)*24*time.Hour && (told == 0 || days < told) {
			told = days
		}
	}
	if told == warned {
		return nil
	}
	app.Cursors[keyWarned] = strconv.FormatInt(told, 10)
	return []gk.Event{{
		ID: gk.NewID("evt", now), Kind: gk.EventAppKeyExpiring, Actor: "engine", App: app.ID, At: now,
		Data: map[string]any{"setting": d.Spec().Facts.InRole(platform.RoleSecretEnds), "ends_at": end.Format(time.RFC3339), "days": told},
	}}
}
