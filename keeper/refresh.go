package keeper

import (
	"context"
	"errors"
	"fmt"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

// errOvertaken says that the row has moved on since it was read: what was learned about it no longer counts.
var errOvertaken = errors.New("keeper: overtaken")

// why a claim was asked for.
type claim struct {
	person  bool // somebody asked for a renewal now: does not wait for a back-off after a 5xx
	reserve bool // may use what the daily limit keeps for people
	force   bool // also a second use of a one-time token that is in doubt
	good    func(g *gk.Grant, now time.Time) bool
}

// claim writes an attempt onto a grant, before the platform is asked. It refuses a grant that is still good, held by
// another attempt, waiting, over its quota, or not renewable, and says which.
func (k *Keeper) claim(ctx context.Context, v gk.Viewer, a apps.Opened, id string, c claim) (gk.Grant, error) {
	d, app := a.Driver, a.App
	var claimed gk.Grant
	f := k.renewalOf(d, app)
	now := k.Now()
	err := k.store.UpdateGrant(ctx, v, id, now, func(g *gk.Grant) ([]gk.Event, error) {
		if c.good != nil && c.good(g, now) {
			claimed = *g
			return nil, errStillGood
		}
		switch {
		case g.State == gk.Revoked:
			return nil, ErrRevoked
		case g.Attempting(now):
			return nil, &Later{Err: ErrRefreshing, After: time.Second}
		case !g.Renewable:
			return nil, ErrNotRenewable
		}
		if pace := shortPace(g, now); pace > 0 && !c.person {
			return nil, &Later{Err: ErrLimited, After: pace, Fault: g.Fault}
		}
		events := outlived(g, now)
		ourBackoff := g.Fault != nil && (g.Fault.Action == gk.Retry || g.Fault.Action.OfApp()) // after a 5xx, or before a repair
		switch {
		case g.InDoubt() && !c.force && !repeatable(g, f, now):
			if c.person {
				return events, ErrNeedsForce
			}
			return events, &Later{Err: ErrRefreshing, After: settleAt(g, f, now).Sub(now), Fault: g.Fault}
		case g.RetryAt.After(now) && !(c.person && (ourBackoff || g.InDoubt() || c.force)):
			if c.person {
				return events, &Later{Err: ErrLimited, After: g.RetryAt.Sub(now), Fault: g.Fault}
			}
			return events, &Later{Err: ErrSuspended, After: g.RetryAt.Sub(now), Fault: g.Fault}
		}
		if wait := overQuota(g, d.Spec().Facts.Limits.TokenCalls, f, now, c.reserve); wait > 0 {
			return events, &Later{Err: ErrLimited, After: wait, Fault: g.Fault}
		}
		a := k.attempt(f, now)
		g.AttemptID, g.AttemptBy, g.AttemptAt, g.AttemptUntil = a.ID, a.By, a.At, a.Until
		g.DueAt = a.Until
		countCall(g, f, now)
		claimed = *g
		return events, nil
	})
	return claimed, err
}

// shortPace returns how long a reader waits for the renewal of a token that lives for seconds; 0: not at all. While it can
// be used it is served, so a renewal at each half of its life is spared.
func shortPace(g *gk.Grant, now time.Time) time.Duration {
	if life := g.Life(); life <= 0 || life >= 2*shortestPace || !g.Usable(now) || g.InDoubt() || sharedPair(g) {
		return 0
	}
	return max(g.PairAskedAt.Add(shortestPace).Sub(now), 0)
}

// errStillGood says that somebody renewed it meanwhile.
var errStillGood = errors.New("keeper: still good")

// outlived turns an attempt whose lease is over into a doubt: its outcome is unknown.
func outlived(g *gk.Grant, now time.Time) []gk.Event {
	if g.AttemptID == "" {
		return nil
	}
	g.Doubts++
	if g.DoubtSince.IsZero() {
		g.DoubtSince = g.AttemptAt
	}
	release(g)
	if g.Doubts > 1 {
		return nil
	}
	g.Fault = noAnswer(g, now)
	return []gk.Event{Event(gk.EventGrantInDoubt, "engine", g, now, map[string]any{"why": "an attempt outlived its lease"})}
}

// attempt makes an attempt. Its lease is the request's hard end plus 30 s, and is not renewed.
func (k *Keeper) attempt(f platform.Renewal, now time.Time) store.Attempt {
	return store.Attempt{ID: gk.NewID("att", now), By: k.options.Instance, At: now, Until: now.Add(f.Deadline() + 30*time.Second)}
}

// overQuota returns how long a token call of a grant must wait; 0: not at all. The reserve of the day is for people, and
// for the renewals that fall due by themselves in the last lead before the access token ends.
func overQuota(g *gk.Grant, l platform.TokenCalls, f platform.Renewal, now time.Time, reserve bool) time.Duration {
	if gap := time.Duration(l.Gap); gap > 0 && !g.AskedAt.IsZero() && now.Before(g.AskedAt.Add(gap)) && !now.Before(g.AskedAt) {
		return g.AskedAt.Add(gap).Sub(now)
	}
	if l.Day == 0 || g.QuotaDay != dayOf(now, f) {
		return 0
	}
	most := l.Day - l.Reserve
	if reserve {
		most = l.Day
	}
	if g.QuotaUsed < most {
		return 0
	}
	local := now.In(f.Location())
	return time.Date(local.Year(), local.Month(), local.Day()+1, 0, 0, 0, 0, f.Location()).Sub(now)
}

// inLastLead reports whether a token is in the part of its life in which a renewal by itself may use the reserve: the
// last quarter of the ordinary lead.
func inLastLead(g *gk.Grant, f platform.Renewal, now time.Time) bool {
	lead := time.Duration(f.Lead)
	if f.LeadPart > 0 {
		lead = time.Duration(f.LeadPart * float64(g.Life()))
	}
	return !g.Expires.IsZero() && g.Expires.Sub(now) < lead/4
}

// dayOf numbers the days of the platform's zone.
func dayOf(t time.Time, f platform.Renewal) int64 {
	local := t.In(f.Location())
	return time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC).Unix() / 86400
}

