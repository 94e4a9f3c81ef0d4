package api

import (
	"net/http"
	"slices"
	"strings"

	gk "github.com/grantkeep/grantkeep"
)

// guarded is a mux that lets nothing be registered without a line in scopes, and nobody in without that scope.
type guarded struct{ *server }

// HandleFunc registers a route behind the check of its key.
func (g guarded) HandleFunc(pattern string, h func(http.ResponseWriter, *http.Request)) {
	g.handle(pattern, pattern, h)
}

// handle is HandleFunc for a route whose pattern in the mux differs from its path in the document.
func (g guarded) handle(route, pattern string, h func(http.ResponseWriter, *http.Request)) {
	scope, ok := scopes[route]
	if !ok {
		panic("api: the route " + route + " has no scope")
	}
	h = g.audited(route, g.roomed(route, g.once(route, h)))
	g.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		if scope == noKey {
			h(w, r)
			return
		}
		key, p := g.authenticate(r, scope)
		if p != nil {
			g.writeProblem(w, r, p)
			return
		}
		if v, ok := r.Context().Value(visitOf{}).(*visit); ok { // without one the route sees no key, and shows nothing
			v.key = key
		}
		h(w, r)
	})
}

// ServeHTTP serves the mux.
func (g guarded) ServeHTTP(w http.ResponseWriter, r *http.Request) { g.mux.ServeHTTP(w, r) }

// authenticate finds the key of a request and checks that it has a scope and that no parameter of ours comes twice; those
// that are passed on to a platform may.
func (g guarded) authenticate(r *http.Request, scope gk.Scope) (*gk.Key, error) {
	key, err := g.keys.find(r.Context(), bearer(r))
	if err != nil {
		return nil, err
	}
	if !slices.Contains(key.Scopes, scope) {
		return nil, problem(forbidden, "this needs a key with the scope "+string(scope))
	}
	if r.URL.RawQuery == "" || strings.HasPrefix(r.URL.Path, "/proxy/") {
		return key, nil
	}
	for name, values := range r.URL.Query() {
		if len(values) > 1 {
			return nil, invalid(""+name, "is given more than once")
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
