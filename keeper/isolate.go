package keeper

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// Isolate runs one piece of work of a loop that serves many apps. A panic in it is that one's failure.
func (k *Keeper) Isolate(what, id string, work func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			k.log.Error("a piece of work broke down; please report this", "work", what, "id", id, "why", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
			err = fmt.Errorf("%s %s: %w", what, id, errBrokeDown)
		}
	}()
	return work()
}

var errBrokeDown = errors.New("keeper: a piece of work broke down")
