package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

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
			app := w.apps[code]
			if environment == gk.Sandbox {
				app = w.addApp(code, environment, otherIdentity(code))
			}
			who := w.residents(code)[0]
			in := map[string]any{"app": app}
			if who.Host != "" {
				in["shop"] = who.Host
			}
			b := w.begin(w.web, w.key, in)
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
		app, err := w.store.App(w.t.Context(), gk.Engine(), a.app)
		if err != nil {
			w.t.Fatal(err)
		}
		_, open, err := w.keeper.OpenApp(app)
		if err != nil {
			w.t.Fatal(err)
		}
		signShoplazza(q, open.Secrets["client_secret"][0].Reveal())
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
			if r := w.send(w.web, http.MethodGet, w.server+"/callback/"+to.app+"?"+u.RawQuery, nil); r.status < 400 || r.status > 499 {
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
		in := map[string]any{"app": w.apps[code]}
		if who.Host != "" {
			in["shop"] = who.Host
		}
		b := w.begin(w.web, w.key, in)
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
		w.ask(w.key, http.MethodGet, "/v1/authorizations/"+b.id, nil).into(t, &a)
		if len(a.Grants) != 1 {
			t.Errorf("%s: %d grants, want 1", code, len(a.Grants))
		}
	}
}

// TestDatabaseHoldsNothingToActWith searches the files of a database, with clicks and links under way, for every state,
// link, cookie and key in use.
func TestDatabaseHoldsNothingToActWith(t *testing.T) {
	w := newTown(t)
	secrets := map[string]string{"the API key": w.key.Reveal()}
	for _, a := range w.arrivals() {
		secrets["the state of "+a.name] = a.begun.state
		secrets["the link of "+a.name] = a.begun.connect[strings.LastIndexByte(a.begun.connect, '/')+1:]
		u, err := url.Parse(a.callback)
		if err != nil {
			t.Fatal(err)
		}
		if c := u.Query().Get("code"); len(c) >= 8 {
			secrets["the code of "+a.name] = c
		}
	}
	server, err := url.Parse(w.server)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range w.web.Jar.Cookies(server) {
		secrets["the cookie "+c.Name] = c.Value
	}
	if len(secrets) < 25 {
		t.Fatalf("only %d secrets to look for", len(secrets))
	}
	files, err := filepath.Glob(filepath.Join(w.dir, "*"))
	if err != nil || len(files) < 2 {
		t.Fatalf("%d files in the data directory, error %v", len(files), err)
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
