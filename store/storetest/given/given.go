// Package given makes what the cases of the store's suite begin with: apps, grants, authorizations, clicks.
package given

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

// Case is one promise of the store.
type Case struct {
	Name string
	Run  func(t *testing.T, s store.Store)
}

// Epoch is the moment at which the stories begin.
var Epoch = time.Date(2026, 3, 4, 5, 6, 7, 89e6, time.UTC)

// Engine sees everything.
var Engine = gk.Engine()

// Someone is a key's holder who may see everything.
var Someone = gk.Viewer{Key: "key", Scopes: gk.Scopes()}

// MakeApp stores an app that has nothing but its name.
func MakeApp(t testing.TB, s store.Store, id string) {
	t.Helper()
	err := s.CreateApp(t.Context(), gk.App{ID: id, Platform: "shopee", Environment: gk.Production, CreatedAt: Epoch, UpdatedAt: Epoch})
	if err != nil {
		t.Fatalf("CreateApp(%s) = %v", id, err)
	}
}

// MakeGrant stores an active, renewable grant that is due at epoch, after set has changed it.
func MakeGrant(t testing.TB, s store.Store, app, id string, set func(*gk.Grant)) {
	t.Helper()
	g := gk.Grant{
		ID: id, App: app, Subject: gk.Subject{Kind: gk.KindShop, ID: "subject of " + id}, State: gk.Active, Renewable: true,
		Pair:       gk.Pair{Access: gk.Sealed("access of " + id), Refresh: gk.Sealed("refresh of " + id), KeyID: 1, Expires: Epoch.Add(time.Hour)},
		Generation: 1,
		Origin:     gk.Origin{PairSpent: -1},
		Pacing:     gk.Pacing{DueAt: Epoch}, AuthorizedAt: Epoch,
	}
	if set != nil {
		set(&g)
	}
	PutGrant(t, s, g)
}

// PutGrant stores a grant.
func PutGrant(t testing.TB, s store.Store, g gk.Grant) {
	t.Helper()
	err := s.PutGrants(t.Context(), g.App, "", "", nil, Epoch,
		func([]gk.Grant, *gk.Authorization, *gk.Click) ([]gk.Grant, []gk.Event, error) {
			return []gk.Grant{g}, nil, nil
		})
	if err != nil {
		t.Fatalf("PutGrants(%s) = %v", g.ID, err)
	}
}

// GrantNow reads a grant.
func GrantNow(t *testing.T, s store.Store, id string) gk.Grant {
	t.Helper()
	g, err := s.Grant(context.WithoutCancel(t.Context()), Engine, id)
	if err != nil {
		t.Fatalf("Grant(%s) = %v", id, err)
	}
	return g
}

// ChangeGrant changes a grant and stores no event.
func ChangeGrant(t *testing.T, s store.Store, id string, set func(*gk.Grant)) {
	t.Helper()
	err := s.UpdateGrant(t.Context(), Engine, id, Epoch, func(g *gk.Grant) ([]gk.Event, error) { set(g); return nil, nil })
	if err != nil {
		t.Fatalf("UpdateGrant(%s) = %v", id, err)
	}
}

// EventOf is an event of a grant, n milliseconds after epoch.
func EventOf(g *gk.Grant, id string, n int) gk.Event {
	return gk.Event{ID: id, Kind: gk.EventGrantExpiring, Actor: "engine", App: g.App, Grant: g.ID, Owner: g.Owner, At: Epoch.Add(time.Duration(n) * time.Millisecond)}
}

// Same fails the test if two values differ.
func Same(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", what, diff)
	}
}

// IDs returns the ids of grants in their order.
func IDs(grants []gk.Grant) []string {
	var list []string
	for _, g := range grants {
		list = append(list, g.ID)
	}
	return list
}

// Numbered returns name-00, name-01 … : texts whose order is that of their numbers.
func Numbered(name string, n int) string { return fmt.Sprintf("%s-%04d", name, n) }

// FullGrant has a value in every field that is stored, all different.
func FullGrant(app, id string) gk.Grant {
	after := func(minutes int) time.Time { return Epoch.Add(time.Duration(minutes) * time.Minute) }
	return gk.Grant{
		ID: id, App: app, Platform: "shopee",
		Subject: gk.Subject{Kind: gk.KindShop, ID: "1001", Parent: "77", Host: "shop.example", Region: "TW", Name: "小店"},
		Owner:   "owner-a", State: gk.Active, Renewable: true,
		Fault: &gk.Fault{
			Platform: "shopee", Stage: "refresh", Code: "error_server", Message: "later", Action: gk.Backoff, Terminal: true, Known: true,
			Row: "error_server", RetryAfter: 90 * time.Second, RequestID: "r1", At: gk.At(after(1)),
		},
		Pair:       gk.Pair{Access: gk.Sealed("one"), Refresh: gk.Sealed("two"), KeyID: 3, Expires: after(2), RefreshExpires: after(3), Windows: map[string]time.Time{"r1": after(5), "w2": after(6)}},
		Generation: 4, Version: 1,
		Ceiling: after(4),
		Scopes:  []string{"orders", "items"}, Facts: map[string]string{"cipher": "x"}, Tags: map[string]string{"tier": "gold"},
		Shops: []gk.Shop{
			{ID: "1", Name: "first", Host: "one.example", Region: "SG", Facts: map[string]string{"short_code": "s"}, LostAt: gk.At(after(7))},
			{ID: "2"},
		},
		AuthorizedAt: after(8), Origin: gk.Origin{PairFrom: "click-1", PairSpent: 2, PairAskedAt: after(9)},
		Pacing:  gk.Pacing{DueAt: after(10), RetryAt: after(11), Failures: 5, Warned: 7},
		Attempt: gk.Attempt{AttemptID: "attempt-1", AttemptBy: "host-1", AttemptAt: after(12), AttemptUntil: after(13)},
		Doubt:   gk.Doubt{Doubts: 6, DoubtSince: after(14)},
		Quota:   gk.Quota{QuotaDay: 20516, QuotaUsed: 8, AskedAt: after(15)}, CreatedAt: after(-1), UpdatedAt: Epoch,
	}
}

