package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform/all"
	"github.com/grantkeep/grantkeep/platform/platformtest"
)

// businessCall is a call that a grant of a platform may make: that of the sample beside its driver.
func businessCall(t testing.TB, code string) map[string]any {
	t.Helper()
	text, err := json.Marshal(platformtest.SampleOf(t, all.Drivers(), code, "../platform").Call)
	if err != nil {
		t.Fatal(err)
	}
	var call map[string]any
	if err := json.Unmarshal(text, &call); err != nil {
		t.Fatal(err)
	}
	return call
}

func with(call map[string]any, name string, value any) map[string]any {
	out := map[string]any{}
	for k, v := range call {
		out[k] = v
	}
	out[name] = value
	return out
}

// spelled is a name as it is, in capitals and, where it travels in an address, encoded.
func spelled(name string) []string {
	return []string{name, strings.ToUpper(name), strings.ToTitle(name[:1]) + name[1:]}
}

// TestOneGrantSpeaksForNobodyElse takes A's grant on every platform and says B's id, and everything else that is ours to
// say, in every position of a call, a signature and a proxied request. Nothing of it reaches the platform.
func TestOneGrantSpeaksForNobodyElse(t *testing.T) {
	w := newTown(t)
	for _, code := range w.codes() {
		t.Run(code, func(t *testing.T) {
			spec := w.Keeper.Apps().Driver(code).Spec()
			a, b := w.connect(code, w.Apps[code], 0, "ann"), w.connect(code, w.Apps[code], 1, "bob")
			other := w.subject(b)
			call := businessCall(t, code)
			before := len(w.calls(code))
			if r := w.ask(w.Key, http.MethodPost, "/v1/grants/"+a+"/call", map[string]any{"call": call}); r.status != http.StatusOK {
				t.Fatalf("a call that is allowed = %d %s", r.status, r.body)
			}
			for end := time.Now().Add(5 * time.Minute); len(w.calls(code)) == before && time.Now().Before(end); {
				time.Sleep(10 * time.Millisecond) // a simulator writes its log once it has answered
			}
			before = len(w.calls(code))
			refused := func(what string, r reply) {
				t.Helper()
				if r.status < 400 || r.status > 499 {
					t.Errorf("%s = %d, want refused\n%s", what, r.status, r.body)
				}
			}
			both := func(what string, c map[string]any) {
				t.Helper()
				refused("call: "+what, w.ask(w.Key, http.MethodPost, "/v1/grants/"+a+"/call", map[string]any{"call": c}))
				refused("sign: "+what, w.ask(w.Key, http.MethodPost, "/v1/grants/"+a+"/sign", map[string]any{"call": c}))
			}
			for _, reserved := range spec.Facts.Reserved.Names {
				for _, name := range spelled(reserved) {
					if spec.Facts.Style == "operation" {
						if reserved != "metas" && reserved != "nop" && !strings.HasPrefix(reserved, "x-") && reserved != "authorization" {
							both("params "+name, with(call, "params", map[string]any{name: other}))
						}
						both("system "+name, with(call, "system", map[string]string{name: other}))
						continue
					}
					both("query "+name, with(call, "query", map[string]any{name: other}))
					both("query twice "+name, with(call, "query", map[string]any{name: []string{other, other}}))
					both("header "+name, with(call, "headers", map[string]string{name: other}))
					path := "/proxy/" + a + call["path"].(string)
					method := call["method"].(string)
					refused("proxy query "+name, w.ask(w.Key, method, path+"?"+url.QueryEscape(name)+"="+other, nil))
					refused("proxy encoded query "+name, w.ask(w.Key, method, path+"?"+fmt.Sprintf("%%%02x", name[0])+name[1:]+"="+other, nil))
					if reserved != "authorization" && reserved != "cookie" { // the first is our key's, the second is left out
						refused("proxy header "+name, w.send(http.DefaultClient, method, w.Server+path, nil, "Authorization", "Bearer "+w.Key.Reveal(), name, other))
					}
				}
			}
			both("another shop", with(call, "shop", other+"0"))
			for operation, permit := range spec.Facts.Operations {
				if permit == "grant" {
					continue
				}
				for _, o := range []string{operation + "x", strings.ToUpper(operation) + "x", strings.Replace(operation, "/p", "/P", 1) + "x"} {
					if spec.Facts.Style != "operation" {
						both("operation "+o, map[string]any{"method": "GET", "path": o})
						refused("proxy "+o, w.ask(w.Key, http.MethodGet, "/proxy/"+a+o, nil))
						continue
					}
					if spec.Facts.Permit(o) == "grant" {
						continue // a narrower rule allows it
					}
					both("operation "+o, map[string]any{"operation": o, "params": map[string]any{}})
					refused("proxy "+o, w.ask(w.Key, http.MethodPost, "/proxy/"+a+"/"+o, map[string]any{}))
				}
			}
			for _, c := range w.calls(code)[before:] {
				if spec.Facts.Operations[c.Path] == "app" {
					continue // the server compares its list with the platform's at a moment of its own; no case above has this path
				}
				t.Errorf("the platform was asked: %s %s %s by %s", c.Stage, c.Method, c.Path, c.Subject)
			}
		})
	}
}

