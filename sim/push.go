package sim

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// pushTimeout is how long, in real time, a platform waits for the answer to a push that has no Timeout of its own.
const pushTimeout = 5 * time.Second

// Push is one message to an app's address.
type Push struct {
	App     string // for the log
	Subject string
	Method  string // empty: POST
	URL     string
	Header  http.Header
	Body    []byte
	Delay   time.Duration   // wait before the first attempt
	Ladder  []time.Duration // waits before the second, third … attempt; empty: one attempt
	Timeout time.Duration   // how long, in real time, the answer may take; 0: five seconds
	Stamp   func(p *Push, now time.Time)
	// Void is asked before each attempt, under the kit's lock: true means that there is nothing left to tell.
	Void func() bool
	// OK judges an answer; nil: any 2xx.
	OK func(status int, body []byte) bool
	// Done is told the end: delivered, or given up after the last attempt. It runs under the kit's lock.
	Done func(delivered bool)

	attempts int
	due      time.Time
	order    int
}

// Pushes sends what the platform has to tell, on the movable clock.
type Pushes struct {
	kit    *Kit
	client *http.Client

	sending chan struct{} // holds one token: whoever has it may send
	wake    chan struct{} // a push was queued

	mu    sync.Mutex
	queue []*Push
	order int
}

func newPushes(kit *Kit, out http.RoundTripper) *Pushes {
	stop := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	p := &Pushes{
		kit:     kit,
		client:  &http.Client{Transport: out, CheckRedirect: stop},
		sending: make(chan struct{}, 1),
		wake:    make(chan struct{}, 1),
	}
	p.sending <- struct{}{}
	return p
}

// Send queues a push whose first attempt is due at once, or after its Delay. Stamp, if there is one, is called before each attempt: there a
// platform signs with the time of sending.
func (p *Pushes) Send(push Push) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.order++
	push.order, push.due = p.order, p.kit.Now().Add(push.Delay)
	if push.Header == nil {
		push.Header = http.Header{}
	}
	p.queue = append(p.queue, &push)
	select {
	case p.wake <- struct{}{}:
	default: // it is awake already
	}
}

// Run sends pushes as they fall due, until the context ends.
func (p *Pushes) Run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := p.Settle(ctx); err != nil {
			return
		}
		p.sleep(ctx)
	}
}

// sleep ends when a push is queued or falls due by the clock as it stands: a jump settles for itself.
func (p *Pushes) sleep(ctx context.Context) {
	wait := time.Hour
	if due := p.next(); !due.IsZero() {
		wait = max(0, min(wait, due.Sub(p.kit.Now())))
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-p.wake:
	case <-ctx.Done():
	}
}

// Settle makes every attempt that is due, and returns when they are answered.
func (p *Pushes) Settle(ctx context.Context) error {
	select {
	case <-p.sending:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { p.sending <- struct{}{} }()
	for push := p.takeDue(); push != nil && ctx.Err() == nil; push = p.takeDue() {
		p.attempt(ctx, push)
	}
	return ctx.Err()
}

func (p *Pushes) hook() Hook {
	return Hook{
		Next: func(from, to time.Time) time.Time { return p.next() },
		Pause: func(ctx context.Context) (func(), error) {
			select {
			case <-p.sending:
				return func() { p.sending <- struct{}{} }, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		},
		Settle: func(ctx context.Context, _ time.Time) error { return p.Settle(ctx) },
	}
}

// next returns when the next attempt falls due, zero if none will.
func (p *Pushes) next() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.queue) == 0 {
		return time.Time{}
	}
	return slices.MinFunc(p.queue, earlier).due
}

func (p *Pushes) takeDue() *Push {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.queue) == 0 {
		return nil
	}
	push := slices.MinFunc(p.queue, earlier)
	if push.due.After(p.kit.Now()) {
		return nil
	}
	p.queue = slices.DeleteFunc(p.queue, func(q *Push) bool { return q == push })
	return push
}

func earlier(a, b *Push) int {
	return cmp.Or(a.due.Compare(b.due), cmp.Compare(a.order, b.order))
}

// attempt sends a push once, notes it in the log, and queues it again if it was not taken.
func (p *Pushes) attempt(ctx context.Context, push *Push) {
	if push.Void != nil {
		var void bool
		p.kit.Do(func() { void = push.Void() })
		if void {
			return
		}
	}
	if push.Stamp != nil {
		p.kit.Do(func() { push.Stamp(push, p.kit.Now()) })
	}
	call := Call{At: p.kit.Now(), Method: cmp.Or(push.Method, http.MethodPost), Path: push.URL, Stage: "push", App: push.App, Subject: push.Subject}
	taken := p.post(ctx, push, &call)
	push.attempts++
	given := !taken && push.attempts > len(push.Ladder)
	if !taken && !given {
		push.due = call.At.Add(push.Ladder[push.attempts-1])
		p.mu.Lock()
		p.queue = append(p.queue, push)
		p.mu.Unlock()
	}
	p.kit.Do(func() {
		p.kit.Calls.add(&call)
		if push.Done != nil && (taken || given) {
			push.Done(taken)
		}
	})
}

func (p *Pushes) post(ctx context.Context, push *Push, call *Call) bool {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(push.Timeout, pushTimeout))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, call.Method, push.URL, bytes.NewReader(push.Body))
	if err != nil {
		call.Refuse("no request: %v", err)
		return false
	}
	req.Header = push.Header.Clone()
	call.Path = req.URL.Path
	res, err := p.client.Do(req)
	if err != nil {
		call.Refuse("no answer: %v", err)
		return false
	}
	defer func() { _ = res.Body.Close() }() // only read from
	body, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if err != nil {
		call.Refuse("%d, answer cut", res.StatusCode)
		return false
	}
	taken := res.StatusCode/100 == 2
	if push.OK != nil {
		taken = push.OK(res.StatusCode, body)
	}
	if !taken {
		call.Refuse("%d", res.StatusCode)
		return false
	}
	call.Accept("%d", res.StatusCode)
	return true
}
