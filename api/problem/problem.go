// Package problem has the errors of the API in the form of RFC 9457: the table of them, and what an error of the floors below becomes.
package problem

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api/wire"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/explain"
	"github.com/grantkeep/grantkeep/gateway"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/outbound"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

var Type = reflect.TypeFor[Problem]()

// Problem is an error as the API answers it (RFC 9457). Programs look at Type; Detail is for people.
type Problem struct {
	Type     string         `json:"type" doc:"/problems/NAME: a stable name, and a page that explains it"`
	Title    string         `json:"title"`
	Status   int            `json:"status"`
	Detail   string         `json:"detail,omitempty"`
	Instance string         `json:"instance,omitempty" doc:"names this occurrence in the server's log"`
	Errors   []Wrong        `json:"errors,omitempty" nullable:"false"`
	Fault    *explain.Fault `json:"fault,omitempty" doc:"what the platform said"`

	After  time.Duration `json:"-"` // becomes Retry-After
	Header http.Header   `json:"-"`
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
	h := p.Header.Clone()
	if h == nil {
		h = http.Header{}
	}
	if p.After > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(p.After.Seconds()))))
	}
	return h
}

// New makes a problem of the table with the table's status and title.
func New(name Name, detail string) *Problem {
	k := Table[name]
	return &Problem{Type: "/problems/" + string(name), Title: k.Title.En, Status: k.Status, Detail: detail}
}

// Invalid is a mistake in one field of a request.
func Invalid(field, why string) *Problem {
	p := New(InvalidInput, field+" "+why)
	p.Errors = []Wrong{{Field: field, Message: why}}
	return p
}

// outcomes maps the errors of the floors below to problems. The first that matches wins.
var outcomes = []struct {
	err   error
	name  Name
	after time.Duration // Retry-After where the error itself tells none
}{
	{store.ErrNotFound, NotFound, 0},
	{store.ErrInUse, AppInUse, 0},
	{store.ErrExists, Conflict, 0},
	{store.ErrSpent, Conflict, 0},
	{store.ErrUnavailable, StoreUnavailable, 2 * time.Second},
	{keeper.ErrNeedsAuthorization, NeedsAuthorization, 0},
	{keeper.ErrSuspended, Suspended, 0},
	{keeper.ErrUnopened, AppBroken, 0},
	{keeper.ErrHeld, Held, 0},
	{keeper.ErrRevoked, Revoked, 0},
	{keeper.ErrNoToken, NoToken, 0},
	{keeper.ErrClocks, Refreshing, 30 * time.Second},
	{keeper.ErrWaiting, Refreshing, 2 * time.Second},
	{keeper.ErrRefreshing, Refreshing, 2 * time.Second},
	{keeper.ErrNotRenewable, NotRenewable, 0},
	{keeper.ErrNeedsForce, NeedsForce, 0},
	{keeper.ErrLimited, Limited, time.Minute},
	{keeper.ErrForbidden, Forbidden, 0},
	{keeper.ErrDraining, Stopping, 2 * time.Second},
	{apps.ErrStopped, AppStopped, 0},
	{keeper.ErrFrozen, Frozen, time.Minute},
	{ErrReused, IdempotencyKey, 0},
	{ErrUnderWay, IdempotencyKey, 2 * time.Second},
	{gateway.ErrPaced, Limited, time.Second},
	{gateway.ErrCrowded, Limited, time.Second},
	{gateway.ErrTooLarge, TooLarge, 0},
	{gateway.ErrTooSlow, TooSlow, 0},
	{context.DeadlineExceeded, TimedOut, 2 * time.Second},
	{context.Canceled, TimedOut, 2 * time.Second},
	{outbound.ErrForbidden, PlatformUnreachable, 0},
	{outbound.ErrNotSent, PlatformUnreachable, 5 * time.Second},
	{outbound.ErrNoAnswer, PlatformUnreachable, 5 * time.Second},
	{platform.ErrGarbage, PlatformUnreachable, 5 * time.Second},
	{platform.ErrForeignHost, RefusedInput, 0},
}

