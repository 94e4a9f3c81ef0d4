package store

import (
	"context"
	"errors"
	"time"

	gk "github.com/grantkeep/grantkeep"
)

var (
	// ErrNotFound: there is no such row, or the viewer may not see it.
	ErrNotFound = errors.New("store: not found")
	// ErrExists: a row with the same natural key is there already.
	ErrExists = errors.New("store: exists already")
	// ErrInUse: the row is needed by others (an app that has grants which are not revoked).
	ErrInUse = errors.New("store: in use")
	// ErrSpent: the state, code or link was used before.
	ErrSpent = errors.New("store: used before")
	// ErrUnavailable: the database cannot be reached at the moment.
	ErrUnavailable = errors.New("store: database unavailable")
	// ErrForeign: the database belongs to something else, or to a newer version of this program.
	ErrForeign = errors.New("store: not a database of this program")
)

// Store is everything. Those who need less take one of its parts.
type Store interface {
	Grants
	Apps
	Authorizations
	Pushes
	Outbox
	Outlets
	Replies
	Stops
	Keys
	People
	Overview
	Installation
	Ciphertexts
	Instances
	Audit
	Marks
	HalfHours
	// Name returns the engine's name for people: sqlite, postgresql.
	Name() string
	// Ping returns nil if the database answers.
	Ping(ctx context.Context) error
	// Sweep deletes what is past its keeping time, at most limit rows of each table: events and pushes after 90 days, the audit
	// after 400,
	// authorizations 30 days after their end, clicks and replies after a day. It spares events that are not published, and clicks that
	// are exchanging or issued with their authorizations. It also makes up to limit grants searchable that an older version
	// stored. It returns how many rows it deleted or made searchable.
	Sweep(ctx context.Context, now time.Time, limit int) (int, error)
	// Close waits for writes that have begun and closes the database.
	Close() error
}

// Attempt is a claim as the store writes it.
type Attempt = gk.Attempt

// Refreshed is a pair as the store writes it.
type Refreshed = gk.Refreshed

// Changes are grants that were changed since a position.
type Changes struct {
	Position string // to be passed at the next call
	Grants   []string
	Gap      bool // what was changed is not known: the position is too old, of another database, or too much has happened
	Sole     bool // no other process writes to this database, and there is nothing to ask
}

// GrantFilter narrows a list of grants. Zero fields do not narrow. Lists are ordered by id.
type GrantFilter struct {
	Platform, App, Owner string
	State                gk.State
	ExpiresBefore        time.Time // the soonest of access end (where not renewable) and ceiling lies before it
	// Query is the beginning of an id, subject id, host, owner or shop id, or two or more characters running in a name of
	// the grant or of a shop; case is ignored.
	Query string
	// WhoseMove is what [grantkeep.Grant.WhoseMove] says.
	WhoseMove         string
	TagName, TagValue string
	After             string // id of the last row of the page before
	Limit             int
}

