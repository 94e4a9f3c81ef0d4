// Package storetest is the suite that a store has to pass: every promise of package store is a case here.
package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

// Run runs the suite. open returns a fresh, empty store, which the suite closes.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := open(t)
			t.Cleanup(func() {
				if err := s.Close(); err != nil {
					t.Errorf("Close = %v", err)
				}
			})
			c.run(t, s)
		})
	}
}

// Raw is a store whose database a test may also reach past it.
type Raw struct {
	Store store.Store
	// Run runs a statement; its parameters are $1, $2 …
	Run func(statement string, args ...any)
	// Plan returns how the engine would carry out a statement, a line for each step.
	Plan func(statement string, args ...any) string
}

// RunRaw runs the part of the suite that looks at, or damages, the database itself.
func RunRaw(t *testing.T, open func(t *testing.T) Raw) {
	for _, c := range rawCases {
		t.Run(c.name, func(t *testing.T) {
			raw := open(t)
			t.Cleanup(func() {
				if err := raw.Store.Close(); err != nil {
					t.Errorf("Close = %v", err)
				}
			})
			c.run(t, raw)
		})
	}
}

var rawCases = []struct {
	name string
	run  func(t *testing.T, raw Raw)
}{
	{"a row that cannot be read is not claimed, and stops no other", claimAmongDamaged},
	{"a grant or an app that cannot be read is named beside the others", readAmongDamaged},
	{"a row that cannot be read hides no other in any list", listAmongDamaged},
	{"no statement reads a whole table of twenty thousand grants", plans},
	{"a grant that an older version stored is found after a sweep", queryOfOlder},
}

