package api

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/prometheus/client_golang/prometheus"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/gateway"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/notify"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

// Options is what the API is made of. Keeper, Consent, Store, Drivers and APIURL are required.
type Options struct {
	Keeper  *keeper.Keeper
	Consent *consent.Flow
	Store   store.Store
	Drivers []platform.Driver // in the order in which they are listed
	APIURL  string            // scheme://host[:port]; requests for another host are refused
	Version string            // of the program, for the OpenAPI document
	Log     *slog.Logger
	Metrics *prometheus.Registry // nil: one of its own; cmd may serve it on a listener of its own
	Bodies  int64                // bytes of all bodies of calls that are kept at once; 0: 64 MiB
	Uses    *Uses                // counts uses of tokens; whoever made it runs it. nil: one of its own, which is never written down

	News     *notify.News    // webhooks and alarms; required
	Stopping <-chan struct{} // closed when the server stops: streams end then; nil: never
}

// largestBody is one byte more than a request's body may have: 1 MiB.
const largestBody = 1<<20 + 1

type server struct {
	o       Options
	keeper  *keeper.Keeper
	consent *consent.Flow
	store   store.Store
	log     *slog.Logger
	url     *url.URL // of this face
	keys    *keyring
	uses    *Uses
	gateway *gateway.Gateway
	windows []string // partial permissions that platforms have
	mux     *http.ServeMux
	huma    huma.API
	metrics *metrics
	teller  notify.Teller
	streams streams
	written func() ([]byte, error) // the OpenAPI document, written at the first asking
}

// New makes the handler of the whole API. It panics if APIURL is no address: whoever starts the process has checked it.
func New(o Options) http.Handler {
	s := build(o)
	return s.face(s.thawed(s.straight(s.mux)))
}

// exactNames makes huma take a member under its own name only: {"owner":"a","OWNER":"b"} has one reader who sees a and
// one who sees b.
var exactNames = sync.OnceFunc(func() { huma.ValidateStrictCasing = true })

func build(o Options) *server {
	exactNames()
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Metrics == nil {
		o.Metrics = prometheus.NewRegistry()
	}
	var err error
	s := &server{o: o, keeper: o.Keeper, consent: o.Consent, store: o.Store, log: o.Log, mux: http.NewServeMux()}
	if s.url, err = url.Parse(o.APIURL); err != nil || s.url.Host == "" {
		panic("api: APIURL must be scheme://host[:port]")
	}
	if s.uses = o.Uses; s.uses == nil {
		s.uses = NewUses(o.Store, o.Keeper.Now, o.Log)
	}
	s.keys = newKeyring(o.Store, o.Keeper.Now)
	s.metrics = newMetrics(o.Metrics, o.Keeper)
	o.Metrics.MustRegister(newGauges(o))
	s.gateway = gateway.New(gateway.Options{Keeper: o.Keeper, Log: o.Log, Bodies: o.Bodies})
	s.teller = notify.Teller{Store: o.Store, Keeper: o.Keeper}
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
			"application/json": {Marshal: writeJSON, Unmarshal: readJSON},
			"json":             {Marshal: writeJSON, Unmarshal: readJSON}, // application/problem+json
		},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
		Transformers:                 []huma.Transformer{ourProblems},
	}
	s.huma = humago.New(guarded{s}, config)
	s.routeApps()
	s.routeAuthorizations()
	s.routeGrants()
	s.routeGrantLink()
	s.routeImport()
	s.routeExport()
	s.routeTokens()
	s.nameWindows()
	s.routeGateway()
	s.routeEvents()
	s.routeStream()
	s.routeWebhooks()
	s.routeAlarms()
	s.routeKeys()
	s.routeKeyring()
	s.routeChecks()
	s.routeAudit()
	s.routeUsers()
	s.routePlatforms()
	s.routeExplain()
	s.routeOperation()
	s.document()
	s.mux.HandleFunc("/", s.noRoute)
	return s
}

// ourProblems turns what huma says about a request into our form, which leaves out the values that were sent.
func ourProblems(_ huma.Context, _ string, v any) (any, error) {
	if m, ok := v.(*huma.ErrorModel); ok {
		return problemOfModel(m), nil
	}
	return v, nil
}

func writeJSON(w io.Writer, v any) error { return huma.DefaultJSONFormat.Marshal(w, v) }

// output is an answer with a JSON body.
type output[T any] struct{ Body T }

// list is one page of a list.
type list[T any] struct {
	Items []T    `json:"items" nullable:"false"`
	Next  string `json:"next,omitempty" doc:"pass it as cursor for the next page; absent at the end"`
}

// add registers an operation: its scope goes into the document, its caller's key to the handler, and its errors become
// problems.
func add[I, O any](s *server, op huma.Operation, handle func(ctx context.Context, key gk.Key, in *I) (*O, error)) {
	secure(&op)
	group, _, _ := strings.Cut(strings.TrimPrefix(op.Path, "/v1/"), "/")
	op.Tags = []string{group}
	op.MaxBodyBytes = largestBody
	if op.Method == http.MethodPost && !manyTimes[op.Method+" "+op.Path] {
		op.Parameters = append(op.Parameters, onceParameter())
	}
	if op.Responses == nil {
		op.Responses = map[string]*huma.Response{}
	}
	op.Responses["default"] = &huma.Response{
		Description: "A problem",
		Content: map[string]*huma.MediaType{
			"application/problem+json": {Schema: s.huma.OpenAPI().Components.Schemas.Schema(problemType, true, "")},
		},
	}
	huma.Register(s.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, callerOf(ctx), in)
		if err != nil {
			return nil, s.answerTo(ctx, err)
		}
		return out, nil
	})
}

// secure writes the scope of an operation into its description.
func secure(op *huma.Operation) {
	if scope := scopes[op.Method+" "+op.Path]; scope != noKey {
		op.Security = []map[string][]string{{"key": {string(scope)}}}
	}
}

// noRoute answers for addresses that do not exist, and for methods that an address does not have.
func (s *server) noRoute(w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := s.mux.Handler(other); pattern != "/" {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) == 0 {
		s.writeProblem(w, r, store.ErrNotFound)
		return
	}
	p := problem(methodNotAllowed, "")
	p.header = http.Header{"Allow": {strings.Join(allowed, ", ")}}
	s.writeProblem(w, r, p)
}
