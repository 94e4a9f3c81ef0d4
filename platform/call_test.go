package platform_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/grantkeep/grantkeep/platform"
)

var hostilePaths = []string{
	"", "api/orders", "//evil.example/api/", "/api//orders", "/api/../admin", "/api/./orders", "/api/%2e%2e/admin", "/api/%2E./x",
	"/api/a%2fb", `/api/a\b`, "/api/a%5cb", "/api/a%252e%252e/b", "/api/a;b", "/api/..;/admin", "/api/a?b", "/api/a#b", "/api/a%00b",
	"/api/a%0d%0ab", "/api/a\r\nb", "/api/a%zz", "http://evil.example/api/", "/api/a%3bb",
}

func TestCheckPathRefusesTricks(t *testing.T) {
	for _, path := range hostilePaths {
		var bad *platform.BadCall
		if err := platform.CheckPath(path); !errors.As(err, &bad) || bad.Field != "path" {
			t.Errorf("CheckPath(%q) = %v, want a *BadCall for path", path, err)
		}
	}
	for _, path := range []string{"/api/orders", "/api/orders/", "/api/2022-01/a@b:c/%E5%BA%97.json", "/api/a%20b"} {
		if err := platform.CheckPath(path); err != nil {
			t.Errorf("CheckPath(%q) = %v, want nil", path, err)
		}
	}
}

func TestCheckRESTRefusesWhatOnlyWeMaySet(t *testing.T) {
	facts := mustFacts(t)
	get := func(change func(*platform.Call)) platform.Call {
		c := platform.Call{Method: "GET", Path: "/api/orders", Query: url.Values{}, Header: http.Header{}}
		change(&c)
		return c
	}
	for name, c := range map[string]struct {
		call  platform.Call
		field string
	}{
		"another method":         {get(func(c *platform.Call) { c.Method = "CONNECT" }), "method"},
		"a path that is never":   {get(func(c *platform.Call) { c.Path = "/api/auth/token" }), "path"},
		"a path of the app":      {get(func(c *platform.Call) { c.Path = "/api/app/list" }), "path"},
		"a path nobody knows":    {get(func(c *platform.Call) { c.Path = "/admin" }), "path"},
		"a reserved parameter":   {get(func(c *platform.Call) { c.Query.Set("Access_Token", "x") }), "query"},
		"one encoded twice":      {get(func(c *platform.Call) { c.Query.Set("access%5Ftoken", "x") }), "query"},
		"a reserved header":      {get(func(c *platform.Call) { c.Header["authorization"] = []string{"x"} }), "headers"},
		"a header of the wire":   {get(func(c *platform.Call) { c.Header.Set("Transfer-Encoding", "chunked") }), "headers"},
		"a header with _":        {get(func(c *platform.Call) { c.Header["X_Y"] = []string{"x"} }), "headers"},
		"a header that splits":   {get(func(c *platform.Call) { c.Header.Set("X-Y", "a\r\nHost: evil.example") }), "headers"},
		"a header name with NUL": {get(func(c *platform.Call) { c.Header["X\x00"] = []string{"x"} }), "headers"},
	} {
		var bad *platform.BadCall
		if err := facts.CheckREST(c.call, "grant"); !errors.As(err, &bad) || bad.Field != c.field {
			t.Errorf("CheckREST with %s = %v, want a *BadCall for %s", name, err, c.field)
		}
	}
	if err := facts.CheckREST(get(func(c *platform.Call) { c.Query.Set("page", "2"); c.Header.Set("Accept", "*/*") }), "grant"); err != nil {
		t.Errorf("CheckREST of a plain call = %v, want nil", err)
	}
	if err := facts.CheckREST(get(func(c *platform.Call) { c.Path = "/api/app/list" }), "grant", "app"); err != nil {
		t.Errorf("CheckREST of an app's call where it may = %v, want nil", err)
	}
}

// FuzzCallURL looks for a path that moves a call to another host or out of its folder.
func FuzzCallURL(f *testing.F) {
	for _, path := range hostilePaths {
		f.Add(path)
	}
	f.Add("/api/orders")
	base := &url.URL{Scheme: "https", Host: "demo.acme.example"}
	f.Fuzz(func(t *testing.T, path string) {
		address, err := platform.Call{Path: "/api/" + path, Query: url.Values{"a": {"b"}}}.URL(base)
		if err != nil {
			return
		}
		u, err := url.Parse(address)
		if err != nil || u.Host != base.Host || u.Scheme != "https" || u.User != nil || u.Fragment != "" || u.RawQuery != "a=b" {
			t.Errorf("path %q leads to %q (%v)", path, address, err)
			return
		}
		if !strings.HasPrefix(u.JoinPath().Path, "/api/") {
			t.Errorf("path %q leaves its folder: %q", path, u.Path)
		}
	})
}
