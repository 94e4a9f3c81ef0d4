package toy_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/platform"
)

// TestToyGoesBackWhereTheMerchantBegan: who begins on the platform's side is sent back there with our state, but to no
// address that is not the platform's.
func TestToyGoesBackWhereTheMerchantBegan(t *testing.T) {
	w := open(t)
	for name, back := range map[string]string{
		"another host":    "https://evil.example/authorize",
		"another scheme":  "ftp" + strings.TrimPrefix(w.sim.URL, "http") + "/authorize",
		"a script":        "javascript:alert(1)",
		"a host's prefix": w.sim.URL + ".evil.example/authorize",
	} {
		if res := w.ask("/install/"+w.app.ID+"?"+url.Values{"back": {back}}.Encode(), nil); res.StatusCode < 400 {
			t.Errorf("%s: status %d to %q, want a refusal", name, res.StatusCode, res.Header.Get("Location"))
		}
	}
	res := w.ask("/install/"+w.app.ID+"?"+url.Values{"back": {w.sim.URL + "/authorize"}}.Encode(), nil)
	to := res.Header.Get("Location")
	if res.StatusCode != http.StatusSeeOther || !strings.HasPrefix(to, w.sim.URL+"/authorize?") {
		t.Fatalf("status %d to %q, want the platform's page", res.StatusCode, to)
	}
	back := strings.TrimPrefix(w.sim.agree(to), "https://hub.example")
	done := w.ask(back, nil, res.Cookies()...)
	if done.StatusCode != http.StatusSeeOther {
		t.Fatalf("the callback is answered %d", done.StatusCode)
	}
	if page := read(t, w.ask(done.Header.Get("Location"), nil, res.Cookies()...)); !strings.Contains(page, "onnected") {
		t.Errorf("the result does not tell of a connection:\n%s", page)
	}
	if g, err := w.store.GrantOf(t.Context(), gk.Engine(), w.app.ID, gk.KindAccount, account); err != nil || g.State != gk.Active {
		t.Errorf("the grant is %s, %v; want active", g.State, err)
	}
}

// TestToyTellsTheServerThatPosts: a pair that the platform's server posts makes a grant, and the server is told its word.
func TestToyTellsTheServerThatPosts(t *testing.T) {
	w := open(t)
	w.sim.issue()
	pair, err := json.Marshal(map[string]any{
		"access_token": w.sim.living(), "refresh_token": "refresh-9", "account": account, "expires_in": 3600,
	})
	if err != nil {
		t.Fatal(err)
	}
	post := func(key string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, "/callback/"+w.app.ID, strings.NewReader(string(pair)))
		r.Header.Set("Sign", sign(string(pair), key))
		answer := httptest.NewRecorder()
		w.pages.ServeHTTP(answer, r)
		return answer
	}
	if a := post("another secret"); a.Code < 400 || strings.Contains(a.Body.String(), "success") {
		t.Errorf("a forged pair is answered %d %q", a.Code, a.Body)
	}
	if a := post(secret); a.Code != http.StatusOK || a.Body.String() != "success" {
		t.Fatalf("a pair is answered %d %q, want the platform's word", a.Code, a.Body)
	}
	g, err := w.store.GrantOf(t.Context(), gk.Engine(), w.app.ID, gk.KindAccount, account)
	if err != nil || g.State != gk.Active || w.token(g.ID) != w.sim.living() {
		t.Errorf("the grant is %s, %v; want active with the pair that was posted", g.State, err)
	}
}

