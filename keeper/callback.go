package keeper

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

// Outcome is how a click ended, or how it stands.
type Outcome struct {
	Click         gk.Click
	Authorization gk.Authorization
	App           gk.App
	Spec          *platform.Spec
	Grants        []gk.Grant
	Replay        bool      // the callback had been seen before; nothing was done again
	ReturnTo      string    // where the merchant may go on, with the result added; empty: nowhere
	ReturnKey     gk.Secret // signs ReturnTo; empty: it goes unsigned
	At            time.Time // when it stood so
	CookieName    string    // the cookie that lets this browser see the result
}

// Callback completes an authorization with what the platform sent back. cookie reads one of the browser's cookies. A
// callback that must not be believed is a *Refused: nothing is stored and nobody asked. One that was seen before shows
// the outcome and does nothing. The work goes on when ctx ends; Outcome then shows it under way.
func (k *Keeper) Callback(ctx context.Context, appID string, in platform.Incoming, cookie func(name string) string) (Outcome, error) {
	app, d, open, err := k.appOf(ctx, appID)
	if err != nil {
		return Outcome{}, err
	}
	cb, err := d.ReadCallback(open, in)
	if err != nil {
		return Outcome{}, refusedBy(err)
	}
	if cb.Empty && cb.State != "" {
		return Outcome{}, &Refused{Reason: RefusedIncomplete}
	}
	if cb.Empty {
		return Outcome{}, &Refused{Reason: RefusedEmpty}
	}
	if cb.State == "" {
		return k.unsolicited(ctx, app, d, open, cb)
	}
	c, err := k.store.ClickByState(ctx, app.ID, digest(cb.State))
	if errors.Is(err, store.ErrNotFound) {
		return Outcome{}, &Refused{Reason: RefusedState, Fault: stateFault(d)}
	}
	if err != nil {
		return Outcome{}, err
	}
	mine := sameHash(c.BrowserHash, cookie(k.cookieName(c)))
	if c.Stage != gk.Begun {
		if !mine {
			return Outcome{}, &Refused{Reason: RefusedState, Fault: stateFault(d)}
		}
		return k.await(ctx, c.ID, true)
	}
	if !c.ExpiresAt.After(k.Now()) {
		return Outcome{}, &Refused{Reason: RefusedState, Fault: stateFault(d)}
	}
	a, err := k.store.Authorization(ctx, gk.Engine(), c.Authorization)
	if err != nil {
		return Outcome{}, err
	}
	if cb.Cancel && a.Kind != gk.KindCancel {
		return Outcome{}, &Refused{Reason: RefusedIncomplete}
	}
	if cb.Fault != nil && a.Kind != gk.KindCancel { // some platforms tell a cancellation as a refusal
		return k.declined(ctx, c, cb.Fault)
	}
	if !k.begin() {
		return Outcome{}, ErrDraining
	}
	spent, err := k.store.SpendState(ctx, app.ID, digest(cb.State), !mine, k.Now())
	if err != nil {
		k.end()
		if errors.Is(err, store.ErrSpent) && mine {
			return k.await(ctx, c.ID, true) // another callback with this state was a moment earlier
		}
		if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrSpent) {
			return Outcome{}, &Refused{Reason: RefusedState, Fault: stateFault(d)}
		}
		return Outcome{}, err
	}
	go func() {
		defer k.end()
		k.exchange(context.WithoutCancel(ctx), d, open, a.Kind, spent, cb)
	}()
	return k.await(ctx, c.ID, false)
}

// stateFault is the catalogue's word for a state that is not ours, where the platform's catalogue has one.
func stateFault(d platform.Driver) *gk.Fault {
	if row := d.Spec().Catalogue.Row(platform.StageAuthorize + "/local:state_mismatch"); row != nil {
		return d.Spec().Catalogue.Local(row.Stage, row.Code)
	}
	return nil
}

// unsolicited completes an entry that the platform itself began without our state: an authorization without owner.
// Whoever's browser brought it is of no interest, so that nobody can be tricked into taking somebody else's shop.
func (k *Keeper) unsolicited(ctx context.Context, app gk.App, d platform.Driver, open platform.App, cb platform.Callback) (Outcome, error) {
	if !d.Spec().Facts.Callback.Unsolicited || cb.Fault != nil {
		return Outcome{}, &Refused{Reason: RefusedNoState, Fault: cb.Fault}
	}
	if !k.budgetFor(app.ID).take(k.Now()) {
		return Outcome{}, &Refused{Reason: RefusedBusy}
	}
	return k.entry(ctx, d, open, cb, "")
}

