package sim

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// Kit is what a simulator is made of. Everything in it but the clock belongs to one simulator, and is used under its
// lock: by the simulator while the kit calls it, by others inside [Kit.Do].
type Kit struct {
	Platform string
	Look     Look
	Clock    *Clock
	Options  *Switches
	Faults   *Faults
	Calls    *Calls
	Ledger   *Ledger
	Apps     *Apps
	Shops    *Shops
	Pushes   *Pushes

	mu         sync.Mutex
	base       string
	timestamps func() string
	slow       func() time.Duration
}

// NewKit returns the kit of one platform. The base is the address at which clients reach it, without a slash at the end;
// pushes go out through the round tripper.
func NewKit(platform string, clock *Clock, rows []Row, base string, out http.RoundTripper) *Kit {
	k := &Kit{
		Platform: platform,
		Clock:    clock,
		Options:  &Switches{},
		Faults:   &Faults{rows: rows},
		Calls:    &Calls{},
		Ledger:   newLedger(clock),
		Apps:     &Apps{},
		Shops:    &Shops{},
		base:     base,
	}
	k.Pushes = newPushes(k, out)
	k.timestamps = k.Options.Choice("timestamps", "near", []string{"strict", "near"},
		"Signed times must be near the simulator's clock (strict), or near it or the real clock (near).")
	k.slow = k.Options.Duration("slow", 11*time.Second, "How late, in real time, the fault slow answers.")
	clock.Register(k.Pushes.hook())
	return k
}

// Base returns the address at which clients reach the platform, without a slash at the end.
func (k *Kit) Base() string { return k.base }

// Now returns the simulated time.
func (k *Kit) Now() time.Time { return k.Clock.Now() }

// Near reports whether a signed time lies within a distance of the time, as the switch "timestamps" tells it.
func (k *Kit) Near(signed time.Time, within time.Duration) bool {
	if signed.Sub(k.Now()).Abs() <= within {
		return true
	}
	return k.timestamps() == "near" && time.Until(signed).Abs() <= within
}

// Do runs a function while the simulator rests.
func (k *Kit) Do(f func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	f()
}

type contextKey int

const (
	callKey    contextKey = iota // *Call: the log's line of the request
	browserKey                   // *browser: the request is a page's, asked by the control call "consent"
)

// Call returns the log's line of a request. Outside of the kit's handler it returns a line that nobody keeps.
func (k *Kit) Call(r *http.Request) *Call {
	if call, ok := r.Context().Value(callKey).(*Call); ok {
		return call
	}
	return &Call{}
}

func withCall(r *http.Request, call *Call) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), callKey, call))
}
