package api_test

import (
	"net/http"
	"strings"
	"testing"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/consent"
)

func TestDryRunOfALimitedKeySeesNothingForeign(t *testing.T) {
	h := newHouse(t)
	h.addKey("ann", gk.Scopes(), []string{"ann"}, nil)
	h.addGrant(h.app, "50", "bob", nil)
	h.addGrant(h.app, "51", "", nil)
	gone := h.addGrant(h.app, "52", "bob", nil)
	if err := h.keeper.Revoke(t.Context(), gk.Engine(), gone.ID); err != nil {
		t.Fatal(err)
	}
	for _, shop := range []string{"50", "51", "52", "999"} {
		for _, query := range []string{"?dry_run=true&rows=true", "?dry_run=true&rows=true&replace=true"} {
			out := h.send("ann", query, h.imported(shop, set("issued_at", h.now)))
			if out.Created != 1 || len(out.Rows) != 1 || out.Rows[0].Grant != "" || out.Rows[0].Error != "" {
				t.Errorf("shop %s, %s = %+v, want it as if nobody had it", shop, query, out)
			}
		}
	}
}

func TestImportOfALimitedKeyIsHeld(t *testing.T) {
	h := newHouse(t)
	h.addKey("ann", gk.Scopes(), []string{"ann"}, nil)
	if out := h.send("ann", "", h.imported("60", nil)); out.Created != 1 {
		t.Fatalf("import = %+v", out)
	}
	if out := h.send("ann", "", h.imported("60", nil)); out.Kept != 1 {
		t.Errorf("the same again = %+v, want it kept", out)
	}
	if out := h.send("ann", "", h.imported("60", set("issued_at", h.now))); out.Replaced != 1 {
		t.Errorf("a newer one = %+v, want it in its place", out)
	}
	if got := h.token("60"); got != "/problems/held" {
		t.Errorf("its token = %s, want that it is held", got)
	}
	if out := h.send("all", "", h.imported("61", set("owner", "ann"))); out.Created != 1 || h.token("61") != accessToken {
		t.Errorf("from a key without limit = %+v, token %s; want it active at once", out, h.token("61"))
	}
}

func TestReplayLooksAgainWhetherTheViewerStillMay(t *testing.T) {
	h := newHouse(t)
	h.addKey("ann", gk.Scopes(), []string{"ann"}, nil)
	g := h.addGrant(h.app, "100", "ann", nil)
	path, body := "/v1/grants/"+g.ID+"/sign", `{"call":{"method":"GET","path":"/openapi/2022-01/shop"}}`
	if a := h.do("ann", http.MethodPost, path, body, "Idempotency-Key", "one"); a.status != http.StatusOK {
		t.Fatalf("sign = %d\n%s", a.status, a.body)
	}
	if a := h.do("ann", http.MethodPost, path, body, "Idempotency-Key", "one"); a.status != http.StatusOK {
		t.Fatalf("its repeat = %d\n%s", a.status, a.body)
	}
	bob := "bob"
	if a := h.do("all", http.MethodPatch, "/v1/grants/"+g.ID, `{"owner":"`+bob+`"}`); a.status != http.StatusOK {
		t.Fatalf("move = %d\n%s", a.status, a.body)
	}
	a := h.do("ann", http.MethodPost, path, body, "Idempotency-Key", "one")
	if a.status != http.StatusNotFound || strings.Contains(a.body, accessToken) {
		t.Errorf("the repeat, once the grant is another's = %d, want 404\n%s", a.status, a.body)
	}
	b := h.addGrant(h.app, "101", "ann", nil)
	path = "/v1/grants/" + b.ID + "/sign"
	if a := h.do("ann", http.MethodPost, path, body, "Idempotency-Key", "two"); a.status != http.StatusOK {
		t.Fatalf("sign = %d\n%s", a.status, a.body)
	}
	if err := h.keeper.Revoke(t.Context(), gk.Engine(), b.ID); err != nil {
		t.Fatal(err)
	}
	if a := h.do("ann", http.MethodPost, path, body, "Idempotency-Key", "two"); a.status != http.StatusGone {
		t.Errorf("the repeat, once the grant is revoked = %d, want 410\n%s", a.status, a.body)
	}
}