// cases is the contract's table of contents.
var cases = []struct {
	name string
	run  func(t *testing.T, s store.Store)
}{
	// Grants.
	{"a grant comes back as it was stored", grantComesBack},
	{"a grant is found by its subject", grantOfSubject},
	{"text that a platform sent is stored whatever is in it", strangeText},
	{"shops are replaced, also those changed in place", shopsReplaced},
	{"grants are listed in the order of their ids, page by page", grantsPaged},
	{"every filter of grants narrows", grantsFiltered},
	{"a query finds the beginning of an id, host or owner, and any part of a name", grantsQueried},
	{"a query pages through what it finds, and follows what is renamed", queryPaged},
	{"grants are found by a host, of theirs or of a shop", grantsAtHost},
	{"children are the grants of a parent in one app", childrenOfParent},
	{"grants under another key are found, not those without tokens", sealedOtherwise},
	{"Tokens returns what the read path needs and leaves out the unknown", tokensOfMany},

	// Changes.
	{"a change raises the version and sets its moment", changeRaisesVersion},
	{"event and change are stored together", eventWithChange},
	{"a change that fails stores neither", failedChange},
	{"a change whose event cannot be stored is not stored", failedEvent},
	{"ErrUnchanged writes nothing and is no error", unchanged},
	{"fifty concurrent changes lose none", concurrentChanges},
	{"a failing change harms no other", failingAmongOthers},
	{"a panic in a change is its caller's and leaves nothing", panicInChange},
	{"a write whose context is over does not begin", writeAfterEnd},
	{"a write that has begun is finished", writeBegun},
	{"a renewable grant has a due time", renewableIsDue},
	{"a revoked grant has no tokens", revokedIsEmpty},

	// Consents.
	{"PutGrants makes, replaces and marks in one change", putGrants},
	{"PutGrants stores all or nothing", putGrantsAllOrNothing},
	{"PutGrants finds a subject's grant whoever owns it", putGrantsOfOthers},
	{"concurrent PutGrants of one subject make one grant", putGrantsRace},
	{"PutGrants works without authorization and click", putGrantsAlone},

	// Claims and saves.
	{"claims come in due order, up to the limit, of one app", claimInOrder},
	{"a held grant is not claimed", claimSkipsHeld},
	{"an outlived attempt becomes a doubt", claimMakesDoubt},
	{"an absurd lease is ignored", claimIgnoresAbsurdLease},
	{"a floor leaves out what lies below it", claimFloor},
	{"concurrent claims give each grant to one", concurrentClaims},
	{"a pair is saved onto the generation that bought it", saveRenewal},
	{"saving again says saved", saveAgain},
	{"a pair is refused by another generation, a revocation, an unknown grant", saveRefused},
	{"a late pair is saved unless a repeat may still run", saveLate},
	{"a pair that asks for its attempt's hold is saved while that lasts and nothing was told", saveWhileHeld},
	{"a held grant stays held when it is renewed", saveHeld},
	{"of concurrent saves of one generation one wins", concurrentSaves},
	{"pairs saved together are saved as each by itself", savedTogether},
	{"of pairs saved together by many each generation gets one", concurrentlyTogether},
	{"ClaimDue and SaveRenewal equal the rules", equalForms},
	{"NextDue and DueApps name stopped apps too", dueOfStopped},
	{"Hasten makes due what could be renewed", hasten},

	// Apps.
	{"an app comes back as it was stored", appComesBack},
	{"UpdateApp is a change", updateApp},
	{"apps are listed in the order of their ids, page by page", appsPaged},
	{"an app with grants is in use", deleteAppInUse},
	{"an app is stopped until it is started", stoppedApps},
	{"the audit is read in its order, none skipped", auditInOrder},
	{"uses are added up by key and day, and new networks are told once", keyUses},
	{"the audit is kept for 400 days", auditKept},
	{"a mark never goes down, and knows where the database is", marks},
	{"deleting an app removes its authorizations and clicks", deleteApp},
	{"a push is kept and worked off once", pushOnce},
	{"pushes are claimed by app, those that are due longest first", pushOrder},
	{"grants are found by the host of their subject and by a shop", grantsOfHost},
	{"a shop that is named twice is stored once", shopsOnce},

	// Authorizations.
	{"an authorization comes back as it was stored", authorizationComesBack},
	{"UpdateAuthorization is a change", updateAuthorization},
	{"authorizations are listed newest first, page by page", authorizationsPaged},
	{"a click comes back as it was stored", clickComesBack},
	{"a click begins its authorization again, unless that is done", clickBegins},
	{"an entry is a click without state", entryClick},
	{"of the open clicks of a link the newest twenty stay", openClicksAreFew},
	{"a state is spent once", spendStateOnce},
	{"a state of another app, past its end or unknown is not found", spendStateNotFound},
	{"UpdateClick changes click and authorization together", updateClick},
	{"open clicks come oldest first, so many of each app", openClicks},
	{"a code is spent once in an app", spendCode},
	{"authorizations are found by the end of their id, and by how id, shop or owner begins", authorizationsFound},

	// Outbox.
	{"events get positions without gaps, in the order of their commits", publishOrder},
	{"events of one change come out in its order, and changes of a grant in theirs", eventsInOrder},
	{"a follower misses no event of concurrent writers", followPositions},
	{"history is newest first, page by page", history},
	{"history has all events of a grant, published or not", historyOfFresh},

	// Outlets.
	{"an outlet comes back as it was stored", outletComesBack},
	{"events are spread once, all or none", spreadOnce},
	{"a delivery is claimed by one, settled, and failed with its outlet", deliveriesClaimed},
	{"events are found by a filter and by id, and kept as long as is set", eventsFound},

	// Viewers.
	{"a viewer sees what their owners and apps allow", viewersOfGrants},
	{"what a viewer may not see cannot be changed", viewersChange},
	{"authorizations, events and history follow the viewer", viewersOfRest},
	{"the zero viewer sees nothing", zeroViewer},

	// The console.
	{"a person comes back as stored, is changed and removed", people},
	{"an administrator is always left", lastAdministrator},
	{"a login is found, touched and ended, and goes with its person", logins},
	{"an invitation is spent once, unless it may be opened more than once", invitations},
	{"grants are counted by app and state, as the viewer sees them", grantCounts},
	{"what is due and waits, what is in doubt and what is unpublished is told by platform", backlogs},
	{"what is troubled is listed, and nothing that is well or revoked", troubled},
	{"ends are counted by day and kind", endsByDay},
	{"recent events come latest first, page by page", recentEvents},

	// The rest.
	{"a key is found by its hash and revoked once", keys},
	{"the newest key set is the one in force", keysets},
	{"meta is set once", metaOnce},
	{"Sealed tells whether any row holds a ciphertext", sealedRows},
	{"a reply is reserved once for each key, and for a day", replies},
	{"Sweep deletes what is past its keeping time, and nothing else", sweep},
	{"Sweep keeps to its limit", sweepLimit},
	{"the incarnation stays the same while the database does", incarnation},
	{"the clock runs and the database answers", clockAndPing},
	{"who works on the database is told with the version", processes},
	{"attempts of a dead process become doubts at once, as a claim makes them", endAttempts},
	{"each start of an identity is another process, and the one before is dead", announceAgain},
	{"a closed store is unavailable", closedStore},
	{"callers who hang up leave every reader whole", hangingUp},
}

