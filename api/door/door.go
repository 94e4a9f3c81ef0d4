// Package door is what every route of the API stands behind: the face, the check of the key and its scope, the memory of bodies,
// repeats of a request, the audit and the access log.
package door

import (
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/grantkeep/grantkeep/api/problem"
	"github.com/grantkeep/grantkeep/api/wire"
	"github.com/grantkeep/grantkeep/gateway"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/store"
)

// Door is what every route stands behind and may use: the keys, the mux, the memory of bodies, the audit, the problems.
type Door struct {
	problem.Answers
	Store   store.Store
	url     *url.URL // of this face
	Keys    *keyCache
	Uses    *Uses
	Gateway *gateway.Gateway
	Mux     *http.ServeMux
	Huma    huma.API
	Lost    func(w http.ResponseWriter, r *http.Request) // shows a person that an address leads nowhere; nil: as a program is told
	metrics *metrics
	replies replies
}

// Options is what a door is made of.
type Options struct {
	Keeper  *keeper.Keeper
	Store   store.Store
	URL     string // scheme://host[:port] of this face
	Version string
	Log     *slog.Logger
	Metrics *prometheus.Registry
	Bodies  int64 // bytes of all bodies that are kept at once; 0: 64 MiB
	Uses    *Uses // nil: one that is never written down
}

// New makes the door, with nothing behind it. It panics if the URL is no address: whoever starts the process has checked it.
func New(o Options) *Door {
	exactNames()
	u, err := url.Parse(o.URL)
	if err != nil || u.Host == "" {
		panic("api: APIURL must be scheme://host[:port]")
	}
	if o.Uses == nil {
		o.Uses = NewUses(o.Store, o.Keeper.Now, o.Log)
	}
	d := &Door{
		Answers: problem.Answers{Keeper: o.Keeper, Log: o.Log}, Store: o.Store, url: u, Keys: newKeyCache(o.Store, o.Keeper.Now), Uses: o.Uses,
		Gateway: gateway.New(gateway.Options{Keeper: o.Keeper, Log: o.Log, Bodies: o.Bodies}),
		Mux:     http.NewServeMux(), metrics: newMetrics(o.Metrics, o.Keeper), replies: replies{o.Store, o.Keeper.Vault(), o.Keeper.Now},
	}
	config := huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title:       "Grantkeep",
				Version:     o.Version,
				Description: "Merchants' authorizations on e-commerce platforms: links, grants, fresh tokens, and what went wrong.",
			},
			Components: &huma.Components{
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"key": {Type: "http", Scheme: "bearer", Description: "An API key, gk_…; each operation names the one scope it needs."},
				},
			},
		},
		Formats: map[string]huma.Format{
			"application/json": {Marshal: wire.WriteJSON, Unmarshal: wire.ReadJSON},
			"json":             {Marshal: wire.WriteJSON, Unmarshal: wire.ReadJSON}, // application/problem+json
		},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
	}
	config.Transformers = []huma.Transformer{ourProblems(config.Components)}
	d.Huma = humago.New(d, config)
	d.Mux.HandleFunc("/", d.noRoute)
	return d
}

// exactNames makes huma take a member under its own name only: {"owner":"a","OWNER":"b"} has one reader who sees a and
// one who sees b.
var exactNames = sync.OnceFunc(func() { huma.ValidateStrictCasing = true })

// ourProblems turns what huma says about a request into our form, which says what is taken and leaves out the values that
// were sent.
func ourProblems(known *huma.Components) huma.Transformer {
	return func(c huma.Context, _ string, v any) (any, error) {
		if m, ok := v.(*huma.ErrorModel); ok {
			return problem.OfModel(m, c.Operation(), known.Schemas), nil
		}
		return v, nil
	}
}

// ByPerson reports whether a browser asks for a page, and not a program for data.
func ByPerson(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && strings.Contains(r.Header.Get("Accept"), "text/html") &&
		!strings.HasPrefix(r.URL.Path, "/v1/") && !strings.HasPrefix(r.URL.Path, "/proxy/")
}

// noRoute answers for addresses that do not exist, and for methods that an address does not have.
func (d *Door) noRoute(w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := d.Mux.Handler(other); pattern != "/" {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) == 0 && d.Lost != nil && ByPerson(r) {
		d.Lost(w, r)
		return
	}
	if len(allowed) == 0 {
		d.WriteProblem(w, r, store.ErrNotFound)
		return
	}
	p := problem.New(problem.MethodNotAllowed, "")
	p.Header = http.Header{"Allow": {strings.Join(allowed, ", ")}}
	d.WriteProblem(w, r, p)
}