// What can stand in the way of a request that names itself.
var (
	ErrReused   = errors.New("api: this Idempotency-Key came with another request before")
	ErrUnderWay = errors.New("api: the first request with this Idempotency-Key is under way, or was cut off; read what it did before you repeat it")
)

// ErrNoKey is a key that is unknown, expired or revoked: which of them is nobody's business.
var ErrNoKey = errors.New("api: no such key")

// Answers turns errors into problems, with the words of the platform that one came from.
type Answers struct {
	Keeper *keeper.Keeper
	Log    *slog.Logger
}

// problemOf turns an error into the problem that answers it, and reports whether it is one that this server did not
// expect: those say nothing but a name under which the log has the rest.
func (s *Answers) problemOf(err error) (p *Problem, unexpected bool) {
	if errors.As(err, &p) {
		return p, false
	}
	var bad *gk.Invalid
	var refused *consent.Refused
	var later *keeper.Later
	var fault *gk.Fault
	var call *platform.BadCall
	var callback *platform.BadCallback
	if errors.Is(err, ErrNoKey) {
		p = New(Unauthorized, "send Authorization: Bearer gk_…")
		p.Header = http.Header{"Www-Authenticate": {"Bearer"}}
		return p, false
	}
	if errors.As(err, &bad) {
		return Invalid(bad.Field, bad.Why), false
	}
	for _, o := range outcomes {
		if !errors.Is(err, o.err) {
			continue
		}
		_, detail, _ := strings.Cut(o.err.Error(), ": ") // without the package's name
		p = New(o.name, detail)
		p.After = o.after
		if errors.As(err, &later) {
			p.After, p.Fault = max(later.After, o.after/2), s.Fault(later.Fault, "")
		}
		if errors.As(err, &fault) {
			p.Fault = s.Fault(fault, "")
		}
		return p, false
	}
	switch {
	case errors.As(err, &refused):
		p = New(RefusedInput, "refused: "+refused.Reason)
		p.Fault = s.Fault(refused.Fault, "")
		return p, false
	case errors.As(err, &call):
		return Invalid(call.Field, call.Why), false
	case errors.As(err, &callback):
		p = New(RefusedInput, callback.Why)
		p.Fault = s.Fault(callback.Fault, "")
		return p, false
	case errors.As(err, &fault):
		p = New(PlatformFault, fault.Error())
		if fault.Action != gk.Retry && fault.Action != gk.Backoff {
			p.Status = http.StatusUnprocessableEntity // asking again the same way leads nowhere
		}
		p.After, p.Fault = fault.RetryAfter, s.Fault(fault, "")
		return p, false
	}
	p = New(InternalError, "")
	if damaged := (*store.DamagedError)(nil); errors.As(err, &damaged) {
		p.Detail = "columns of " + strings.Join(damaged.IDs, ", ") + " in the database cannot be read; bring the row back from a backup"
	}
	p.Instance = NewInstance()
	return p, true
}

// NewInstance names one occurrence of a mistake of ours, in the answer and in the log.
func NewInstance() string { return gk.NewID("err", time.Now()) }

// WriteProblem answers a request with the problem of an error. What was not expected goes to the log.
func (s *Answers) WriteProblem(w http.ResponseWriter, r *http.Request, err error) {
	p := s.AnswerTo(r.Context(), r.URL.Path, err)
	for name, values := range p.GetHeaders() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_ = wire.WriteJSON(w, p) // the client may be gone, and nothing can be told it then
}

// AnswerTo is problemOf for a request of an address, with a line in the log for what was not expected.
func (s *Answers) AnswerTo(ctx context.Context, path string, err error) *Problem {
	p, unexpected := s.problemOf(err)
	if p.Type == "/problems/"+string(NotFound) && len(p.Errors) == 0 {
		p = absent(path)
	}
	if unexpected {
		s.Log.ErrorContext(ctx, "unexpected error", "instance", p.Instance, "error", err)
	}
	return p
}
