package keeper

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/grantkeep/grantkeep/platform"
)

// errDriver says that a driver broke down over an answer, or over a request that it was to build. It is the fault of
// the one grant or app that it was about, and no answer: what was spent before it has an unknown outcome.
var errDriver = errors.New("keeper: the driver broke down")

// codeDriver is the code of the fault of a grant over whose request or answer the driver broke down.
const codeDriver = "local:driver"

// drive calls a driver. All calls that build a request or read an answer on the keeper's own account go through it,
// since a panic over one hostile answer must not end the process, nor end it again after each start. What the panic
// says is told only where the runtime made it: a text of the driver's may hold a part of the answer.
func drive[T any](k *Keeper, code, what string, call func() (T, error)) (out T, err error) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		why := fmt.Sprintf("%T", p)
		var fault runtime.Error
		if e, ok := p.(error); ok && errors.As(e, &fault) {
			why = fault.Error()
		}
		k.log.Error("a driver broke down; please report this", "platform", code, "what", what, "why", why, "stack", string(debug.Stack()))
		out, err = *new(T), fmt.Errorf("%s: %s: %w", code, what, errDriver)
	}()
	return call()
}

// request has a driver build a request.
func (k *Keeper) request(open platform.App, what string, build func() (*platform.Request, error)) (*platform.Request, error) {
	return drive(k, open.Spec().Code, what, build)
}

// issues has a driver read the answer to an exchange or a renewal.
func (k *Keeper) issues(d platform.Driver, open platform.App, asked platform.Asked, reply platform.Reply) ([]platform.Issue, error) {
	return drive(k, d.Spec().Code, "read issues", func() ([]platform.Issue, error) { return d.ReadIssues(open, asked, reply) })
}

// paged is one page of what a driver reads page by page.
type paged[T any] struct {
	value T
	next  string
}

// page has a driver read one page.
func page[T any](k *Keeper, open platform.App, what string, read func() (T, string, error)) (T, string, error) {
	p, err := drive(k, open.Spec().Code, what, func() (paged[T], error) {
		value, next, err := read()
		return paged[T]{value, next}, err
	})
	return p.value, p.next, err
}

// isolate runs one piece of work of a loop that serves many apps. A panic in it is that one's failure.
func (k *Keeper) isolate(what, id string, work func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			k.log.Error("a piece of work broke down; please report this", "work", what, "id", id, "why", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
			err = fmt.Errorf("%s %s: %w", what, id, errBrokeDown)
		}
	}()
	return work()
}

var errBrokeDown = errors.New("keeper: a piece of work broke down")
