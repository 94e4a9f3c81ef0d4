package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

// export downloads and opens a file of all that a key sees.
func (h *house) export(key, query string) string {
	h.t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		h.t.Fatal(err)
	}
	a := h.do(key, http.MethodGet, "/v1/grants/export?recipient="+id.Recipient().String()+query, "")
	if a.status != http.StatusOK || a.header.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(a.header.Get("Content-Disposition"), "attachment") {
		h.t.Fatalf("export = %d %v\n%s", a.status, a.header, a.body)
	}
	if found := secretsIn(a.body); len(found) > 0 {
		h.t.Errorf("the file holds %v in clear", found)
	}
	plain, err := age.Decrypt(strings.NewReader(a.body), id)
	if err != nil {
		h.t.Fatal(err)
	}
	text, err := io.ReadAll(plain)
	if err != nil {
		h.t.Fatal(err)
	}
	return string(text)
}

func TestExport(t *testing.T) {
	h := newHouse(t)
	h.addKey("takes", scopesOf("export"), nil, nil)
	h.addKey("takes-ann", scopesOf("export"), []string{"ann"}, nil)
	other := h.addApp("other")
	h.addKey("takes-other", scopesOf("export"), nil, []string{other.ID})
	h.addGrant(h.app, "1", "ann", nil)
	h.addGrant(h.app, "2", "bob", func(g *gk.Grant) { g.Subject.Name = "=cmd()" })
	h.addGrant(other, "3", "bob", nil)
	h.addGrant(h.app, "4", "ann", func(g *gk.Grant) { g.State = gk.Held })
	gone := h.addGrant(h.app, "5", "ann", nil)
	if err := h.keeper.Revoke(t.Context(), gk.Engine(), gone.ID); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		key, query string
		want       []string
	}{
		{"takes", "", []string{"1", "2", "3"}},
		{"takes", "&app=" + other.ID, []string{"3"}},
		{"takes", "&owner=bob&platform=shoplazza&state=active", []string{"2", "3"}},
		{"takes-ann", "", []string{"1"}},
		{"takes-ann", "&owner=bob", nil},
		{"takes-other", "", []string{"3"}},
	} {
		var got []string
		for line := range strings.Lines(h.export(c.key, c.query)) {
			var row struct {
				Subject         gk.Subject
				Access, Refresh string
			}
			if err := json.Unmarshal([]byte(line), &row); err != nil || row.Access != accessToken || row.Refresh != refreshToken {
				t.Errorf("a row of the export is %s, %v", line, err)
			}
			got = append(got, row.Subject.ID)
		}
		slices.Sort(got) // ids of one millisecond have no order
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("export of %s with %q (-want +got):\n%s", c.key, c.query, diff)
		}
	}
	if table := h.export("takes", "&format=csv"); !strings.Contains(table, `"'=cmd()"`) || strings.Count(table, "\r\n") != 4 {
		t.Errorf("the table is\n%s\nwant a head, three rows and no formula", table)
	}
	if !strings.Contains(fmt.Sprint(kinds(h)), gk.EventAppChanged) {
		t.Error("no event tells of the export")
	}
	h.expectNoSecrets()
}

// Of four grants one has a row that cannot be read, one tokens that do not open, and one an app that is stopped.
func TestExportNamesWhatItLeavesOut(t *testing.T) {
	h := newHouse(t)
	h.addKey("takes", scopesOf("export"), nil, nil)
	stopped := h.addApp("stopped")
	h.addGrant(h.app, "1", "ann", nil)
	rotten := h.addGrant(h.app, "2", "ann", nil)
	sealed := h.addGrant(h.app, "3", "ann", func(g *gk.Grant) { g.Access = gk.Sealed("no ciphertext") })
	waiting := h.addGrant(stopped, "4", "ann", nil)
	h.damage(`grants SET facts = '{rotten' WHERE id = '` + rotten.ID + `'`)
	if a := h.do("all", http.MethodPost, "/v1/apps/"+stopped.ID+"/stop", ""); a.status != http.StatusOK {
		t.Fatalf("stop = %d\n%s", a.status, a.body)
	}
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	query := "/v1/grants/export?recipient=" + id.Recipient().String()
	if file := h.export("takes", ""); strings.Count(file, "\n") != 1 || !strings.Contains(file, `"id":"1"`) {
		t.Errorf("the file holds\n%s\nwant the one sound grant", file)
	}
	a := h.do("takes", http.MethodGet, query, "")
	left := strings.Split(a.trailer.Get("Grantkeep-Left-Out"), ", ")
	slices.Sort(left)
	want := []string{rotten.ID + " damaged", sealed.ID + " damaged", waiting.ID + " stopped"}
	slices.Sort(want)
	if diff := cmp.Diff(want, left); diff != "" {
		t.Errorf("left out (-want +got):\n%s", diff)
	}
	if a := h.do("takes", http.MethodGet, query+"&app="+stopped.ID, ""); a.status != http.StatusConflict {
		t.Errorf("an export of the stopped app alone = %d, want 409\n%s", a.status, a.body)
	}
}

func TestExportRefusesRequests(t *testing.T) {
	h := newHouse(t)
	h.addKey("most", scopesOf("read", "token", "call", "app_call", "link", "manage", "admin"), nil, nil)
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	good := "?recipient=" + id.Recipient().String()
	for _, c := range []struct {
		key, query string
		want       int
	}{
		{"most", good, http.StatusForbidden},
		{"all", "", http.StatusUnprocessableEntity},
		{"all", "?recipient=age1nobody", http.StatusUnprocessableEntity},
		{"all", "?recipient=" + id.String(), http.StatusUnprocessableEntity},
		{"all", good + "&format=xlsx", http.StatusUnprocessableEntity},
		{"all", good + "&state=held", http.StatusUnprocessableEntity},
		{"all", good + "&limit=1", http.StatusUnprocessableEntity},
		{"all", good + "&recipient=x", http.StatusUnprocessableEntity},
	} {
		a := h.do(c.key, http.MethodGet, "/v1/grants/export"+c.query, "")
		if a.status != c.want || strings.Contains(a.body, id.String()) {
			t.Errorf("export%s by %s = %d, want %d\n%s", c.query, c.key, a.status, c.want, a.body)
		}
	}
}