// Grants: every method is one transaction; nothing here asks a platform or sees a clear token. What v may not see does
// not exist (ErrNotFound); the engine's own verbs (ClaimDue, SaveRefresh, NextDue) have no viewer.
type Grants interface {
	// Grant returns one grant with its shops.
	Grant(ctx context.Context, v gk.Viewer, id string) (gk.Grant, error)

	// GrantOf returns the grant that a subject has in an app, with its shops.
	GrantOf(ctx context.Context, v gk.Viewer, app, kind, id string) (gk.Grant, error)

	// Grants lists what the viewer sees, with shops.
	Grants(ctx context.Context, v gk.Viewer, f GrantFilter) ([]gk.Grant, error)

	// Children returns the grants of an app whose subject has this parent id.
	Children(ctx context.Context, app, parent string) ([]gk.Grant, error)

	// GrantsAt returns the grants of an app whose subject or one of whose shops has this host, in whatever case.
	GrantsAt(ctx context.Context, app, host string) ([]gk.Grant, error)

	// GrantsOfShop returns the grants of an app that reach, or reached, a shop.
	GrantsOfShop(ctx context.Context, app, shop string) ([]gk.Grant, error)

	// SealedOtherwise returns the ids of up to limit grants with tokens that another key than this one sealed.
	SealedOtherwise(ctx context.Context, key int64, limit int) ([]string, error)

	// Tokens returns what the read path needs of many grants at once: id, owner, app, platform, subject, state, renewable,
	// doubts, attempt, generation, access ciphertext and key, ends, pair_asked_at, retry_at, fault, shops. Unknown ids are left out.
	// It has no viewer: what it returns goes into a cache that all viewers share, and who may see it is asked at each read.
	// Rows that cannot be read are named by a DamagedError beside the others.
	Tokens(ctx context.Context, ids []string) ([]gk.Grant, error)

	// Changed returns the ids of the grants that were changed since a position that it returned before, in whatever process;
	// empty: since none. What it leaves out stood, when Changed was called, as it stood at that position. It costs what has
	// changed, whatever the number of grants.
	Changed(ctx context.Context, since string) (Changes, error)

	// UpdateGrant reads the grant (with its shops) under its lock, calls change, and writes grant, shops and events together.
	// Version rises by one and UpdatedAt is set to at. change returning ErrUnchanged writes nothing and is no error; any
	// other error writes nothing and is returned. Events of this grant get the version as written; those without an id get one.
	// It defines what changing a grant means; the next two are proved equal to it.
	UpdateGrant(ctx context.Context, v gk.Viewer, id string, at time.Time, change func(*gk.Grant) ([]gk.Event, error)) error

	// ClaimDue is UpdateGrant for many: it writes a onto up to limit grants of one app that are due at a.At and held by
	// nobody (attempt_until at or before a.At, or further away than gk.LongestLease), soonest first, turning an outlived
	// attempt it finds into a doubt (doubts+1, doubt_since = that attempt's start if it was zero), sets due_at to the
	// lease's end, and returns the rows as written. floor is a lower bound of due_at that the caller knows (zero: none);
	// it only makes the search cheaper. A row that cannot be read is not claimed but put off for an hour, as it is; it is named
	// by a DamagedError that comes beside the others.
	ClaimDue(ctx context.Context, app string, a Attempt, floor time.Time, limit int) ([]gk.Grant, error)

	// SaveRefresh is UpdateGrant for the one hot case, in one statement: it stores a pair that was bought by spending
	// generation r.Spent, clears the attempt, the fault and the doubt, and sets the next due time. saved is false, and
	// nothing is written, unless the grant's generation is r.Spent, it is not revoked, and no other attempt is open that
	// may still be repeated (r.RepeatFor, counted from the beginning of the doubt, or of that attempt where there is none). A
	// pair is never refused because its buyer was slow, unless r.Held asks for that. Repeating it with the same
	// r.Attempt is harmless and says saved. After saved == false the keeper reads the row and decides with UpdateGrant. A
	// pair that brings more than itself (another host, fewer scopes, a new ceiling) goes through UpdateGrant. It writes no event.
	SaveRefresh(ctx context.Context, r Refreshed) (saved bool, err error)

	// SaveRefreshes is SaveRefresh for many at once, in one commit; saved answers each. It says saved of what it has written
	// itself: a pair that was stored before, the second pair of one grant, and one whose row somebody holds at the moment are
	// left out, and UpdateGrant decides about them. After an error nothing is known of any, and each may be saved by itself.
	SaveRefreshes(ctx context.Context, rs []Refreshed) (saved []bool, err error)

	// PutGrants makes or replaces the grants of one authorization and marks its click done, all or nothing: it locks the
	// grants that these subjects have in the app, whoever owns them, and stores what change returns (a grant without id
	// among existing is inserted, the others are updated; shops are replaced, each id once, as wherever shops are stored), with auth and click as change left them
	// (read under lock; either id may be empty: then change gets nil for it). Of grants that another transaction makes
	// together, change sees all or none. ErrUnchanged writes nothing and is no error; ErrExists if a subject that change was
	// not asked about has a grant already.
	PutGrants(ctx context.Context, app, authorization, click string, subjects []gk.Subject, at time.Time,
		change func(existing []gk.Grant, auth *gk.Authorization, click *gk.Click) ([]gk.Grant, []gk.Event, error)) error

	// Hasten makes up to limit renewable grants of an app due at now that are due later, until a moment, and have no
	// attempt; it returns how many. What has nothing to do yet is planned anew by its turn.
	Hasten(ctx context.Context, app string, now, until time.Time, limit int) (n int, err error)

	// NextDue is the soonest due time of any grant; zero if there is none.
	NextDue(ctx context.Context, now time.Time) (time.Time, error)
}

