package e2e

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	gk "github.com/grantkeep/grantkeep"
)

// arrival is a merchant on the way back from a platform: the app that it is for, and the address.
type arrival struct {
	name, code, app string
	begun           begun
	callback        string
}

// arrivals lets a merchant of every platform agree for two apps, one of production and one of the sandbox, up to the
// callback, which is not made. All of it happens in one browser, so that every cookie is there.
func (w *town) arrivals() []arrival {
	w.t.Helper()
	var all []arrival
	for _, code := range w.codes() {
		for _, environment := range []string{gk.Production, gk.Sandbox} {
			app := w.Apps[code]
			if environment == gk.Sandbox {
				app = w.addApp(code, environment, otherIdentity(code))
			}
			who := w.residents(code)[0]
			in := map[string]any{"app": app}
			if who.Host != "" {
				in["shop"] = who.Host
			}
			b := w.begin(w.web, w.Key, in)
			all = append(all, arrival{code + " " + environment, code, app, b, w.agree(code, b.link, who.ID)})
		}
	}
	return all
}

// withState is a callback that carries another state, with its proof made anew where the platform signs.
func (w *town) withState(a arrival, state string) string {
	w.t.Helper()
	u, err := url.Parse(a.callback)
	if err != nil {
		w.t.Fatal(err)
	}
	q := u.Query()
	q.Set("state", state)
	if q.Has("hmac") {
		app, err := w.Store.App(w.t.Context(), gk.Engine(), a.app)
		if err != nil {
			w.t.Fatal(err)
		}
		open, err := w.Keeper.Apps().Open(app)
		if err != nil {
			w.t.Fatal(err)
		}
		signShoplazza(q, open.Open.Secrets["client_secret"][0].Reveal())
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// signShoplazza replaces the proof of a query.
func signShoplazza(q url.Values, secret string) {
	q.Del("hmac")
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(q)) {
		pairs = append(pairs, name+"="+q.Get(name))
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(strings.Join(pairs, "&")))
	q.Set("hmac", hex.EncodeToString(mac.Sum(nil)))
}

// TestStateOfOneAppIsNothingToAnother brings the state of every app to the callback of every other one, by its own
// platform's genuine callback and with every cookie: nobody is asked, and nothing is spent.
func TestStateOfOneAppIsNothingToAnother(t *testing.T) {
	w := newTown(t)
	all := w.arrivals()
	for _, from := range all {
		for _, to := range all {
			if from.app == to.app {
				continue
			}
			if r := w.send(w.web, http.MethodGet, w.withState(to, from.begun.state), nil); r.status < 400 || r.status > 499 {
				t.Errorf("the state of %s at %s = %d, want refused", from.name, to.name, r.status)
			}
			u, _ := url.Parse(from.callback)
			if r := w.send(w.web, http.MethodGet, w.Server+"/callback/"+to.app+"?"+u.RawQuery, nil); r.status < 400 || r.status > 499 {
				t.Errorf("the callback of %s at %s = %d, want refused", from.name, to.name, r.status)
			}
		}
	}
	if n := w.exchanges(); n != 0 {
		t.Errorf("%d exchanges, want none", n)
	}
	for _, a := range all {
		if r := w.send(w.web, http.MethodGet, a.callback, nil); r.status != http.StatusSeeOther {
			t.Errorf("the genuine callback of %s = %d after all that, want 303: its state is spent\n%s", a.name, r.status, r.body)
		}
	}
}

// TestFiftyCallbacksAreOneExchange brings one callback fifty times at once, on every platform.
func TestFiftyCallbacksAreOneExchange(t *testing.T) {
	w := newTown(t)
	for _, code := range w.codes() {
		who := w.residents(code)[0]
		in := map[string]any{"app": w.Apps[code]}
		if who.Host != "" {
			in["shop"] = who.Host
		}
		b := w.begin(w.web, w.Key, in)
		callback := w.agree(code, b.link, who.ID)
		before := w.exchanges()
		var wait sync.WaitGroup
		statuses := make([]int, 50)
		for i := range statuses {
			wait.Go(func() { statuses[i] = w.send(w.web, http.MethodGet, callback, nil).status })
		}
		wait.Wait()
		for _, s := range statuses {
			if s != http.StatusSeeOther {
				t.Fatalf("%s: one of fifty = %d, want 303", code, s)
			}
		}
		want := 1
		if code == "shopeev1" {
			want = 0 // nothing is exchanged there; the platform is asked once who it was
		}
		if n := w.exchanges() - before; n != want {
			t.Errorf("%s: fifty callbacks caused %d exchanges, want %d", code, n, want)
		}
		var a struct{ Grants []string }
		w.ask(w.Key, http.MethodGet, "/v1/authorizations/"+b.id, nil).into(t, &a)
		if len(a.Grants) != 1 {
			t.Errorf("%s: %d grants, want 1", code, len(a.Grants))
		}
	}
}

// secretsInUse lets merchants of every platform be on their way and others arrive, and returns everything that gives power
// over something: links, states, cookies, codes, keys, tokens and the apps' own secrets, by what they are.
func (w *town) secretsInUse() map[string]string {
	w.t.Helper()
	secrets := map[string]string{"the API key": w.Key.Reveal()}
	for _, a := range w.arrivals() {
		secrets["the state of "+a.name] = a.begun.state
		secrets["the link of "+a.name] = a.begun.connect[strings.LastIndexByte(a.begun.connect, '/')+1:]
		u, err := url.Parse(a.callback)
		if err != nil {
			w.t.Fatal(err)
		}
		secrets["the code of "+a.name] = u.Query().Get("code")
	}
	server, err := url.Parse(w.Server)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, c := range w.web.Jar.Cookies(server) {
		secrets["the cookie "+c.Name] = c.Value
	}
	for _, code := range w.codes() {
		w.connect(code, w.Apps[code], 1, "ann")
		var held struct {
			Grants []struct{ Access, Refresh string }
		}
		w.tell(http.MethodGet, "/"+code+"/grants", nil, &held)
		for i, g := range held.Grants {
			secrets[fmt.Sprint("access token ", i, " of ", code)] = g.Access
			secrets[fmt.Sprint("refresh token ", i, " of ", code)] = g.Refresh
		}
		for name, s := range w.Keeper.Apps().Driver(code).Spec().Facts.Settings {
			if s.Secret {
				secrets[name+" of "+code] = fmt.Sprint(w.Ready.Platforms[code].Apps[0][name])
				secrets[name+" of "+code+" sandbox"] = otherIdentity(code)[name]
			}
		}
	}
	maps.DeleteFunc(secrets, func(_, s string) bool { return len(s) < 8 || s == "<nil>" })
	if len(secrets) < 45 {
		w.t.Fatalf("only %d secrets to look for: %v", len(secrets), slices.Sorted(maps.Keys(secrets)))
	}
	return secrets
}

// TestFilesHoldNothingToActWith searches every file that a server writes, the write-ahead log too, for every secret in
// use. The master key lies there as well, which is why it is to be kept apart.
func TestFilesHoldNothingToActWith(t *testing.T) {
	w := newTown(t)
	secrets := w.secretsInUse()
	files, err := filepath.Glob(filepath.Join(w.dir, "*"))
	if err != nil || !slices.ContainsFunc(files, func(f string) bool { return strings.HasSuffix(f, "-wal") }) {
		t.Fatalf("the data directory holds %v, error %v", files, err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for name, s := range secrets {
			if strings.Contains(string(text), s) {
				t.Errorf("%s holds %s", filepath.Base(f), name)
			}
		}
	}
}

// TestPostgresHoldsNothingToActWith reads every row of every table, as a dump would.
func TestPostgresHoldsNothingToActWith(t *testing.T) {
	database := sharedPostgres(t)
	w := newTownOn(t, database)
	secrets := w.secretsInUse()
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	tables, err := conn.Query(t.Context(), `SELECT quote_ident(table_schema) || '.' || quote_ident(table_name) FROM information_schema.tables
		WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_type = 'BASE TABLE'`)
	if err != nil {
		t.Fatal(err)
	}
	names, err := pgx.CollectRows(tables, pgx.RowTo[string])
	if err != nil || len(names) < 5 {
		t.Fatalf("%d tables, error %v", len(names), err)
	}
	read := 0
	for _, table := range names {
		rows, err := conn.Query(t.Context(), `SELECT r::text FROM `+table+` r`)
		if err != nil {
			t.Fatal(err)
		}
		texts, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range texts {
			read++
			for name, s := range secrets {
				if strings.Contains(text, s) || strings.Contains(text, hex.EncodeToString([]byte(s))) {
					t.Errorf("the table %s holds %s", table, name)
				}
			}
		}
	}
	if read < 50 {
		t.Errorf("only %d rows were read", read)
	}
}
