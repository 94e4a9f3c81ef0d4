package door

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/grantkeep/grantkeep/api/problem"
	"github.com/grantkeep/grantkeep/gateway"
)

// ownBodies are the routes that read their bodies themselves: within the same budget, or piece by piece.
var ownBodies = map[string]bool{
	"POST /v1/grants/import": true, "POST /v1/grants/{id}/call": true, "POST /v1/apps/{id}/call": true,
}

// How many times its size a body takes while it is worked on, measured on bodies of 1 MiB: it is read into members, and
// where a schema is checked, decoded twice more.
const (
	WeightOfCall = 4
	weightOfJSON = 8
)

// roomed reads the body of a request before its route does, within the memory that all bodies share.
func (s *Door) roomed(route string, next http.HandlerFunc) http.HandlerFunc {
	method, path, _ := strings.Cut(route, " ")
	if method == http.MethodGet || ownBodies[route] || strings.HasPrefix(path, "/proxy/") {
		return next
	}
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 {
			next(w, r)
			return
		}
		body, free, err := s.KeepBody(w, r, weightOfJSON)
		if err != nil {
			s.WriteProblem(w, r, err)
			return
		}
		defer free()
		r.Body = io.NopCloser(bytes.NewReader(body))
		next(w, r)
	}
}

// KeepBody reads a body of at most 1 MiB within the memory that all bodies share, and then lets the work take its time:
// the server's limit is for bodies. free gives the memory back.
func (s *Door) KeepBody(w http.ResponseWriter, r *http.Request, weight int64) (body []byte, free func(), err error) {
	body, free, err = s.Gateway.Keep(r.Body, r.ContentLength, largestBody-1, weight)
	switch {
	case err == nil:
		_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // a recorder in a test has none
		return body, free, nil
	case errors.Is(err, gateway.ErrTooLarge):
		return nil, nil, problem.New(problem.TooLarge, "")
	case errors.Is(err, gateway.ErrCrowded):
		return nil, nil, err
	}
	return nil, nil, problem.New(problem.TooSlow, "")
}
