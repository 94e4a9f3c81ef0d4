package keeper_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/outbound"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/all"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlite"
	"github.com/grantkeep/grantkeep/store/sqlite/sqlitetest"
	"github.com/grantkeep/grantkeep/vault"
)

// liar is a platform that answers every request as a test says, with a keeper and grants on it.
type liar struct {
	t        *testing.T
	answer   http.HandlerFunc
	keeper   *keeper.Keeper
	store    store.Store
	gate     *outbound.Gate
	allow    []string
	vault    *vault.Vault
	log      *logBook
	now      time.Time
	app      gk.App
	made     int
	workers  int          // of the instances made next; 0: each app finds its level
	restored atomic.Bool  // what is noted beside the database
	passed   atomic.Int64 // how far the clock was moved on
}

var identities = map[string]map[string]string{
	"shoplazza": {"client_id": "client", "client_secret": "canary-app-secret"},
	"shopee":    {"partner_id": "77", "partner_key": "canary-app-secret"},
	"eleme":     {"app_key": "appkey", "app_secret": "canary-app-secret"},
	"taobao":    {"app_key": "77", "app_secret": "canary-app-secret"},
}

func newLiar(t *testing.T, d platform.Driver) *liar {
	t.Helper()
	st, err := sqlite.Open(t.Context(), sqlitetest.Dir(t))
	if err != nil {
		t.Fatal(err)
	}
	return newLiarOn(t, d, st)
}

// newLiarOn is newLiar on a store, which it closes.
func newLiarOn(t *testing.T, d platform.Driver, st store.Store) *liar {
	t.Helper()
	l := &liar{t: t, log: &logBook{}, now: time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC), store: st}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { l.answer(w, r) }))
	t.Cleanup(server.Close)
	t.Cleanup(func() {
		if err := l.store.Close(); err != nil {
			t.Error(err)
		}
	})
	master := vault.NewMaster()
	wrapped, _, err := vault.Create(master)
	if err != nil {
		t.Fatal(err)
	}
	if l.vault, err = vault.Open(master, wrapped, "test"); err != nil {
		t.Fatal(err)
	}
	l.allow = []string{strings.TrimPrefix(server.URL, "http://")}
	if l.gate, err = outbound.New(outbound.Options{Allow: l.allow}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.gate.Close)
	l.keeper = l.instance(d, st)
	endpoints := map[string]string{}
	for _, e := range d.Spec().Facts.Endpoints {
		for name := range e.Bases {
			endpoints[name] = server.URL
		}
	}
	l.app, err = l.keeper.Apps().Create(t.Context(), gk.Engine(), apps.Input{Platform: d.Spec().Code, Settings: identities[d.Spec().Code], Endpoints: endpoints})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// instance makes a keeper on a store, as a process of its own would have it.
