package api_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	gk "github.com/grantkeep/grantkeep"
)

func TestOpenAPIDocument(t *testing.T) {
	h := newHouse(t)
	a := h.do("", http.MethodGet, "/openapi.json", "")
	if a.status != http.StatusOK {
		t.Fatalf("GET /openapi.json = %d\n%s", a.status, a.body)
	}
	golden(t, "openapi.json", []byte(a.body))
}

// TestEveryRouteHasOneScope compares the table of scopes with what is registered, both ways: the document tells what is
// there, a key without the scope is refused, and no key at all is never let in.
func TestEveryRouteHasOneScope(t *testing.T) {
	h := newHouse(t)
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string                `json:"operationId"`
			Security    []map[string][]string `json:"security"`
		} `json:"paths"`
	}
	if err := json.Unmarshal([]byte(h.do("", http.MethodGet, "/openapi.json", "").body), &doc); err != nil {
		t.Fatal(err)
	}
	table := scopeTable(t)
	seen := map[string]bool{}
	for path, methods := range doc.Paths {
		for method, op := range methods {
			route := strings.ToUpper(method) + " " + path
			seen[route] = true
			want, ok := table[route]
			if !ok {
				t.Errorf("%s is documented, but has no line in the table of scopes", route)
				continue
			}
			if want == "noKey" {
				continue
			}
			if len(op.Security) != 1 || len(op.Security[0]["key"]) != 1 || op.Security[0]["key"][0] != want {
				t.Errorf("%s: the document says %v, the table %q", route, op.Security, want)
			}
			concrete := regexp.MustCompile(`\{[a-z]+\}`).ReplaceAllString(path, "none")
			if a := h.do("", strings.ToUpper(method), concrete, ""); a.status != http.StatusUnauthorized {
				t.Errorf("%s without a key = %d, want 401", route, a.status)
			}
			for _, scope := range allScopes() {
				name := "only-" + scope
				if h.keys[name].Empty() {
					h.addKey(name, scopesOf(scope), nil, nil)
				}
				a := h.do(name, strings.ToUpper(method), concrete, "")
				if refused := a.status == http.StatusForbidden; refused != (scope != want) {
					t.Errorf("%s with a key for %s = %d; it needs %s\n%s", route, scope, a.status, want, a.body)
				}
			}
		}
	}
	for route := range table {
		if !seen[route] && !strings.HasPrefix(route, "GET /openapi.json") && !strings.HasPrefix(route, "GET /docs") && !strings.HasPrefix(route, "GET /problems") && !strings.HasPrefix(route, "GET /schemas/") {
			t.Errorf("%s has a line in the table of scopes, but is not in the document", route)
		}
	}
	h.expectNoSecrets()
}

// scopeTable reads the table from the source, where a person reads it.
func scopeTable(t *testing.T) map[string]string {
	t.Helper()
	source, err := os.ReadFile("door/routes.go")
	if err != nil {
		t.Fatal(err)
	}
	table := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^\t"([A-Z]+ /[^"]*)": +(\S+),$`).FindAllStringSubmatch(string(source), -1) {
		table[m[1]] = strings.ToLower(strings.TrimPrefix(m[2], "gk.Scope"))
		if m[2] == "gk.ScopeAppCall" {
			table[m[1]] = string(gk.ScopeAppCall)
		}
		if m[2] == "noKey" {
			table[m[1]] = "noKey"
		}
	}
	if len(table) == 0 {
		t.Fatal("no line of the table was found in door/routes.go")
	}
	return table
}

func TestDocsPageNeedsNothingFromOutside(t *testing.T) {
	h := newHouse(t)
	for _, path := range []string{"/docs", "/problems/held", "/problems"} {
		a := h.do("", http.MethodGet, path, "")
		if a.status != http.StatusOK || !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
			t.Fatalf("GET %s = %d %s", path, a.status, a.header.Get("Content-Type"))
		}
		csp := a.header.Get("Content-Security-Policy")
		style := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindStringSubmatch(a.body)
		if style == nil {
			t.Fatalf("GET %s has no style", path)
		}
		digest := sha256.Sum256([]byte(style[1]))
		if own := "'sha256-" + base64.StdEncoding.EncodeToString(digest[:]) + "'"; strings.Contains(csp, "unsafe") || !strings.Contains(csp, own) {
			t.Errorf("GET %s: the policy is %s, want its own style to be known by %s", path, csp, own)
		}
		if strings.Contains(a.body, "style=") {
			t.Errorf("GET %s has a style in an attribute, which the policy forbids", path)
		}
		for _, outside := range []string{"http://", "https://", "<script", "<link", "url("} {
			if strings.Contains(a.body, outside) {
				t.Errorf("GET %s holds %q", path, outside)
			}
		}
	}
}

