package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
)

// hostileShops are not stores of Shoplazza, however much they look like one.
var hostileShops = []string{
	"evilmyshoplaza.com", "myshoplaza.com", ".myshoplaza.com", "-.myshoplaza.com", "a-.myshoplaza.com", "-a.myshoplaza.com",
	"demo.myshoplaza.com.evil.example", "demo.myshoplaza.com.", "a.b.myshoplaza.com", "demo..myshoplaza.com",
	"demo.myshoplaza.com:8443", "demo.myshoplaza.com:80@evil.example", "user@demo.myshoplaza.com", "https://user:pass@demo.myshoplaza.com",
	"evil.example/demo.myshoplaza.com", "evil.example#.myshoplaza.com", "evil.example?.myshoplaza.com", "evil.example%2f.myshoplaza.com",
	`evil.example\.myshoplaza.com`, "evil.example%00.myshoplaza.com", "demo.myshoplaza.com/@evil.example", "https://evil.example/.myshoplaza.com",
	"demo.myshoplaza.com\nHost: evil.example", "de mo.myshoplaza.com", "demo\x00.myshoplaza.com", "demo_1.myshoplaza.com",
	"d\u00e9mo.myshoplaza.com", "demo\u3002myshoplaza\u3002com", "demo.mysho\u0440laza.com", "demo.myshoplaza\u2024com", "demo.my\u212aoplaza.com",
	"127.0.0.1", "127.0.0.1:80", "[::1]", "localhost:80", "169.254.169.254", "0x7f.1", "xn--demo.myshoplaza.com.example",
	strings.Repeat("a", 64) + ".myshoplaza.com", "*.myshoplaza.com", "demo.myshoplaza.com,evil.example", "demo.myshoplaza.com;evil.example",
	"javascript:alert(1)//.myshoplaza.com", "//evil.example", "file:///etc/passwd",
}