// ErrUnchanged is what a change function returns to leave the row as it is.
var ErrUnchanged = errors.New("store: unchanged")

// Apps are our applications on the platforms.
type Apps interface {
	App(ctx context.Context, v gk.Viewer, id string) (gk.App, error)
	// Apps lists what the viewer sees, ordered by id, after an id (empty: from the start), at most limit (0: all). Rows that
	// cannot be read are named by a DamagedError beside the others.
	Apps(ctx context.Context, v gk.Viewer, after string, limit int) ([]gk.App, error)
	// CreateApp stores an app; ErrExists if there is one with its id.
	CreateApp(ctx context.Context, app gk.App, events ...gk.Event) error
	// UpdateApp is UpdateGrant for an app; ErrUnchanged writes nothing.
	UpdateApp(ctx context.Context, v gk.Viewer, id string, at time.Time, change func(*gk.App) ([]gk.Event, error)) error
	// DeleteApp removes an app with its authorizations and revoked grants; ErrInUse while it has others.
	DeleteApp(ctx context.Context, v gk.Viewer, id string, events ...gk.Event) error
	// DueApps returns the ids of the apps with a grant due at now that may be claimed. Apps whose refreshes are stopped are
	// among them: their grants are warned about and end all the same.
	DueApps(ctx context.Context, now time.Time) ([]string, error)
}

// Push is one thing that a platform pushed. Dedup names it in its app.
type Push struct {
	App, Dedup, Kind string
	Notice           string // what it says, as its reader writes it down; empty once it is worked off
	ReceivedAt       time.Time
	Tries            int64 // how often it was claimed
}

// Pushes are what platforms pushed, until it is worked off, and after that the memory of having seen it.
type Pushes interface {
	// KeepPushes stores pushes, due at once, all or none. One whose name its app knows is left as it is, worked off or not.
	KeepPushes(ctx context.Context, pushes ...Push) error
	// PushApps returns the ids of the apps with a push that is due at now.
	PushApps(ctx context.Context, now time.Time) ([]string, error)
	// ClaimPushes takes up to limit pushes of an app that are due at now, those that are due longest first, and makes them
	// due again at until, counting a try. No two callers get the same one before that.
	ClaimPushes(ctx context.Context, app string, now, until time.Time, limit int) ([]Push, error)
	// DeferPush sets when a push is due, unless it is worked off.
	DeferPush(ctx context.Context, app, dedup string, until time.Time) error
	// FinishPush marks a push as worked off.
	FinishPush(ctx context.Context, app, dedup string) error
}

// AuthorizationFilter narrows a list of authorizations. Lists are ordered by id, newest first.
type AuthorizationFilter struct {
	App, Owner, Stage string
	IDEnd             string    // the last six characters of the id, as a number tells them
	Query             string    // beginning of id, shop or owner; the case of ASCII letters is ignored
	ExpiresAfter      time.Time // zero does not narrow, as in ExpiresUntil
	ExpiresUntil      time.Time
	Before            string // id of the last row of the page before
	Limit             int
}

// MostClicks is how many clicks of one authorization may be open: whoever has a link may press its button for ever.
const MostClicks = 20

