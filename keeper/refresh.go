package keeper

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"go.opentelemetry.io/otel/trace"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/keeper/seal"
	"github.com/grantkeep/grantkeep/keeper/traces"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

// errOvertaken says that the row has moved on since it was read: what was learned about it no longer counts.
var errOvertaken = errors.New("keeper: overtaken")

// claim writes an attempt onto a grant, before the platform is asked. It refuses a grant that is still good, held by
// another attempt, waiting, over its quota, or not renewable, and says which.
func (k *Keeper) claim(ctx context.Context, v gk.Viewer, a apps.Opened, id string, by lifecycle.Asker) (gk.Grant, error) {
	var claimed gk.Grant
	t := lifecycle.TermsOf(a.Driver, a.App)
	now := k.Now()
	attempt := k.attempts.New(t, now)
	err := k.store.UpdateGrant(ctx, v, id, now, func(g *gk.Grant) ([]gk.Event, error) {
		outcome, events := lifecycle.Claim(g, t, by, attempt, now)
		claimed = *g
		return events, refusal(outcome, g, now)
	})
	k.attempts.Note(attempt, err)
	return claimed, err
}

// refusal is what the outcome of a claim is to whoever asked; nil for a grant that is claimed.
func refusal(outcome lifecycle.ClaimOutcome, g *gk.Grant, now time.Time) error {
	switch o := outcome.(type) {
	case lifecycle.Claimed:
		return nil
	case lifecycle.StillGood:
		return errStillGood
	case lifecycle.Ended:
		return ErrRevoked
	case lifecycle.NeedsForce:
		return ErrNeedsForce
	case lifecycle.Wait:
		wait := &Later{Err: ErrLimited, After: o.Until.Sub(now), Fault: g.Fault}
		switch o.Why {
		case lifecycle.UnderWay:
			wait.Err, wait.Fault = ErrRefreshing, nil
		case lifecycle.InDoubt:
			wait.Err = ErrRefreshing
		case lifecycle.Resting:
			wait.Err = ErrSuspended
		case lifecycle.Paced:
		}
		return wait
	}
	return ErrNotRenewable
}

// errStillGood says that somebody refreshed it meanwhile.
var errStillGood = errors.New("keeper: still good")

// Credential opens a grant for use. withAccess also opens the access token, which a refresh does not need.
func (k *Keeper) Credential(g gk.Grant, withAccess bool) (platform.Credential, error) {
	return seal.Credential(k.vault, g, withAccess)
}

// refresh asks the platform once for the successor of a grant's pair and stores what comes. The grant's attempt is the
// caller's. It runs detached from whoever wants the token: its request has a hard end of its own. When it returns, the
// row tells how it went; the error is of our own making only.
func (k *Keeper) refresh(ctx context.Context, a apps.Opened, g gk.Grant) error {
	ctx, span := traces.Refresh(ctx, k.options.Traces, g)
	defer span.End()
	a.Owner = g.Owner
	f := lifecycle.TermsOf(a.Driver, a.App).For(&g)
	if left, err := k.leftAlone(ctx, a, g, f); left {
		return err
	}
	cred, err := k.Credential(g, true)
	if err != nil {
		return errors.Join(err, k.unsent(ctx, a, g, "local:sealed", gk.ContactPlatform))
	}
	if g.Subject.Kind != gk.KindApp {
		if a, err = a.Equipped(ctx); err != nil {
			return errors.Join(err, k.unsent(ctx, a, g, CodeNoAppToken, gk.Retry))
		}
	}
	open := a.Open
	req, err := a.Request("renew", func() (*platform.Request, error) { return a.Driver.(platform.Refresher).RefreshRequest(open, cred) })
	if err != nil {
		code, action := unbuilt(err)
		return errors.Join(err, k.unsent(ctx, a, g, code, action))
	}
	asked := platform.Asked{Stage: platform.StageRefresh, Subject: g.Subject, Sent: req.Sent, At: k.Now()}
	begun := time.Now()
	reply, err := askTraced(ctx, a, req, f.Deadline())
	if err != nil {
		k.gates.Overdone(a.App.ID)
		return k.unanswered(ctx, a, g, err)
	}
	issues, err := a.Issues(asked, reply)
	if overdone(reply.Status, apps.FaultIn(err)) {
		k.gates.Overdone(a.App.ID)
	} else {
		k.gates.Answered(a.App.ID, time.Since(begun))
	}
	var refusal *gk.Fault
	switch {
	case errors.As(err, &refusal) && !errors.Is(err, platform.ErrGarbage):
		return k.refused(ctx, a, g, refusal)
	case err != nil:
		return k.unreadable(ctx, a, g, err)
	}
	at := slices.IndexFunc(issues, func(i platform.Issue) bool { return answers(i, g.Subject, len(issues)) })
	if at < 0 {
		k.failed(ctx, a.App.Platform, InDoubt)
		return k.inDoubt(ctx, a, g, nil, "the answer is for another subject than the one asked about")
	}
	if lifecycle.Unmoved(f, issues[at], cred.Token) {
		err = k.unmoved(ctx, a, g, issues[at])
	} else {
		saving, step := traces.Step(ctx, "save", trace.SpanKindInternal)
		err = k.save(saving, a, g, issues[at], asked.At)
		step.End()
	}
	k.ended(ctx, a.App.Platform, Refreshed)
	if err != nil || !lifecycle.Unconfirmed(&g) || !namedByRefresh(a, asked, g.Subject, reply) {
		return err
	}
	return k.confirmedByPlatform(ctx, a, g, platform.Inspection{})
}

