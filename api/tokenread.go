package api

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

var asJSON = []string{"application/json"}

// plainReads stands before the operations that read a token and answers what is plainly in order, which is nearly every
// request, without huma's reflection over parameters and answer. Anything else goes on to huma, whose part it is to say
// what is wrong with a request.
func (s *server) plainReads(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	q := tokenRequest{grant: r.PathValue("id")}
	q.IfNoneMatch = r.Header.Get("If-None-Match")
	if !q.plain(r.URL.RawQuery) {
		next(ctx)
		return
	}
	s.serveToken(r.Context(), w, r, &q)
}

func (s *server) serveToken(ctx context.Context, w http.ResponseWriter, r *http.Request, q *tokenRequest) {
	served, err := s.read(ctx, callerOf(ctx), q)
	if err != nil {
		s.writeProblem(w, r, s.tokenProblem(err))
		return
	}
	tag := etag(served.Grant.Generation)
	h := w.Header() // face has put Cache-Control there
	h["Content-Type"] = asJSON
	h["Etag"] = []string{tag}
	if matches(q.IfNoneMatch, tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := tokenBodies.Get().(*tokenBody) //nolint:forcetypeassert // nothing else is put there
	defer body.free()
	body.token(&served, s.expiresIn(&served.Grant), s.fault(served.Fault, ""))
	if body.err != nil {
		s.writeProblem(w, r, s.tokenProblem(body.err))
		return
	}
	_, _ = w.Write(body.text) // the client may be gone
}

var tokenBodies = sync.Pool{New: func() any { return new(tokenBody) }}

// largestKeptBody is more than any token's answer, unless the grant reaches hundreds of shops.
const largestKeptBody = 16 << 10

// free gives a body back, wiped: the token stays in memory nowhere but in the keeper's own entry.
func (b *tokenBody) free() {
	clear(b.text)
	if cap(b.text) > largestKeptBody {
		return
	}
	b.text, b.err = b.text[:0], nil
	tokenBodies.Put(b)
}

// plain reads a query and reports whether all of it is known, there once, and in order, and nothing is missing.
func (q *tokenRequest) plain(query string) bool {
	if query != "" {
		values, err := url.ParseQuery(query)
		if err != nil {
			return false
		}
		for name, v := range values {
			if len(v) != 1 || v[0] == "" || !q.set(name, v[0]) {
				return false
			}
		}
	}
	if q.grant != "" {
		return utf8.RuneCountInString(q.grant) <= 100
	}
	return q.app != "" && q.subject != ""
}

// set takes one parameter and reports whether there is such a one and its value is in order.
func (q *tokenRequest) set(name, value string) bool {
	switch name {
	case "app":
		q.app = value
		return q.grant == "" && utf8.RuneCountInString(value) <= 100
	case "subject":
		q.subject = value
		return q.grant == "" && utf8.RuneCountInString(value) <= 300
	case "min_valid":
		return q.MinValid.UnmarshalText([]byte(value)) == nil
	case "wait":
		return q.Wait.UnmarshalText([]byte(value)) == nil
	case "window":
		q.Window = value
		return value == "r1" || value == "r2" || value == "w1" || value == "w2"
	case "not_generation":
		n, err := strconv.ParseInt(value, 10, 64)
		q.NotGeneration = n
		return err == nil && n >= 0
	}
	return false
}
