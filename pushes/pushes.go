// Package pushes takes in what platforms push to us.
//
// A push is a hint. Its proof is checked first, over the raw bytes; then it is answered exactly as the platform wants,
// before any work; then the platform is asked. Only its answer changes a grant.
package pushes

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

const (
	longestPush = 256 << 10
	readWithin  = 5 * time.Second
	queueMost   = 256 // pushes whose work is not done yet; beyond, platforms are told to come again

	// Whoever knows an address can send rubbish to it as fast as they like. What is not proved yet is looked at by few at a
	// time, so that it takes no more than its share from the other routes.
	checkedAtOnce = 4
	checkedWithin = 500 * time.Millisecond
)

// Options is what the receiver is made of. All but Log are required.
type Options struct {
	Keeper    *keeper.Keeper
	Store     store.Store
	PublicURL string // scheme://host[:port], as the platforms know it
	Log       *slog.Logger
}

// Pushes receives what platforms send to /push/APP. Its Run does the work.
type Pushes struct {
	o     Options
	queue chan work
	turns chan struct{} // to check a proof

	mu    sync.Mutex
	taken int // room of the queue that is promised or in use
}

type work struct {
	app    string
	notice platform.Notice
}

// New makes the receiver.
func New(o Options) *Pushes {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return &Pushes{o: o, queue: make(chan work, queueMost), turns: make(chan struct{}, checkedAtOnce)}
}

// ServeHTTP takes one push. An app that is unknown, a proof that fails and a platform that has no pushes look alike.
func (p *Pushes) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, err := p.receive(w, r)
	if err != nil {
		status := http.StatusUnauthorized
		switch {
		case errors.Is(err, errBusy):
			status = http.StatusTooManyRequests
		case errors.Is(err, store.ErrUnavailable):
			status = http.StatusServiceUnavailable
		case errors.Is(err, errTooLong):
			status = http.StatusRequestEntityTooLarge
		case errors.Is(err, errEncoded):
			status = http.StatusUnsupportedMediaType
		case errors.Is(err, os.ErrDeadlineExceeded):
			status = http.StatusRequestTimeout
		}
		p.o.Log.Info("a push was not taken", "app", r.PathValue("app"), "error", err)
		w.WriteHeader(status)
		return
	}
	if answer.ContentType != "" {
		w.Header().Set("Content-Type", answer.ContentType)
	}
	if answer.Status == 0 {
		answer.Status = http.StatusOK
	}
	w.WriteHeader(answer.Status)
	if _, err := w.Write(answer.Body); err != nil && answer.Status != http.StatusNoContent {
		p.o.Log.Info("a push could not be answered; the platform sends it again", "error", err)
	}
}

var (
	errBusy    = errors.New("too many pushes wait for their work")
	errTooLong = errors.New("longer than 256 KiB")
	errEncoded = errors.New("compressed, which no platform does")
	errNobody  = errors.New("no such app, or its platform sends no pushes")
)

func (p *Pushes) receive(w http.ResponseWriter, r *http.Request) (platform.Answer, error) {
	body, err := read(w, r)
	if err != nil {
		return platform.Answer{}, err
	}
	app, delivery, err := p.prove(r, body)
	if err != nil {
		return platform.Answer{}, err
	}
	// Room comes first: a push that is remembered and then sent away would be taken for done when it comes again.
	left := len(delivery.Notices)
	if !p.reserve(left) {
		return platform.Answer{}, errBusy
	}
	defer func() { p.release(left) }()
	for _, n := range delivery.Notices {
		if n.Dedup != "" {
			first, err := p.o.Store.RememberPush(r.Context(), app, n.Dedup, n.Kind, p.o.Keeper.Now())
			if err != nil {
				return platform.Answer{}, err
			}
			if !first {
				continue
			}
		}
		p.queue <- work{app, n} // there is room
		left--
	}
	return delivery.Answer, nil
}

// read reads a body as it was signed: a compressed one is not what any platform sends.
func read(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if e := r.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return nil, errEncoded
	}
	rc := http.NewResponseController(w)
	_ = rc.SetReadDeadline(time.Now().Add(readWithin)) // a recorder in a test has none
	body, err := io.ReadAll(io.LimitReader(r.Body, longestPush+1))
	if err != nil {
		return nil, err
	}
	if len(body) > longestPush {
		return nil, errTooLong
	}
	_ = rc.SetReadDeadline(time.Time{}) // else it would end the work below
	return body, nil
}

// prove checks the proof of a push, when it is its turn, and returns whose it is and what it says.
func (p *Pushes) prove(r *http.Request, body []byte) (app string, d platform.Delivery, err error) {
	ctx, cancel := context.WithTimeout(r.Context(), checkedWithin)
	defer cancel()
	select {
	case p.turns <- struct{}{}:
		defer func() { <-p.turns }()
	case <-ctx.Done():
		return "", d, errBusy
	}
	row, err := p.o.Store.App(r.Context(), gk.Engine(), r.PathValue("app"))
	if errors.Is(err, store.ErrNotFound) {
		return "", d, errNobody
	}
	if err != nil {
		return "", d, err
	}
	driver, open, err := p.o.Keeper.OpenApp(row)
	if err != nil {
		return "", d, err
	}
	receiver, ok := driver.(platform.Receiver)
	if !ok {
		return "", d, errNobody
	}
	d, err = receiver.Receive(open, platform.Incoming{Method: r.Method, URL: p.o.PublicURL + r.URL.RequestURI(), Header: r.Header, Body: body})
	return row.ID, d, err
}

// reserve takes room in the queue for n pieces of work, all or none.
func (p *Pushes) reserve(n int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taken+n > queueMost {
		return false
	}
	p.taken += n
	return true
}

func (p *Pushes) release(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken -= n
}

// Run does the work of pushes until ctx ends. What it does not get to is found by the periodic checks.
func (p *Pushes) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case w := <-p.queue:
			p.release(1)
			if err := p.o.Keeper.Hear(ctx, w.app, w.notice); err != nil && ctx.Err() == nil {
				p.o.Log.Warn("the work of a push failed; the periodic check will find out", "app", w.app, "kind", w.notice.Kind, "error", err)
			}
		}
	}
}
