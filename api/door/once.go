package door

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api/problem"
	"github.com/grantkeep/grantkeep/keeper"
)

const (
	onceHeader  = "Idempotency-Key"
	longestOnce = 255     // bytes of the header
	longestKept = 1 << 20 // bytes of an answer that is kept
)

// manyTimes are the routes to which a repeat does no harm by itself, or whose answers are a platform's and may be endless:
// there the header is passed over.
var manyTimes = map[string]bool{
	"POST /v1/grants/import":     true,
	"POST /v1/grants/{id}/call":  true,
	"POST /v1/apps/{id}/call":    true,
	"POST /proxy/{grant}/{rest}": true,
	"POST /v1/explain":           true,
}

// once makes a route do its work once for each Idempotency-Key of an API key, for 24 hours: a repeat gets the first
// answer, and another request under the same name is refused. What failed on our side, or was over a limit, is not
// kept, so that a repeat tries again.
func (s *Door) once(route string, next http.HandlerFunc) http.HandlerFunc {
	if !strings.HasPrefix(route, "POST /v1/") || manyTimes[route] {
		return next
	}
	return func(w http.ResponseWriter, r *http.Request) {
		names := r.Header.Values(onceHeader)
		if len(names) == 0 {
			next(w, r)
			return
		}
		if len(names) > 1 || names[0] == "" || len(names[0]) > longestOnce || strings.ContainsFunc(names[0], func(c rune) bool { return c < ' ' || c > '~' }) {
			s.WriteProblem(w, r, problem.Invalid(onceHeader, "is not one text of 1 to 255 printable ASCII characters"))
			return
		}
		body, err := io.ReadAll(r.Body) // it is in memory already
		if err != nil {
			s.WriteProblem(w, r, problem.New(problem.TooSlow, ""))
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		sum := sha256.Sum256([]byte(r.URL.RequestURI() + "\x00" + string(body)))
		req := keeper.Request{Key: CallerOf(r.Context()).ID, Route: route, Name: names[0], Digest: sum[:]}
		answer, err := s.Keeper.First(r.Context(), req)
		switch {
		case err != nil:
			s.WriteProblem(w, r, err)
		case answer != nil:
			if err := s.mayReplay(r, route); err != nil {
				s.WriteProblem(w, r, err)
				return
			}
			s.replay(w, r, answer)
		default:
			s.first(w, r, req, next)
		}
	}
}

// keptAnswer is an answer as it is kept.
type keptAnswer struct {
	Status int         `json:"status"`
	Header http.Header `json:"header"`
	Body   []byte      `json:"body"`
}

// mayReplay looks again whether whoever asks may still have what an answer is about: a grant may have gone to another
// owner since, or have ended. A signed call holds its token.
func (s *Door) mayReplay(r *http.Request, route string) error {
	v, id := CallerOf(r.Context()).Viewer(), r.PathValue("id")
	var err error
	switch {
	case strings.HasPrefix(route, "POST /v1/grants/{id}"):
		var g gk.Grant
		g, err = s.Store.Grant(r.Context(), v, id)
		switch {
		case err != nil || !strings.HasSuffix(route, "/sign"):
		case g.State == gk.Revoked:
			err = keeper.ErrRevoked
		case g.State == gk.Held:
			err = keeper.ErrHeld
		}
	case strings.HasPrefix(route, "POST /v1/apps/{id}"):
		_, err = s.Store.App(r.Context(), v, id)
	case strings.HasPrefix(route, "POST /v1/authorizations/{id}"):
		_, err = s.Store.Authorization(r.Context(), v, id)
	}
	return err
}

func (s *Door) replay(w http.ResponseWriter, r *http.Request, answer []byte) {
	var kept keptAnswer
	if err := json.Unmarshal(answer, &kept); err != nil {
		s.WriteProblem(w, r, err)
		return
	}
	for name, values := range kept.Header {
		w.Header()[name] = values
	}
	w.Header().Set("Idempotency-Replayed", "true")
	w.WriteHeader(kept.Status)
	_, _ = w.Write(kept.Body) // the client may be gone
}

// first answers a request and keeps the answer. Whatever happens, the reservation ends.
func (s *Door) first(w http.ResponseWriter, r *http.Request, req keeper.Request, next http.HandlerFunc) {
	ctx := context.WithoutCancel(r.Context())
	rec := &recorder{seen: seen{ResponseWriter: w, status: http.StatusOK}}
	keep := false
	defer func() {
		var err error
		if !keep {
			err = s.Keeper.Forget(ctx, req)
		}
		if err != nil {
			s.Log.Warn("an idempotency key stays reserved", "route", req.Route, "error", err)
		}
	}()
	next(rec, r)
	if rec.status >= http.StatusInternalServerError || rec.status == http.StatusTooManyRequests || rec.body.Len() > longestKept {
		return
	}
	answer, err := json.Marshal(keptAnswer{rec.status, rec.Header().Clone(), rec.body.Bytes()})
	if err == nil {
		err = s.Keeper.Answer(ctx, req, answer)
	}
	if err != nil {
		s.Log.Warn("an answer could not be kept", "route", req.Route, "error", err)
	}
	keep = true // the work is done: a repeat must not do it again, even if it finds no answer
}

// recorder passes an answer on and keeps a copy.
type recorder struct {
	seen
	body bytes.Buffer
}

// Write notes a part of the body.
func (r *recorder) Write(p []byte) (int, error) {
	if r.body.Len() <= longestKept {
		r.body.Write(p) // never fails
	}
	return r.seen.Write(p)
}

// onceParameter describes the header.
func onceParameter() *huma.Param {
	return &huma.Param{
		Name: onceHeader, In: "header", Schema: &huma.Schema{Type: huma.TypeString},
		Description: "Names this request: a repeat within 24 hours gets the first answer instead of doing the work again.",
	}
}
