package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/keeper"
)

// TestStoppedAppServesNoToken stops one of two apps and asks for its tokens by every way, here and at another instance.
func TestStoppedAppServesNoToken(t *testing.T) {
	h := newHouse(t)
	other := h.addApp("second")
	g, free := h.addGrant(h.app, "1", "ann", nil), h.addGrant(other, "2", "ann", nil)
	neighbour, err := keeper.New(keeper.Options{Store: h.store, Vault: h.vault, Now: func() time.Time { return h.now }, PublicURL: "https://connect.example"})
	if err != nil {
		t.Fatal(err)
	}
	if served, err := neighbour.Token(t.Context(), gk.Engine(), g.ID, keeper.TokenWant{}); err != nil || served.Access.Reveal() != accessToken {
		t.Fatalf("before the stop the other instance says %v", err)
	}
	h.addKey("ann", scopesOf("read", "token", "manage"), []string{"ann"}, nil)
	if a := h.do("ann", http.MethodPost, "/v1/apps/"+h.app.ID+"/stop", ""); a.status != http.StatusForbidden {
		t.Errorf("a stop by a key of one owner = %d, want 403", a.status)
	}
	if a := h.do("all", http.MethodPost, "/v1/apps/"+h.app.ID+"/stop", ""); a.status != http.StatusOK || a.member(t, "stopped") != true {
		t.Fatalf("stop = %d\n%s", a.status, a.body)
	}
	call := `{"call":{"method":"GET","path":"/openapi/2022-01/shop"}}`
	for _, r := range []struct{ method, path, body string }{
		{"GET", "/v1/grants/" + g.ID + "/token", ""}, {"GET", "/v1/token?app=" + h.app.ID + "&subject=shop:1", ""},
		{"POST", "/v1/grants/" + g.ID + "/refresh", "{}"}, {"POST", "/v1/grants/" + g.ID + "/sign", call},
		{"POST", "/v1/grants/" + g.ID + "/call", call}, {"GET", "/proxy/" + g.ID + "/openapi/2022-01/shop", ""},
	} {
		if a := h.do("all", r.method, r.path, r.body); a.status != http.StatusConflict || a.member(t, "type") != "/problems/app-stopped" {
			t.Errorf("%s %s of a stopped app = %d, want 409 app-stopped\n%s", r.method, r.path, a.status, a.body)
		}
	}
	if a := h.do("all", "GET", "/v1/grants/export?plain=true", ""); strings.Contains(a.body, accessToken) {
		t.Errorf("the export holds a token of a stopped app")
	}
	if a := h.do("all", "GET", "/v1/grants/"+free.ID+"/token", ""); a.status != http.StatusOK {
		t.Errorf("the other app's token = %d, want 200", a.status)
	}
	h.do("all", "PATCH", "/v1/apps/"+h.app.ID, `{"name":"renamed"}`)
	time.Sleep(time.Second)                                                                                    // as long as another instance may take to hear of it
	if _, err := neighbour.Token(t.Context(), gk.Engine(), g.ID, keeper.TokenWant{}); err != apps.ErrStopped { //nolint:errorlint // it is this very one
		t.Errorf("a second later the other instance says %v, want stopped", err)
	}
	if a := h.do("all", http.MethodPost, "/v1/apps/"+h.app.ID+"/start", ""); a.status != http.StatusOK || a.member(t, "stopped") != false {
		t.Errorf("start = %d\n%s", a.status, a.body)
	}
	if a := h.do("all", "GET", "/v1/grants/"+g.ID+"/token", ""); a.status != http.StatusOK {
		t.Errorf("the token after the start = %d, want 200", a.status)
	}
}

// TestAppThatCannotBeOpenedSaysSo damages the secrets of an app: whoever asks for a refresh hears that, and whose move it
// is, and not that a token has ended that has not.
func TestAppThatCannotBeOpenedSaysSo(t *testing.T) {
	h := newHouse(t)
	good := h.addGrant(h.app, "1", "ann", nil)
	ended := h.addGrant(h.app, "2", "ann", func(g *gk.Grant) { g.State, g.Expires = gk.Suspended, h.now.Add(-time.Minute) })
	err := h.store.UpdateApp(t.Context(), gk.Engine(), h.app.ID, h.now, func(a *gk.App) ([]gk.Event, error) {
		a.Secrets = gk.Sealed("damaged")
		return nil, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	says := func(a answer, status int, name string) {
		t.Helper()
		fault, _ := a.member(t, "fault").(map[string]any)
		if a.status != status || name != "" && a.member(t, "type") != "/problems/"+name || fault["code"] != apps.CodeAppSecrets || fault["whose_move"] != "vendor" {
			t.Errorf("%d, want %d %s with the app's fault\n%s", a.status, status, name, a.body)
		}
	}
	for _, g := range []gk.Grant{good, ended} {
		says(h.do("all", "POST", "/v1/grants/"+g.ID+"/refresh", "{}"), http.StatusConflict, "app-broken")
	}
	if a := h.do("all", "GET", "/v1/grants/"+good.ID+"/token", ""); a.status != http.StatusOK {
		t.Errorf("a good token = %d, want 200\n%s", a.status, a.body)
	}
	says(h.do("all", "GET", "/v1/grants/"+good.ID+"/token?not_generation=1", ""), http.StatusOK, "")
	says(h.do("all", "GET", "/v1/grants/"+ended.ID+"/token", ""), http.StatusConflict, "suspended")
}
