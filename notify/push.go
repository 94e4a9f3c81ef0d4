// Package notify is how news travels: pushes of platforms come in here, and events of ours will leave from here.
//
// A push is a hint. Its proof is checked first, over the raw bytes; then it is answered exactly as the platform wants,
// before any work; then the platform is asked. Only its answer changes a grant.
package notify

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
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
	return &Pushes{o: o, queue: make(chan work, queueMost)}
}

// ServeHTTP takes one push. An app that is unknown, a proof that fails and a platform that has no pushes look alike.
func (p *Pushes) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, err := p.receive(r)
	if err != nil {
		status := http.StatusUnauthorized
		switch {
		case errors.Is(err, errBusy):
			status = http.StatusTooManyRequests
		case errors.Is(err, store.ErrUnavailable):
			status = http.StatusServiceUnavailable
		case errors.Is(err, errTooLong):
			status = http.StatusRequestEntityTooLarge
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
	errNobody  = errors.New("no such app, or its platform sends no pushes")
)

func (p *Pushes) receive(r *http.Request) (platform.Answer, error) {
	ctx, cancel := context.WithTimeout(r.Context(), readWithin)
	defer cancel()
	body, err := io.ReadAll(io.LimitReader(r.Body, longestPush+1))
	if err != nil {
		return platform.Answer{}, err
	}
	if len(body) > longestPush {
		return platform.Answer{}, errTooLong
	}
	app, err := p.o.Store.App(ctx, gk.Engine(), r.PathValue("app"))
	if errors.Is(err, store.ErrNotFound) {
		return platform.Answer{}, errNobody
	}
	if err != nil {
		return platform.Answer{}, err
	}
	d, open, err := p.o.Keeper.OpenApp(app)
	if err != nil {
		return platform.Answer{}, err
	}
	receiver, ok := d.(platform.Receiver)
	if !ok {
		return platform.Answer{}, errNobody
	}
	delivery, err := receiver.Receive(open, platform.Incoming{
		Method: r.Method, URL: p.o.PublicURL + r.URL.RequestURI(), Header: r.Header, Body: body,
	})
	if err != nil {
		return platform.Answer{}, err
	}
	if len(p.queue)+len(delivery.Notices) > queueMost {
		return platform.Answer{}, errBusy
	}
	for _, n := range delivery.Notices {
		if n.Dedup != "" {
			first, err := p.o.Store.RememberPush(ctx, app.ID, n.Dedup, n.Kind, p.o.Keeper.Now())
			if err != nil {
				return platform.Answer{}, err
			}
			if !first {
				continue
			}
		}
		select {
		case p.queue <- work{app.ID, n}:
		default:
			return platform.Answer{}, errBusy
		}
	}
	return delivery.Answer, nil
}

// Run does the work of pushes until ctx ends. What it does not get to is found by the periodic checks.
func (p *Pushes) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case w := <-p.queue:
			if err := p.o.Keeper.Hear(ctx, w.app, w.notice); err != nil && ctx.Err() == nil {
				p.o.Log.Warn("the work of a push failed; the periodic check will find out", "app", w.app, "kind", w.notice.Kind, "error", err)
			}
		}
	}
}
