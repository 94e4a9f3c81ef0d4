package keeper

import (
	"context"
	"errors"
	"log/slog"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/keeper/cache"
	"github.com/grantkeep/grantkeep/keeper/gates"
	"github.com/grantkeep/grantkeep/keeper/seal"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/store"
)

const (
	defaultMinValid = time.Hour
	defaultWait     = 10 * time.Second
	longestWait     = 60 * time.Second
)

// TokenWant is what a reader needs of a token.
type TokenWant struct {
	MinValid      *time.Duration // how long it must still last; nil: an hour. At most half the token's life is asked for
	NotGeneration int64          // the generation that the platform has just refused; 0: none
	Window        string         // a partial permission that must be open, by its name in the facts
	Wait          *time.Duration // how long to wait for a refresh; nil: 10 s, at most a minute
}

func (w TokenWant) minValid(g *gk.Grant) time.Duration {
	want := defaultMinValid
	if w.MinValid != nil {
		want = max(*w.MinValid, 0)
	}
	if life := g.Life(); life > 0 {
		want = min(want, life/2)
	}
	return want
}

func (w TokenWant) wait() time.Duration {
	if w.Wait == nil {
		return defaultWait
	}
	return min(max(*w.Wait, 0), longestWait)
}

// good reports whether a grant's present token is what the reader needs.
func (w TokenWant) good(g *gk.Grant, now time.Time) bool {
	if len(g.Access) == 0 || w.NotGeneration != 0 && g.Generation == w.NotGeneration {
		return false
	}
	if w.Window != "" && !g.Windows[w.Window].After(now) {
		return false
	}
	return g.Expires.IsZero() || g.Expires.Sub(now) > w.minValid(g)
}

// Served is a token as it is handed out. Stale says that it is not what was asked for (it ends sooner, or was refused)
// and could not be refreshed yet; Fault then tells why, where a platform said so.
type Served struct {
	Grant  gk.Grant
	Access gk.Secret
	Stale  bool
	Fault  *gk.Fault
}

// reader hands out tokens. What is good is served from memory; what is not waits for a refresh, which the engine does.
type reader struct {
	store   store.Store
	tokens  *cache.Cache
	flights *gates.Flights // refreshes under way, which readers of one grant share
	stopped func(app string) bool
	refresh func(ctx context.Context, id string, by lifecycle.Asker) error
	open    func(g gk.Grant) (gk.Secret, error)
	now     func() time.Time
	frozen  bool // nothing is refreshed
	log     *slog.Logger
}

// newReader returns the reader of this keeper.
func (k *Keeper) newReader() *reader {
	return &reader{
		store: k.store, tokens: k.tokens, flights: &k.flights, stopped: k.apps.Stopped, refresh: k.refreshNow,
		open: func(g gk.Grant) (gk.Secret, error) {
			return k.vault.OpenSecret(seal.Place(g.ID, "access", g.Generation), g.Access)
		},
		now: k.Now, frozen: k.options.Frozen, log: k.log,
	}
}

// Token returns the access token of a grant. A good one is handed out at once. One that ends within the asked validity
// is refreshed first, for which the caller waits a bounded time; the refresh does not stop when the caller leaves. If it
// cannot be refreshed now, the old one is served while it lasts. There is never an error while a usable token exists.
func (k *Keeper) Token(ctx context.Context, v gk.Viewer, id string, w TokenWant) (Served, error) {
	return k.reader.token(ctx, v, id, w)
}

// TokenOf is Token for the grant that a subject has in an app.
func (k *Keeper) TokenOf(ctx context.Context, v gk.Viewer, app, kind, id string, w TokenWant) (Served, error) {
	return k.reader.tokenOf(ctx, v, app, kind, id, w)
}

func (r *reader) token(ctx context.Context, v gk.Viewer, id string, w TokenWant) (Served, error) {
	e, away, err := r.tokens.Get(ctx, id, time.Time{})
	if err != nil {
		return Served{}, err
	}
	if !v.SeesGrant(&e.Grant) {
		return Served{}, errNotVisible
	}
	if r.stopped(e.Grant.App) {
		return Served{}, apps.ErrStopped
	}
	if away {
		return r.judgeAway(e)
	}
	now := r.now()
	if e.Grant.Usable(now) && w.good(&e.Grant, now) {
		return r.serve(e, false)
	}
	if r.frozen {
		return r.judge(e, now)
	}
	return r.refreshed(ctx, v, e, w)
}