// Authorizations are attempts by merchants, with their clicks.
type Authorizations interface {
	// CreateAuthorization stores an authorization; ErrNotFound if there is no such app, ErrExists if its id or link is taken.
	CreateAuthorization(ctx context.Context, a gk.Authorization) error
	Authorization(ctx context.Context, v gk.Viewer, id string) (gk.Authorization, error)
	Authorizations(ctx context.Context, v gk.Viewer, f AuthorizationFilter) ([]gk.Authorization, error)
	// AuthorizationByLink finds the authorization whose link has this hash; for the public face, hence no viewer.
	AuthorizationByLink(ctx context.Context, linkHash []byte) (gk.Authorization, error)
	// UpdateAuthorization is UpdateGrant for an authorization.
	UpdateAuthorization(ctx context.Context, v gk.Viewer, id string, at time.Time, change func(*gk.Authorization) ([]gk.Event, error)) error
	// CreateClick stores a press of the button and sets its authorization to begun, without the reason and fault of the click
	// before; ErrSpent if the authorization is done, ErrNotFound if there is none, ErrExists if another click of the app has
	// spent its code. Of the clicks of one authorization that are begun the newest MostClicks stay; older ones end.
	CreateClick(ctx context.Context, c gk.Click) error
	Click(ctx context.Context, id string) (gk.Click, error)
	// ClickByState finds a click by app and the hash of its state, spent or not.
	ClickByState(ctx context.Context, app string, stateHash []byte) (gk.Click, error)
	// SpendState moves a begun click to exchanging, sets SpentAt and notes the code that is spent with it (nil: there is
	// none), in one statement. ErrSpent if it is not begun any more, ErrNotFound if it is unknown, of another app, or past
	// its end at now, ErrExists if another click of the app has spent this code.
	SpendState(ctx context.Context, app string, stateHash, codeHash []byte, held bool, now time.Time) (gk.Click, error)
	// ClickByCode finds the click that spent a code, by the code's hash.
	ClickByCode(ctx context.Context, app string, codeHash []byte) (gk.Click, error)
	// UpdateClick is UpdateGrant for a click and the authorization it belongs to.
	UpdateClick(ctx context.Context, id string, at time.Time, change func(*gk.Click, *gk.Authorization) ([]gk.Event, error)) error
	// OpenClicks returns up to limit clicks of each app in exchanging or issued that were last touched at or before a moment,
	// oldest first. Stranded ones have ended.
	OpenClicks(ctx context.Context, before time.Time, limit int) ([]gk.Click, error)
	// StrandedClicks returns the clicks of an authorization that keep an answer which no grant was made of.
	StrandedClicks(ctx context.Context, authorization string) ([]gk.Click, error)
}

// Outbox numbers events in the order of their commits, so that a reader who follows positions skips none.
type Outbox interface {
	// Append stores events that belong to no change of a row.
	Append(ctx context.Context, events ...gk.Event) error
	// Publish numbers fresh events. One caller at a time does work; others wait for it and find little.
	Publish(ctx context.Context, limit int) (n int, err error)
	// EventsAfter returns published events behind a position, in their order, as [grantkeep.Event.For] shows them to the viewer.
	EventsAfter(ctx context.Context, v gk.Viewer, position int64, limit int) ([]gk.Event, error)
	// History returns the events of a grant, newest first, before an event id (empty: from the newest); fresh ones too. An
	// event belongs to whom the grant belonged to when it happened: the next owner does not see it. It is shown as in EventsAfter.
	History(ctx context.Context, v gk.Viewer, grant, before string, limit int) ([]gk.Event, error)
}

// Keys are API keys; their texts are never stored.
type Keys interface {
	// CreateKey stores a key; ErrExists if its id or hash is taken.
	CreateKey(ctx context.Context, k gk.Key) error
	KeyByHash(ctx context.Context, hash []byte) (gk.Key, error)
	// Keys lists all keys, revoked ones too, ordered by id.
	Keys(ctx context.Context) ([]gk.Key, error)
	// RevokeKey sets the end of a key; revoking again keeps the first moment. ErrNotFound if there is no such key.
	RevokeKey(ctx context.Context, id string, at time.Time) error
}

// Keyset is one wrapped key set; the newest row is the one in force.
type Keyset struct {
	ID        int64
	Wrapped   []byte
	Primary   int64
	CreatedAt time.Time
}

// Installation is what belongs to the database as a whole.
type Installation interface {
	// Meta returns a value; ErrNotFound if there is none.
	Meta(ctx context.Context, name string) (string, error)
	// SetMetaOnce stores a value unless there is one, and returns the one that stands.
	SetMetaOnce(ctx context.Context, name, value string) (string, error)
	// Keyset returns the newest key set; ErrNotFound if there is none.
	Keyset(ctx context.Context) (Keyset, error)
	// AddKeyset stores a key set in the place of the older ones; ErrExists if one with its id, or a newer one, is there.
	AddKeyset(ctx context.Context, k Keyset) error
	// Sealed reports whether any row holds a ciphertext.
	Sealed(ctx context.Context) (bool, error)
	// Incarnation names the database as it runs: it changes at each start of its server and when another server takes its
	// place, which may lack the last commits. For a database inside this process it never changes.
	Incarnation(ctx context.Context) (string, error)
	// Clock returns the database's own time, to compare with this machine's; for a database inside this process they are one.
	Clock(ctx context.Context) (time.Time, error)
}
