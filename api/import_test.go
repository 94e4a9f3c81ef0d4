package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api"
	"github.com/grantkeep/grantkeep/store"
)

// imported is a row of an import of the first app: a pair issued an hour ago. change may make it something else.
func (h *house) imported(shop string, change func(row map[string]any)) string {
	h.t.Helper()
	row := map[string]any{
		"app": h.app.ID, "subject": map[string]any{"kind": "shop", "id": shop, "host": "shop-" + shop + ".myshoplaza.com"},
		"access": accessToken, "refresh": refreshToken, "issued_at": h.now.Add(-time.Hour), "expires_at": h.now.Add(24 * time.Hour).Unix(),
	}
	if change != nil {
		change(row)
	}
	b, err := json.Marshal(row)
	if err != nil {
		h.t.Fatal(err)
	}
	return string(b) + "\n"
}

// send imports a body and returns what became of it.
func (h *house) send(key, query, body string) api.Import {
	h.t.Helper()
	a := h.do(key, http.MethodPost, "/v1/grants/import"+query, body)
	var out api.Import
	if err := json.Unmarshal([]byte(a.body), &out); err != nil || a.status != http.StatusOK {
		h.t.Fatalf("import = %d, %v\n%s", a.status, err, a.body)
	}
	return out
}

// token reads the access token of a shop's grant; a problem's name where there is none.
func (h *house) token(shop string) string {
	h.t.Helper()
	a := h.do("all", http.MethodGet, "/v1/token?app="+h.app.ID+"&subject=shop:"+shop+"&min_valid=0&wait=0", "")
	if a.status != http.StatusOK {
		return fmt.Sprint(a.member(h.t.(*testing.T), "type"))
	}
	return fmt.Sprint(a.member(h.t.(*testing.T), "access_token"))
}

func set(name string, value any) func(map[string]any) {
	return func(row map[string]any) { row[name] = value }
}

func TestImportIsIdempotent(t *testing.T) {
	h := newHouse(t)
	body := h.imported("1", nil) + "\n" + h.imported("2", set("owner", "ann")) + h.imported("3", set("expires_at", h.now.Add(-time.Minute)))
	if out := h.send("all", "?dry_run=true", body); out.Created != 3 || !out.DryRun || h.token("1") != "/problems/not-found" {
		t.Errorf("dry run = %+v, token %s; want three made and none stored", out, h.token("1"))
	}
	if out := h.send("all", "", body); out.Imported != 3 || out.Created != 3 || out.Failed != 0 {
		t.Errorf("import = %+v, want three made", out)
	}
	if got := h.token("1"); got != accessToken {
		t.Errorf("token = %s, want the imported one", got)
	}
	for _, shop := range []string{"1", "3"} {
		g, err := h.store.GrantOf(t.Context(), gk.Engine(), h.app.ID, gk.KindShop, shop)
		if err != nil {
			t.Fatal(err)
		}
		if g.State != gk.Active || !g.Renewable || g.DueAt.IsZero() || len(g.Shops) != 1 {
			t.Errorf("shop %s: %s, renewable %v, due %s, shops %v; want it active, and to be renewed", shop, g.State, g.Renewable, g.DueAt, g.Shops)
		}
		if due := !g.DueAt.After(h.now); due != (shop == "3") {
			t.Errorf("shop %s is due at %s, now is %s", shop, g.DueAt, h.now)
		}
		events, err := h.store.History(t.Context(), gk.Engine(), g.ID, "", 0)
		if err != nil || len(events) != 1 || events[0].Kind != gk.EventGrantCreated || events[0].Actor != "key_all" || events[0].Data["import"] != true {
			t.Errorf("history = %v, %v; want that the key made it by import", events, err)
		}
	}
	if out := h.send("all", "?rows=true", body); out.Imported != 3 || out.Kept != 3 || len(out.Rows) != 3 || out.Rows[1].Line != 3 || out.Rows[1].Grant == "" {
		t.Errorf("the same again = %+v, want three kept, told by line", out)
	}
	h.expectNoSecrets()
}

