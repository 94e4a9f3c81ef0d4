package platform_test

import (
	"net/http"
	"testing"

	"github.com/grantkeep/grantkeep/platform"
)

func TestParamsComeFromOnePlaceOnly(t *testing.T) {
	in := platform.Incoming{Method: http.MethodPost, URL: "https://hub.example/cb?code=query", Body: []byte("code=body")}
	if q, err := in.Params(); err != nil || len(q["code"]) != 1 || q.Get("code") != "body" {
		t.Errorf("POST: %v, %v; want the body alone", q, err)
	}
	in.Method = http.MethodGet
	if q, err := in.Params(); err != nil || len(q["code"]) != 1 || q.Get("code") != "query" {
		t.Errorf("GET: %v, %v; want the query alone", q, err)
	}
}

func TestParamsRefuseATellingNameInBothPlaces(t *testing.T) {
	for _, c := range []struct {
		method, query, body string
		ok                  bool
	}{
		{http.MethodPost, "", "code=1&state=2", true},
		{http.MethodPost, "page=1", "code=1&state=2", true},
		{http.MethodPost, "code=1", "code=1&state=2", false},
		{http.MethodPost, "CODE=2", "code=1&state=2", false},
		{http.MethodPost, "state=2", "code=1&state=2", false},
		{http.MethodPost, "", "code=1&code=1", false},
		{http.MethodPost, "", "code=1&Code=1", false},
		{http.MethodPost, "", "code=%zz", false},
		{http.MethodPost, "x=%zz", "code=1", false},
		{http.MethodGet, "code=1&state=2", "", true},
		{http.MethodGet, "code=1&code=1", "", false},
	} {
		in := platform.Incoming{Method: c.method, URL: "https://hub.example/cb?" + c.query, Body: []byte(c.body)}
		if q, err := in.Params("code", "state"); (err == nil) != c.ok {
			t.Errorf("%s with query %q and body %q: %v, %v", c.method, c.query, c.body, q, err)
		}
	}
}

func TestQueryRefusesATellingNameTwice(t *testing.T) {
	for address, ok := range map[string]bool{
		"https://hub.example/cb?code=1&shop_id=2":     true,
		"https://hub.example/cb?code=1&code=2":        false,
		"https://hub.example/cb?code=1&CODE=2":        false,
		"https://hub.example/cb?other=1&other=2":      true,
		"https://hub.example/cb?code=%zz":             false,
		"https://hub.example/cb?code=1;shop_id=2&x=3": false,
	} {
		if _, err := (platform.Incoming{URL: address}).Query("code", "shop_id"); (err == nil) != ok {
			t.Errorf("%s: %v, want ok %v", address, err, ok)
		}
	}
	if _, err := (platform.Incoming{Method: http.MethodPost, URL: "https://hub.example/cb"}).Query("code"); err == nil {
		t.Error("a POST is taken where the platform comes by GET only")
	}
}

func TestWithQueryLeavesTheRestAsItIsWritten(t *testing.T) {
	for address, want := range map[string]string{
		"https://h/cb":        "https://h/cb?a=1",
		"https://h/cb?":       "https://h/cb?a=1",
		"https://h/cb?x=%2F":  "https://h/cb?x=%2F&a=1",
		"https://h/cb?x=%2F&": "https://h/cb?x=%2F&a=1",
	} {
		if got := platform.WithQuery(address, "a=1"); got != want {
			t.Errorf("WithQuery(%q) = %q, want %q", address, got, want)
		}
	}
}