// answers reports whether an issue is for a subject. The only one of an answer may name nobody: it is for whom was asked about.
func answers(i platform.Issue, s gk.Subject, of int) bool {
	return of == 1 && i.Subject.Kind == "" || i.Subject.Same(s)
}

// askTraced sends the one request of a refresh.
func askTraced(ctx context.Context, a apps.Opened, req *platform.Request, deadline time.Duration) (platform.Reply, error) {
	asking, step := traces.Step(ctx, "ask", trace.SpanKindClient)
	defer step.End()
	reply, err := a.Ask(asking, req, true, deadline)
	if err == nil {
		traces.Answered(ctx, step, req, reply)
	}
	return reply, err
}

// ended counts a refresh by its outcome, and notes that on its trace.
func (k *Keeper) ended(ctx context.Context, platform, outcome string) {
	k.refreshes.add(platform, outcome)
	traces.Outcome(ctx, outcome, outcome == Refreshed)
}

// leftAlone gives an attempt back under which nothing may be asked, and reports that it did.
func (k *Keeper) leftAlone(ctx context.Context, a apps.Opened, g gk.Grant, f platform.Refresh) (bool, error) {
	// The machine slept, or the database was away: the lease would end before the request. Or the clock was set behind the last look
	// at it: the claim may have taken a lease that has not ended.
	if g.AttemptUntil.Sub(k.Now()) < f.Deadline() || k.clock.Off() {
		k.log.Warn("a claim is too old to ask under it", "platform", a.App.Platform, "grant", g.ID)
		return true, k.unsent(ctx, a, g, "local:delayed", gk.Retry)
	}
	if k.spill.Holds(g.ID) { // its refresh token is spent, and the pair that it bought waits to be stored
		return true, k.unsent(ctx, a, g, "local:unsaved", gk.Retry)
	}
	if spent, err := k.replica.spentElsewhere(ctx, a, g); spent {
		return true, err
	}
	if !k.putBack.mayBeSpent(ctx, a, g) {
		k.log.Warn("the database was put back, and the platform does not say that this token lives: it is not spent", "platform", a.App.Platform, "grant", g.ID)
		return true, k.unsent(ctx, a, g, CodeRestored, gk.FixConfig)
	}
	return false, nil
}

// unbuilt says what keeps a request from being built.
func unbuilt(err error) (code string, action gk.Action) {
	switch {
	case errors.Is(err, platform.ErrForeignHost):
		return "local:shop_host_rejected", gk.FixConfig
	case errors.Is(err, apps.ErrDriver):
		return apps.CodeDriver, gk.Retry
	}
	return "local:request", gk.FixConfig
}

// overdone reports whether an answer says that the app asks for too much at once.
func overdone(status int, f *gk.Fault) bool {
	return status == http.StatusTooManyRequests || status >= http.StatusInternalServerError || f != nil && f.Action == gk.Backoff
}

// unanswered records a request that brought no answer: one that never left costs nothing.
func (k *Keeper) unanswered(ctx context.Context, a apps.Opened, g gk.Grant, err error) error {
	if apps.NotSent(err) {
		k.log.Info("a renewal was not sent", "platform", a.App.Platform, "grant", g.ID, "error", err)
		return k.unsent(ctx, a, g, "local:unreachable", gk.Retry)
	}
	k.failed(ctx, a.App.Platform, InDoubt)
	return errors.Join(k.inDoubt(ctx, a, g, nil, err.Error()), k.askAlive(ctx, a, g))
}

// unreadable records an answer that nobody can read, or that the driver broke on.
func (k *Keeper) unreadable(ctx context.Context, a apps.Opened, g gk.Grant, err error) error {
	f := apps.FaultIn(err)
	if errors.Is(err, apps.ErrDriver) {
		f = &gk.Fault{Platform: a.App.Platform, Stage: platform.StageRefresh, Code: apps.CodeDriver, Action: gk.Retry}
	}
	k.failed(ctx, a.App.Platform, InDoubt)
	return errors.Join(k.inDoubt(ctx, a, g, f, err.Error()), k.askAlive(ctx, a, g))
}

