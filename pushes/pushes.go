// Package pushes takes in what platforms tell us: they push it, we fetch it, or it stands in their own list of living
// authorizations.
//
// A push is a hint. Its proof is checked first, over the raw bytes; then it is stored, and answered exactly as the
// platform wants, before any work; then the platform is asked. Only its answer changes a grant. What is stored is worked
// off app by app, so that no shop waits for another app's platform, and after a crash at the next start.
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

	// Whoever knows an address can send rubbish to it as fast as they like. What is not proved yet is looked at by few at a
	// time, so that it takes no more than its share from the other routes. Waiting for a turn may take half of what the
	// platform with the least patience gives for the whole answer.
	checkedAtOnce = 4
	checkedWithin = 250 * time.Millisecond

	// usualPatience is how long a push may take here where the platform does not say how long it waits.
	usualPatience = 4 * time.Second
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
	turns chan struct{} // to check a proof
	wake  chan struct{} // a push was stored

	patience sync.Map // app: how long its pushes may take here

	censuses censuses

	turningMu sync.Mutex
	turning   map[string]bool // apps whose own turn is under way in this process
}

// New makes the receiver. The keeper's Run lets the apps have their turns here.
func New(o Options) *Pushes {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	p := &Pushes{o: o, turns: make(chan struct{}, checkedAtOnce), wake: make(chan struct{}, 1), turning: map[string]bool{}}
	o.Keeper.AttendApps(p.Turn)
	return p
}

// ServeHTTP takes one push. An app that is unknown, a proof that fails and a platform that has no pushes look alike.
func (p *Pushes) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), p.patienceWith(r.PathValue("app")))
	defer cancel()
	answer, err := p.receive(w, r.WithContext(ctx))
	if err != nil {
		status := http.StatusUnauthorized
		switch {
		case errors.Is(err, errBusy):
			status = http.StatusTooManyRequests
		case errors.Is(err, errStore), errors.Is(err, store.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
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

// patienceWith is how long a push may take here. A database that is slow or away must not cost the answer: the platform is told
// in its own time that it has to send the push again.
func (p *Pushes) patienceWith(app string) time.Duration {
	if known, ok := p.patience.Load(app); ok {
		return known.(time.Duration)
	}
	return usualPatience
}

// inTime waits no longer than ctx lets it for a database that does not notice that its caller has gone: SQLite waits for
// another writer, and a disk for itself. What it stores after all is known as stored when the push is repeated.
func inTime[T any](ctx context.Context, ask func(context.Context) (T, error)) (T, error) {
	type answered struct {
		v   T
		err error
	}
	done := make(chan answered, 1)
	go func() {
		v, err := ask(ctx)
		done <- answered{v, err}
	}()
	select {
	case a := <-done:
		return a.v, a.err
	case <-ctx.Done():
		return *new(T), ctx.Err()
	}
}

// learnPatience remembers how long an app's platform waits, less a fifth for the way.
func (p *Pushes) learnPatience(app string, d platform.Driver) {
	if within := time.Duration(d.Spec().Facts.Push.AnswerWithin); within > 0 {
		p.patience.Store(app, min(within*4/5, usualPatience))
	}
}

var (
	errBusy    = errors.New("too many pushes wait for their check")
	errStore   = errors.New("it could not be stored")
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
	var kept []store.Push
	for _, n := range delivery.Notices {
		if len(n.Secrets) > 0 { // before the answer: what is pushed comes once
			if err := p.o.Keeper.Apps().TakePushed(r.Context(), app, n.Secrets, n.At); err != nil {
				return platform.Answer{}, errors.Join(errStore, err)
			}
		}
		if !asks(n) {
			continue
		}
		push, err := keep(app, n, p.o.Keeper.Now())
		if err != nil {
			return platform.Answer{}, err
		}
		kept = append(kept, push)
	}
	if len(kept) == 0 {
		return delivery.Answer, nil
	}
	if _, err := inTime(r.Context(), func(ctx context.Context) (struct{}, error) { return struct{}{}, p.o.Store.KeepPushes(ctx, kept...) }); err != nil {
		return platform.Answer{}, errors.Join(errStore, err)
	}
	p.look()
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
	row, err := inTime(r.Context(), func(ctx context.Context) (gk.App, error) { return p.o.Store.App(ctx, gk.Engine(), r.PathValue("app")) })
	if errors.Is(err, store.ErrNotFound) {
		return "", d, errNobody
	}
	if err != nil {
		return "", d, err
	}
	a, err := p.o.Keeper.Apps().Open(row)
	if err != nil {
		return "", d, err
	}
	p.learnPatience(row.ID, a.Driver)
	receiver, ok := a.Driver.(platform.Receiver)
	if !ok {
		return "", d, errNobody
	}
	d, err = receiver.Receive(a.Open, platform.Incoming{Method: r.Method, URL: p.o.PublicURL + r.URL.RequestURI(), Header: r.Header, Body: body})
	return row.ID, d, err
}