// TestPathOfACallLeadsToThePlatformOnly writes paths that some reader takes for another host or another place.
func TestPathOfACallLeadsToThePlatformOnly(t *testing.T) {
	w := newTown(t)
	base := map[string]string{"shoplazza": "/openapi/2022-01/", "shopee": "/api/v2/shop/", "shopeev1": "/api/v1/shop/"}
	for code, at := range base {
		grant := w.connect(code, w.Apps[code], 0, "ann")
		before := len(w.calls(code))
		for _, path := range []string{
			"//evil.example" + at, "http://evil.example" + at, "https:evil.example" + at, "@evil.example" + at, ":443" + at, `\\evil.example` + at, at + `..\x`,
			at + "../../admin/oauth/token", at + "%2e%2e/%2e%2e/admin", at + ".%2e/x", at + "a%2fb", at + "a%5cb", at + "%252e%252e/x", at + "/x", at + "./x", at + "x;y=1",
			at + "x#y", at + "x?access_token=1", at + "x\r\nX: y", at + "x\ny", at + "x\x00y", "", "/", "*", "api/v2/shop/x",
		} {
			call := map[string]any{"method": "GET", "path": path}
			for _, route := range []string{"/call", "/sign"} {
				if r := w.ask(w.Key, http.MethodPost, "/v1/grants/"+grant+route, map[string]any{"call": call}); r.status < 400 || r.status > 499 {
					t.Errorf("%s %s %q = %d, want refused\n%s", code, route, path, r.status, r.body)
				}
			}
		}
		if after := w.calls(code); len(after) != before {
			t.Errorf("%s: %d requests reached the platform", code, len(after)-before)
		}
	}
}

// TestRawProxyRequestsAreNotSmuggled sends what a client library would not.
func TestRawProxyRequestsAreNotSmuggled(t *testing.T) {
	w := newTown(t)
	grant := w.connect("shopee", w.Apps["shopee"], 0, "ann")
	before := len(w.calls("shopee"))
	host := strings.TrimPrefix(w.Server, "http://")
	head := func(method string) string {
		return method + " /proxy/" + grant + "/api/v2/shop/get_shop_info HTTP/1.1\r\nHost: " + host + "\r\nAuthorization: Bearer " + w.Key.Reveal() + "\r\n"
	}
	for name, text := range map[string]string{
		"length and chunks":     head("POST") + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\nGET /api/v2/public/x HTTP/1.1\r\n\r\n",
		"two encodings":         head("POST") + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
		"encoding with a blank": head("POST") + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
		"upgrade":               head("GET") + "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
		"h2c":                   head("GET") + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n",
		"te":                    head("GET") + "TE: gzip\r\n\r\n",
		"bare NUL":              head("GET") + "X-A: a\x00b\r\n\r\n",
		"path with dots":        strings.Replace(head("GET"), "get_shop_info", "../public/get_shops_by_partner", 1) + "\r\n",
		"path with two slashes": strings.Replace(head("GET"), "/api/v2", "//evil.example/api/v2", 1) + "\r\n",
		"encoded slash":         strings.Replace(head("GET"), "shop/get_shop_info", "shop%2f..%2fpublic", 1) + "\r\n",
		"no call":               strings.Replace(head("GET"), "/api/v2/shop/get_shop_info", "", 1) + "\r\n",
	} {
		if got := raw(t, w.Server, text); !strings.HasPrefix(got, "4") && got != "" && got != "501" {
			t.Errorf("%s = %q, want refused", name, got)
		}
	}
	for _, c := range w.calls("shopee")[before:] {
		// Where both a length and chunks are given, the chunks count, as the standard says, and one plain call is made.
		if c.Path != "/api/v2/shop/get_shop_info" || c.Subject != w.subject(grant) {
			t.Errorf("the platform was asked: %s %s by %s", c.Method, c.Path, c.Subject)
		}
	}
}

// TestForeignGrantIsAbsentBehindTheProxyToo asks for another owner's grant on the routes that stream.
func TestForeignGrantIsAbsentBehindTheProxyToo(t *testing.T) {
	w := newTown(t)
	bob := w.connect("shopee", w.Apps["shopee"], 0, "bob")
	key := w.addKey("ann", gk.Scopes(), []string{"ann"}, nil)
	elsewhere := w.addKey("elsewhere", gk.Scopes(), nil, []string{w.Apps["taobao"]})
	before := len(w.calls("shopee"))
	for _, k := range []gk.Secret{key, elsewhere} {
		for _, r := range []struct{ method, path string }{
			{"GET", "/proxy/%s/api/v2/shop/get_shop_info"}, {"POST", "/proxy/%s/api/v2/shop/get_shop_info"}, {"GET", "/proxy/%s/api/v2/public/x"},
			{"POST", "/v1/grants/%s/call"}, {"POST", "/v1/grants/%s/sign"}, {"GET", "/v1/grants/%s/token"}, {"POST", "/v1/grants/%s/refresh"},
		} {
			var body any
			if strings.HasSuffix(r.path, "call") || strings.HasSuffix(r.path, "sign") {
				body = map[string]any{"call": businessCall(t, "shopee")}
			}
			got, nobody := w.ask(k, r.method, fmt.Sprintf(r.path, bob), body), w.ask(k, r.method, fmt.Sprintf(r.path, "grt_none"), body)
			if got.status != http.StatusNotFound || got.body != nobody.body {
				t.Errorf("%s %s = %d %s\nof nobody = %d %s", r.method, r.path, got.status, got.body, nobody.status, nobody.body)
			}
		}
	}
	if after := w.calls("shopee"); len(after) != before {
		t.Errorf("%d requests reached the platform", len(after)-before)
	}
}