// refused records a platform's refusal of a refresh. It counts only while the grant still has the generation that was
// sent: if somebody stored a newer pair meanwhile, the refusal is old news. It never takes away a token that is still good.
func (k *Keeper) refused(ctx context.Context, a apps.Opened, g gk.Grant, f *gk.Fault) error {
	d, app := a.Driver, a.App
	now := k.Now()
	f.At = gk.At(now)
	if f.Action == gk.Reauthorize {
		k.ended(ctx, app.Platform, Refused)
	} else {
		k.failed(ctx, app.Platform, Refused)
	}
	k.log.Warn("a renewal was refused", "platform", app.Platform, "app", app.ID, "grant", g.ID, "code", f.Code, "action", f.Action)
	var outcome lifecycle.RefuseOutcome
	err := k.change(ctx, g.ID, now, func(row *gk.Grant) (events []gk.Event, err error) {
		if row.Generation != g.Generation || row.State == gk.Revoked {
			return nil, errOvertaken
		}
		r := lifecycle.Refusal{Attempt: g.AttemptID, Fault: f, Kind: d.Spec().NotRenewable(f)}
		outcome, events = lifecycle.Refuse(row, lifecycle.TermsOf(d, app), r, now)
		return events, nil
	})
	if err == nil && outcome == lifecycle.NeverRefreshed {
		k.gates.Found.Taken(app.ID) // a sound pair was refused for what it is
		return nil
	}
	if err == nil && outcome == lifecycle.NeedsMerchant && k.gates.Found.Refused(app.ID, &g, apps.RefreshOf(d, app), now) {
		return k.putBack.doubtDatabase(ctx, a)
	}
	if err != nil || !f.Action.OfApp() {
		return err
	}
	return k.stops.note(ctx, app, g.ID, f)
}

// unsent gives an attempt back whose request never left: nothing is in doubt, and it is tried again soon.
func (k *Keeper) unsent(ctx context.Context, a apps.Opened, g gk.Grant, code string, action gk.Action) error {
	d, app := a.Driver, a.App
	now := k.Now().Add(-k.clock.Ahead()) // a grant does not rest for as long as a clock is wrong
	k.failed(ctx, app.Platform, Unsent)
	err := k.change(ctx, g.ID, now, func(row *gk.Grant) ([]gk.Event, error) {
		if row.AttemptID != g.AttemptID || row.Generation != g.Generation {
			return nil, errOvertaken
		}
		return lifecycle.Unsent(row, lifecycle.TermsOf(d, app), code, action, now), nil
	})
	if err != nil || !action.OfApp() {
		return err
	}
	return k.stops.outlived(ctx, app, mended(app))
}

// change is UpdateGrant by the engine. A row that has moved on is no error. A database that is away is waited for: what is recorded here came from a platform and must not be forgotten
// while the process lives; if it dies, the attempt's lease makes a doubt of it.
func (k *Keeper) change(ctx context.Context, id string, now time.Time, f func(*gk.Grant) ([]gk.Event, error)) error {
	for {
		err := k.store.UpdateGrant(ctx, gk.Engine(), id, now, f)
		switch {
		case errors.Is(err, errOvertaken):
			return nil
		case errors.Is(err, store.ErrUnavailable) && ctx.Err() == nil && !k.draining.Load():
			k.log.Warn("the database is away; the end of a renewal waits", "grant", id)
			time.Sleep(time.Second)
			continue
		}
		k.Wake()
		return err
	}
}

// inDoubt records that the answer to an attempt is unknown.
func (k *Keeper) inDoubt(ctx context.Context, a apps.Opened, g gk.Grant, f *gk.Fault, why string) error {
	d, app := a.Driver, a.App
	now := k.Now()
	k.log.Warn("the answer to a renewal is unknown", "platform", app.Platform, "app", app.ID, "grant", g.ID, "why", why)
	return k.change(ctx, g.ID, now, func(row *gk.Grant) ([]gk.Event, error) {
		if row.AttemptID != g.AttemptID || row.Generation != g.Generation {
			return nil, errOvertaken
		}
		return lifecycle.Doubt(row, lifecycle.TermsOf(d, app), f, why, now), nil
	})
}

// askAlive asks the platform about the access token of a grant that has just come in doubt, where a repeat must wait. A
// token that it refuses before its end says that the pair was rotated, or that the shop has left: there is nothing left
// to lose, and the repeat is due at once. An answer that cannot be had changes nothing.
func (k *Keeper) askAlive(ctx context.Context, a apps.Opened, g gk.Grant) error {
	a.Owner = g.Owner
	d := a.Driver
	_, ok := d.(platform.Inspector)
	f := lifecycle.TermsOf(d, a.App).For(&g)
	waits := f.AfterLostAnswer == platform.Once || !lifecycle.Repeatable(&g, f, k.Now())
	if !ok || !g.Usable(k.Now()) || !waits {
		return nil
	}
	cred, err := k.Credential(g, true)
	if err != nil {
		return err
	}
	in, err := a.Inspect(ctx, cred)
	if err != nil || in.Alive == nil || *in.Alive {
		return nil //nolint:nilerr // the platform that just failed to answer may fail again; the doubt stands as it is
	}
	return k.died(ctx, d, g, in.Fault)
}