func (r *reader) tokenOf(ctx context.Context, v gk.Viewer, app, kind, id string, w TokenWant) (Served, error) {
	name := cache.GrantName{App: app, Kind: kind, Subject: id}
	if known, ok := r.tokens.IDOf(name); ok {
		served, err := r.token(ctx, v, known, w)
		if !errors.Is(err, errNotVisible) {
			return served, err
		}
	}
	g, err := store.Ask(ctx, &r.tokens.Pulse, cache.UnknownPatience, func(ctx context.Context) (gk.Grant, error) {
		return r.store.GrantOf(ctx, v, app, kind, id)
	})
	if err != nil {
		return Served{}, err
	}
	r.tokens.Name(name, g.ID)
	return r.token(ctx, v, g.ID, w)
}

func (r *reader) serve(e *cache.Cached, stale bool) (Served, error) {
	access, err := r.tokens.Open(e, r.open)
	if err != nil {
		return Served{}, err
	}
	s := Served{Grant: e.Grant, Access: access, Stale: stale}
	if stale {
		s.Fault = e.Grant.Fault
	}
	return s, nil
}

// refreshed waits for a refresh, begun here or anywhere else, and then serves what there is. All who waited for one refresh
// share one read of what it left. A reader does not wait for a database that does not answer.
func (r *reader) refreshed(ctx context.Context, v gk.Viewer, e *cache.Cached, w TokenWant) (Served, error) {
	id := e.Grant.ID
	deadline := time.NewTimer(w.wait())
	defer deadline.Stop()
	for {
		var fault *gk.Fault // of the app, which stands in the way of every refresh
		if lost(&e.Grant, w, r.now()) {
			return r.judge(e, r.now())
		}
		under := r.flights.Join(id, func() *gk.Fault { return r.refreshForReader(context.WithoutCancel(ctx), id, w) })
		end := r.awaitRefresh(ctx, under, deadline.C)
		var since time.Time
		switch end {
		case waitEnded:
			since, fault = under.Ended, under.Fault
		case waitSilent:
			return r.judgeAway(e)
		case waitLeft:
			return Served{}, ctx.Err()
		case waitOver:
		}
		fresh, away, err := r.tokens.Get(ctx, id, since)
		if err != nil {
			return Served{}, err
		}
		e = fresh
		now := r.now()
		switch {
		case !v.SeesGrant(&e.Grant):
			return Served{}, errNotVisible
		case r.stopped(e.Grant.App): // while the refresh was waited for
			return Served{}, apps.ErrStopped
		case away:
			return r.judgeAway(e)
		case e.Grant.Usable(now) && w.good(&e.Grant, now):
			return r.serve(e, false)
		case end == waitOver || !e.Grant.Attempting(now):
			served, err := r.judge(e, now)
			return served.because(fault), because(err, fault)
		}
		if again, err := pause(ctx, deadline.C); err != nil { // another process refreshes it
			return Served{}, err
		} else if !again {
			return r.judge(e, r.now())
		}
	}
}