// FullAuthorization has a value in every field, all different.
func FullAuthorization(app, id string) gk.Authorization {
	return gk.Authorization{
		ID: id, App: app, Kind: gk.KindInstall, LinkHash: []byte("link of " + id), Owner: "owner-a", Shop: "1001", Grant: "grant",
		ReturnTo: "https://vendor.example/back", Form: "signed", Scopes: []string{"orders"}, Confirm: true, ConfirmHash: []byte("code"),
		Stage: gk.Failed, Reason: gk.ReasonRefused, Fault: &gk.Fault{Code: "c", Action: gk.Reauthorize}, Grants: []string{"g1", "g2"},
		ExpiresAt: Epoch.Add(time.Hour), CreatedAt: Epoch, UpdatedAt: Epoch.Add(time.Minute),
	}
}

// FullClick has a value in every field, all different.
func FullClick(app, authorization, id string) gk.Click {
	return gk.Click{
		ID: id, Authorization: authorization, App: app, StateHash: []byte("state of " + id), BrowserHash: []byte("browser"), CodeHash: []byte("code of " + id),
		Stage: gk.Begun, Hint: gk.Subject{Kind: gk.KindShop, ID: "1", Parent: "2", Host: "h", Region: "r", Name: "n"}, Held: true,
		Answer: gk.Sealed("answer"), AnswerKey: 4, Reason: gk.ReasonDenied, Fault: &gk.Fault{Code: "c"},
		ExpiresAt: Epoch.Add(time.Hour), SpentAt: Epoch.Add(time.Second), CreatedAt: Epoch, UpdatedAt: Epoch.Add(time.Minute),
	}
}

// CreateAuthorization stores an authorization.
func CreateAuthorization(t *testing.T, s store.Store, a gk.Authorization) {
	t.Helper()
	if err := s.CreateAuthorization(t.Context(), a); err != nil {
		t.Fatalf("CreateAuthorization(%s) = %v", a.ID, err)
	}
}

// CreateClick stores a click.
func CreateClick(t *testing.T, s store.Store, c gk.Click) {
	t.Helper()
	if err := s.CreateClick(t.Context(), c); err != nil {
		t.Fatalf("CreateClick(%s) = %v", c.ID, err)
	}
}

// Shop is the subject of a shop.
func Shop(id string) gk.Subject { return gk.Subject{Kind: gk.KindShop, ID: id} }

// MakeAttempt stores an authorization and a click of it that is being exchanged.
func MakeAttempt(t *testing.T, s store.Store, app, authorization, click string) {
	t.Helper()
	err := s.CreateAuthorization(t.Context(), gk.Authorization{
		ID: authorization, App: app, Kind: gk.KindAuthorize, LinkHash: []byte("link of " + authorization), Owner: "owner-a",
		Stage: gk.Begun, ExpiresAt: Epoch.Add(time.Hour), CreatedAt: Epoch, UpdatedAt: Epoch,
	})
	if err != nil {
		t.Fatalf("CreateAuthorization = %v", err)
	}
	err = s.CreateClick(t.Context(), gk.Click{
		ID: click, Authorization: authorization, App: app, StateHash: []byte("state of " + click), Stage: gk.Issued,
		Answer: gk.Sealed("answer"), AnswerKey: 1, ExpiresAt: Epoch.Add(time.Hour), CreatedAt: Epoch, UpdatedAt: Epoch,
	})
	if err != nil {
		t.Fatalf("CreateClick = %v", err)
	}
}

// NoHistory fails the test if a grant has events.
func NoHistory(t *testing.T, s store.Store, grant string) {
	t.Helper()
	events, err := s.History(t.Context(), Engine, grant, "", 10)
	if err != nil || len(events) != 0 {
		t.Errorf("History = %v, %v, want no event", events, err)
	}
}

// Attempt is a claim made n minutes after epoch, with a lease of a minute and a half.
func Attempt(id string, n int) store.Attempt {
	now := Epoch.Add(time.Duration(n) * time.Minute)
	return store.Attempt{AttemptID: id, AttemptBy: "host", AttemptAt: now, AttemptUntil: now.Add(90 * time.Second)}
}

// Century is what RepeatFor says for a token that may be repeated at any time.
const Century = 100 * 365 * 24 * time.Hour

// Limited sees one owner.
var Limited = gk.Viewer{Key: "key", Scopes: gk.Scopes(), Owners: []string{"a"}}
