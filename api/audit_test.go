package api_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api"
	"github.com/grantkeep/grantkeep/api/door"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/storefault"
)

// auditLine is a line of the audit as a reader sees it.
type auditLine struct {
	Position                           int64
	Actor, Action, App, Grant, Address string
	Object                             string
	Count                              int64
	Status                             int
	At, Until                          time.Time
}

func (h *house) audit(query string) []auditLine {
	h.t.Helper()
	a := h.do("all", http.MethodGet, "/v1/audit"+query, "")
	var out struct{ Items []auditLine }
	if err := json.Unmarshal([]byte(a.body), &out); err != nil || a.status != http.StatusOK {
		h.t.Fatalf("GET /v1/audit%s = %d %v\n%s", query, a.status, err, a.body)
	}
	return out.Items
}

func TestWhatChangesSomethingIsWrittenDown(t *testing.T) {
	h := newHouse(t)
	h.addKey("ann", gk.Scopes(), []string{"ann"}, nil)
	g := h.addGrant(h.app, "100", "ann", nil)
	h.do("ann", http.MethodPatch, "/v1/grants/"+g.ID, `{"name":"x"}`)
	h.do("ann", http.MethodDelete, "/v1/grants/grt_unknown", "")
	h.do("all", http.MethodPost, "/v1/apps/"+h.app.ID+"/stop", "")
	h.do("all", http.MethodPost, "/v1/keys", `{"name":"n","scopes":["read"]}`)
	h.do("all", http.MethodGet, "/v1/grants/export?recipient=nobody", "")
	h.do("ann", http.MethodGet, "/v1/grants", "")
	var got []string
	for _, l := range h.audit("") {
		got = append(got, strings.TrimSpace(fmt.Sprintln(l.Actor, l.Action, l.App+l.Grant+l.Object, l.Status)))
		if l.Count != 1 || l.Address != "192.0.2.1" || l.At.IsZero() {
			t.Errorf("line %+v, want a count of one, address and moment", l)
		}
	}
	want := []string{
		"key_ann grant.change " + g.ID + " 0",
		"key_ann grant.revoke grt_unknown 0", "key_ann grant.revoke grt_unknown 404",
		"key_all app.stop " + h.app.ID + " 0",
		"key_all key.create  0",
		"key_all grant.export  0", "key_all grant.export  422",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the audit holds\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if l := h.audit("?actor=key_all&action=key.create"); len(l) != 1 {
		t.Errorf("%d lines of one actor and action, want 1", len(l))
	}
	if l := h.audit("?after=6"); len(l) != 1 || l[0].Position != 7 {
		t.Errorf("lines after 6 = %+v", l)
	}
	if a := h.do("ann", http.MethodGet, "/v1/audit", ""); a.status != http.StatusForbidden {
		t.Errorf("the audit for a key with limits = %d, want 403", a.status)
	}
}

func TestWhatCannotBeWrittenDownIsNotDone(t *testing.T) {
	h := newHouse(t)
	g := h.addGrant(h.app, "100", "ann", nil)
	faulty := storefault.Wrap(h.store)
	faulty.On("Record", storefault.Fault{Fail: true, Err: store.ErrUnavailable})
	h.handler = api.New(api.Options{Keeper: h.keeper, Store: faulty, APIURL: "https://api.example", Version: "test", Log: slog.New(slog.DiscardHandler)})
	if a := h.do("all", http.MethodDelete, "/v1/grants/"+g.ID, ""); a.status != http.StatusServiceUnavailable {
		t.Errorf("a revocation without audit = %d, want 503", a.status)
	}
	if g, err := h.store.Grant(t.Context(), gk.Engine(), g.ID); err != nil || g.State != gk.Active {
		t.Errorf("the grant is %s, %v, want it untouched", g.State, err)
	}
	if a := h.do("all", http.MethodGet, "/v1/grants/"+g.ID+"/token", ""); a.status != http.StatusOK {
		t.Errorf("a token without audit = %d, want 200", a.status)
	}
}

// TestEveryRouteIsInTheAuditOrReads has each route either written down, counted, or only reading.
func TestEveryRouteIsInTheAuditOrReads(t *testing.T) {
	text, err := os.ReadFile("door/audited.go")
	if err != nil {
		t.Fatal(err)
	}
	audited := map[string]bool{"POST /v1/explain": true, "POST /v1/grants/{id}/sign": true, "POST /v1/grants/{id}/call": true}
	for _, m := range regexp.MustCompile(`(?m)^\t"([A-Z]+ /\S+)":`).FindAllStringSubmatch(string(text), -1) {
		audited[m[1]] = true
	}
	for route := range scopeTable(t) {
		if !strings.HasPrefix(route, "GET ") && !strings.Contains(route, "/proxy/") && !audited[route] {
			t.Errorf("%s changes something and is not in the audit", route)
		}
	}
}

func TestUsesOfTokensAreCountedTogether(t *testing.T) {
	h := newHouse(t)
	g := h.addGrant(h.app, "100", "ann", nil)
	uses := door.NewUses(h.store, h.keeper.Now, nil)
	h.handler = api.New(api.Options{Keeper: h.keeper, Store: h.store, APIURL: "https://api.example", Version: "test", Log: slog.New(slog.DiscardHandler), Uses: uses})
	for range 30 {
		h.do("all", http.MethodGet, "/v1/grants/"+g.ID+"/token", "")
	}
	h.do("all", http.MethodGet, "/v1/token?app="+h.app.ID+"&subject=shop:100", "")
	h.do("all", http.MethodGet, "/v1/grants/grt_unknown/token", "")
	h.do("all", http.MethodPost, "/v1/grants/"+g.ID+"/sign", `{"call":{"method":"GET","path":"/openapi/2022-01/shop"}}`)
	if l := h.audit(""); len(l) != 0 {
		t.Errorf("the audit holds %+v before it is flushed", l)
	}
	for range 2 { // the second has nothing to write
		if err := uses.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	counts := map[string]int64{}
	lines := h.audit("?grant=" + g.ID)
	for _, l := range lines {
		counts[l.Action] = l.Count
	}
	if len(lines) != 2 || counts["token.read"] != 31 || counts["token.sign"] != 1 {
		t.Errorf("the audit holds %+v, want 31 reads and one signature", lines)
	}
	if l := h.audit(""); len(l) != 2 {
		t.Errorf("the audit holds %+v, want nothing of the unknown grant", l)
	}
}

func TestUsesThatCannotBeWrittenAreCountedOn(t *testing.T) {
	h := newHouse(t)
	g := h.addGrant(h.app, "100", "ann", nil)
	faulty := storefault.Wrap(h.store)
	uses := door.NewUses(faulty, h.keeper.Now, nil)
	h.handler = api.New(api.Options{Keeper: h.keeper, Store: h.store, APIURL: "https://api.example", Version: "test", Log: slog.New(slog.DiscardHandler), Uses: uses})
	read := func() { h.do("all", http.MethodGet, "/v1/grants/"+g.ID+"/token", "") }
	read()
	lift := faulty.On("NoteUses", storefault.Fault{Fail: true, Err: store.ErrUnavailable})
	if err := uses.Flush(t.Context()); !errors.Is(err, store.ErrUnavailable) {
		t.Fatalf("Flush = %v", err)
	}
	read()
	lift()
	if err := uses.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if l := h.audit(""); len(l) != 1 || l[0].Count != 2 {
		t.Errorf("the audit holds %+v, want two reads", l)
	}
}

// TestAKeyThatIsUsedOtherwiseThanBeforeIsTold plays the silent thief of a key that made ten reads a day.
func TestAKeyThatIsUsedOtherwiseThanBeforeIsTold(t *testing.T) {
	h := newHouse(t)
	g := h.addGrant(h.app, "100", "ann", nil)
	uses := door.NewUses(h.store, h.keeper.Now, nil)
	h.handler = api.New(api.Options{Keeper: h.keeper, Store: h.store, APIURL: "https://api.example", Version: "test", Log: slog.New(slog.DiscardHandler), Uses: uses})
	read := func(times int, from string) {
		t.Helper()
		h.from = from
		for range times {
			h.do("all", http.MethodGet, "/v1/grants/"+g.ID+"/token", "")
		}
		if err := uses.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	kinds := func() (kinds []string) {
		t.Helper()
		if _, err := h.store.Publish(t.Context(), 100); err != nil {
			t.Fatal(err)
		}
		events, err := h.store.EventsAfter(t.Context(), gk.Engine(), 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			if strings.HasPrefix(e.Kind, "key.") {
				kinds = append(kinds, fmt.Sprint(e.Kind, e.Data))
			}
		}
		return kinds
	}
	h.now = h.now.Add(-72 * time.Hour)
	for range 3 {
		read(10, "192.0.2.1:1000")
		h.now = h.now.Add(24 * time.Hour)
	}
	read(90, "192.0.2.77:1000")
	if k := kinds(); len(k) != 0 {
		t.Errorf("as usual, %v was told", k)
	}
	for range 3 {
		read(137, "[2001:db8:5:1::1]:1000")
	}
	want := []string{"key.new_networkmap[key:key_all network:2001:db8:5::/48]", "key.volumemap[key:key_all uses:227 usual:10]"}
	got := kinds()
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("told %v, want %v", got, want)
	}
}