func TestOwnersAreValidText(t *testing.T) {
	h := newHouse(t)
	g := h.addGrant(h.app, "100", "ann", nil)
	const lone = `\ud800x`
	for _, c := range []struct{ name, method, path, body string }{
		{"link", http.MethodPost, "/v1/authorizations", `{"app":"` + h.app.ID + `","owner":"` + lone + `"}`},
		{"grant", http.MethodPost, "/v1/apps/" + h.app.ID + "/grants", `{"owner":"` + lone + `","token":{"access":"x"}}`},
		{"move", http.MethodPatch, "/v1/grants/" + g.ID, `{"owner":"` + lone + `"}`},
		{"confirm", http.MethodPost, "/v1/grants/" + g.ID + "/confirm", `{"owner":"` + lone + `"}`},
		{"recover", http.MethodPost, "/v1/apps/" + h.app.ID + "/recover", `{"owner":"` + lone + `","codes":{"resend_code":"x"}}`},
		{"key", http.MethodPost, "/v1/keys", `{"name":"k","scopes":["read"],"owners":["` + lone + `"]}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := h.do("all", c.method, c.path, c.body)
			if a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, "owner") {
				t.Errorf("%d, want 422 that names the owner\n%s", a.status, a.body)
			}
		})
	}
	row := strings.Replace(h.imported("70", set("owner", "LONE")), "LONE", lone, 1)
	if out := h.send("all", "", row); out.Failed != 1 || !strings.Contains(out.Errors[0].Error, "owner") {
		t.Errorf("import = %+v, want a failure that names the owner", out)
	}
	if now, err := h.store.Grant(t.Context(), gk.Engine(), g.ID); err != nil || now.Owner != "ann" {
		t.Errorf("the grant's owner = %q, %v; want it as it was", now.Owner, err)
	}
}

func TestAuthorizationIsFoundByItsNumber(t *testing.T) {
	h := newHouse(t)
	h.addKey("ann", gk.Scopes(), []string{"ann"}, nil)
	h.addKey("bob", gk.Scopes(), []string{"bob"}, nil)
	a, _, err := h.flow.Begin(t.Context(), gk.Engine(), consent.BeginInput{App: h.app.ID, Owner: "ann", Shop: "demo-1.myshoplaza.com"})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := h.flow.Begin(t.Context(), gk.Engine(), consent.BeginInput{App: h.app.ID, Owner: "ann2"}); err != nil {
		t.Fatal(err)
	}
	number := a.Number()
	for _, name := range []string{a.ID, number, strings.ToLower(number)} {
		got := h.do("ann", http.MethodGet, "/v1/authorizations/"+name, "")
		if got.status != http.StatusOK || got.member(t, "id") != a.ID || got.member(t, "number") != number {
			t.Errorf("GET %s = %d\n%s", name, got.status, got.body)
		}
	}
	if got := h.do("bob", http.MethodGet, "/v1/authorizations/"+number, ""); got.status != http.StatusNotFound {
		t.Errorf("by another owner = %d, want 404", got.status)
	}
	for q, want := range map[string]int{number: 1, a.ID[:10]: 2, "DEMO-1": 1, "ann": 2, "ann2": 1, "nn": 0, "AUT-ZZZZZZ": 0, "%25": 0} {
		got := h.do("all", http.MethodGet, "/v1/authorizations?q="+q, "")
		if items, ok := got.member(t, "items").([]any); !ok || len(items) != want {
			t.Errorf("q=%s finds %d, want %d\n%s", q, len(items), want, got.body)
		}
	}
}

func TestKeptAnswerIsShownAndPlaced(t *testing.T) {
	h := newHouse(t)
	a, _, err := h.flow.Begin(t.Context(), gk.Engine(), consent.BeginInput{App: h.app.ID, Owner: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	path := "/v1/authorizations/" + a.ID
	if a := h.do("all", http.MethodPost, path+"/place", `{}`); a.status != http.StatusUnprocessableEntity {
		t.Errorf("an authorization that keeps nothing = %d, want 422\n%s", a.status, a.body)
	}
	c := gk.Click{
		ID: "clk_kept", Authorization: a.ID, App: h.app.ID, Stage: gk.Issued, Reason: gk.ReasonUnplaced, Answer: gk.Sealed("damaged"),
		CreatedAt: h.now, UpdatedAt: h.now, SpentAt: h.now,
	}
	if err := h.store.CreateClick(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if a := h.do("all", http.MethodGet, path, ""); a.member(t, "kept") != true {
		t.Errorf("the authorization does not show that it keeps an answer\n%s", a.body)
	}
	for body, want := range map[string]int{
		`{"subject":{"kind":"account","id":"1"}}`: http.StatusUnprocessableEntity,
		`{"subject":{"kind":"shop","id":""}}`:     http.StatusUnprocessableEntity,
		`{"owner":"bob"}`:                         http.StatusUnprocessableEntity,
	} {
		if a := h.do("all", http.MethodPost, path+"/place", body); a.status != want {
			t.Errorf("%s = %d, want %d\n%s", body, a.status, want, a.body)
		}
	}
	h.addKey("ann", gk.Scopes(), []string{"ann"}, nil)
	if a := h.do("ann", http.MethodPost, path+"/place", `{}`); a.status != http.StatusForbidden {
		t.Errorf("by a limited key = %d, want 403\n%s", a.status, a.body)
	}
}