// TestToyTakesATokenThatTheMerchantPastes: the platform is asked whose it is before anything is stored.
func TestToyTakesATokenThatTheMerchantPastes(t *testing.T) {
	w := open(t, of("pasted"))
	token := w.sim.issue()
	_, path := w.link(consent.BeginInput{Owner: "cust-1"})
	if page := read(t, w.ask(path, nil)); !strings.Contains(page, `name="token"`) || !strings.Contains(page, "Toy token") {
		t.Fatalf("the page does not ask for the token:\n%s", page)
	}
	for name, bad := range map[string]string{"nothing": " ", "a sentence": "my token is", "somebody's guess": "access-0", "too much": strings.Repeat("x", 5000)} {
		res := w.ask(path, url.Values{"token": {bad}})
		page := read(t, res)
		if res.StatusCode != http.StatusUnprocessableEntity || strings.Contains(page, `value="`+bad) || len(bad) > 1 && strings.Contains(page, bad) {
			t.Errorf("%s: status %d, want the page again without what was typed", name, res.StatusCode)
		}
	}
	if res := w.ask(path, url.Values{}); res.StatusCode < 400 {
		t.Errorf("a press without a token is answered %d", res.StatusCode)
	}
	res := w.ask(path, url.Values{"token": {"  " + token + "\n"}})
	if res.StatusCode != http.StatusSeeOther || !strings.HasPrefix(res.Header.Get("Location"), "/connect/result/") {
		t.Fatalf("a good token is answered %d to %q", res.StatusCode, res.Header.Get("Location"))
	}
	g, err := w.store.GrantOf(t.Context(), gk.Engine(), w.app.ID, gk.KindAccount, account)
	if err != nil || g.State != gk.Active || g.Owner != "cust-1" || len(g.Shops) != 2 || w.token(g.ID) != token {
		t.Errorf("the grant is %s of %q with %d shops, %v; want active, cust-1 and 2", g.State, g.Owner, len(g.Shops), err)
	}
	if page := read(t, w.ask(res.Header.Get("Location"), nil, res.Cookies()...)); !strings.Contains(page, "onnected") {
		t.Errorf("the result does not tell of a connection:\n%s", page)
	}
	if res := w.ask(path, url.Values{"token": {token}}); res.StatusCode == http.StatusSeeOther {
		t.Error("a used link takes another token")
	}
}

// TestToyAsksForTheAppsOwnTokenWithATicket: what the platform pushes lies sealed, the app's token is a grant of its own that
// is asked for once and refreshed by itself, and requests about accounts carry it.
func TestToyAsksForTheAppsOwnTokenWithATicket(t *testing.T) {
	w := open(t)
	app, err := w.store.App(t.Context(), gk.Engine(), w.app.ID)
	if err != nil || strings.Contains(string(app.Secrets), "ticket-1") {
		t.Fatalf("the ticket lies open, or %v", err)
	}
	g := w.connect()
	w.refresh(g.ID)
	own, err := w.store.GrantOf(t.Context(), gk.Engine(), w.app.ID, gk.KindApp, w.app.ID)
	if err != nil || own.State != gk.Active || own.Owner != "" || w.sim.ownAsked() != 1 {
		t.Fatalf("the app's own grant is %s of %q, asked for %d times, %v; want active, nobody's, once", own.State, own.Owner, w.sim.ownAsked(), err)
	}
	w.sim.rotate("ticket-2")
	w.pass(110 * time.Minute)
	if w.refresh(g.ID); w.grant(g.ID).Fault == nil {
		t.Error("a refresh went out although the app's token could not be had with the ticket of before")
	}
	if code := w.push("ticket ticket-2", secret); code != http.StatusOK {
		t.Fatalf("the ticket is answered %d", code)
	}
	w.pass(10 * time.Minute)
	if after := w.refresh(g.ID); after.Generation != 3 || w.token(g.ID) != w.sim.living() {
		t.Errorf("with the ticket of now the grant has generation %d, want 3", after.Generation)
	}
	if code := w.push("ticket ticket-3", "another secret"); code != http.StatusUnauthorized {
		t.Errorf("a forged ticket is answered %d, want 401", code)
	}
	use, _, err := w.keeper.Use(t.Context(), gk.Engine(), g.ID, keeper.TokenWant{})
	if err != nil || use.App.Token == nil || use.App.Token.Token.Access.Reveal() != w.sim.ownToken() {
		t.Errorf("a call does not carry the app's own token, %v", err)
	}
}

// TestToyTellsOfAnEndWithoutADay: a message that says only that the end is near gives the latest day that it can mean.
func TestToyTellsOfAnEndWithoutADay(t *testing.T) {
	w := open(t)
	g := w.connect()
	w.pass(time.Hour)
	n := platform.Notice{Kind: platform.NoticeExpiring, Subjects: []gk.Subject{g.Subject}, At: w.keeper.Now()}
	if err := w.pushes.Hear(t.Context(), w.app.ID, n); err != nil {
		t.Fatal(err)
	}
	end := w.grant(g.ID).Ceiling
	if left := end.Sub(n.At); left != 48*time.Hour {
		t.Fatalf("the authorization ends in %s, want the 48 hours within which the platform tells", left)
	}
	n.At = n.At.Add(24 * time.Hour)
	w.pass(24 * time.Hour)
	if err := w.pushes.Hear(t.Context(), w.app.ID, n); err != nil || !w.grant(g.ID).Ceiling.Equal(end) {
		t.Errorf("the next day's message moved the end to %s, %v", w.grant(g.ID).Ceiling, err)
	}
}