// epoch is the moment at which the stories begin.
var epoch = time.Date(2026, 3, 4, 5, 6, 7, 89e6, time.UTC)

// engine sees everything.
var engine = gk.Engine()

// someone is a key's holder who may see everything.
var someone = gk.Viewer{Key: "key", Scopes: gk.Scopes()}

// makeApp stores an app that has nothing but its name.
func makeApp(t testing.TB, s store.Store, id string) {
	t.Helper()
	err := s.CreateApp(t.Context(), gk.App{ID: id, Platform: "shopee", Environment: gk.Production, CreatedAt: epoch, UpdatedAt: epoch})
	if err != nil {
		t.Fatalf("CreateApp(%s) = %v", id, err)
	}
}

// makeGrant stores an active, renewable grant that is due at epoch, after set has changed it.
func makeGrant(t testing.TB, s store.Store, app, id string, set func(*gk.Grant)) {
	t.Helper()
	g := gk.Grant{
		ID: id, App: app, Subject: gk.Subject{Kind: gk.KindShop, ID: "subject of " + id}, State: gk.Active, Renewable: true,
		Pair:       gk.Pair{Access: gk.Sealed("access of " + id), Refresh: gk.Sealed("refresh of " + id), KeyID: 1, Expires: epoch.Add(time.Hour)},
		Generation: 1,
		Origin:     gk.Origin{PairSpent: -1},
		Pacing:     gk.Pacing{DueAt: epoch}, AuthorizedAt: epoch,
	}
	if set != nil {
		set(&g)
	}
	putGrant(t, s, g)
}

// putGrant stores a grant.
func putGrant(t testing.TB, s store.Store, g gk.Grant) {
	t.Helper()
	err := s.PutGrants(t.Context(), g.App, "", "", nil, epoch,
		func([]gk.Grant, *gk.Authorization, *gk.Click) ([]gk.Grant, []gk.Event, error) {
			return []gk.Grant{g}, nil, nil
		})
	if err != nil {
		t.Fatalf("PutGrants(%s) = %v", g.ID, err)
	}
}

// grantNow reads a grant.
func grantNow(t *testing.T, s store.Store, id string) gk.Grant {
	t.Helper()
	g, err := s.Grant(context.WithoutCancel(t.Context()), engine, id)
	if err != nil {
		t.Fatalf("Grant(%s) = %v", id, err)
	}
	return g
}

// changeGrant changes a grant and stores no event.
func changeGrant(t *testing.T, s store.Store, id string, set func(*gk.Grant)) {
	t.Helper()
	err := s.UpdateGrant(t.Context(), engine, id, epoch, func(g *gk.Grant) ([]gk.Event, error) { set(g); return nil, nil })
	if err != nil {
		t.Fatalf("UpdateGrant(%s) = %v", id, err)
	}
}

// eventOf is an event of a grant, n milliseconds after epoch.
func eventOf(g *gk.Grant, id string, n int) gk.Event {
	return gk.Event{ID: id, Kind: gk.EventGrantExpiring, Actor: "engine", App: g.App, Grant: g.ID, Owner: g.Owner, At: epoch.Add(time.Duration(n) * time.Millisecond)}
}

// same fails the test if two values differ.
func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", what, diff)
	}
}

// ids returns the ids of grants in their order.
func ids(grants []gk.Grant) []string {
	var list []string
	for _, g := range grants {
		list = append(list, g.ID)
	}
	return list
}

// numbered returns name-00, name-01 … : texts whose order is that of their numbers.
func numbered(name string, n int) string { return fmt.Sprintf("%s-%04d", name, n) }
