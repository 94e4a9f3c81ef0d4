package api_test

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api"
	"github.com/grantkeep/grantkeep/client"
	"github.com/grantkeep/grantkeep/notify"
)

func TestEventsTellEnoughToActOn(t *testing.T) {
	h := newHouse(t)
	g := h.addGrant(h.app, "100", "ann", nil)
	err := h.store.Append(t.Context(),
		gk.Event{ID: "evt_1", Kind: gk.EventGrantExpiring, Actor: "engine", App: h.app.ID, Grant: g.ID, Owner: "ann", At: h.now,
			Data: map[string]any{"ends_at": "2026-04-01T00:00:00Z", "days": 30, "renewable": true}},
		gk.Event{ID: "evt_2", Kind: gk.EventAppPaused, Actor: "engine", App: h.app.ID, At: h.now,
			Data: map[string]any{"code": "local:app_secrets", "stage": "refresh", "action": "fix_config", "whose_move": "vendor"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.store.Publish(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	var page struct {
		Items []map[string]any
		Next  string
	}
	read := func(path string) {
		t.Helper()
		page.Items = nil
		if err := json.Unmarshal([]byte(h.do("all", http.MethodGet, path, "").body), &page); err != nil {
			t.Fatal(err)
		}
	}
	read("/v1/events?kind=grant.expiring")
	if len(page.Items) != 1 || page.Next == "" {
		t.Fatalf("one kind of events = %v, next %q", page.Items, page.Next)
	}
	e := page.Items[0]
	data, text := e["data"].(map[string]any), e["text"].(map[string]any)
	if e["severity"] != "warning" || e["whose_move"] != "merchant" || e["platform"] != "shoplazza" || data["end"] != "authorization" || data["days"] != 30.0 {
		t.Errorf("the event says %v", e)
	}
	if e["subject"].(map[string]any)["id"] != "100" || !strings.Contains(text["zh-CN"].(string), "Shop 100") || !strings.Contains(text["en"].(string), "2026-04-01") {
		t.Errorf("the event says of whom it is %v, %v", e["subject"], text)
	}
	read("/v1/events?app=" + h.app.ID + "&kind=app.paused&after=0")
	if len(page.Items) != 1 || page.Items[0]["severity"] != "critical" || page.Items[0]["fault"].(map[string]any)["whose_move"] != "vendor" {
		t.Errorf("an app's fault is told as %v", page.Items)
	}
	read("/v1/events?after=0")
	last := page.Next
	read("/v1/events?after=" + last)
	if len(page.Items) != 0 || page.Next != last {
		t.Errorf("behind the last event: %v, next %q, want nothing and %q", page.Items, page.Next, last)
	}
	required := []string{}
	var schema struct{ Required []string }
	if err := json.Unmarshal([]byte(h.do("", http.MethodGet, "/schemas/events.json", "").body), &schema); err != nil {
		t.Fatal(err)
	}
	for _, name := range schema.Required {
		if _, ok := e[name]; !ok {
			required = append(required, name)
		}
	}
	if len(required) > 0 || len(schema.Required) < 10 {
		t.Errorf("the event lacks %v of the schema's %v", required, schema.Required)
	}
	if !slices.Contains(notify.Kinds(), gk.EventGrantExpiring) {
		t.Error("the kinds lack one of the engine's")
	}
}

func TestStreamGoesOnFromWhereItWas(t *testing.T) {
	h := newHouse(t)
	h.addGrant(h.app, "100", "ann", nil)
	h.addGrant(h.app, "200", "bob", nil)
	h.addKey("ann", []gk.Scope{gk.ScopeRead}, []string{"ann"}, nil)
	if _, err := h.store.Publish(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		key, query string
		headers    []string
		want, not  string
	}{
		{"all", "?after=0", nil, "event: grant.created\ndata: {", ""},
		{"all", "?after=0", []string{"Last-Event-ID", "2"}, "id: 2\n\nid: 3\n", `"position":2,`},
		{"all", "", nil, ": grantkeep\nid: 3\n\n", "data:"},
		{"ann", "?after=0", nil, `"owner":"ann"`, "bob"},
		{"all", "?after=0&kind=app.changed", nil, ": grantkeep", "grant.created"},
	} {
		a := h.do(c.key, http.MethodGet, "/v1/events/stream"+c.query, "", c.headers...)
		if a.status != http.StatusOK || a.header.Get("Content-Type") != "text/event-stream" || !strings.Contains(a.body, c.want) || c.not != "" && strings.Contains(a.body, c.not) {
			t.Errorf("stream%s %v = %d\n%s", c.query, c.headers, a.status, a.body)
		}
	}
	for _, query := range []string{"?after=x", "?after=-1", "?colour=red"} {
		if a := h.do("all", http.MethodGet, "/v1/events/stream"+query, ""); a.status != http.StatusBadRequest && a.status != http.StatusUnprocessableEntity {
			t.Errorf("stream%s = %d", query, a.status)
		}
	}
}

// A stream that ends before its first event, and a server that is away when it comes back, lose nothing.
func TestFollowMissesNothing(t *testing.T) {
	h := newHouse(t)
	h.addGrant(h.app, "100", "ann", nil)
	if _, err := h.store.Publish(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked++; asked == 2 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		r.Host = "api.example"
		h.handler.ServeHTTP(w, r) // it stops: each stream ends after what is there
		if asked == 1 {
			h.addGrant(h.app, "200", "bob", nil)
			if _, err := h.store.Publish(t.Context(), 10); err != nil {
				t.Error(err)
			}
		}
	}))
	defer server.Close()
	c, err := client.New(server.URL, h.keys["all"])
	if err != nil {
		t.Fatal(err)
	}
	enough := errors.New("enough")
	var told, away []string
	err = c.Follow(t.Context(), client.EventFilter{After: -1}, func(e client.Event) error {
		told = append(told, e.Subject.ID)
		return enough
	}, func(err error) { away = append(away, err.Error()) })
	if !errors.Is(err, enough) || len(told) != 1 || told[0] != "200" || len(away) != 1 || asked != 3 {
		t.Errorf("followed %v, away %q, asked %d times, ended with %v; want shop 200 once, away once", told, away, asked, err)
	}
	server.Close()
	if err := c.Follow(t.Context(), client.EventFilter{After: 0}, nil, nil); err == nil || errors.Is(err, enough) {
		t.Errorf("a server that was never there = %v, want an error at once", err)
	}
}

func TestStreamsOfAKeyAreFew(t *testing.T) {
	h := newHouse(t)
	open := make(chan struct{})
	h.handler = api.New(api.Options{
		Keeper: h.keeper, Store: h.store, APIURL: "https://api.example", News: h.news, Stopping: open, Log: slog.New(slog.DiscardHandler),
	})
	var all sync.WaitGroup
	t.Cleanup(func() { close(open); all.Wait() })
	for range 8 {
		begun := make(chan struct{})
		all.Go(func() {
			r := httptest.NewRequest(http.MethodGet, "https://api.example/v1/events/stream", nil)
			r.Header.Set("Authorization", "Bearer "+h.keys["all"].Reveal())
			h.handler.ServeHTTP(&firstByte{ResponseRecorder: httptest.NewRecorder(), begun: begun}, r)
		})
		<-begun
	}
	if a := h.do("all", http.MethodGet, "/v1/events/stream", ""); a.status != http.StatusTooManyRequests || a.header.Get("Retry-After") == "" {
		t.Errorf("the ninth stream = %d", a.status)
	}
}

// firstByte tells when an answer begins.
type firstByte struct {
	*httptest.ResponseRecorder
	once  sync.Once
	begun chan struct{}
}

// Write notes that the answer has begun.
func (f *firstByte) Write(p []byte) (int, error) {
	defer f.once.Do(func() { close(f.begun) })
	return f.ResponseRecorder.Write(p)
}