// pause waits until it is time to look again; false: the deadline came first.
func pause(ctx context.Context, deadline <-chan time.Time) (again bool, err error) {
	select {
	case <-time.After(250 * time.Millisecond):
		return true, nil
	case <-deadline:
		return false, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// lost reports whether no refresh can bring what a reader wants.
func lost(g *gk.Grant, w TokenWant, now time.Time) bool {
	return g.State == gk.Revoked || g.State == gk.Held || g.State == gk.Expired || !g.Renewable || fixedBeyondHelp(g, w, now)
}

// because says of a token that is not what was asked for what kept it from being refreshed.
func (s Served) because(fault *gk.Fault) Served {
	if s.Stale && fault != nil {
		s.Fault = fault
	}
	return s
}

// because is Served.because for a grant that has no token to serve.
func because(err error, fault *gk.Fault) error {
	var later *Later
	if fault == nil || !errors.Is(err, ErrSuspended) || !errors.As(err, &later) {
		return err
	}
	return &Later{Err: later.Err, After: later.After, Fault: fault}
}

// refreshForReader refreshes a grant whose token somebody waits for. Why there was none is told by the row, or is returned.
func (r *reader) refreshForReader(ctx context.Context, id string, w TokenWant) (fault *gk.Fault) {
	err := r.refresh(ctx, id, lifecycle.Asker{Good: w.good})
	var refusal *Later
	if err != nil && !errors.As(err, &refusal) && !errors.Is(err, errStillGood) {
		r.log.Info("no refresh for a reader", "grant", id, "error", err)
	}
	return inTheWay(err)
}

// inTheWay is the fault that an error names, by which a refresh was not sent; nil if it names none.
func inTheWay(err error) *gk.Fault {
	var refusal *Later
	if errors.As(err, &refusal) {
		return refusal.Fault
	}
	return nil
}

// How the wait for a refresh ends.
type waitEnd int

const (
	waitEnded  waitEnd = iota // the refresh has ended
	waitOver                  // the reader's time is over
	waitLeft                  // the reader has gone
	waitSilent                // the database does not answer
)

const (
	firstDoubt = 80 * time.Millisecond  // how long a refresh takes before a reader asks whether the database lives
	laterDoubt = 500 * time.Millisecond // and again
)

// awaitRefresh waits for a refresh. One that takes long is waiting for its platform, or for a database that hangs.
func (r *reader) awaitRefresh(ctx context.Context, under *gates.Flight, deadline <-chan time.Time) waitEnd {
	doubt := time.NewTimer(firstDoubt)
	defer doubt.Stop()
	for {
		select {
		case <-under.Done:
			return waitEnded
		case <-deadline:
			return waitOver
		case <-ctx.Done():
			return waitLeft
		case <-doubt.C:
			if !r.tokens.Pulse.Answers(ctx, cache.KnownPatience, r.store.Ping) && ctx.Err() == nil {
				return waitSilent
			}
			doubt.Reset(laterDoubt)
		}
	}
}

// fixedBeyondHelp reports whether a refresh could not bring what the reader lacks: the token ends with the
// authorization, and nothing but more time is wanted.
func fixedBeyondHelp(g *gk.Grant, w TokenWant, now time.Time) bool {
	return lifecycle.Fixed(g) && g.Usable(now) && w.NotGeneration != g.Generation && (w.Window == "" || g.Windows[w.Window].After(now))
}

// judge serves a token that is not what was asked for, or says why there is none.
func (r *reader) judge(e *cache.Cached, now time.Time) (Served, error) {
	g := e.Grant
	if g.Usable(now) {
		return r.serve(e, true)
	}
	switch {
	case g.State == gk.Revoked:
		return Served{Grant: g}, &Later{Err: ErrRevoked, Fault: g.Fault}
	case g.State == gk.Held:
		return Served{Grant: g}, ErrHeld
	case len(g.Access) == 0 && !g.Renewable && g.State == gk.Active:
		return Served{Grant: g}, ErrNoToken
	case g.State == gk.Expired || !g.Renewable:
		return Served{Grant: g}, &Later{Err: ErrNeedsAuthorization, Fault: g.Fault}
	case r.frozen:
		return Served{Grant: g}, ErrFrozen
	case g.Attempting(now) || g.InDoubt():
		return Served{Grant: g}, &Later{Err: ErrRefreshing, After: max(time.Second, min(g.DueAt.Sub(now), time.Minute)), Fault: g.Fault}
	}
	return Served{Grant: g}, &Later{Err: ErrSuspended, After: max(time.Second, g.RetryAt.Sub(now)), Fault: g.Fault}
}

// judgeAway is judge while the database does not answer. What only the database could tell is not guessed at.
func (r *reader) judgeAway(e *cache.Cached) (Served, error) {
	g := &e.Grant
	now := r.now()
	if g.Usable(now) {
		return r.serve(e, true)
	}
	if g.Renewable && g.State != gk.Revoked && g.State != gk.Held {
		return Served{Grant: *g}, cache.ErrSilent
	}
	return r.judge(e, now)
}
