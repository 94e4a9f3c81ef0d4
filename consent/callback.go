package consent

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/lifecycle"
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

	// Answer is what the platform's server is told, where it was that brought the callback; zero: a browser is shown a page.
	Answer platform.Answer
}

// Callback completes an authorization with what the platform sent back. cookie reads one of the browser's cookies. A
// callback that must not be believed is a *Refused: nothing is stored and nobody asked. One that was seen before shows
// the outcome and does nothing. The work goes on when ctx ends; Outcome then shows it under way.
func (fl *Flow) Callback(ctx context.Context, appID string, in platform.Incoming, cookie func(name string) string) (Outcome, error) {
	opened, err := fl.apps.OpenByID(ctx, appID)
	if err != nil {
		return Outcome{}, err
	}
	cb, err := opened.Driver.ReadCallback(opened.Open, in)
	if err != nil {
		return Outcome{}, refusedBy(err)
	}
	o, err := fl.receive(ctx, opened, cb, cookie)
	if err != nil || cb.Answer.Status == 0 {
		return o, err
	}
	o.Answer = platform.Answer{Status: http.StatusServiceUnavailable} // it is sent again
	if o.Click.Stage == gk.Issued || o.Click.Stage == gk.Done {
		o.Answer = cb.Answer
	}
	return o, nil
}

// receive completes an authorization with a callback that its driver has read.
func (fl *Flow) receive(ctx context.Context, opened apps.Opened, cb platform.Callback, cookie func(name string) string) (Outcome, error) {
	switch {
	case cb.Empty:
		return Outcome{}, empty(cb)
	case cb.State == "":
		return fl.unsolicited(ctx, opened, cb)
	}
	c, err := fl.store.ClickByState(ctx, opened.App.ID, digest(cb.State))
	if errors.Is(err, store.ErrNotFound) {
		return Outcome{}, foreignState(opened.Driver)
	}
	if err != nil {
		return Outcome{}, err
	}
	mine := sameHash(c.BrowserHash, cookie(fl.cookieName(c)))
	switch {
	case c.Stage != gk.Begun && mine:
		return fl.await(ctx, c.ID, true)
	case c.Stage != gk.Begun, !c.ExpiresAt.After(fl.keeper.Now()):
		return Outcome{}, foreignState(opened.Driver)
	}
	a, err := fl.store.Authorization(ctx, gk.Engine(), c.Authorization)
	if err != nil {
		return Outcome{}, err
	}
	opened.Owner = a.Owner
	if a.Kind != gk.KindCancel {
		switch { // some platforms tell a cancellation as a refusal
		case cb.Cancel:
			return Outcome{}, &Refused{Reason: RefusedIncomplete}
		case cb.Fault != nil:
			return fl.declined(ctx, opened.Driver, c, cb.Fault)
		}
	}
	if !fl.keeper.BeginWork() {
		return Outcome{}, keeper.ErrDraining
	}
	spent, err := fl.store.SpendState(ctx, opened.App.ID, digest(cb.State), codeHash(opened.Driver, cb), !mine, fl.keeper.Now())
	if err != nil {
		fl.keeper.EndWork()
		if errors.Is(err, store.ErrSpent) && mine {
			return fl.await(ctx, c.ID, true) // another callback with this state was a moment earlier
		}
		return Outcome{}, unspent(opened.Driver, err)
	}
	go func() {
		defer fl.keeper.EndWork()
		fl.exchange(context.WithoutCancel(ctx), opened, a.Kind, spent, cb)
	}()
	return fl.await(ctx, c.ID, false)
}

// empty says what a callback lacks that brings nothing to act on.
func empty(cb platform.Callback) *Refused {
	if cb.State != "" {
		return &Refused{Reason: RefusedIncomplete}
	}
	return &Refused{Reason: RefusedEmpty}
}

// foreignState is the refusal of a state that is not ours, not this browser's, or spent.
func foreignState(d platform.Driver) error {
	return &Refused{Reason: RefusedState, Fault: stateFault(d)}
}

