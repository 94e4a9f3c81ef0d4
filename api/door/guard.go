package door

import (
	"context"
	"net/http"
	"slices"
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api/problem"
)

// HandleFunc registers a route behind the check of its key: nothing without a line in scopes, and nobody gets in without
// that scope.
func (d *Door) HandleFunc(pattern string, h func(http.ResponseWriter, *http.Request)) {
	d.Handle(pattern, pattern, h)
}

// Handle is HandleFunc for a route whose pattern in the mux differs from its path in the document.
func (d *Door) Handle(route, pattern string, h func(http.ResponseWriter, *http.Request)) {
	scope, ok := Scopes[route]
	if !ok {
		panic("api: the route " + route + " has no scope")
	}
	h = d.audited(route, d.roomed(route, d.once(route, h)))
	d.Mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		if scope == noKey {
			h(w, r)
			return
		}
		key, p := d.Authenticate(r, scope)
		if p != nil {
			d.WriteProblem(w, r, p)
			return
		}
		if v, ok := r.Context().Value(visitOf{}).(*visit); ok { // without one the route sees no key, and shows nothing
			v.key = key
		}
		h(w, r)
	})
}

// ServeHTTP serves what has been registered.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) { d.Mux.ServeHTTP(w, r) }

// Authenticate finds the key of a request and checks that it has a scope and that no parameter of ours comes twice; those
// that are passed on to a platform may.
func (d *Door) Authenticate(r *http.Request, scope gk.Scope) (*gk.Key, error) {
	key, err := d.Keys.find(r.Context(), bearer(r))
	if err != nil {
		return nil, err
	}
	if !slices.Contains(key.Scopes, scope) {
		return nil, problem.New(problem.Forbidden, "this needs a key with the scope "+string(scope))
	}
	if r.URL.RawQuery == "" || strings.HasPrefix(r.URL.Path, "/proxy/") {
		return key, nil
	}
	for name, values := range r.URL.Query() {
		if len(values) > 1 {
			return nil, problem.Invalid(""+name, "is given more than once")
		}
	}
	return key, nil
}

// bearer returns the key of the header Authorization; empty if there is none, or more than one.
func bearer(r *http.Request) gk.Secret {
	all := r.Header.Values("Authorization")
	if len(all) != 1 {
		return gk.Secret{}
	}
	scheme, text, _ := strings.Cut(all[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return gk.Secret{}
	}
	return gk.NewSecret(strings.TrimSpace(text))
}

// Veiled reports whether a grant shows its state only: it is held, and the key belongs to the one who claims it.
func Veiled(key gk.Key, g gk.Grant) bool { return g.State == gk.Held && len(key.Owners) > 0 }

// Sees answers store.ErrNotFound for a grant that does not exist for a key, before anything else is said about it.
func (s *Door) Sees(ctx context.Context, key gk.Key, grant string) error {
	_, err := s.Store.Grant(ctx, key.Viewer(), grant)
	return err
}