func (l *liar) instance(d platform.Driver, st store.Store) *keeper.Keeper {
	l.t.Helper()
	k, err := keeper.New(keeper.Options{
		Store: st, Vault: l.vault, Gate: l.gate, Drivers: []platform.Driver{d}, PublicURL: "https://hub.example", Allowed: l.allow,
		Restored: func(context.Context) (bool, error) { return l.restored.Load(), nil },
		Now:      func() time.Time { return l.now.Add(time.Duration(l.passed.Load())) },
		Workers:  l.workers,
		Log:      slog.New(slog.NewTextHandler(l.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return k
}

// grant stores a grant of its own, as a consent would have left it.
func (l *liar) grant() gk.Grant {
	l.t.Helper()
	l.made++
	g := gk.Grant{
		ID: gk.NewID("grt", l.now), App: l.app.ID, Platform: l.app.Platform, State: gk.Active, Renewable: true, Generation: 1, Version: 1,
		Origin:  gk.Origin{PairSpent: -1, PairAskedAt: l.now},
		Subject: gk.Subject{Kind: gk.KindShop, ID: fmt.Sprint(1000 + l.made)}, AuthorizedAt: l.now.Add(-time.Hour), CreatedAt: l.now, UpdatedAt: l.now,
		Pair:   gk.Pair{Expires: l.now.Add(3 * time.Hour), KeyID: l.vault.KeyID()},
		Pacing: gk.Pacing{DueAt: l.now.Add(time.Hour)},
	}
	switch l.app.Platform {
	case "shoplazza":
		g.Subject.Host = fmt.Sprintf("demo-%d.myshoplaza.com", l.made)
	case "eleme", "taobao":
		g.Subject.Kind = gk.KindAccount
	}
	for field, into := range map[string]*gk.Sealed{"access": &g.Access, "refresh": &g.Refresh} {
		sealed, err := l.vault.SealSecret(vault.Place{Table: "grants", Row: g.ID, Field: field, Generation: 1}, gk.NewSecret("canary-"+field+"-of-the-old-pair"))
		if err != nil {
			l.t.Fatal(err)
		}
		*into = sealed
	}
	err := l.store.PutGrants(context.Background(), l.app.ID, "", "", []gk.Subject{g.Subject}, l.now,
		func([]gk.Grant, *gk.Authorization, *gk.Click) ([]gk.Grant, []gk.Event, error) {
			return []gk.Grant{g}, nil, nil
		})
	if err != nil {
		l.t.Fatal(err)
	}
	return g
}

// refresh asks for a new pair, which the platform answers in its own way, and returns the row.
func (l *liar) refresh(g gk.Grant) gk.Grant {
	l.t.Helper()
	_, _ = l.keeper.Refresh(context.Background(), gk.Engine(), g.ID, true) // what counts is the row
	row, err := l.store.Grant(context.Background(), gk.Engine(), g.ID)
	if err != nil {
		l.t.Fatal(err)
	}
	return row
}

// say answers with a status and a body.
func say(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body) // who was asked may have hung up
	}
}

func bomb() []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.Copy(z, io.LimitReader(zeros{}, 16<<20)) // a buffer takes everything
	_ = z.Close()
	return b.Bytes()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// TestOldPairOutlivesEveryLie lets each platform answer a refresh with what no platform should: the pair that stands is
// served afterwards as before, and the grant is not ended.
func TestOldPairOutlivesEveryLie(t *testing.T) {
	packed := bomb()
	deep := strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)
	pair := func(access, refresh, life string) string {
		// One body that every platform's reader finds its own members in.
		return fmt.Sprintf(`{"access_token":%s,"refresh_token":%s,"expires_in":%s,"expire_in":%s,"re_expires_in":%s,"expires_at":%s,"token_type":"Bearer","error":"","message":"",`+
			`"store_id":"1001","taobao_user_id":"1001","shop_id":1001,"partner_id":77}`, access, refresh, life, life, life, life)
	}
	lies := map[string]http.HandlerFunc{
		"nothing":               say(200, ""),
		"an empty object":       say(200, "{}"),
		"null":                  say(200, "null"),
		"a list":                say(200, "[]"),
		"a number":              say(200, "1e400"),
		"HTML":                  say(200, "<!doctype html><title>log in</title>"),
		"HTML and 502":          say(502, "<html>bad gateway</html>"),
		"half":                  say(200, `{"access_token":"new-access","refresh_tok`),
		"deep":                  say(200, `{"access_token":`+deep+`}`),
		"deep at the top":       say(200, deep),
		"a megabyte and more":   say(200, `{"access_token":"`+strings.Repeat("a", 2<<20)+`"}`),
		"not UTF-8":             say(200, "{\"access_token\":\"\xff\xfe\xfd\",\"refresh_token\":\"\xff\",\"expires_in\":3600,\"expire_in\":3600}"),
		"empty access":          say(200, pair(`""`, `"new-refresh"`, "3600")),
		"both empty":            say(200, pair(`""`, `""`, "3600")),
		"types swapped":         say(200, pair(`{"a":1}`, `["x"]`, `"soon"`)),
		"life of minus one":     say(200, pair(`"new-access"`, `"new-refresh"`, "-1")),
		"life of 10^18":         say(200, pair(`"new-access"`, `"new-refresh"`, "1000000000000000000")),
		"life of 1e18":          say(200, pair(`"new-access"`, `"new-refresh"`, "1e18")),
		"life of 2^63":          say(200, pair(`"new-access"`, `"new-refresh"`, "9223372036854775808")),
		"life of a half":        say(200, pair(`"new-access"`, `"new-refresh"`, "0.5")),
		"line breaks in tokens": say(200, pair(`"new\r\naccess"`, `"new\u0000refresh"`, "-9223372036854775808")),
		"an unknown refusal":    say(400, `{"error":"flux_capacitor","message":"nobody knows this"}`),
		"500 and a refusal":     say(500, `{"error":"invalid_grant","error_description":"refresh token is invalid"}`),
		"a bomb": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(packed)
		},
		"no end": func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(bytes.Repeat([]byte(" "), 64<<10)); err != nil {
					return
				}
			}
		},
		"cut": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, `{"access_token":"new`)
		},
	}
	for _, d := range all.Drivers() {
		if _, ok := d.(platform.Refresher); !ok || identities[d.Spec().Code] == nil || d.Spec().Code == "shopeev1" {
			continue
		}
		t.Run(d.Spec().Code, func(t *testing.T) {
			t.Parallel()
			l := newLiar(t, d)
			for name, lie := range lies {
				l.answer = lie
				before := l.grant()
				after := l.refresh(before)
				if after.Generation != 1 || !bytes.Equal(after.Access, before.Access) || !bytes.Equal(after.Refresh, before.Refresh) {
					t.Errorf("%s: the pair was replaced", name)
				}
				if after.State != gk.Active || !after.Renewable && !after.InDoubt() {
					t.Errorf("%s: the grant is %s, renewable %v, fault %v", name, after.State, after.Renewable, after.Fault)
				}
				served, err := l.keeper.Token(context.Background(), gk.Engine(), before.ID, keeper.TokenWant{})
				if err != nil || served.Access.Reveal() != "canary-access-of-the-old-pair" {
					t.Errorf("%s: the old token is not served: %v", name, err)
				}
			}
			if strings.Contains(l.log.String(), "canary-") || strings.Contains(l.log.String(), "new-access") {
				t.Error("the log holds a secret")
			}
		})
	}
}

