package api

import (
	"context"
	"errors"
	"math"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/explain"
	"github.com/grantkeep/grantkeep/gateway"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/outbound"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

var problemType = reflect.TypeFor[Problem]()

// Problem is an error as the API answers it (RFC 9457). Programs look at Type; Detail is for people.
type Problem struct {
	Type     string         `json:"type" doc:"/problems/NAME: a stable name, and a page that explains it"`
	Title    string         `json:"title"`
	Status   int            `json:"status"`
	Detail   string         `json:"detail,omitempty"`
	Instance string         `json:"instance,omitempty" doc:"names this occurrence in the server's log"`
	Errors   []Wrong        `json:"errors,omitempty" nullable:"false"`
	Fault    *explain.Fault `json:"fault,omitempty" doc:"what the platform said"`

	after  time.Duration
	header http.Header
}

// Wrong is one mistake in a request, without the value that was sent.
type Wrong struct {
	Field   string `json:"field" doc:"path of the member or parameter"`
	Message string `json:"message"`
}

// Error returns type and detail.
func (p *Problem) Error() string { return p.Type + ": " + p.Detail }

// GetStatus returns the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType names the media type of problems.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// GetHeaders returns the headers that go with the problem; Retry-After counts whole seconds, at least one.
func (p *Problem) GetHeaders() http.Header {
	h := p.header.Clone()
	if h == nil {
		h = http.Header{}
	}
	if p.after > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(p.after.Seconds()))))
	}
	return h
}

// problem makes a problem of the table with the table's status and title.
func problem(name problemName, detail string) *Problem {
	k := problems[name]
	return &Problem{Type: "/problems/" + string(name), Title: k.title.En, Status: k.status, Detail: detail}
}

// invalid is a mistake in one field of a request.
func invalid(field, why string) *Problem {
	p := problem(invalidInput, field+" "+why)
	p.Errors = []Wrong{{Field: field, Message: why}}
	return p
}

// outcomes maps the errors of the floors below to problems. The first that matches wins.
var outcomes = []struct {
	err   error
	name  problemName
	after time.Duration // Retry-After where the error itself tells none
}{
	{store.ErrNotFound, notFound, 0},
	{store.ErrInUse, appInUse, 0},
	{store.ErrExists, conflict, 0},
	{store.ErrSpent, conflict, 0},
	{store.ErrUnavailable, storeUnavailable, 2 * time.Second},
	{keeper.ErrNeedsAuthorization, needsAuthorization, 0},
	{keeper.ErrSuspended, suspended, 0},
	{keeper.ErrHeld, held, 0},
	{keeper.ErrRevoked, revoked, 0},
	{keeper.ErrNoToken, noToken, 0},
	{keeper.ErrRefreshing, refreshing, 2 * time.Second},
	{keeper.ErrNotRenewable, notRenewable, 0},
	{keeper.ErrNeedsForce, needsForce, 0},
	{keeper.ErrLimited, limited, time.Minute},
	{keeper.ErrForbidden, forbidden, 0},
	{keeper.ErrDraining, stopping, 2 * time.Second},
	{apps.ErrStopped, appStopped, 0},
	{keeper.ErrFrozen, frozen, time.Minute},
	{keeper.ErrReused, idempotencyKey, 0},
	{keeper.ErrUnderWay, idempotencyKey, 2 * time.Second},
	{gateway.ErrPaced, limited, time.Second},
	{gateway.ErrCrowded, limited, time.Second},
	{gateway.ErrTooLarge, tooLarge, 0},
	{gateway.ErrTooSlow, tooSlow, 0},
	{context.DeadlineExceeded, timedOut, 2 * time.Second},
	{context.Canceled, timedOut, 2 * time.Second},
	{outbound.ErrForbidden, platformUnreachable, 0},
	{outbound.ErrNotSent, platformUnreachable, 5 * time.Second},
	{outbound.ErrNoAnswer, platformUnreachable, 5 * time.Second},
	{platform.ErrGarbage, platformUnreachable, 5 * time.Second},
	{platform.ErrForeignHost, refusedInput, 0},
}