// TestMovingHouse exports from one installation, imports into another, and has the grants refreshed there, on a platform
// that would end a pair that both used.
func TestMovingHouse(t *testing.T) {
	box := startBox(t)
	reach := network{dial: box.memory.DialContext, allow: []string{strings.TrimPrefix(box.base, "http://")}}
	from, to := newHouseOn(t, reach), newHouseOn(t, reach)
	from.now = box.running.Clock.Now()
	to.now = from.now
	app := from.boxApp(t, box)
	grant := from.connect(t, box, app)
	before := box.holds(t)

	file := from.export("all", "")
	from.close()

	target := to.boxApp(t, box)
	rows := strings.ReplaceAll(file, app, target)
	out := to.send("all", "", rows)
	if out.Created != 1 {
		t.Fatalf("import = %+v, want the one grant made", out)
	}
	row, err := to.store.Grants(t.Context(), gk.Engine(), store.GrantFilter{})
	if err != nil || len(row) != 1 {
		t.Fatalf("%d grants, %v", len(row), err)
	}
	moved := row[0]
	if moved.ID == grant.ID || moved.Owner != "ann" || !moved.Subject.Same(grant.Subject) || !moved.Expires.Equal(grant.Expires) ||
		!moved.AuthorizedAt.Equal(grant.AuthorizedAt) || cmp.Diff(grant.Scopes, moved.Scopes) != "" || cmp.Diff(grant.Shops, moved.Shops) != "" {
		t.Errorf("the grant moved is\n%+v\nwant it like\n%+v", moved, grant)
	}
	if a := to.do("all", http.MethodPost, "/v1/grants/"+moved.ID+"/refresh", "{}"); a.status != http.StatusOK || a.member(t, "fault") != nil {
		t.Errorf("refresh there = %d\n%s", a.status, a.body)
	}
	a := to.do("all", http.MethodGet, "/v1/grants/"+moved.ID+"/token", "")
	if got := a.member(t, "access_token"); got == before || got != box.holds(t) {
		t.Errorf("the token there is not the renewed one that the platform holds")
	}
	if bytes.Contains([]byte(to.log.String()), []byte(before)) {
		t.Error("the log holds the token")
	}
}

// TestImportAsksWhoseATokenIs imports a table that knows its shops by their hosts alone.
func TestImportAsksWhoseATokenIs(t *testing.T) {
	box := startBox(t)
	h := newHouseOn(t, network{dial: box.memory.DialContext, allow: []string{strings.TrimPrefix(box.base, "http://")}})
	h.now = box.running.Clock.Now()
	app := h.boxApp(t, box)
	grant := h.connect(t, box, app)
	row := func(access string) string {
		return fmt.Sprintf(`{"app":%q,"subject":{"host":%q},"access":%q,"issued_at":%d,"expires_at":%d}`+"\n",
			app, box.host, access, h.now.Add(time.Minute).Unix(), grant.Expires.Unix())
	}
	out := h.send("all", "?rows=true", row(box.holds(t))+row("made-up"))
	if out.Replaced != 1 || out.Rows[1].Grant != grant.ID && out.Rows[0].Grant != grant.ID {
		t.Errorf("import = %+v, want that the row is known as %s", out, grant.ID)
	}
	if out.Failed != 1 || !strings.Contains(out.Errors[0].Error, "the platform refused the token") {
		t.Errorf("a token that is none = %+v, want it refused by the platform", out.Errors)
	}
}

// boxApp adds the simulated platform's app.
func (h *house) boxApp(t *testing.T, b *box) string {
	t.Helper()
	a := h.do("all", http.MethodPost, "/v1/apps", b.describe(t))
	if a.status != http.StatusCreated {
		t.Fatalf("POST /v1/apps = %d\n%s", a.status, a.body)
	}
	b.tell(t, "POST", "/shoplazza/apps", map[string]any{"client_id": b.app["client_id"], "redirect_uri": a.member(t, "callback")})
	return fmt.Sprint(a.member(t, "id"))
}

// connect leads the simulated shop's merchant through a consent for ann.
func (h *house) connect(t *testing.T, b *box, app string) gk.Grant {
	t.Helper()
	auth, link, err := h.flow.Begin(t.Context(), gk.Engine(), consent.BeginInput{App: app, Owner: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	_, secret, _ := strings.Cut(link, "/connect/")
	pressed, err := h.flow.Press(t.Context(), secret, b.host)
	if err != nil {
		t.Fatal(err)
	}
	callback, _ := b.tell(t, "POST", "/shoplazza/consent", map[string]any{"url": pressed.URL, "shops": []string{b.shop}})["callback"].(string)
	cookie := func(string) string { return pressed.CookieValue }
	if _, err := h.flow.Callback(t.Context(), app, platform.Incoming{Method: http.MethodGet, URL: callback}, cookie); err != nil {
		t.Fatalf("callback: %v", err)
	}
	done, err := h.store.Authorization(t.Context(), gk.Engine(), auth.ID)
	if err != nil || len(done.Grants) != 1 {
		t.Fatalf("the authorization has the grants %v, %v", done.Grants, err)
	}
	g, err := h.store.Grant(t.Context(), gk.Engine(), done.Grants[0])
	if err != nil {
		t.Fatal(err)
	}
	return g
}