// TestNameCostsNoPair has each platform write names that are numbers, or cut within a character, beside a good pair.
func TestNameCostsNoPair(t *testing.T) {
	const good = `{"access_token":"new-access","refresh_token":"new-refresh","expires_in":3600,"expire_in":3600,"token_type":"Bearer",` +
		`"error":"","message":"","store_id":"1001","taobao_user_id":"1001","shop_id":1001,"partner_id":77`
	for _, d := range all.Drivers() {
		if _, ok := d.(platform.Refresher); !ok || identities[d.Spec().Code] == nil {
			continue
		}
		t.Run(d.Spec().Code, func(t *testing.T) {
			t.Parallel()
			for i, name := range []string{"", `"x"`, "5", "null", "\"\xe8\x8c\"", `["x"]`} {
				body := good
				for _, member := range []string{"store_name", "taobao_user_nick", "seller_name", "shop_name", "account", "locale"} {
					if name != "" {
						body += `,"` + member + `":` + name
					}
				}
				l := newLiar(t, d)
				l.answer = say(200, body+"}")
				switch after := l.refresh(l.grant()); {
				case i == 0 && after.Generation != 2:
					return // this platform wraps its pairs otherwise
				case after.Generation != 2:
					t.Errorf("a name of %q: generation %d, fault %v", name, after.Generation, after.Fault)
				}
			}
		})
	}
}

