package sim

import (
	"context"
	"errors"
	"sync"
	"time"
)

// leastStep is the shortest way between two stops of the clock: whoever asks for less is called a moment late.
const leastStep = time.Second

// Clock is the one movable clock of all simulators: the real time plus an offset.
//
// It moves in steps. Before each step it pauses every [Hook], waits until no request is being handled, and asks the hooks
// for the next moment at which something falls due: to there it jumps. After the step each hook does what has fallen due
// and returns when that is done. Thus nothing is in flight while the time moves, and whatever falls due on the way is
// done on the way.
type Clock struct {
	mu     sync.Mutex
	wake   *sync.Cond // holds, jumping or target have changed
	offset time.Duration
	holds  int  // requests being handled
	jump   bool // a jump waits for the holds to end: newcomers wait for the jump
	moving bool
	target time.Time
	steps  int
	err    error
	hooks  []Hook
}

// Hook is how a part of the process takes part in the movement of the clock. Every field may be nil.
type Hook struct {
	// Next returns the first moment after from, and not after to, at which the part has something to do; zero: none. It is
	// asked while everything rests, so it may not wait for a simulator's answer.
	Next func(from, to time.Time) time.Time
	// Pause begins nothing further, waits until nothing is in flight and returns the function that lets the part go on.
	// Hooks are paused in the order in which they were registered.
	Pause func(ctx context.Context) (resume func(), err error)
	// Settle does what is due at now and waits until it is done.
	Settle func(ctx context.Context, now time.Time) error
}

// ClockState is where the clock stands, and where it is going.
type ClockState struct {
	Now    time.Time `json:"now"`
	Target time.Time `json:"target"`          // equal to Now unless it moves
	Steps  int       `json:"steps"`           // taken by the movement under way, or by the last one
	Error  string    `json:"error,omitempty"` // why the last movement ended before its target
}

// NewClock returns a clock that shows the real time.
func NewClock() *Clock {
	c := &Clock{}
	c.wake = sync.NewCond(&c.mu)
	return c
}

// Register adds a hook.
func (c *Clock) Register(h Hook) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hooks = append(c.hooks, h)
}

// Now returns the clock's time, in UTC.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

// now leaves the monotonic reading out: it knows nothing of jumps.
func (c *Clock) now() time.Time { return time.Now().Round(0).Add(c.offset).UTC() }

// State returns where the clock stands.
func (c *Clock) State() ClockState {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := ClockState{Now: c.now(), Steps: c.steps}
	s.Target = s.Now
	if c.moving {
		s.Target = c.target
	}
	if c.err != nil {
		s.Error = c.err.Error()
	}
	return s
}

// Hold keeps the clock from jumping until release is called, and waits for a jump that is about to happen. Whoever holds
// it may not wait for somebody else who needs it.
func (c *Clock) Hold() (release func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.jump {
		c.wake.Wait()
	}
	c.holds++
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.holds--
		c.wake.Broadcast()
	}
}

// Advance moves the clock on and returns when it has arrived. While it moves already, the way gets longer.
func (c *Clock) Advance(ctx context.Context, d time.Duration) error {
	return c.move(ctx, func(from time.Time) time.Time { return from.Add(d) })
}

// Set moves the clock to a moment and returns when it has arrived. A moment in the past is reached in one step.
func (c *Clock) Set(ctx context.Context, to time.Time) error {
	return c.move(ctx, func(time.Time) time.Time { return to })
}

func (c *Clock) move(ctx context.Context, to func(from time.Time) time.Time) error {
	c.mu.Lock()
	if c.moving {
		defer c.mu.Unlock()
		c.target = to(c.target)
		for c.moving {
			c.wake.Wait()
		}
		return c.err
	}
	c.moving, c.steps, c.err = true, 0, nil
	c.target = to(c.now())
	c.mu.Unlock()

	err := c.travel(ctx)

	c.mu.Lock()
	defer c.mu.Unlock()
	c.moving, c.err = false, err
	c.wake.Broadcast()
	return err
}

// travel takes steps until the target, which may move on meanwhile, is reached.
func (c *Clock) travel(ctx context.Context) error {
	for first := true; first || c.onTheWay(); first = false {
		if err := c.step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (c *Clock) onTheWay() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.target.After(c.now())
}

func (c *Clock) step(ctx context.Context) error {
	c.mu.Lock()
	hooks := c.hooks
	c.mu.Unlock()
	if err := c.jumpTo(ctx, hooks); err != nil {
		return err
	}
	var errs []error
	for _, h := range hooks {
		if h.Settle != nil {
			errs = append(errs, h.Settle(ctx, c.Now()))
		}
	}
	return errors.Join(append(errs, ctx.Err())...)
}

// jumpTo changes the time while everything rests. Only then do the hooks know what falls due next: what was in flight
// may have left something to do.
func (c *Clock) jumpTo(ctx context.Context, hooks []Hook) error {
	for _, h := range hooks {
		if h.Pause == nil {
			continue
		}
		resume, err := h.Pause(ctx)
		if err != nil {
			return err
		}
		defer resume()
	}
	from, target := c.still()
	stop := nextStop(hooks, from, target)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset = stop.Sub(time.Now().Round(0))
	c.steps++
	c.jump = false
	c.wake.Broadcast()
	return nil
}

// still waits until no request is being handled, and lets none begin until the jump is over.
func (c *Clock) still() (from, target time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.jump = true
	for c.holds > 0 {
		c.wake.Wait()
	}
	return c.now(), c.target
}

// nextStop returns the earliest moment that a hook wants, and the target if none wants any before it.
func nextStop(hooks []Hook, from, target time.Time) time.Time {
	stop := target
	for _, h := range hooks {
		if h.Next == nil || !target.After(from) {
			continue
		}
		if at := h.Next(from, target); !at.IsZero() && at.Before(stop) {
			stop = at
		}
	}
	if soonest := from.Add(leastStep); stop.Before(soonest) && target.After(soonest) {
		return soonest
	}
	return stop
}