// unspent says why a state could not be spent. A code that came before, with another state or with none, counts as one.
func unspent(d platform.Driver, err error) error {
	for _, known := range []error{store.ErrExists, store.ErrNotFound, store.ErrSpent} {
		if errors.Is(err, known) {
			return foreignState(d)
		}
	}
	return err
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
func (fl *Flow) unsolicited(ctx context.Context, opened apps.Opened, cb platform.Callback) (Outcome, error) {
	if !opened.Driver.Spec().Facts.Callback.Unsolicited || cb.Fault != nil {
		return Outcome{}, &Refused{Reason: RefusedNoState, Fault: cb.Fault}
	}
	if o, spent, err := fl.spentBefore(ctx, opened.App.ID, opened.Driver, cb); spent || err != nil {
		return o, err
	}
	if !fl.budgetFor(opened.App.ID).take(fl.keeper.Now()) {
		return Outcome{}, &Refused{Reason: RefusedBusy}
	}
	return fl.entry(ctx, opened, cb, "")
}

// codeHash is what is kept of the code that a callback brings; nil where it brings none.
func codeHash(d platform.Driver, cb platform.Callback) []byte {
	if !cb.Code.Empty() {
		return digest(cb.Code.Reveal())
	}
	for _, name := range d.Spec().Facts.Recovery.Codes {
		if code := cb.Params.Get(name); code != "" {
			return digest(name + "=" + code)
		}
	}
	return nil
}

// spentBefore shows the outcome of a code that came before, as a reloaded page brings it: no platform is sent one twice.
func (fl *Flow) spentBefore(ctx context.Context, app string, d platform.Driver, cb platform.Callback) (o Outcome, spent bool, err error) {
	hash := codeHash(d, cb)
	if hash == nil {
		return Outcome{}, false, nil
	}
	c, err := fl.store.ClickByCode(ctx, app, hash)
	if errors.Is(err, store.ErrNotFound) {
		return Outcome{}, false, nil
	}
	if err != nil {
		return Outcome{}, false, err
	}
	if len(c.StateHash) > 0 { // a click of ours spent it: its outcome is for the browser that made it
		return Outcome{}, true, &Refused{Reason: RefusedState}
	}
	o, err = fl.await(ctx, c.ID, true)
	return o, true, err
}

// entry completes what came without a click of ours: an authorization and a click are made for it, with nobody's state.
func (fl *Flow) entry(ctx context.Context, opened apps.Opened, cb platform.Callback, owner string) (Outcome, error) {
	if o, spent, err := fl.spentBefore(ctx, opened.App.ID, opened.Driver, cb); spent || err != nil {
		return o, err
	}
	now := fl.keeper.Now()
	a := gk.Authorization{
		ID: gk.NewID("aut", now), App: opened.App.ID, Owner: owner, Kind: gk.KindInstall, LinkHash: digest(apps.RandomText()), Stage: gk.Begun,
		ExpiresAt: now.Add(stateLife), CreatedAt: now, UpdatedAt: now,
	}
	c := gk.Click{
		ID: gk.NewID("clk", now), Authorization: a.ID, App: opened.App.ID, Stage: gk.Exchanging, SpentAt: now, CodeHash: codeHash(opened.Driver, cb),
		ExpiresAt: now.Add(stateLife), CreatedAt: now, UpdatedAt: now,
	}
	if !fl.keeper.BeginWork() {
		return Outcome{}, keeper.ErrDraining
	}
	if err := fl.store.CreateAuthorization(ctx, a); err != nil {
		fl.keeper.EndWork()
		return Outcome{}, err
	}
	if err := fl.store.CreateClick(ctx, c); err != nil {
		fl.keeper.EndWork()
		if errors.Is(err, store.ErrExists) { // the same code a moment earlier
			o, _, err := fl.spentBefore(ctx, opened.App.ID, opened.Driver, cb)
			return o, err
		}
		return Outcome{}, err
	}
	go func() {
		defer fl.keeper.EndWork()
		fl.exchange(context.WithoutCancel(ctx), opened, a.Kind, c, cb)
	}()
	return fl.await(ctx, c.ID, false)
}

// declined records that the merchant, or the platform, said no. The state is spent. That the merchant cancelled is said
// only where the platform's facts know the refusal for a cancellation.
func (fl *Flow) declined(ctx context.Context, d platform.Driver, c gk.Click, f *gk.Fault) (Outcome, error) {
	reason := gk.ReasonRefused
	if d.Spec().Refusal(f) == platform.RefusedCancelled {
		reason = gk.ReasonDenied
	}
	if err := fl.failClick(ctx, c.ID, gk.Begun, reason, f); err != nil {
		return Outcome{}, err
	}
	return fl.outcome(ctx, c.ID)
}

// failClick ends a click without a grant, if it still is at the stage that this was concluded from: the answer of one
// that has come further is not thrown away. Its authorization stays open for another click while its link lives.
func (fl *Flow) failClick(ctx context.Context, id string, from gk.Stage, reason string, f *gk.Fault) error {
	return fl.endClick(ctx, id, from, reason, f, func(c *gk.Click) { c.Stage, c.Answer, c.AnswerKey = gk.Failed, nil, 0 })
}

// endClick ends a click without a grant in the way that end says, and tells it.
func (fl *Flow) endClick(ctx context.Context, id string, from gk.Stage, reason string, f *gk.Fault, end func(*gk.Click)) error {
	now := fl.keeper.Now()
	err := fl.store.UpdateClick(ctx, id, now, func(c *gk.Click, a *gk.Authorization) ([]gk.Event, error) {
		if c.Stage != from || c.Ended() {
			return nil, store.ErrUnchanged
		}
		end(c)
		c.Reason, c.Fault = reason, f
		if c.SpentAt.IsZero() {
			c.SpentAt = now
		}
		if a.Stage == gk.Done {
			return nil, nil
		}
		a.Stage, a.Reason, a.Fault = gk.Failed, reason, f
		data := lifecycle.FaultData(f)
		data["reason"] = reason
		return []gk.Event{{
			ID: gk.NewID("evt", now), Kind: gk.EventAuthorizationFailed, Actor: "merchant", App: a.App, Authorization: a.ID, Owner: a.Owner, At: now, Data: data,
		}}, nil
	})
	fl.ended.tell(id)
	return err
}

// Result shows how a click ended to the browser that made it, and to no other.
func (fl *Flow) Result(ctx context.Context, click string, cookie func(name string) string) (Outcome, error) {
	c, err := fl.store.Click(ctx, click)
	if errors.Is(err, store.ErrNotFound) {
		return Outcome{}, &Refused{Reason: RefusedBrowser}
	}
	if err != nil {
		return Outcome{}, err
	}
	if !sameHash(c.BrowserHash, cookie(fl.cookieName(c))) {
		return Outcome{}, &Refused{Reason: RefusedBrowser}
	}
	return fl.outcome(ctx, c.ID)
}

// patience is how long a merchant's browser waits for the platform before it is shown that the work goes on: most answers
// come within it, and an empty page is taken for a broken one soon after.
const patience = 10 * time.Second

// lookEvery is how often a click is looked at that another instance may be working on.
const lookEvery = 2 * time.Second

// await waits until a click has ended, for at most patience. What this process does is told at once; the database is
// looked at now and then, for what another instance does.
func (fl *Flow) await(ctx context.Context, click string, replay bool) (Outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		told, leave := fl.ended.wait(click)
		o, err := fl.outcome(context.WithoutCancel(ctx), click)
		o.Replay = replay
		if err != nil || o.Click.Ended() || ctx.Err() != nil {
			leave()
			return o, err
		}
		select {
		case <-ctx.Done():
		case <-told:
		case <-tick.C:
		}
		leave()
	}
}

func (fl *Flow) outcome(ctx context.Context, click string) (Outcome, error) {
	c, err := fl.store.Click(ctx, click)
	if err != nil {
		return Outcome{}, err
	}
	a, err := fl.store.Authorization(ctx, gk.Engine(), c.Authorization)
	if err != nil {
		return Outcome{}, err
	}
	app, err := fl.store.App(ctx, gk.Engine(), c.App)
	if err != nil {
		return Outcome{}, err
	}
	o := Outcome{Click: c, Authorization: a, App: app, CookieName: fl.cookieName(c)}
	if d := fl.apps.Driver(app.Platform); d != nil {
		o.Spec = d.Spec()
	}
	for _, id := range a.Grants {
		g, err := fl.store.Grant(ctx, gk.Engine(), id)
		if err != nil {
			return Outcome{}, err
		}
		o.Grants = append(o.Grants, g)
	}
	o.At = fl.keeper.Now()
	if mayReturn := apps.CheckReturnTo(app, a.ReturnTo) == nil; a.ReturnTo != "" && mayReturn {
		o.ReturnTo = a.ReturnTo
		o.ReturnKey, err = fl.apps.ReturnKeyOf(app)
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
