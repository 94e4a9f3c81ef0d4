package console_test

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

func TestAPageHearsThatSomethingHasHappenedAndNothingMore(t *testing.T) {
	h := newHouse(t)
	furnish(h)
	v := h.login(store.RoleSupport)
	if body := v.get("/console").body; !strings.Contains(body, `id="stream"`) || !strings.Contains(body, `id="part-todo" data-live`) {
		t.Error("the overview has no stream, or no part that follows it")
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.url+"/console/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := v.web.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	if a.StatusCode != http.StatusOK || a.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("the stream = %d, %s", a.StatusCode, a.Header.Get("Content-Type"))
	}
	lines := bufio.NewScanner(a.Body)
	if !lines.Scan() || lines.Text() != ": grantkeep" {
		t.Fatalf("the stream begins with %q", lines.Text())
	}
	now := h.keeper.Now()
	if err := h.store.Append(t.Context(), gk.Event{ID: gk.NewID("evt", now), Kind: gk.EventGrantExpired, Grant: "grt_0001", At: now, Data: map[string]any{"secret": canary}}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.store.Publish(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	var told []string
	for lines.Scan() && len(told) < 2 { // the test's own deadline ends what never comes
		if text := lines.Text(); strings.HasPrefix(text, "id: ") || strings.HasPrefix(text, "data: ") {
			told = append(told, text)
		} else if text != "" && text != ":" {
			t.Errorf("the stream says %q", text)
		}
	}
	if len(told) != 2 || strings.TrimPrefix(told[0], "id: ") != strings.TrimPrefix(told[1], "data: ") {
		t.Errorf("the stream tells %q, want a position", told)
	}
	if a := h.visitor().get("/console/live"); a.status != http.StatusSeeOther {
		t.Errorf("the stream of a stranger = %d", a.status)
	}
}

func TestWhatAPageAsksByItselfKeepsNobodyLoggedIn(t *testing.T) {
	h := newHouse(t)
	v := h.login(store.RoleSupport)
	for range 3 {
		h.pass(11 * time.Minute)
		v.send(http.MethodGet, "/console", nil, "Grantkeep-Live", "1")
	}
	if a := v.get("/console"); a.status != http.StatusSeeOther {
		t.Errorf("after 33 minutes in which the page alone asked = %d, want the login", a.status)
	}
}
