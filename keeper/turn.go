package keeper

import (
	"context"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/platform"
)

// turn does for one claimed grant what is due: a renewal, a warning, the end of its token, a check.
func (k *Keeper) turn(ctx context.Context, a apps.Opened, g gk.Grant) error {
	f := k.renewalOf(a.Driver, a.App)
	limits := a.Driver.Spec().Facts.Limits.TokenCalls
	now := k.Now()
	forgive(a.App, &g)
	ask := g.Renewable && k.renewalDue(&g, f, now)
	if ask && a.App.Stopped() {
		taken := false
		if a.App.Broken == "" && a.App.Stop != gk.StopPerson && !a.App.PausedUntil.After(now) { // one that is due tries whether the app works again
			var err error
			if taken, err = k.takeProbe(ctx, a.App.ID, now); err != nil {
				return err
			}
		}
		if !taken {
			return k.waitForStop(ctx, a, g)
		}
	}
	if ask && limits == (platform.TokenCalls{}) && !g.InDoubt() && !endsDue(&g, now) {
		return k.renew(ctx, a, g)
	}
	ask = false // until the row says that the claim is still ours
	inspect, confirm, doubted := false, false, false
	err := k.change(ctx, g.ID, now, func(row *gk.Grant) ([]gk.Event, error) {
		if row.AttemptID != g.AttemptID {
			return nil, errOvertaken
		}
		forgive(a.App, row)
		events := tellDoubt(row, now)
		doubted = len(events) > 0
		events = append(events, lapse(row, now)...)
		events = append(events, warn(row, now)...)
		ask = row.Renewable && row.State != gk.Expired && k.renewalDue(row, f, now) && repeatable(row, f, now)
		if ask {
			if wait := overQuota(row, limits, f, now, inLastLead(row, f, now)); wait > 0 {
				ask, row.RetryAt = false, now.Add(wait)
			}
		}
		if ask {
			countCall(row, f, now)
			g = *row
			return events, nil
		}
		release(row)
		inspect = probeDue(a.Driver, row, now)
		if inspect {
			row.Facts = withFact(row.Facts, FactSeen, now.Format(time.RFC3339)) // asked now; what it says is stored when it answers
		}
		if confirm = confirmDue(a.Driver, row, now); confirm {
			askLater(row, now) // as above
		}
		row.DueAt = k.plan(a.Driver, a.App, row, now)
		g = *row
		return events, nil
	})
	if err != nil {
		return err
	}
	if ask {
		return k.renew(ctx, a, g)
	}
	switch {
	case a.App.Broken != "":
		return nil // it cannot be asked
	case confirm:
		return k.confirmImport(ctx, a, g)
	case doubted: // whoever asked has died: what its answer did to the access token is asked about at once
		return k.askAlive(ctx, a, g)
	case inspect:
		return k.probe(ctx, a, g)
	}
	return nil
}

// waitForStop gives back the claim of a grant whose renewal waits for the end of a stop. Whatever else is due is done.
func (k *Keeper) waitForStop(ctx context.Context, a apps.Opened, g gk.Grant) error {
	now := k.Now()
	return k.change(ctx, g.ID, now, func(row *gk.Grant) ([]gk.Event, error) {
		if row.AttemptID != g.AttemptID {
			return nil, errOvertaken
		}
		events := tellDoubt(row, now)
		events = append(events, lapse(row, now)...)
		events = append(events, warn(row, now)...)
		release(row)
		waiting := *row
		waiting.RetryAt = later(row.RetryAt, putOff(row, now))
		row.DueAt = k.plan(a.Driver, a.App, &waiting, now)
		return events, nil
	})
}

// forgive lifts the pause that a fault of the app put on a grant, once the app is repaired.
func forgive(app gk.App, g *gk.Grant) {
	if app.Fault == nil && !app.Stopped() && g.Fault != nil && g.Fault.Action.OfApp() && g.Fault.RetryAfter == 0 {
		g.RetryAt = time.Time{}
	}
}

// tellDoubt tells of an attempt that outlived its lease, which its claim has made a doubt.
func tellDoubt(row *gk.Grant, now time.Time) []gk.Event {
	if !row.Renewable {
		row.Doubts, row.DoubtSince = 0, time.Time{} // whoever died had claimed it for something else than a renewal
	}
	if !row.InDoubt() || row.Fault != nil && !row.Fault.At.Before(row.DoubtSince) {
		return nil
	}
	row.Fault = noAnswer(row, now)
	return []gk.Event{Event(gk.EventGrantInDoubt, "engine", row, now, map[string]any{"why": "an attempt outlived its lease"})}
}

// renewalDue reports whether the renewal of a grant is due.
func (k *Keeper) renewalDue(g *gk.Grant, f platform.Renewal, now time.Time) bool {
	if g.RetryAt.After(now) {
		return false
	}
	if g.InDoubt() {
		return !settleAt(g, f, now).After(now)
	}
	at := renewAt(g, f)
	return !at.IsZero() && !at.After(now)
}

// endsDue reports whether an end or a warning is due besides the renewal.
func endsDue(g *gk.Grant, now time.Time) bool {
	if !g.Expires.IsZero() && !g.Expires.After(now) || !g.Ceiling.IsZero() && !g.Ceiling.After(now) {
		return true
	}
	at := warnAt(g, now)
	return !at.IsZero() && !at.After(now)
}

// probeDue reports whether the periodic check of a grant is due.
func probeDue(d platform.Driver, g *gk.Grant, now time.Time) bool {
	every := time.Duration(d.Spec().Facts.Push.Probe)
	_, can := d.(platform.Inspector)
	return can && every > 0 && g.State == gk.Active && !seenAt(g).Add(every).After(now)
}

// probe asks the platform whether a grant still lives. A token that it refuses before its end is taken as ended; the
// renewal then tells whether the merchant has left.
func (k *Keeper) probe(ctx context.Context, a apps.Opened, g gk.Grant) error {
	cred, err := k.Credential(g, true)
	if err != nil {
		return err
	}
	in, err := a.Inspect(ctx, cred)
	if err != nil {
		return err
	}
	if in.Alive == nil || *in.Alive {
		if s, ok := a.Driver.(platform.Subscriber); ok && a.Driver.Spec().Facts.Push.Subscribe == "grant" {
			if err := k.subscribeGrant(ctx, s, a, g.ID); err != nil { // platforms drop subscriptions that failed too often
				k.log.Info("pushes could not be subscribed to again", "platform", a.Driver.Spec().Code, "grant", g.ID, "error", err)
			}
		}
		return k.Seen(ctx, a.Driver, g, in)
	}
	return k.died(ctx, a.Driver, g, in.Fault)
}

// died records that the platform refuses an access token before its end.
func (k *Keeper) died(ctx context.Context, d platform.Driver, g gk.Grant, f *gk.Fault) error {
	app, err := k.store.App(ctx, gk.Engine(), g.App)
	if err != nil {
		return err
	}
	now := k.Now()
	return k.change(ctx, g.ID, now, func(row *gk.Grant) ([]gk.Event, error) {
		over := !row.Expires.IsZero() && !row.Expires.After(now) // that it is refused past its end tells nothing
		if row.Generation != g.Generation || row.State == gk.Revoked || row.AttemptID != "" || over {
			return nil, errOvertaken
		}
		if f != nil {
			f.At = gk.At(now)
		}
		row.Fault = f
		row.Expires = now
		events := lapse(row, now)
		row.DueAt = k.plan(d, app, row, now)
		return events, nil
	})
}
