package api_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// FuzzBody sends anything as the description of an app: it is stored or refused, and never an accident.
func FuzzBody(f *testing.F) {
	f.Add(anApp)
	f.Add(`{"platform":"shoplazza","settings":{"client_id":[1,{}],"client_secret":null}}`)
	f.Add(`{"platform":"shoplazza","settings":{"client_id":1e400}}`)
	f.Add(strings.Repeat(`{"a":`, 40))
	h := newHouse(f)
	f.Fuzz(func(t *testing.T, body string) {
		h.t = t
		if a := h.do("all", http.MethodPost, "/v1/apps", body); a.status >= http.StatusInternalServerError {
			t.Errorf("%q = %d\n%s", body, a.status, a.body)
		}
	})
}

// FuzzQuery asks for grants with anything behind the question mark.
func FuzzQuery(f *testing.F) {
	f.Add("cursor", "AAAA")
	f.Add("limit", "-1")
	f.Add("expires_before", "99999999999999999")
	f.Add("q", "%_\\\x00")
	f.Add("state;", "active")
	h := newHouse(f)
	f.Fuzz(func(t *testing.T, name, value string) {
		h.t = t
		if a := h.do("all", http.MethodGet, "/v1/grants?"+url.QueryEscape(name)+"="+url.QueryEscape(value), ""); a.status >= http.StatusInternalServerError {
			t.Errorf("%q=%q = %d\n%s", name, value, a.status, a.body)
		}
	})
}