// entry completes what came without a click of ours: an authorization and a click are made for it, with nobody's state.
func (k *Keeper) entry(ctx context.Context, d platform.Driver, open platform.App, cb platform.Callback, owner string) (Outcome, error) {
	now := k.Now()
	a := gk.Authorization{
		ID: gk.NewID("aut", now), App: open.ID, Owner: owner, Kind: gk.KindInstall, LinkHash: digest(randomText()), Stage: gk.Begun,
		ExpiresAt: now.Add(stateLife), CreatedAt: now, UpdatedAt: now,
	}
	c := gk.Click{
		ID: gk.NewID("clk", now), Authorization: a.ID, App: open.ID, Stage: gk.Exchanging, SpentAt: now,
		ExpiresAt: now.Add(stateLife), CreatedAt: now, UpdatedAt: now,
	}
	if !k.begin() {
		return Outcome{}, ErrDraining
	}
	if err := k.store.CreateAuthorization(ctx, a); err != nil {
		k.end()
		return Outcome{}, err
	}
	if err := k.store.CreateClick(ctx, c); err != nil {
		k.end()
		return Outcome{}, err
	}
	go func() {
		defer k.end()
		k.exchange(context.WithoutCancel(ctx), d, open, a.Kind, c, cb)
	}()
	return k.await(ctx, c.ID, false)
}

// declined records that the merchant, or the platform on their behalf, said no. The state is spent.
func (k *Keeper) declined(ctx context.Context, c gk.Click, f *gk.Fault) (Outcome, error) {
	reason := gk.ReasonRefused
	if f.Action == gk.Reauthorize {
		reason = gk.ReasonDenied
	}
	if err := k.failClick(ctx, c.ID, gk.Begun, reason, f); err != nil {
		return Outcome{}, err
	}
	return k.outcome(ctx, c.ID)
}

// failClick ends a click without a grant, if it still is at the stage that this was concluded from: the answer of one
// that has come further is not thrown away. Its authorization stays open for another click while its link lives.
func (k *Keeper) failClick(ctx context.Context, id string, from gk.Stage, reason string, f *gk.Fault) error {
	now := k.Now()
	return k.store.UpdateClick(ctx, id, now, func(c *gk.Click, a *gk.Authorization) ([]gk.Event, error) {
		if c.Stage != from {
			return nil, store.ErrUnchanged
		}
		c.Stage, c.Reason, c.Fault, c.Answer, c.AnswerKey = gk.Failed, reason, f, nil, 0
		if c.SpentAt.IsZero() {
			c.SpentAt = now
		}
		if a.Stage == gk.Done {
			return nil, nil
		}
		a.Stage, a.Reason, a.Fault = gk.Failed, reason, f
		data := faultData(f)
		data["reason"] = reason
		return []gk.Event{{
			ID: gk.NewID("evt", now), Kind: gk.EventAuthorizationFailed, Actor: "merchant", App: a.App, Authorization: a.ID, Owner: a.Owner, At: now, Data: data,
		}}, nil
	})
}

// Result shows how a click ended to the browser that made it, and to no other.
func (k *Keeper) Result(ctx context.Context, click string, cookie func(name string) string) (Outcome, error) {
	c, err := k.store.Click(ctx, click)
	if errors.Is(err, store.ErrNotFound) {
		return Outcome{}, &Refused{Reason: RefusedBrowser}
	}
	if err != nil {
		return Outcome{}, err
	}
	if !sameHash(c.BrowserHash, cookie(k.cookieName(c))) {
		return Outcome{}, &Refused{Reason: RefusedBrowser}
	}
	return k.outcome(ctx, c.ID)
}

// patience is how long a merchant's browser waits for the platform before it is shown that the work goes on.
const patience = 25 * time.Second

// await looks four times a second whether a click has ended, for at most patience.
func (k *Keeper) await(ctx context.Context, click string, replay bool) (Outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for tick := time.NewTicker(50 * time.Millisecond); ; {
		o, err := k.outcome(context.WithoutCancel(ctx), click)
		o.Replay = replay
		if err != nil || o.Click.Stage == gk.Done || o.Click.Stage == gk.Failed {
			tick.Stop()
			return o, err
		}
		select {
		case <-ctx.Done():
			tick.Stop()
			return o, nil
		case <-tick.C:
		}
	}
}

func (k *Keeper) outcome(ctx context.Context, click string) (Outcome, error) {
	c, err := k.store.Click(ctx, click)
	if err != nil {
		return Outcome{}, err
	}
	a, err := k.store.Authorization(ctx, gk.Engine(), c.Authorization)
	if err != nil {
		return Outcome{}, err
	}
	app, err := k.store.App(ctx, gk.Engine(), c.App)
	if err != nil {
		return Outcome{}, err
	}
	o := Outcome{Click: c, Authorization: a, App: app, CookieName: k.cookieName(c)}
	if d := k.drivers[app.Platform]; d != nil {
		o.Spec = d.Spec()
	}
	for _, id := range a.Grants {
		g, err := k.store.Grant(ctx, gk.Engine(), id)
		if err != nil {
			return Outcome{}, err
		}
		o.Grants = append(o.Grants, g)
	}
	o.At = k.Now()
	if mayReturn := checkReturnTo(app, a.ReturnTo) == nil; a.ReturnTo != "" && mayReturn {
		o.ReturnTo = a.ReturnTo
		o.ReturnKey, err = k.returnKeyOf(app)
	}
	return o, err
}

func digest(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

func sameHash(hash []byte, secret string) bool {
	return len(hash) > 0 && secret != "" && subtle.ConstantTimeCompare(hash, digest(secret)) == 1
}