// problemOf turns an error into the problem that answers it, and reports whether it is one that this server did not
// expect: those say nothing but a name under which the log has the rest.
func (s *server) problemOf(err error) (p *Problem, unexpected bool) {
	if errors.As(err, &p) {
		return p, false
	}
	var bad *gk.Invalid
	var refused *consent.Refused
	var later *keeper.Later
	var fault *gk.Fault
	var call *platform.BadCall
	var callback *platform.BadCallback
	if errors.Is(err, errNoKey) {
		p = problem(unauthorized, "send Authorization: Bearer gk_…")
		p.header = http.Header{"Www-Authenticate": {"Bearer"}}
		return p, false
	}
	if errors.As(err, &bad) {
		return invalid(bad.Field, bad.Why), false
	}
	for _, o := range outcomes {
		if !errors.Is(err, o.err) {
			continue
		}
		_, detail, _ := strings.Cut(o.err.Error(), ": ") // without the package's name
		p = problem(o.name, detail)
		p.after = o.after
		if errors.As(err, &later) {
			p.after, p.Fault = max(later.After, o.after/2), s.fault(later.Fault, "")
		}
		if errors.As(err, &fault) {
			p.Fault = s.fault(fault, "")
		}
		return p, false
	}
	switch {
	case errors.As(err, &refused):
		p = problem(refusedInput, "refused: "+refused.Reason)
		p.Fault = s.fault(refused.Fault, "")
		return p, false
	case errors.As(err, &call):
		return invalid(call.Field, call.Why), false
	case errors.As(err, &callback):
		p = problem(refusedInput, callback.Why)
		p.Fault = s.fault(callback.Fault, "")
		return p, false
	case errors.As(err, &fault):
		p = problem(platformFault, fault.Error())
		if fault.Action != gk.Retry && fault.Action != gk.Backoff {
			p.Status = http.StatusUnprocessableEntity // asking again the same way leads nowhere
		}
		p.after, p.Fault = fault.RetryAfter, s.fault(fault, "")
		return p, false
	}
	p = problem(internalError, "")
	if damaged := (*store.DamagedError)(nil); errors.As(err, &damaged) {
		p.Detail = "columns of " + strings.Join(damaged.IDs, ", ") + " in the database cannot be read; bring the row back from a backup"
	}
	p.Instance = newInstance()
	return p, true
}

// problemOfModel turns what huma found wrong with a request into a problem, without the values that were sent.
func problemOfModel(m *huma.ErrorModel) *Problem {
	name := invalidInput
	switch m.Status {
	case http.StatusRequestEntityTooLarge:
		name = tooLarge
	case http.StatusUnsupportedMediaType:
		name = unsupportedMedia
	case http.StatusRequestTimeout:
		name = tooSlow
	case http.StatusInternalServerError:
		name = internalError
	}
	p := problem(name, m.Detail)
	p.Status = m.Status
	if m.Status >= http.StatusInternalServerError {
		p.Detail = ""
		return p
	}
	for _, d := range m.Errors {
		if d != nil {
			p.Errors = append(p.Errors, Wrong{Field: fieldOf(d.Location), Message: d.Message})
		}
	}
	if len(p.Errors) > 0 {
		p.Detail = p.Errors[0].Field + ": " + p.Errors[0].Message
	}
	return p
}

// fieldOf names a field as callers know it: without saying whether it stood in the body, the query or the path.
func fieldOf(location string) string {
	for _, prefix := range []string{"body.", "query.", "path.", "header."} {
		if name, ok := strings.CutPrefix(location, prefix); ok {
			return name
		}
	}
	return location
}

// newInstance names one occurrence of a mistake of ours, in the answer and in the log.
func newInstance() string { return gk.NewID("err", time.Now()) }

// writeProblem answers a request with the problem of an error. What was not expected goes to the log.
func (s *server) writeProblem(w http.ResponseWriter, r *http.Request, err error) {
	p := s.answerTo(r.Context(), err)
	for name, values := range p.GetHeaders() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_ = writeJSON(w, p) // the client may be gone, and nothing can be told it then
}

// answerTo is problemOf with a line in the log for what was not expected.
func (s *server) answerTo(ctx context.Context, err error) *Problem {
	p, unexpected := s.problemOf(err)
	if unexpected {
		s.log.ErrorContext(ctx, "unexpected error", "instance", p.Instance, "error", err)
	}
	return p
}