// TestEveryProblemHasItsPage asks for the page of every name that problems.go declares.
func TestEveryProblemHasItsPage(t *testing.T) {
	h := newHouse(t)
	source, err := os.ReadFile("problem/problems.go")
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`Name = "([a-z-]+)"`).FindAllStringSubmatch(string(source), -1)
	if len(names) < 20 {
		t.Fatalf("only %d names were found in problem/problems.go", len(names))
	}
	docs := h.do("", http.MethodGet, "/docs", "").body
	behind := regexp.MustCompile(`<details lang="(en|zh-CN)">\n<summary>.+</summary>\n<p>.+</p>\n<p>.+: .+</p>`)
	for _, m := range names {
		a := h.do("", http.MethodGet, "/problems/"+m[1]+"?lang=zh-TW", "")
		own := strings.Contains(a.body, `<html lang="zh-TW">`) && strings.Contains(a.body, "怎麼辦") && strings.Contains(a.body, `href="/docs"`)
		if found := behind.FindAllString(a.body, -1); a.status != http.StatusOK || len(found) != 2 || !own {
			t.Errorf("the page of %s = %d with %d languages behind the reader's own (%v), want 200 with 2", m[1], a.status, len(found), own)
		}
		if !strings.Contains(docs, `href="/problems/`+m[1]+`"`) {
			t.Errorf("/docs does not lead to the page of %s", m[1])
		}
	}
}

// TestDocsShowACallOfEveryOperation reads the page as somebody who has never called the API: each operation has its anchor, a
// call to copy and, where JSON comes back, what it looks like.
func TestDocsShowACallOfEveryOperation(t *testing.T) {
	h := newHouse(t)
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string `json:"operationId"`
		} `json:"paths"`
	}
	if err := json.Unmarshal([]byte(h.do("", http.MethodGet, "/openapi.json", "").body), &doc); err != nil {
		t.Fatal(err)
	}
	page := h.do("", http.MethodGet, "/docs?lang=zh-CN", "").body
	if strings.Index(page, `id="first"`) > strings.Index(page, `id="operation"`) || !strings.Contains(page, `<html lang="zh-CN">`) || !strings.Contains(page, "最先用到的调用") {
		t.Error("the page does not begin with the first calls, in the reader's language")
	}
	for path, methods := range doc.Paths {
		for method, op := range methods {
			if strings.HasPrefix(path, "/proxy/") && method != "get" {
				continue
			}
			_, part, found := strings.Cut(page, `id="`+op.OperationID+`"`)
			part, _, _ = strings.Cut(part, "</section>")
			if !found || !strings.Contains(part, "curl -H") || method == "get" && strings.HasPrefix(path, "/v1/") && !strings.Contains(path, "export") &&
				!strings.Contains(path, "stream") && !strings.Contains(part, "答复") {
				t.Errorf("%s %s has no anchor, no call or no answer on the page: %.300s", method, path, part)
			}
			if strings.Contains(part, "{id}") && strings.Contains(part, "SERVER/v1/grants/{id}") {
				t.Errorf("%s %s: the call cannot be copied", method, path)
			}
		}
	}
}

// TestAWrongAddressIsAPageForAPerson and stays a problem for a program.
func TestAWrongAddressIsAPageForAPerson(t *testing.T) {
	h := newHouse(t)
	for path, wants := range map[string]bool{"/nowhere": true, "/problems/none": true, "/v1/nothing": false} {
		for accept, page := range map[string]bool{"text/html,application/xhtml+xml": wants, "application/json": false, "": false} {
			r := httptest.NewRequest(http.MethodGet, "https://api.example"+path, nil)
			r.Header.Set("Accept", accept)
			r.Header.Set("Accept-Language", "zh-HK,en;q=0.5")
			w := httptest.NewRecorder()
			h.handler.ServeHTTP(w, r)
			html := strings.HasPrefix(w.Header().Get("Content-Type"), "text/html")
			if w.Code != http.StatusNotFound || html != page || page && !strings.Contains(w.Body.String(), `lang="zh-TW"`) {
				t.Errorf("GET %s accepting %q = %d %s, want 404 and a page: %v", path, accept, w.Code, w.Header().Get("Content-Type"), page)
			}
		}
	}
}