// countCall counts one token call of a grant.
func countCall(g *gk.Grant, f platform.Renewal, now time.Time) {
	if day := dayOf(now, f); g.QuotaDay != day {
		g.QuotaDay, g.QuotaUsed = day, 0
	}
	g.QuotaUsed++
	g.AskedAt = now
}

// Credential opens a grant for use. withAccess also opens the access token, which a renewal does not need.
func (k *Keeper) Credential(g gk.Grant, withAccess bool) (platform.Credential, error) {
	cred := platform.Credential{
		Subject: g.Subject, Shops: g.Shops, Scopes: g.Scopes, Facts: g.Facts,
		Token: gk.Token{Expires: g.Expires, RefreshExpires: g.RefreshExpires, Windows: g.Windows},
	}
	var err error
	if withAccess && len(g.Access) > 0 {
		if cred.Token.Access, err = k.vault.OpenSecret(tokenPlace(g.ID, "access", g.Generation), g.Access); err != nil {
			return cred, fmt.Errorf("grant %s: %w", g.ID, err)
		}
	}
	if len(g.Refresh) > 0 {
		if cred.Token.Refresh, err = k.vault.OpenSecret(tokenPlace(g.ID, "refresh", g.Generation), g.Refresh); err != nil {
			return cred, fmt.Errorf("grant %s: %w", g.ID, err)
		}
	}
	return cred, nil
}

// renew asks the platform once for the successor of a grant's pair and stores what comes. The grant's attempt is the
// caller's. It runs detached from whoever wants the token: its request has a hard end of its own. When it returns, the
// row tells how it went; the error is of our own making only.
func (k *Keeper) renew(ctx context.Context, a apps.Opened, g gk.Grant) error {
	d, app, open := a.Driver, a.App, a.Open
	f := k.renewalOf(d, app)
	if g.AttemptUntil.Sub(k.Now()) < f.Deadline() { // the machine slept, or the database was away: the lease would end before the request
		k.log.Warn("a claim is too old to ask under it", "platform", app.Platform, "grant", g.ID)
		return k.unsent(ctx, a, g, "local:delayed", gk.Retry)
	}
	if k.spill.holds(g.ID) { // its refresh token is spent, and the pair that it bought waits to be stored
		return k.unsent(ctx, a, g, "local:unsaved", gk.Retry)
	}
	if spent, err := k.spentElsewhere(ctx, a, g); spent {
		return err
	}
	if !k.mayBeSpent(ctx, a, g) {
		k.log.Warn("the database was put back, and the platform does not say that this token lives: it is not spent", "platform", app.Platform, "grant", g.ID)
		return k.unsent(ctx, a, g, CodeRestored, gk.FixConfig)
	}
	cred, err := k.Credential(g, true)
	if err != nil {
		return errors.Join(err, k.unsent(ctx, a, g, "local:sealed", gk.ContactPlatform))
	}
	req, err := a.Request("renew", func() (*platform.Request, error) { return d.(platform.Renewer).RenewRequest(open, cred) })
	if err != nil {
		code := "local:request"
		action := gk.FixConfig
		switch {
		case errors.Is(err, platform.ErrForeignHost):
			code = "local:shop_host_rejected"
		case errors.Is(err, apps.ErrDriver):
			code, action = apps.CodeDriver, gk.Retry
		}
		return errors.Join(err, k.unsent(ctx, a, g, code, action))
	}
	asked := platform.Asked{Stage: platform.StageRefresh, Subject: g.Subject, Sent: req.Sent, At: k.Now()}
	reply, err := a.Ask(ctx, req, true, f.Deadline())
	if apps.NotSent(err) {
		k.log.Info("a renewal was not sent", "platform", app.Platform, "grant", g.ID, "error", err)
		return k.unsent(ctx, a, g, "local:unreachable", gk.Retry)
	}
	if err != nil {
		return errors.Join(k.inDoubt(ctx, a, g, nil, err.Error()), k.askAlive(ctx, a, g))
	}
	issues, err := a.Issues(asked, reply)
	var refusal *gk.Fault
	if errors.As(err, &refusal) && !errors.Is(err, platform.ErrGarbage) {
		return k.refused(ctx, a, g, refusal)
	}
	if err != nil {
		f := apps.FaultIn(err)
		if errors.Is(err, apps.ErrDriver) {
			f = &gk.Fault{Platform: app.Platform, Stage: platform.StageRefresh, Code: apps.CodeDriver, Action: gk.Retry}
		}
		return errors.Join(k.inDoubt(ctx, a, g, f, err.Error()), k.askAlive(ctx, a, g))
	}
	for _, i := range issues {
		if len(issues) == 1 && i.Subject.Kind == "" || i.Subject.Same(g.Subject) {
			if err := k.save(ctx, a, g, i, asked.At); err != nil || !Unconfirmed(&g) || !namedByRefresh(a, asked, g.Subject, reply) {
				return err
			}
			return k.confirmedByPlatform(ctx, a, g, platform.Inspection{})
		}
	}
	return k.inDoubt(ctx, a, g, nil, "the answer is for another subject than the one asked about")
}

