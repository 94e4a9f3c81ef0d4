package apps

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
)

// ErrDriver says that a driver broke down over an answer, or over a request that it was to build. It is the fault of
// the one grant or app that it was about, and no answer: what was spent before it has an unknown outcome.
var ErrDriver = errors.New("keeper: the driver broke down")

// CodeDriver is the code of the fault of a grant over whose request or answer the driver broke down.
const CodeDriver = "local:driver"

// Drive calls a driver. All calls that build a request or read an answer on our own account go through it, since a
// panic over one hostile answer must not end the process, nor end it again after each start. What the panic says is told
// only where the runtime made it: a text of the driver's may hold a part of the answer.
func Drive[T any](o Opened, what string, call func() (T, error)) (out T, err error) {
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
		code := o.Driver.Spec().Code
		o.registry.log.Error("a driver broke down; please report this", "platform", code, "what", what, "why", why, "stack", string(debug.Stack()))
		out, err = *new(T), fmt.Errorf("%s: %s: %w", code, what, ErrDriver)
	}()
	return call()
}

// paged is one page of what a driver reads page by page.
type paged[T any] struct {
	value T
	next  string
}

// Page has a driver read one page.
func Page[T any](o Opened, what string, read func() (T, string, error)) (T, string, error) {
	p, err := Drive(o, what, func() (paged[T], error) {
		value, next, err := read()
		return paged[T]{value, next}, err
	})
	return p.value, p.next, err
}
