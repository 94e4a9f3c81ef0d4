package api

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api/door"
	"github.com/grantkeep/grantkeep/api/problem"
	"github.com/grantkeep/grantkeep/store"
)

//go:embed pages.html
var pagesHTML string

// pagesPolicy lets a page use the one style that is written in it, known by its digest.
var pagesPolicy = func() string {
	_, rest, _ := strings.Cut(pagesHTML, "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	digest := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(digest[:]) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}()

var pages = template.Must(template.New("pages").Parse(pagesHTML))

// document completes the OpenAPI document with what the operations' types do not say. After it no operation is added.
func (s *server) document() {
	schemas := s.Huma.OpenAPI().Components.Schemas.Map()
	delete(schemas, "ErrorModel") // huma's own form of an error, which never leaves this server
	delete(schemas, "ErrorDetail")
	for _, plain := range []struct{ path, id, summary string }{
		{"/healthz", "get-health", "Say that the process lives: one word"},
		{"/readyz", "get-readiness", "Say whether the process can serve: one word, 503 while it cannot"},
		{"/metrics", "get-metrics", "Show counters in the Prometheus text format"},
	} {
		op := &huma.Operation{
			OperationID: plain.id, Method: http.MethodGet, Path: plain.path, Summary: plain.summary, Tags: []string{"operation"},
			Responses: map[string]*huma.Response{"200": {
				Description: "OK", Content: map[string]*huma.MediaType{"text/plain": {Schema: &huma.Schema{Type: huma.TypeString}}},
			}},
		}
		door.Secure(op)
		s.Huma.OpenAPI().AddOperation(op)
	}
	schemas["Grant"].Required = []string{"id", "app", "platform", "environment", "owner", "state"}
	s.written = sync.OnceValues(func() ([]byte, error) {
		body, err := json.MarshalIndent(s.Huma.OpenAPI(), "", "  ")
		return append(body, '\n'), err
	})
}

func (s *server) serveDocument(w http.ResponseWriter, r *http.Request) {
	body, err := s.written()
	if err != nil {
		s.WriteProblem(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/vnd.oai.openapi+json;version=3.1")
	_, _ = w.Write(body) // the client may be gone
}

// docOperation is one line of the page of operations.
type docOperation struct {
	Method, Path string
	Scope        string
	Operation    *huma.Operation
}

func (s *server) serveDocs(w http.ResponseWriter, r *http.Request) {
	var all []docOperation
	for path, item := range s.Huma.OpenAPI().Paths {
		for method, op := range map[string]*huma.Operation{
			http.MethodGet: item.Get, http.MethodPost: item.Post, http.MethodPut: item.Put, http.MethodPatch: item.Patch, http.MethodDelete: item.Delete,
		} {
			if op != nil {
				all = append(all, docOperation{method, path, string(door.Scopes[method+" "+path]), op})
			}
		}
	}
	slices.SortFunc(all, func(a, b docOperation) int { return strings.Compare(a.Path+a.Method, b.Path+b.Method) })
	s.servePage(w, r, "docs", map[string]any{"Operations": all, "Scopes": gk.Scopes(), "Problems": problem.Table})
}

func (s *server) serveProblem(w http.ResponseWriter, r *http.Request) {
	name := problem.Name(r.PathValue("name"))
	if _, ok := problem.Table[name]; !ok {
		s.WriteProblem(w, r, store.ErrNotFound)
		return
	}
	var b bytes.Buffer
	if err := writeProblemPage(&b, name); err != nil {
		s.WriteProblem(w, r, err)
		return
	}
	sendPage(w, b.Bytes())
}

// writeProblemPage writes the page of a problem.
func writeProblemPage(w io.Writer, name problem.Name) error {
	kind := problem.Table[name]
	type language struct{ Tag, Title, Cause, Remedy string }
	var languages []language
	for _, tag := range []string{"en", "zh-CN", "zh-TW"} {
		languages = append(languages, language{tag, kind.Title.In(tag), kind.Cause.In(tag), kind.Remedy.In(tag)})
	}
	return pages.ExecuteTemplate(w, "problem", map[string]any{"Name": name, "Status": kind.Status, "Languages": languages})
}

// servePage answers with a page that needs nothing from anywhere: no script, no font, no picture.
func (s *server) servePage(w http.ResponseWriter, r *http.Request, name string, data any) {
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, name, data); err != nil {
		s.WriteProblem(w, r, err)
		return
	}
	sendPage(w, b.Bytes())
}

func sendPage(w http.ResponseWriter, page []byte) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", pagesPolicy)
	h.Set("Referrer-Policy", "no-referrer")
	_, _ = w.Write(page) // the browser may be gone
}
