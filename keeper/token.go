package keeper

import (
	"context"
	"errors"
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

// Token returns the access token of a grant. A good one is handed out at once. One that ends within the asked validity
// is refreshed first, for which the caller waits a bounded time; the refresh does not stop when the caller leaves. If it
// cannot be refreshed now, the old one is served while it lasts. There is never an error while a usable token exists.
func (k *Keeper) Token(ctx context.Context, v gk.Viewer, id string, w TokenWant) (Served, error) {
	e, away, err := k.tokens.Get(ctx, id, time.Time{})
	if err != nil {
		return Served{}, err
	}
	if !v.SeesGrant(&e.Grant) {
		return Served{}, errNotVisible
	}
	if k.apps.Stopped(e.Grant.App) {
		return Served{}, apps.ErrStopped
	}
	if away {
		return k.judgeAway(e)
	}
	now := k.Now()
	if e.Grant.Usable(now) && w.good(&e.Grant, now) {
		return k.serve(e, false)
	}
	if k.options.Frozen {
		return k.judge(e, now)
	}
	return k.refreshed(ctx, v, e, w)
}

// TokenOf is Token for the grant that a subject has in an app.
func (k *Keeper) TokenOf(ctx context.Context, v gk.Viewer, app, kind, id string, w TokenWant) (Served, error) {
	name := cache.GrantName{App: app, Kind: kind, Subject: id}
	if known, ok := k.tokens.IDOf(name); ok {
		served, err := k.Token(ctx, v, known, w)
		if !errors.Is(err, errNotVisible) {
			return served, err
		}
	}
	g, err := store.Ask(ctx, &k.tokens.Pulse, cache.UnknownPatience, func(ctx context.Context) (gk.Grant, error) {
		return k.store.GrantOf(ctx, v, app, kind, id)
	})
	if err != nil {
		return Served{}, err
	}
	k.tokens.Name(name, g.ID)
	return k.Token(ctx, v, g.ID, w)
}

func (k *Keeper) serve(e *cache.Cached, stale bool) (Served, error) {
	access, err := k.tokens.Open(e, func(g gk.Grant) (gk.Secret, error) {
		return k.vault.OpenSecret(seal.Place(g.ID, "access", g.Generation), g.Access)
	})
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
func (k *Keeper) refreshed(ctx context.Context, v gk.Viewer, e *cache.Cached, w TokenWant) (Served, error) {
	id := e.Grant.ID
	deadline := time.NewTimer(w.wait())
	defer deadline.Stop()
	for {
		if lost(&e.Grant, w, k.Now()) {
			return k.judge(e, k.Now())
		}
		under := k.flights.Join(id, func() { k.refreshForReader(context.WithoutCancel(ctx), id, w) })
		end := k.awaitRefresh(ctx, under, deadline.C)
		var since time.Time
		switch end {
		case waitEnded:
			since = under.Ended
		case waitSilent:
			return k.judgeAway(e)
		case waitLeft:
			return Served{}, ctx.Err()
		case waitOver:
		}
		fresh, away, err := k.tokens.Get(ctx, id, since)
		if err != nil {
			return Served{}, err
		}
		e = fresh
		now := k.Now()
		switch {
		case !v.SeesGrant(&e.Grant):
			return Served{}, errNotVisible
		case k.apps.Stopped(e.Grant.App): // while the refresh was waited for
			return Served{}, apps.ErrStopped
		case away:
			return k.judgeAway(e)
		case e.Grant.Usable(now) && w.good(&e.Grant, now):
			return k.serve(e, false)
		case end == waitOver || !e.Grant.Attempting(now):
			return k.judge(e, now)
		}
		select { // another process refreshes it
		case <-time.After(250 * time.Millisecond):
		case <-deadline.C:
			return k.judge(e, k.Now())
		case <-ctx.Done():
			return Served{}, ctx.Err()
		}
	}
}

// lost reports whether no refresh can bring what a reader wants.
func lost(g *gk.Grant, w TokenWant, now time.Time) bool {
	return g.State == gk.Revoked || g.State == gk.Held || g.State == gk.Expired || !g.Renewable || fixedBeyondHelp(g, w, now)
}

// refreshForReader refreshes a grant whose token somebody waits for. Why there was none is told by the row.
func (k *Keeper) refreshForReader(ctx context.Context, id string, w TokenWant) {
	err := k.refreshNow(ctx, id, lifecycle.Asker{Good: w.good})
	var refusal *Later
	if err != nil && !errors.As(err, &refusal) && !errors.Is(err, errStillGood) {
		k.log.Info("no renewal for a reader", "grant", id, "error", err)
	}
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
func (k *Keeper) awaitRefresh(ctx context.Context, under *gates.Flight, deadline <-chan time.Time) waitEnd {
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
			if !k.tokens.Pulse.Answers(ctx, cache.KnownPatience, k.store.Ping) && ctx.Err() == nil {
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
func (k *Keeper) judge(e *cache.Cached, now time.Time) (Served, error) {
	g := e.Grant
	if g.Usable(now) {
		return k.serve(e, true)
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
	case k.options.Frozen:
		return Served{Grant: g}, ErrFrozen
	case g.Attempting(now) || g.InDoubt():
		return Served{Grant: g}, &Later{Err: ErrRefreshing, After: max(time.Second, min(g.DueAt.Sub(now), time.Minute)), Fault: g.Fault}
	}
	return Served{Grant: g}, &Later{Err: ErrSuspended, After: max(time.Second, g.RetryAt.Sub(now)), Fault: g.Fault}
}

// judgeAway is judge while the database does not answer. What only the database could tell is not guessed at.
func (k *Keeper) judgeAway(e *cache.Cached) (Served, error) {
	g := &e.Grant
	now := k.Now()
	if g.Usable(now) {
		return k.serve(e, true)
	}
	if g.Renewable && g.State != gk.Revoked && g.State != gk.Held {
		return Served{Grant: *g}, cache.ErrSilent
	}
	return k.judge(e, now)
}

// refreshNow claims a grant and refreshes it. It is the one way in for readers, for people and for pushes.
func (k *Keeper) refreshNow(ctx context.Context, id string, by lifecycle.Asker) error {
	if !k.BeginWork() {
		return ErrDraining
	}
	defer k.EndWork()
	if k.spill.Pending() > 0 || k.spill.Holds(id) { // a pair that waits for the database may be of any grant
		return &Later{Err: ErrRefreshing, After: time.Second}
	}
	if err := k.clock.askIfSet(ctx); err != nil {
		return err
	}
	if k.clock.drifted() > 0 {
		return &Later{Err: ErrRefreshing, After: clockEvery} // the lease would mean another moment to others
	}
	g, err := k.store.Grant(ctx, gk.Engine(), id)
	if err != nil {
		return err
	}
	a, leave, err := k.enter(ctx, g.App, by.Person, g.Subject.Kind == gk.KindApp)
	if err != nil {
		return err
	}
	defer leave()
	if k.apps.Stopped(g.App) {
		return apps.ErrStopped
	}
	g, err = k.claim(ctx, gk.Engine(), a, id, by)
	if err != nil {
		return err
	}
	return k.refresh(ctx, a, g)
}

// Refresh refreshes a grant at a person's word: within its lease, pace and daily limit, but not held back by a back-off
// after the platform's own 5xx. A refusal of the platform is no error; the grant's fault tells it. force sends a
// one-time token that is in doubt a second time.
func (k *Keeper) Refresh(ctx context.Context, v gk.Viewer, id string, force bool) (gk.Grant, error) {
	g, err := k.store.Grant(ctx, v, id)
	if err != nil {
		return gk.Grant{}, err
	}
	now := k.Now()
	switch {
	case k.apps.Stopped(g.App):
		return g, apps.ErrStopped
	case g.State == gk.Revoked, !g.Renewable:
		return g, ErrNotRenewable
	case g.Attempting(now):
		return g, &Later{Err: ErrRefreshing, After: time.Second}
	case force && !g.AskedAt.IsZero() && now.Before(g.AskedAt.Add(time.Minute)):
		return g, &Later{Err: ErrLimited, After: g.AskedAt.Add(time.Minute).Sub(now)}
	}
	deadline := time.NewTimer(longestWait)
	defer deadline.Stop()
	for {
		result := make(chan error, 1)
		under := k.flights.Join(id, func() {
			result <- k.refreshNow(context.WithoutCancel(ctx), id, lifecycle.Asker{Person: true, Reserve: len(v.Owners) == 0, Force: force})
		})
		select {
		case <-under.Done:
		case <-deadline.C:
			return g, &Later{Err: ErrRefreshing, After: time.Second}
		case <-ctx.Done():
			return g, ctx.Err()
		}
		select {
		case err := <-result:
			if err != nil {
				return g, err
			}
			return k.store.Grant(ctx, v, id)
		default:
		}
		after, err := k.store.Grant(ctx, v, id)
		if err != nil || after.Generation != g.Generation || after.AskedAt.After(g.AskedAt) {
			return after, err // somebody else's refresh was under way
		}
		// It was a reader's, who was not allowed to ask.
	}
}
