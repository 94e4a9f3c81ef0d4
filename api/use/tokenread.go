package use

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/grantkeep/grantkeep/api/door"
)

var asJSON = []string{"application/json"}

// plainReads stands before the operations that read a token and answers what is plainly in order, which is nearly every
// request, without huma's reflection over parameters and answer. Anything else goes on to huma, whose part it is to say
// what is wrong with a request.
func (s useRoutes) plainReads(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	q := tokenRequest{grant: r.PathValue("id")}
	q.IfNoneMatch = r.Header.Get("If-None-Match")
	if !q.plain(r.URL.RawQuery) || q.Window != "" && !slices.Contains(s.windows, q.Window) {
		next(ctx)
		return
	}
	s.serveToken(r.Context(), w, r, &q)
}

func (s useRoutes) serveToken(ctx context.Context, w http.ResponseWriter, r *http.Request, q *tokenRequest) {
	served, err := s.read(ctx, door.CallerOf(ctx), q)
	if err != nil {
		s.WriteProblem(w, r, s.tokenProblem(err))
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
	body.token(&served, s.expiresIn(&served.Grant), s.Fault(served.Fault, ""))
	if body.err != nil {
		s.WriteProblem(w, r, s.tokenProblem(body.err))
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
		return tokenLimits["id"].allow(q.grant)
	}
	return q.app != "" && q.subject != ""
}

// set takes one parameter and reports whether there is such a one and its value is in order.
func (q *tokenRequest) set(name, value string) bool {
	limits, known := tokenLimits[name]
	if !known || !limits.allow(value) {
		return false
	}
	switch name {
	case "app":
		q.app = value
		return q.grant == ""
	case "subject":
		q.subject = value
		return q.grant == ""
	case "min_valid":
		return q.MinValid.UnmarshalText([]byte(value)) == nil
	case "wait":
		return q.Wait.UnmarshalText([]byte(value)) == nil
	case "window":
		q.Window = value
		return true
	case "not_generation":
		n, err := strconv.ParseInt(value, 10, 64)
		q.NotGeneration = n
		return err == nil && n >= 0
	}
	return false // a parameter that this reader does not know yet is left to huma
}

// limits are what the tags of a parameter say of it, for huma and the document as for the plain reader.
type limits struct {
	longest int // in characters; 0: no limit
	values  []string
}

func (l limits) allow(value string) bool {
	return (l.longest == 0 || utf8.RuneCountInString(value) <= l.longest) && (l.values == nil || slices.Contains(l.values, value))
}

// tokenLimits holds the limits of the parameters of both token routes.
var tokenLimits = limitsOf(reflect.TypeFor[tokenInput](), reflect.TypeFor[subjectInput]())

// limitsOf reads the tags of the parameters of inputs.
func limitsOf(inputs ...reflect.Type) map[string]limits {
	found := make(map[string]limits)
	for _, input := range inputs {
		for _, f := range reflect.VisibleFields(input) {
			name := cmp.Or(f.Tag.Get("query"), f.Tag.Get("path"))
			if name == "" {
				continue
			}
			var l limits
			if text := f.Tag.Get("maxLength"); text != "" {
				var err error
				if l.longest, err = strconv.Atoi(text); err != nil {
					panic("api: the parameter " + name + " has a maxLength that is no number")
				}
			}
			if text := f.Tag.Get("enum"); text != "" {
				l.values = strings.Split(text, ",")
			}
			found[name] = l
		}
	}
	return found
}