// TestHostileShopIsRefusedEverywhere names hosts that are no stores at every place that takes one, and in the store's own
// row: nobody is asked, and no link leads there.
func TestHostileShopIsRefusedEverywhere(t *testing.T) {
	w := newTown(t)
	app := w.Apps["shoplazza"]
	secret := fmt.Sprint(w.Ready.Platforms["shoplazza"].Apps[0]["client_secret"])
	who := w.residents("shoplazza")[0]
	grant := w.connect("shoplazza", app, 0, "ann")
	var asking struct{ URL string }
	w.ask(w.Key, http.MethodPost, "/v1/authorizations", map[string]any{"app": app}).into(t, &asking)
	b := w.begin(w.web, w.Key, map[string]any{"app": app, "shop": who.Host})
	genuine, err := url.Parse(w.agree("shoplazza", b.link, who.ID))
	if err != nil {
		t.Fatal(err)
	}
	before := len(w.calls("shoplazza"))

	places := map[string]func(shop string) int{
		"begin": func(shop string) int {
			return w.ask(w.Key, http.MethodPost, "/v1/authorizations", map[string]any{"app": app, "shop": shop}).status
		},
		"connect form": func(shop string) int {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, asking.URL, strings.NewReader(url.Values{"shop": {shop}}.Encode()))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			res, err := w.web.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			return res.StatusCode
		},
		"install": func(shop string) int {
			q := url.Values{"shop": {shop}, "install_from": {"app_store"}, "store_id": {"1"}}
			signShoplazza(q, secret)
			return w.send(w.browser(), http.MethodGet, w.Server+"/install/"+app+"?"+q.Encode(), nil).status
		},
		"callback": func(shop string) int {
			q := genuine.Query()
			q.Set("shop", shop)
			signShoplazza(q, secret)
			return w.send(w.web, http.MethodGet, w.Server+"/callback/"+app+"?"+q.Encode(), nil).status
		},
		"pasted token": func(shop string) int {
			return w.ask(w.Key, http.MethodPost, "/v1/apps/"+app+"/grants", map[string]any{
				"subject": map[string]string{"kind": "shop", "id": "1", "host": shop}, "token": map[string]string{"access": "x", "refresh": "y"},
			}).status
		},
		"import": func(shop string) int {
			r := w.ask(w.Key, http.MethodPost, "/v1/grants/import", map[string]any{
				"app": app, "subject": map[string]string{"kind": "shop", "id": "77", "host": shop}, "access": "x", "refresh": "y", "expires_at": "2030-01-01T00:00:00Z",
			})
			var done struct{ Imported, Failed int }
			r.into(t, &done)
			if done.Imported == 0 && done.Failed == 1 {
				return http.StatusUnprocessableEntity
			}
			return http.StatusCreated
		},
		"refresh of an edited row": func(shop string) int {
			w.edit(grant, shop)
			return w.ask(w.Key, http.MethodPost, "/v1/grants/"+grant+"/refresh", map[string]any{"force": true}).status
		},
		"call of an edited row": func(shop string) int {
			w.edit(grant, shop)
			return w.ask(w.Key, http.MethodPost, "/v1/grants/"+grant+"/call", map[string]any{"call": map[string]string{"method": "GET", "path": "/openapi/2022-01/shop"}}).status
		},
		"sign of an edited row": func(shop string) int {
			w.edit(grant, shop)
			return w.ask(w.Key, http.MethodPost, "/v1/grants/"+grant+"/sign", map[string]any{"call": map[string]string{"method": "GET", "path": "/openapi/2022-01/shop"}}).status
		},
		"proxy of an edited row": func(shop string) int {
			w.edit(grant, shop)
			return w.ask(w.Key, http.MethodGet, "/proxy/"+grant+"/openapi/2022-01/shop", nil).status
		},
		"rename": func(shop string) int {
			return w.ask(w.Key, http.MethodPatch, "/v1/grants/"+grant, map[string]any{"subject": map[string]string{"host": shop}}).status
		},
	}
	for place, try := range places {
		for _, shop := range hostileShops {
			if place == "install" || place == "callback" { // a proof over these cannot be made by the platform either
				if strings.ContainsAny(shop, "\x00") {
					continue
				}
			}
			if status := try(shop); status < 400 || status == http.StatusInternalServerError {
				// A refresh whose request was not sent is told as the grant, or as a wait.
				t.Errorf("%s: %q = %d, want refused", place, shop, status)
			}
		}
	}
	calls := w.calls("shoplazza")
	for _, c := range calls[before:] {
		t.Errorf("the platform was asked: %s %s", c.Method, c.Path)
	}
}

