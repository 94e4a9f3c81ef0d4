package store

import (
	"context"
	"time"

	gk "github.com/grantkeep/grantkeep"
)

// GrantCount is how many grants of an app are in a state.
type GrantCount struct {
	App, Platform string
	State         gk.State
	N             int64
}

// Backlog is what waits on a platform.
type Backlog struct {
	Platform string
	Oldest   time.Time            // due time of the work that waits longest; zero: none waits
	InDoubt  int64                // grants
	Apps     map[string]time.Time // of each app by its id, as Oldest
}

// Kinds of an EndCount.
const (
	EndCeiling = "ceiling" // of the authorization or the order
	EndToken   = "token"   // of an access token that cannot be refreshed
	EndRefresh = "refresh" // of the refresh token of a suspended grant
)

// EndCount is how many grants meet an end on a day.
type EndCount struct {
	Day  int64 // since 1970-01-01, where the clock is an offset ahead of UTC
	Kind string
	N    int64
}

// Summary is how the grants stand that a viewer sees.
type Summary struct {
	Total                      int64
	Platform, State, WhoseMove map[string]int64
	Ends                       []int64 // within each of the asked times: ends that only the merchant can move
}

// RecentFilter narrows a list of events, newest first; zero fields do not narrow.
type RecentFilter struct {
	Before     int64 // position of the last row of the page before
	Kind       string
	App, Grant string
	Apps       []string  // any of these, where it is not nil
	Since      time.Time // not before
	Until      time.Time // before
	Limit      int
}

// Overview is what somebody who looks after many grants asks of all of them.
type Overview interface {
	// GrantCounts counts the grants that the viewer sees, by app and state. It costs what there is.
	GrantCounts(ctx context.Context, v gk.Viewer) ([]GrantCount, error)
	// Summary counts the grants that the viewer sees: by platform, by state, by whose move it is as [grantkeep.Grant.WhoseMove]
	// says, and by whether they meet, from now and within each of some times, an end that only the merchant can move: that of
	// the authorization, or of a token that cannot be refreshed. A grant counts once for each time. It costs what there is.
	Summary(ctx context.Context, v gk.Viewer, now time.Time, within ...time.Duration) (Summary, error)
	// Backlogs tells, of each platform that has an app, what is due at now and waits.
	Backlogs(ctx context.Context, now time.Time) ([]Backlog, error)
	// Unpublished counts the events that have no position yet, up to a thousand.
	Unpublished(ctx context.Context) (int64, error)
	// Troubled lists, without shops, up to limit grants that are neither well nor revoked: held, suspended, expired, with a fault or in
	// doubt; ordered by app and id. It costs what is troubled.
	Troubled(ctx context.Context, v gk.Viewer, limit int) ([]gk.Grant, error)
	// TopUses lists, without shops, up to limit grants of a platform's apps that have used the most token calls of a day, as the
	// platform numbers its days. It costs what the platform has.
	TopUses(ctx context.Context, v gk.Viewer, platform string, day int64, limit int) ([]gk.Grant, error)
	// EndsByDay counts the ends that need a person between two moments, by day and kind, where the clock is an offset ahead of UTC.
	EndsByDay(ctx context.Context, v gk.Viewer, from, until time.Time, offset time.Duration) ([]EndCount, error)
	// EventCounts counts the events that happened from a moment on until another, by kind.
	EventCounts(ctx context.Context, v gk.Viewer, from, until time.Time) (map[string]int64, error)
	// RecentEvents lists published events, the latest first, as [grantkeep.Event.For] shows them to the viewer.
	RecentEvents(ctx context.Context, v gk.Viewer, f RecentFilter) ([]gk.Event, error)
}