func TestTheNewerPairStands(t *testing.T) {
	for _, c := range []struct {
		name, query string
		change      func(row map[string]any, now time.Time)
		want        string
	}{
		{"older by issue", "", func(r map[string]any, now time.Time) { r["issued_at"] = now.Add(-2 * time.Hour) }, "kept"},
		{"older by issue, later end", "", func(r map[string]any, now time.Time) {
			r["issued_at"], r["expires_at"] = now.Add(-2*time.Hour), now.Add(99*time.Hour)
		}, "kept"},
		{"newer by issue", "", func(r map[string]any, now time.Time) { r["issued_at"] = now.Add(-time.Minute) }, "replaced"},
		{"newer by end", "", func(r map[string]any, now time.Time) {
			delete(r, "issued_at")
			r["expires_at"] = now.Add(25 * time.Hour)
		}, "replaced"},
		{"same end", "", func(r map[string]any, _ time.Time) { delete(r, "issued_at") }, "kept"},
		{"older, replaced all the same", "?replace=true", func(r map[string]any, now time.Time) { r["issued_at"] = now.Add(-2 * time.Hour) }, "replaced"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t)
			h.send("all", "", h.imported("1", nil))
			out := h.send("all", c.query+"", h.imported("1", func(r map[string]any) {
				r["access"] = "another-token"
				c.change(r, h.now)
			}))
			if got := map[string]int{"kept": out.Kept, "replaced": out.Replaced}; got[c.want] != 1 {
				t.Errorf("import = %+v, want it %s", out, c.want)
			}
			want := accessToken
			if c.want == "replaced" {
				want = "another-token"
			}
			if got := h.token("1"); got != want {
				t.Errorf("the token is %s, want %s", got, want)
			}
		})
	}
	t.Run("twice in one file", func(t *testing.T) {
		h := newHouse(t)
		h.send("all", "", h.imported("1", func(r map[string]any) { r["access"], r["issued_at"] = "newer", h.now })+h.imported("1", nil))
		if got := h.token("1"); got != "newer" {
			t.Errorf("the token is %s, want that of the newer row", got)
		}
	})
}