// refused records a platform's refusal of a renewal. It counts only while the grant still has the generation that was
// sent: if somebody stored a newer pair meanwhile, the refusal is old news. It never takes away a token that is still good.
func (k *Keeper) refused(ctx context.Context, a apps.Opened, g gk.Grant, f *gk.Fault) error {
	d, app := a.Driver, a.App
	now := k.Now()
	f.At = gk.At(now)
	k.log.Warn("a renewal was refused", "platform", app.Platform, "app", app.ID, "grant", g.ID, "code", f.Code, "action", f.Action)
	final := false
	err := k.change(ctx, g.ID, now, func(row *gk.Grant) ([]gk.Event, error) {
		if row.Generation != g.Generation || row.State == gk.Revoked {
			return nil, errOvertaken
		}
		if row.AttemptID == g.AttemptID {
			release(row)
		}
		var events []gk.Event
		row.Fault = f
		row.Failures++
		row.RetryAt = now.Add(pause(row.Failures, f.RetryAfter))
		if f.Action.OfApp() { // its own pause is the brake, and after its repair nobody should wait for a day
			row.RetryAt = now.Add(max(min(pause(row.Failures, 0), longestOfApp), f.RetryAfter))
		}
		if f.Terminal || f.Action == gk.Reauthorize {
			final = true
			if row.InDoubt() {
				f.Reason = gk.ReasonLostAnswer
			}
			told := !row.Renewable // by the same refusal, whose commit was not answered
			row.Renewable, row.RetryAt, row.Doubts, row.DoubtSince = false, time.Time{}, 0, time.Time{}
			if !told {
				events = append(events, Event(gk.EventGrantNeedsAuthorization, "engine", row, now, reasonOf(row)))
			}
		}
		events = append(events, lapse(row, now)...)
		events = append(events, warn(row, now)...)
		row.DueAt = k.plan(d, app, row, now)
		return events, nil
	})
	if err == nil && final && k.found.refused(app.ID, &g, k.renewalOf(d, app), now) {
		return k.doubtDatabase(ctx, a)
	}
	if err != nil || !f.Action.OfApp() {
		return err
	}
	return k.noteAppFault(ctx, app.ID, g.ID, f)
}

// longestOfApp is how long the renewals of one grant rest after a fault of its app.
const longestOfApp = 30 * time.Minute

// unsent gives an attempt back whose request never left: nothing is in doubt, and it is tried again soon.
func (k *Keeper) unsent(ctx context.Context, a apps.Opened, g gk.Grant, code string, action gk.Action) error {
	d, app := a.Driver, a.App
	now := k.Now()
	return k.change(ctx, g.ID, now, func(row *gk.Grant) ([]gk.Event, error) {
		if row.AttemptID != g.AttemptID || row.Generation != g.Generation {
			return nil, errOvertaken
		}
		release(row)
		row.Failures++
		row.RetryAt = now.Add(pause(row.Failures, 0))
		row.Fault = &gk.Fault{Platform: app.Platform, Stage: platform.StageRefresh, Code: code, Action: action, At: gk.At(now)}
		events := lapse(row, now)
		row.DueAt = k.plan(d, app, row, now)
		return events, nil
	})
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