// TestRedirectOfATokenRequestIsNotFollowed lets each platform send a refresh elsewhere: nothing arrives there, and the
// grant stays as it is.
func TestRedirectOfATokenRequestIsNotFollowed(t *testing.T) {
	var arrived atomic.Int64
	sink := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { arrived.Add(1) }))
	defer sink.Close()
	for _, d := range all.Drivers() {
		if _, ok := d.(platform.Refresher); !ok || identities[d.Spec().Code] == nil {
			continue
		}
		l := newLiar(t, d)
		for _, status := range []int{301, 302, 303, 307, 308, 300, 304, 399} {
			for _, to := range []string{sink.URL + "/steal", "/elsewhere", "//" + strings.TrimPrefix(sink.URL, "http://") + "/x"} {
				l.answer = func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Path == "/elsewhere" {
						arrived.Add(1)
					}
					w.Header().Set("Location", to)
					w.WriteHeader(status)
				}
				before := l.grant()
				after := l.refresh(before)
				if after.State != gk.Active || after.Generation != 1 || !bytes.Equal(after.Access, before.Access) {
					t.Errorf("%s answered %d: the grant is %s of generation %d", l.app.Platform, status, after.State, after.Generation)
				}
			}
		}
	}
	if n := arrived.Load(); n != 0 {
		t.Errorf("%d requests were led elsewhere", n)
	}
}

// TestSwappedCiphertextIsNoToken moves sealed tokens between rows, fields and generations, as somebody with the database
// could: no reader gets one, and none is told that there is nothing.
func TestSwappedCiphertextIsNoToken(t *testing.T) {
	for _, d := range all.Drivers()[:1] {
		l := newLiar(t, d)
		l.answer = say(500, "")
		other := l.grant()
		for name, change := range map[string]func(g *gk.Grant){
			"another row's":            func(g *gk.Grant) { g.Access = other.Access },
			"another field's":          func(g *gk.Grant) { g.Access = g.Refresh },
			"another generation's":     func(g *gk.Grant) { g.Generation = 2 },
			"a byte of it":             func(g *gk.Grant) { g.Access = append(gk.Sealed{}, g.Access...); g.Access[len(g.Access)-1] ^= 1 },
			"half of it":               func(g *gk.Grant) { g.Access = g.Access[:len(g.Access)/2] },
			"the app's secrets":        func(g *gk.Grant) { g.Access = l.app.Secrets },
			"a text that is no sealed": func(g *gk.Grant) { g.Access = gk.Sealed("canary-in-clear") },
		} {
			g := l.grant()
			err := l.store.UpdateGrant(t.Context(), gk.Engine(), g.ID, l.now, func(row *gk.Grant) ([]gk.Event, error) {
				change(row)
				return nil, nil
			})
			if err != nil {
				t.Fatal(err)
			}
			served, err := l.keeper.Token(t.Context(), gk.Engine(), g.ID, keeper.TokenWant{})
			if err == nil || !served.Access.Empty() {
				t.Errorf("%s was served", name)
			}
			if strings.Contains(fmt.Sprint(err), "canary") {
				t.Errorf("%s: the error holds the text", name)
			}
		}
		if strings.Contains(l.log.String(), "canary-") {
			t.Error("the log holds a secret")
		}
	}
}

// TestEditedHostIsNotRefreshed writes a host that is no store into a grant's row and refreshes it: no request is made.
func TestEditedHostIsNotRefreshed(t *testing.T) {
	l := newLiar(t, all.Drivers()[0])
	var asked atomic.Int64
	l.answer = func(w http.ResponseWriter, _ *http.Request) { asked.Add(1); w.WriteHeader(http.StatusTeapot) }
	for _, host := range []string{"evilmyshoplaza.com", "demo.myshoplaza.com@evil.example", "evil.example/.myshoplaza.com", "127.0.0.1", "", "demo.myshoplaza.com:8443"} {
		g := l.grant()
		err := l.store.UpdateGrant(t.Context(), gk.Engine(), g.ID, l.now, func(row *gk.Grant) ([]gk.Event, error) {
			row.Subject.Host = host
			return nil, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if after := l.refresh(g); after.State != gk.Active || after.Generation != 1 {
			t.Errorf("%q: the grant is %s of generation %d", host, after.State, after.Generation)
		}
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("%d requests were made for hosts that are no stores", n)
	}
}