func TestImportRefusesRows(t *testing.T) {
	h := newHouse(t)
	h.addKey("ann", gk.Scopes(), []string{"ann"}, nil)
	h.addKey("two", gk.Scopes(), []string{"ann", "bob"}, nil)
	h.addKey("elsewhere", gk.Scopes(), nil, []string{"app_other"})
	h.addGrant(h.app, "50", "bob", nil)
	h.addGrant(h.app, "51", "", nil)
	h.addGrant(h.app, "52", "ann", func(g *gk.Grant) { g.State = gk.Held })
	gone := h.addGrant(h.app, "53", "ann", nil)
	if err := h.keeper.Revoke(t.Context(), gk.Engine(), gone.ID); err != nil {
		t.Fatal(err)
	}
	newer := set("issued_at", h.now)
	for _, c := range []struct{ name, key, row, want string }{
		{"no app", "all", h.imported("1", set("app", "")), "app: is missing"},
		{"an app of others", "elsewhere", h.imported("1", nil), "app: is none"},
		{"a foreign kind", "all", h.imported("1", set("subject", map[string]any{"kind": "account", "id": "1"})), "subject.kind"},
		{"no host", "all", h.imported("1", set("subject", map[string]any{"id": "1"})), "subject.host: is missing"},
		{"a foreign host", "all", h.imported("1", set("subject", map[string]any{"id": "1", "host": "x.evil.example"})), "subject.host"},
		{"a host with a port", "all", h.imported("1", set("subject", map[string]any{"id": "1", "host": "x.myshoplaza.com:8080"})), "subject.host"},
		{"a host with a user", "all", h.imported("1", set("subject", map[string]any{"id": "1", "host": "https://a@x.myshoplaza.com"})), "subject.host"},
		{"no token", "all", h.imported("1", set("access", "")), "access: is missing"},
		{"a token of two lines", "all", h.imported("1", set("access", accessToken+"\nX: y")), "access: is no token"},
		{"a refresh token with blanks", "all", h.imported("1", set("refresh", refreshToken+" ")), "refresh: is no token"},
		{"no end", "all", h.imported("1", set("expires_at", nil)), "expires_at: is missing"},
		{"milliseconds", "all", h.imported("1", set("expires_at", h.now.UnixMilli())), "expires_at: is before 2010 or too far"},
		{"issued tomorrow", "all", h.imported("1", set("issued_at", h.now.Add(24*time.Hour))), "issued_at: is before 2010 or too far"},
		{"ended before it began", "all", h.imported("1", set("expires_at", h.now.Add(-2*time.Hour))), "expires_at: is not after"},
		{"a name with a line", "all", h.imported("1", set("owner", "a\nb")), "owner"},
		{"a shop twice", "all", h.imported("1", set("shops", []map[string]any{{"id": "1"}, {"id": "1"}})), "shops"},
		{"for another owner", "ann", h.imported("1", set("owner", "bob")), "owner: is outside"},
		{"for one of two, not said", "two", h.imported("1", nil), "owner: is outside"},
		{"of another owner", "ann", h.imported("50", newer), "subject: is not for this key"},
		{"of another owner, by its replacement", "ann", h.imported("50", nil), "subject: is not for this key"},
		{"of nobody", "ann", h.imported("51", newer), "subject: is not for this key"},
		{"held", "ann", h.imported("52", newer), "subject: is not for this key"},
		{"moved to another owner", "all", h.imported("50", func(r map[string]any) { newer(r); r["owner"] = "ann" }), "owner: is not the owner"},
		{"revoked", "all", h.imported("53", newer), "subject: has a grant that was revoked"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := h.send(c.key, "", c.row+h.imported("9", func(r map[string]any) { r["owner"], r["app"] = "ann", h.app.ID }))
			if out.Failed < 1 || len(out.Errors) < 1 || out.Errors[0].Line != 1 || !strings.Contains(out.Errors[0].Error, c.want) {
				t.Errorf("import = %+v, want a failure of line 1 with %q", out, c.want)
			}
			if out.Imported != 1 && c.key != "elsewhere" {
				t.Errorf("the row behind it is not imported: %+v", out)
			}
			if found := secretsIn(fmt.Sprint(out)); len(found) > 0 {
				t.Errorf("the answer holds %v", found)
			}
		})
	}
	if out := h.send("ann", "", h.imported("60", nil)); out.Created != 1 {
		t.Errorf("a row without an owner, by a key with one = %+v, want it made", out)
	}
	g, err := h.store.GrantOf(t.Context(), gk.Engine(), h.app.ID, gk.KindShop, "60")
	if err != nil || g.Owner != "ann" {
		t.Errorf("its owner = %q, %v; want the key's", g.Owner, err)
	}
	if out := h.send("all", "?replace=true", h.imported("53", newer)); out.Replaced != 1 || h.token("53") != accessToken {
		t.Errorf("a revoked one, with replace = %+v, want it revived", out)
	}
	h.expectNoSecrets()
}

