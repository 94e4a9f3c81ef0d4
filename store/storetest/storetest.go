// Package storetest is the suite that a store has to pass: every promise of package store is a case here.
package storetest

import (
	"slices"
	"testing"

	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/storetest/consents"
	"github.com/grantkeep/grantkeep/store/storetest/given"
	"github.com/grantkeep/grantkeep/store/storetest/overviews"
	"github.com/grantkeep/grantkeep/store/storetest/refreshes"
	"github.com/grantkeep/grantkeep/store/storetest/staff"
)

// Run runs the suite. open returns a fresh, empty store, which the suite closes.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	for _, c := range slices.Concat(cases, consents.Cases, refreshes.Cases) {
		t.Run(c.Name, func(t *testing.T) {
			s := open(t)
			t.Cleanup(func() {
				if err := s.Close(); err != nil {
					t.Errorf("Close = %v", err)
				}
			})
			c.Run(t, s)
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
	{"a number that cannot be read holds up nothing that is worked off", workAmongDamaged},
	{"no statement reads a whole table of twenty thousand grants", plans},
	{"a grant that an older version stored is found after a sweep", queryOfOlder},
	{"a query is found by that part of it which fewest names have", queryOfManyBeginnings},
	{"a query that very many have finds those that are not among the first", queryOfManyAtTheEnd},
	{"counts follow every change of a state, past the program too", countsFollow},
	{"an event beyond the counter does not end publication", publishBeyond},
}

// cases is the contract's table of contents, but for consents and refreshes, which have rooms of their own.
var cases = []given.Case{
	// Grants.
	{Name: "a grant comes back as it was stored", Run: grantComesBack},
	{Name: "a grant is found by its subject", Run: grantOfSubject},
	{Name: "text that a platform sent is stored whatever is in it", Run: strangeText},
	{Name: "shops are replaced, also those changed in place", Run: shopsReplaced},
	{Name: "grants are listed in the order of their ids, page by page", Run: grantsPaged},
	{Name: "every filter of grants narrows", Run: grantsFiltered},
	{Name: "a query finds the beginning of an id, host or owner, and any part of a name", Run: grantsQueried},
	{Name: "a query pages through what it finds, and follows what is renamed", Run: queryPaged},
	{Name: "grants are found by a host, of theirs or of a shop", Run: grantsAtHost},
	{Name: "children are the grants of a parent in one app", Run: childrenOfParent},
	{Name: "grants under another key are found, not those without tokens", Run: sealedOtherwise},
	{Name: "what is sealed beside grants and apps is found under its key, and replaced where it stands", Run: ciphertexts},
	{Name: "a process that has not noted a key set is behind it, whatever one before it noted", Run: keysetNotes},
	{Name: "Tokens returns what the read path needs and leaves out the unknown", Run: tokensOfMany},

	// Changes.
	{Name: "a change raises the version and sets its moment", Run: changeRaisesVersion},
	{Name: "event and change are stored together", Run: eventWithChange},
	{Name: "a change that fails stores neither", Run: failedChange},
	{Name: "a change whose event cannot be stored is not stored", Run: failedEvent},
	{Name: "ErrUnchanged writes nothing and is no error", Run: unchanged},
	{Name: "fifty concurrent changes lose none", Run: concurrentChanges},
	{Name: "a failing change harms no other", Run: failingAmongOthers},
	{Name: "a panic in a change is its caller's and leaves nothing", Run: panicInChange},
	{Name: "a write whose context is over does not begin", Run: writeAfterEnd},
	{Name: "a write that has begun is finished", Run: writeBegun},
	{Name: "a renewable grant has a due time", Run: renewableIsDue},
	{Name: "a revoked grant has no tokens", Run: revokedIsEmpty},

	// Apps.
	{Name: "an app comes back as it was stored", Run: appComesBack},
	{Name: "UpdateApp is a change", Run: updateApp},
	{Name: "apps are listed in the order of their ids, page by page", Run: appsPaged},
	{Name: "an app with grants is in use", Run: deleteAppInUse},
	{Name: "an app goes with its revoked grants", Run: deleteAppWithRevoked},
	{Name: "an app is stopped until it is started", Run: stoppedApps},
	{Name: "the audit is read in its order, none skipped", Run: staff.AuditInOrder},
	{Name: "uses are added up by key and day, and new networks are told once", Run: staff.KeyUses},
	{Name: "the audit is kept for 400 days", Run: staff.AuditKept},
	{Name: "a grant's last use is found", Run: staff.LastUses},
	{Name: "how refreshes went is counted by half hours", Run: staff.HalfHours},
	{Name: "a mark never goes down, and knows where the database is", Run: marks},
	{Name: "deleting an app removes its authorizations and clicks", Run: deleteApp},
	{Name: "a push is kept and worked off once", Run: pushOnce},
	{Name: "pushes are claimed by app, those that are due longest first", Run: pushOrder},
	{Name: "grants are found by the host of their subject and by a shop", Run: grantsOfHost},
	{Name: "a shop that is named twice is stored once", Run: shopsOnce},

	{Name: "authorizations are found by the end of their id, and by how id, shop or owner begins", Run: authorizationsFound},

	// Outbox.
	{Name: "events get positions without gaps, in the order of their commits", Run: publishOrder},
	{Name: "events of one change come out in its order, and changes of a grant in theirs", Run: eventsInOrder},
	{Name: "a follower misses no event of concurrent writers", Run: followPositions},
	{Name: "history is newest first, page by page", Run: history},
	{Name: "history has all events of a grant, published or not", Run: historyOfFresh},
	{Name: "history has the events of a grant by its versions, whatever two clocks say", Run: historyOfTwoClocks},

	// Outlets.
	{Name: "an outlet comes back as it was stored", Run: outletComesBack},
	{Name: "what is told once is told by one", Run: toldByOne},
	{Name: "events are counted by kind", Run: overviews.EventsCounted},
	{Name: "events are spread once, all or none", Run: spreadOnce},
	{Name: "a delivery is claimed by one, settled, and failed with its outlet", Run: deliveriesClaimed},
	{Name: "events are found by a filter and by id, and kept as long as is set", Run: eventsFound},

	// Viewers.
	{Name: "a viewer sees what their owners and apps allow", Run: viewersOfGrants},
	{Name: "what a viewer may not see cannot be changed", Run: viewersChange},
	{Name: "authorizations, events and history follow the viewer", Run: viewersOfRest},
	{Name: "the zero viewer sees nothing", Run: zeroViewer},

	// The console.
	{Name: "a person comes back as stored, is changed and removed", Run: staff.People},
	{Name: "an administrator is always left", Run: staff.LastAdministrator},
	{Name: "a login is found, touched and ended, and goes with its person", Run: staff.Logins},
	{Name: "an invitation is spent once, unless it may be opened more than once", Run: staff.Invitations},
	{Name: "grants are found by whose move it is and by tag, and summed up, as the viewer sees them", Run: summed},
	{Name: "grants are counted by app and state, as the viewer sees them", Run: overviews.GrantCounts},
	{Name: "what is due and waits, what is in doubt and what is unpublished is told by platform", Run: overviews.Backlogs},
	{Name: "what is troubled is listed, and nothing that is well or revoked", Run: overviews.Troubled},
	{Name: "the grants that have used the most of a day are listed", Run: overviews.TopUses},
	{Name: "ends are counted by day and kind", Run: overviews.EndsByDay},
	{Name: "recent events come latest first, page by page", Run: overviews.RecentEvents},

	// The rest.
	{Name: "a key is found by its hash and revoked once", Run: keys},
	{Name: "the newest key set is the one in force", Run: keysets},
	{Name: "meta is set once", Run: metaOnce},
	{Name: "Sealed tells whether any row holds a ciphertext", Run: sealedRows},
	{Name: "a reply is reserved once for each key, and for a day", Run: replies},
	{Name: "Sweep deletes what is past its keeping time, and nothing else", Run: sweep},
	{Name: "Sweep keeps to its limit", Run: sweepLimit},
	{Name: "the incarnation stays the same while the database does", Run: incarnation},
	{Name: "the clock runs and the database answers", Run: clockAndPing},
	{Name: "a closed store is unavailable", Run: closedStore},
	{Name: "callers who hang up leave every reader whole", Run: hangingUp},
}
