package api_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/sim"
	shoplazzasim "github.com/grantkeep/grantkeep/sim/shoplazza"
)

// TestStoryOfAGrant leads one grant through its life by API calls alone, the platform being Shoplazza in a box: the app is
// added, a merchant agrees, the token is read, refreshed, refused, and given back.
func TestStoryOfAGrant(t *testing.T) {
	box := startBox(t)
	h := newHouseOn(t, network{dial: box.memory.DialContext, allow: []string{strings.TrimPrefix(box.base, "http://")}})
	h.now = box.running.Clock.Now()

	a := h.do("all", http.MethodPost, "/v1/apps", box.describe(t))
	app, _ := a.member(t, "id").(string)
	if a.status != http.StatusCreated {
		t.Fatalf("POST /v1/apps = %d\n%s", a.status, a.body)
	}
	box.tell(t, "POST", "/shoplazza/apps", map[string]any{"client_id": box.app["client_id"], "redirect_uri": a.member(t, "callback")})

	a = h.do("all", http.MethodPost, "/v1/authorizations", `{"app":"`+app+`","owner":"ann"}`)
	authorization, _ := a.member(t, "id").(string)
	link, _ := a.member(t, "url").(string)
	_, secret, _ := strings.Cut(link, "/connect/")
	pressed, err := h.flow.Press(t.Context(), secret, box.host)
	if err != nil {
		t.Fatal(err)
	}
	callback, _ := box.tell(t, "POST", "/shoplazza/consent", map[string]any{"url": pressed.URL, "shops": []string{box.shop}})["callback"].(string)
	cookie := func(name string) string {
		if name != pressed.CookieName {
			return ""
		}
		return pressed.CookieValue
	}
	if _, err := h.flow.Callback(t.Context(), app, platform.Incoming{Method: http.MethodGet, URL: callback}, cookie); err != nil {
		t.Fatalf("callback: %v", err)
	}
	a = h.do("all", http.MethodGet, "/v1/authorizations/"+authorization, "")
	grants, _ := a.member(t, "grants").([]any)
	if a.member(t, "state") != "completed" || len(grants) != 1 {
		t.Fatalf("the authorization is not completed with one grant\n%s", a.body)
	}
	grant := fmt.Sprint(grants[0])

	expect := func(generation float64, fault bool) {
		t.Helper()
		a := h.do("all", http.MethodGet, "/v1/grants/"+grant+"/token", "")
		if a.status != http.StatusOK || a.member(t, "generation") != generation || a.member(t, "access_token") != box.holds(t) {
			t.Errorf("the token = %d, generation %v; want generation %v and what the platform holds", a.status, a.member(t, "generation"), generation)
		}
		if got := a.header.Get("ETag"); got != fmt.Sprintf(`"%v"`, generation) {
			t.Errorf("ETag = %s, want that of generation %v", got, generation)
		}
		a = h.do("ann-reads", http.MethodGet, "/v1/grants/"+grant, "")
		if has := a.member(t, "fault") != nil; has != fault {
			t.Errorf("the grant has a fault: %v, want %v\n%s", has, fault, a.body)
		}
		if strings.Contains(a.body, box.holds(t)) {
			t.Error("the grant shows its token")
		}
	}
	h.addKey("ann-reads", scopesOf("read"), []string{"ann"}, nil)
	expect(1, false)

	if a := h.do("all", http.MethodPost, "/v1/grants/"+grant+"/refresh", "{}"); a.status != http.StatusOK {
		t.Errorf("refresh = %d\n%s", a.status, a.body)
	}
	expect(2, false)

	box.tell(t, "POST", "/shoplazza/faults", map[string]any{"fault": "status-503", "times": 1})
	if a := h.do("all", http.MethodPost, "/v1/grants/"+grant+"/refresh", "{}"); a.status != http.StatusOK || a.member(t, "state") != "active" {
		t.Errorf("a refresh that the platform could not answer = %d\n%s", a.status, a.body)
	}
	if a := h.do("all", http.MethodGet, "/v1/grants/"+grant+"/token", ""); a.status != http.StatusOK {
		t.Errorf("the token after it = %d, want the one that still works\n%s", a.status, a.body)
	}

	if a := h.do("all", http.MethodDelete, "/v1/grants/"+grant, ""); a.status != http.StatusNoContent {
		t.Errorf("DELETE = %d\n%s", a.status, a.body)
	}
	if a := h.do("all", http.MethodGet, "/v1/grants/"+grant+"/token", ""); a.status != http.StatusGone {
		t.Errorf("the token of a revoked grant = %d, want 410", a.status)
	}
	told := kinds(h)
	for _, kind := range []string{"authorization.completed", "grant.created", "grant.revoked"} {
		if !slices.Contains(told, kind) {
			t.Errorf("the events %v lack %s", told, kind)
		}
	}
	h.expectNoSecrets()
}

// box is the simulated platform with one app and one shop of it.
type box struct {
	memory           *sim.Memory
	running          *sim.Running
	client           *http.Client
	base, shop, host string
	app              map[string]any
}

func startBox(t *testing.T) *box {
	t.Helper()
	b := &box{memory: sim.NewMemory()}
	var err error
	b.running, err = sim.Start(t.Context(), sim.Options{
		Memory: b.memory, Platforms: []sim.Platform{{Name: "shoplazza", New: shoplazzasim.New}},
	})
	if err != nil {
		t.Fatal(err)
	}
	transport := b.memory.Transport()
	b.client = &http.Client{Transport: transport}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := b.running.Close(); err != nil {
			t.Error(err)
		}
	})
	b.base = b.running.Base("shoplazza")
	line, err := json.Marshal(b.running)
	if err != nil {
		t.Fatal(err)
	}
	var ready struct {
		Platforms map[string]struct {
			Apps  []map[string]any `json:"apps"`
			Shops []struct{ ID, Host string }
		}
	}
	if err := json.Unmarshal(line, &ready); err != nil {
		t.Fatal(err)
	}
	p := ready.Platforms["shoplazza"]
	b.app, b.shop, b.host = p.Apps[0], p.Shops[0].ID, p.Shops[0].Host
	return b
}

// describe is the body that adds the box's app.
func (b *box) describe(t *testing.T) string {
	t.Helper()
	body, err := json.Marshal(map[string]any{
		"platform": "shoplazza", "name": "Story",
		"settings":  map[string]any{"client_id": b.app["client_id"], "client_secret": b.app["client_secret"], "scopes": "read_shop"},
		"endpoints": map[string]string{"authorize": b.base, "token": b.base, "api": b.base},
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// tell makes a control call.
func (b *box) tell(t *testing.T, method, path string, body any) map[string]any {
	t.Helper()
	sent, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, b.running.Control()+path, strings.NewReader(string(sent)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := b.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s %s = %d %s (%v)", method, path, resp.StatusCode, text, err)
	}
	var answer map[string]any
	if err := json.Unmarshal(text, &answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

// holds is the access token that the platform takes for the shop.
func (b *box) holds(t *testing.T) string {
	t.Helper()
	grants, _ := b.tell(t, "GET", "/shoplazza/grants", nil)["grants"].([]any)
	if len(grants) == 0 {
		t.Fatal("the platform knows of no grant")
	}
	last, _ := grants[len(grants)-1].(map[string]any)
	return fmt.Sprint(last["access"])
}