func TestImportRefusesRequests(t *testing.T) {
	h := newHouse(t)
	h.addKey("reads", scopesOf("read", "token", "export"), nil, nil)
	for _, c := range []struct {
		name, key, query, kind, body string
		want                         int
	}{
		{"no scope", "reads", "", "application/x-ndjson", "{}", http.StatusForbidden},
		{"an unknown parameter", "all", "?owner=x", "application/x-ndjson", "{}", http.StatusUnprocessableEntity},
		{"no truth", "all", "?replace=maybe", "application/x-ndjson", "{}", http.StatusUnprocessableEntity},
		{"no zone", "all", "?zone=Nowhere", "text/csv", "app\n", http.StatusUnprocessableEntity},
		{"no such column", "all", "?map=a:b", "text/csv", "a\n", http.StatusUnprocessableEntity},
		{"another type", "all", "", "image/png", "x", http.StatusUnsupportedMediaType},
		{"another encoding", "all", "", "text/csv; charset=utf-16", "x", http.StatusUnsupportedMediaType},
		{"a row without end", "all", "", "text/csv", "app\n\"" + strings.Repeat(accessToken+"\n", 9000), http.StatusUnprocessableEntity},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := h.do(c.key, http.MethodPost, "/v1/grants/import"+c.query, c.body, "Content-Type", c.kind)
			if a.status != c.want || len(secretsIn(a.body)) > 0 {
				t.Errorf("%d, want %d\n%s", a.status, c.want, a.body)
			}
		})
	}
}

func TestImportOfATable(t *testing.T) {
	h := newHouse(t)
	table := "\ufeffstore_id,store_domain,access_token,refresh_token,token_expires_at\r\n" +
		"1,shop-1.myshoplaza.com," + accessToken + "," + refreshToken + ",2026-03-05 20:00:00\r\n"
	a := h.do("all", http.MethodPost, "/v1/grants/import?zone=Asia/Shanghai&app="+h.app.ID, table, "Content-Type", "text/csv; charset=utf-8")
	if a.status != http.StatusOK || a.member(t, "imported") != 1.0 {
		t.Fatalf("import = %d\n%s", a.status, a.body)
	}
	g, err := h.store.GrantOf(t.Context(), gk.Engine(), h.app.ID, gk.KindShop, "1")
	if err != nil {
		t.Fatal(err)
	}
	if want := time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC); !g.Expires.Equal(want) || g.Subject.Host != "shop-1.myshoplaza.com" {
		t.Errorf("the grant ends at %s with host %s, want %s", g.Expires, g.Subject.Host, want)
	}
}

// TestAnImportThatBreaksOffIsResumed sends half a file whose last row is cut, then all of it.
func TestAnImportThatBreaksOffIsResumed(t *testing.T) {
	h := newHouse(t)
	var file strings.Builder
	for i := range 4200 {
		file.WriteString(h.imported(fmt.Sprint(i), nil))
	}
	text := file.String()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "https://api.example/v1/grants/import", &breaking{bytes.NewReader([]byte(text[:len(text)/2+7]))})
	r.Header.Set("Authorization", "Bearer "+h.keys["all"].Reveal())
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	if w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "broke off") {
		t.Errorf("a body that breaks off = %d\n%s", w.Code, w.Body.String())
	}
	before, err := h.store.Grants(t.Context(), gk.Engine(), store.GrantFilter{})
	if err != nil || len(before) == 0 || len(before) >= 4200 {
		t.Fatalf("%d grants are stored, %v; want some", len(before), err)
	}
	out := h.send("all", "", text)
	if out.Kept != len(before) || out.Created != 4200-len(before) {
		t.Errorf("the rest = %+v, want %d kept and the others made", out, len(before))
	}
}

// breaking is a body whose connection is lost.
type breaking struct{ *bytes.Reader }

func (b *breaking) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err != nil {
		return n, http.ErrBodyReadAfterClose
	}
	return n, nil
}

// BenchmarkImport imports grants that are not there; ns/op is for one of them.
func BenchmarkImport(b *testing.B) {
	h := newHouse(b)
	var file strings.Builder
	for i := range b.N {
		file.WriteString(h.imported(fmt.Sprint(i), nil))
	}
	b.ResetTimer()
	if out := h.send("all", "", file.String()); out.Created != b.N {
		b.Fatalf("import = %+v, want %d made", out, b.N)
	}
}
