package api

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"net/http"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/grantkeep/grantkeep/api/door"
)

//go:embed pages.html
var pagesHTML string

// pagesPolicy lets a page use the one style that is written in it, known by its digest.
var pagesPolicy = func() string {
	_, rest, _ := strings.Cut(pagesHTML, "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	digest := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(digest[:]) + "'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
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

// servePage answers with a page that needs nothing from anywhere: no script, no font, no picture.
func (s *server) servePage(w http.ResponseWriter, r *http.Request, status int, name string, data any) {
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, name, data); err != nil {
		s.WriteProblem(w, r, err)
		return
	}
	sendPage(w, status, b.Bytes())
}

func sendPage(w http.ResponseWriter, status int, page []byte) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", pagesPolicy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Vary", "Accept-Language")
	w.WriteHeader(status)
	_, _ = w.Write(page) // the browser may be gone
}