// edit writes a host into a grant's row, as somebody with the database could, and makes it due.
func (w *town) edit(grant, host string) {
	w.t.Helper()
	now := w.Keeper.Now()
	err := w.Store.UpdateGrant(w.t.Context(), gk.Engine(), grant, now, func(g *gk.Grant) ([]gk.Event, error) {
		g.Subject.Host, g.RetryAt, g.Failures = host, time.Time{}, 0
		return nil, nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// TestSecretsStayWithTheirDestination changes where an app's secrets go, by everything that the API has.
func TestSecretsStayWithTheirDestination(t *testing.T) {
	sink := newLetterbox(t)
	w := newTown(t)
	sinkHost := strings.TrimPrefix(sink.URL, "http://")
	for _, code := range w.codes() {
		app := w.Apps[code]
		var before struct {
			Endpoints map[string]string
			Settings  map[string]string
		}
		w.ask(w.Key, http.MethodGet, "/v1/apps/"+app, nil).into(t, &before)
		base := w.Ready.Platforms[code].Base
		elsewhere, other, none := map[string]string{}, map[string]string{}, map[string]string{}
		for name := range before.Endpoints {
			elsewhere[name] = sink.URL
			other[name] = w.Ready.Platforms["shoplazza"].Base // allowed at start, but not this app's
			if code == "shoplazza" {
				other[name] = w.Ready.Platforms["shopee"].Base
			}
		}
		identity := map[string]string{}
		for name, v := range otherIdentity(code) {
			if !w.Keeper.Apps().Driver(code).Spec().Facts.Settings[name].Secret {
				identity[name] = v
			}
		}
		secrets := map[string]string{}
		for name, s := range w.Keeper.Apps().Driver(code).Spec().Facts.Settings {
			if v, ok := w.Ready.Platforms[code].Apps[0][name]; ok && s.Secret {
				secrets[name] = fmt.Sprint(v)
			}
		}
		for name, change := range map[string]map[string]any{
			"endpoints to a host not named at start":   {"endpoints": elsewhere},
			"the same with the secrets":                {"endpoints": elsewhere, "settings": secrets},
			"endpoints to another host named at start": {"endpoints": other},
			"endpoints taken away":                     {"endpoints": none},
			"another environment":                      {"environment": "sandbox"},
			"another client id":                        {"settings": identity},
			"another callback address":                 {"settings": map[string]string{"redirect_uri": "https://elsewhere.example/callback"}},
			"another push address":                     {"settings": map[string]string{"push_url": "https://elsewhere.example/push"}},
			"an endpoint with a user name":             {"endpoints": map[string]string{"token": strings.Replace(base, "http://", "http://user@", 1)}, "settings": secrets},
			"an endpoint with a path":                  {"endpoints": map[string]string{"token": base + "/x"}, "settings": secrets},
			"an endpoint that is no address":           {"endpoints": map[string]string{"token": "file:///etc/passwd"}, "settings": secrets},
			"another address on the same machine":      {"endpoints": map[string]string{"token": "http://localhost:" + sinkHost[strings.LastIndexByte(sinkHost, ':')+1:]}, "settings": secrets},
			"members that are not there":               {"allowed": []string{sinkHost}},
			"endpoints and secrets without a value":    {"endpoints": other, "settings": map[string]string{"client_secret": "", "partner_key": "", "app_secret": ""}},
		} {
			r := w.ask(w.Key, http.MethodPatch, "/v1/apps/"+app, change)
			if r.status < 400 || r.status > 499 {
				t.Errorf("%s: %s = %d, want refused\n%s", code, name, r.status, r.body)
			}
			for secret, value := range secrets {
				if value != "" && strings.Contains(r.body, value) {
					t.Errorf("%s: %s: the answer holds %s", code, name, secret)
				}
			}
		}
		w.ask(w.Key, http.MethodPost, "/v1/apps/"+app+"/check", nil)
		after := w.ask(w.Key, http.MethodGet, "/v1/apps/"+app, nil)
		var now struct {
			Endpoints map[string]string
			Settings  map[string]string
		}
		after.into(t, &now)
		if fmt.Sprint(now) != fmt.Sprint(before) {
			t.Errorf("%s: the app became %v, want %v", code, now, before)
		}
	}
	w.tell(http.MethodPost, "/clock", map[string]string{"advance": "1h"}, nil)
	w.settled()
	sink.mu.Lock()
	defer sink.mu.Unlock()
	if len(sink.seen) != 0 {
		t.Errorf("%d requests went elsewhere", len(sink.seen))
	}
}

// TestReturnAddressIsOneOfTheApps gives hostile addresses to come back to, to the API and, as somebody with the database
// could, to the row of an authorization.
func TestReturnAddressIsOneOfTheApps(t *testing.T) {
	w := newTown(t)
	app := w.Apps["shoplazza"]
	who := w.residents("shoplazza")[0]
	if r := w.ask(w.Key, http.MethodPatch, "/v1/apps/"+app, map[string]any{"return_origins": []string{"https://erp.example"}}); r.status != http.StatusOK {
		t.Fatalf("%d %s", r.status, r.body)
	}
	hostile := []string{
		"https://evil.example/", "https://erp.example.evil.example/", "https://erp.example@evil.example/", "https://evil.example#erp.example", "https://erp.example:444/",
		"http://erp.example/", "//erp.example/", "/relative", "javascript:alert(1)", "javascript://erp.example/%0aalert(1)", "data:text/html,x", "https:erp.example", "https:/erp.example",
		"https:///erp.example", `https://erp.example\@evil.example/`, `https:\\erp.example`, "https://erp.example\t/", "https://erp.example/\r\nSet-Cookie: a=b", " https://erp.example/",
		"https://\u0435rp.example/", "https://erp.example\u3002evil.example/", "HTTPS://evil.example", "https://user:pass@erp.example/", "https://erp.example%2eevil.example/", "https://[::1]/",
		"https://ERP.example./", "https://.erp.example/", "https://127.0.0.1/",
	}
	for _, address := range hostile {
		r := w.ask(w.Key, http.MethodPost, "/v1/authorizations", map[string]any{"app": app, "shop": who.Host, "return_to": address})
		if r.status < 400 || r.status > 499 {
			t.Errorf("return_to %q = %d, want refused", address, r.status)
		}
		c := w.browser()
		b := w.begin(c, w.Key, map[string]any{"app": app, "shop": who.Host, "return_to": "https://erp.example/done?keep=1"})
		err := w.Store.UpdateAuthorization(t.Context(), gk.Engine(), b.id, w.Keeper.Now(), func(a *gk.Authorization) ([]gk.Event, error) {
			a.ReturnTo = address
			return nil, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		back := w.send(c, http.MethodGet, w.agree("shoplazza", b.link, who.ID), nil)
		end := w.send(c, http.MethodGet, w.Server+back.header.Get("Location"), nil)
		if end.status != http.StatusOK || end.header.Get("Location") != "" || strings.Contains(end.body, "evil.example") || strings.Contains(end.body, "javascript:") {
			t.Errorf("return_to %q in the row: %d to %q\n%s", address, end.status, end.header.Get("Location"), end.body)
		}
	}
	for _, origin := range []string{"https://erp.example/path", "http://erp.example", "https://erp.example@evil.example", "javascript:x", "null", "https://"} {
		r := w.ask(w.Key, http.MethodPatch, "/v1/apps/"+app, map[string]any{"return_origins": []string{origin}})
		if r.status < 400 || r.status > 499 {
			t.Errorf("the origin %q = %d, want refused", origin, r.status)
		}
	}
}

// TestRepeatedParametersAreRefused says a thing twice, or in two places, in callbacks of every platform.
func TestRepeatedParametersAreRefused(t *testing.T) {
	w := newTown(t)
	var all []arrival
	for _, a := range w.arrivals() {
		if strings.HasSuffix(a.name, gk.Production) {
			all = append(all, a)
		}
	}
	for _, a := range all {
		u, err := url.Parse(a.callback)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		address := w.Server + "/callback/" + a.app
		for name := range q {
			for how, query := range map[string]string{
				"twice":           u.RawQuery + "&" + name + "=" + url.QueryEscape(q.Get(name)),
				"with another":    u.RawQuery + "&" + name + "=x",
				"another before":  name + "=x&" + u.RawQuery,
				"encoded again":   u.RawQuery + "&%" + fmt.Sprintf("%02x", name[0]) + name[1:] + "=x",
				"with no value":   u.RawQuery + "&" + name,
				"after semicolon": u.RawQuery + ";" + name + "=x",
			} {
				if r := w.send(w.web, http.MethodGet, address+"?"+query, nil); r.status < 400 || r.status > 499 {
					t.Errorf("%s: %s %s = %d, want refused", a.name, name, how, r.status)
				}
			}
		}
		half := url.Values{"state": {q.Get("state")}}
		for how, r := range map[string]struct{ query, body string }{
			"all in the query of a POST": {u.RawQuery, ""},
			"state here, the rest there": {half.Encode(), strings.Replace(u.RawQuery, half.Encode(), "", 1)},
			"the rest here, state there": {strings.Replace(u.RawQuery, half.Encode(), "", 1), half.Encode()},
		} {
			if how == "state here, the rest there" && w.Keeper.Apps().Driver(a.code).Spec().Facts.Callback.Unsolicited {
				continue // without a state it is an entry from the platform's side, which belongs to nobody
			}
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address+"?"+r.query, strings.NewReader(r.body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			res, err := w.web.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			if res.StatusCode == http.StatusSeeOther || res.StatusCode >= 500 {
				t.Errorf("%s: %s = %d, want it to lead nowhere", a.name, how, res.StatusCode)
			}
		}
	}
	if n := w.exchanges(); n != 0 {
		t.Errorf("%d exchanges, want none", n)
	}
	for _, a := range all {
		if r := w.send(w.web, http.MethodGet, a.callback, nil); r.status != http.StatusSeeOther {
			t.Errorf("%s: the genuine callback = %d afterwards, want 303", a.name, r.status)
		}
	}
}
