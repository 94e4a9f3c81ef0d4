package console_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/people"
	"github.com/grantkeep/grantkeep/store"
)

func TestStrangersSeeTheLoginOnly(t *testing.T) {
	h := newHouse(t)
	v := h.visitor()
	for _, path := range []string{"/console", "/console/grants", "/console/settings", "/console/nowhere"} {
		if a := v.get(path); a.status != http.StatusSeeOther || !strings.HasPrefix(a.to, "/login") {
			t.Errorf("GET %s = %d to %q, want the login", path, a.status, a.to)
		}
	}
	if a := v.send(http.MethodPost, "/console/settings", url.Values{}); a.status != http.StatusSeeOther || a.to != "/login" {
		t.Errorf("a POST of a stranger = %d to %q, want the login", a.status, a.to)
	}
	if a := v.get("/login"); a.status != http.StatusOK || !strings.Contains(a.header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("the login = %d under %q", a.status, a.header.Get("Content-Security-Policy"))
	}
}

func TestLoginChangesItsIdAndGoesOn(t *testing.T) {
	h := newHouse(t)
	v := h.login(store.RoleSupport)
	where, _ := url.Parse(h.url)
	first := v.web.Jar.Cookies(where)[0].Value
	if a := v.post("/login", "name", "support-1", "password", secretPassword, "next", "/console/grants"); a.to != "/console/grants" {
		t.Errorf("logging in again leads to %q, want the page asked for", a.to)
	}
	if second := v.web.Jar.Cookies(where)[0].Value; second == first {
		t.Error("the id of a login stays when somebody logs in again")
	}
	for _, next := range []string{"https://evil.example/", "//evil.example/", "/console/../../evil", `/console/\evil`, "/other"} {
		if a := v.post("/login", "name", "support-1", "password", secretPassword, "next", next); strings.Contains(a.to, "evil") || a.to == "/other" {
			t.Errorf("logging in with next=%s leads to %q", next, a.to)
		}
	}
}

func TestWrongPasswordsAreAnsweredAlikeAndSlowedDown(t *testing.T) {
	h := newHouse(t)
	h.person("lin", store.RoleSupport)
	v := h.visitor()
	wrong := v.post("/login", "name", "lin", "password", "not the password")
	nobody := v.post("/login", "name", "nobody", "password", "not the password")
	if wrong.status != http.StatusUnauthorized || nobody.status != http.StatusUnauthorized {
		t.Errorf("a wrong password = %d, nobody = %d; want 401", wrong.status, nobody.status)
	}
	last := 0
	for range 8 {
		last = v.post("/login", "name", "lin", "password", "not the password").status
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("the tenth wrong password = %d, want 429", last)
	}
	if a := v.post("/login", "name", "lin", "password", secretPassword); a.status != http.StatusTooManyRequests || a.header.Get("Retry-After") == "" {
		t.Errorf("the right one while slowed down = %d, want 429 with Retry-After", a.status)
	}
	h.pass(time.Hour)
	if a := v.post("/login", "name", "lin", "password", secretPassword); a.status != http.StatusSeeOther {
		t.Errorf("the right one an hour later = %d, want 303", a.status)
	}
}

func TestLoginsEnd(t *testing.T) {
	h := newHouse(t)
	for what, end := range map[string]func(v *visitor){
		"left idle":  func(*visitor) { h.pass(31 * time.Minute) },
		"logged out": func(v *visitor) { v.post("/console/logout") },
		"all revoked": func(*visitor) {
			p, err := h.store.PersonByName(t.Context(), "support-1")
			if err == nil {
				err = h.store.EndLogins(t.Context(), p.ID, nil)
			}
			if err != nil {
				t.Fatal(err)
			}
		},
	} {
		if p, err := h.store.PersonByName(t.Context(), "support-1"); err == nil {
			if err := h.store.RemovePerson(t.Context(), p.ID); err != nil {
				t.Fatal(err)
			}
		}
		v := h.login(store.RoleSupport)
		if a := v.get("/console"); a.status != http.StatusOK {
			t.Fatalf("before it is %s: %d", what, a.status)
		}
		end(v)
		if a := v.get("/console"); a.status != http.StatusSeeOther {
			t.Errorf("a login that is %s = %d, want the way to the login", what, a.status)
		}
	}
	v := h.visitor()
	v.post("/login", "name", "support-1", "password", secretPassword)
	for range 26 {
		h.pass(29 * time.Minute)
		v.get("/console")
	}
	if a := v.get("/console"); a.status != http.StatusSeeOther {
		t.Errorf("a login in use for more than 12 hours = %d, want its end", a.status)
	}
}

func TestFormsOfOthersAreRefused(t *testing.T) {
	h := newHouse(t)
	v := h.login(store.RoleSupport)
	form := url.Values{"language": {"zh-TW"}}
	if a := v.send(http.MethodPost, "/console/settings", form); a.status != http.StatusForbidden {
		t.Errorf("a form without its token = %d, want 403", a.status)
	}
	form.Set("csrf", v.token())
	for _, headers := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://evil.example"}} {
		if a := v.send(http.MethodPost, "/console/settings", form, headers...); a.status != http.StatusForbidden {
			t.Errorf("a form with %v = %d, want 403", headers, a.status)
		}
	}
	if a := v.send(http.MethodPost, "/console/settings", form, "Sec-Fetch-Site", "same-origin"); a.status != http.StatusSeeOther {
		t.Errorf("our own form = %d, want 303", a.status)
	}
}

func TestLoginLinkWorksOnce(t *testing.T) {
	h := newHouse(t)
	first, err := people.First(t.Context(), h.store, h.now())
	if err != nil {
		t.Fatal(err)
	}
	link, err := people.Invite(t.Context(), h.store, h.url, first.ID, false, h.now().Add(people.LinkLife))
	if err != nil {
		t.Fatal(err)
	}
	path := strings.TrimPrefix(link, h.url)
	v := h.visitor()
	if a := v.get(path); a.status != http.StatusSeeOther || !strings.HasPrefix(a.to, "/console/settings") {
		t.Fatalf("the first opening = %d to %q, want the settings, where a password is set", a.status, a.to)
	}
	if a := h.visitor().get(path); a.status != http.StatusNotFound {
		t.Errorf("the second opening = %d, want 404", a.status)
	}
	if a := v.post("/console/settings/password", "fresh", "short"); a.status != http.StatusUnprocessableEntity {
		t.Errorf("a short password = %d, want 422", a.status)
	}
	if a := v.post("/console/settings/password", "fresh", secretPassword); a.status != http.StatusSeeOther {
		t.Errorf("a password = %d, want 303", a.status)
	}
	if _, err := people.First(t.Context(), h.store, h.now()); !errors.Is(err, store.ErrExists) {
		t.Errorf("after that somebody else may come in by a link: %v", err)
	}
	late, err := people.Invite(t.Context(), h.store, h.url, first.ID, false, h.now().Add(people.LinkLife))
	if err != nil {
		t.Fatal(err)
	}
	h.pass(people.LinkLife + time.Second)
	if a := h.visitor().get(strings.TrimPrefix(late, h.url)); a.status != http.StatusNotFound {
		t.Errorf("a link after a day = %d, want 404", a.status)
	}
}
