package keeper

import (
	"context"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/platform"
)

// A doubt is a request that spent a refresh token and whose answer never arrived whole: no answer, a cut one, a 5xx, a
// page of HTML, an attempt that outlived its lease. The platform may have rotated, or not. The facts decide what is
// done about it, and until then the access token is served.

// settleAt returns when the refresh token of a grant in doubt is sent again.
//
//   - repeat: any time, so at once (the back-off on the grant sets the pace);
//   - repeat_for: at once, and again until the grace has passed; then as once;
//   - once: one repeat, after half of what the access token has left, at most a day; where a second use would end the
//     access token too, not before its last ten minutes. If that one is lost as well, the next comes when the access
//     token has ended: from then on there is nothing left to lose, and only a definite answer ends the grant.
func settleAt(g *gk.Grant, f platform.Renewal, now time.Time) time.Time {
	if f.AfterLostAnswer == platform.RepeatAny {
		return now
	}
	if f.AfterLostAnswer == platform.RepeatFor && now.Before(g.DoubtSince.Add(time.Duration(f.RepeatFor))) {
		return now
	}
	if g.Expires.IsZero() {
		return g.DoubtSince.Add(24 * time.Hour)
	}
	if !g.Expires.After(now) {
		return now
	}
	if g.Doubts > 1 && f.AfterLostAnswer == platform.Once {
		return g.Expires
	}
	at := g.DoubtSince.Add(min(g.Expires.Sub(g.DoubtSince)/2, 24*time.Hour))
	if f.ReuseKills {
		at = later(at, g.Expires.Add(-10*time.Minute))
	}
	return at
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// repeatable reports whether the refresh token of a grant in doubt may be sent again at this moment without a person's word.
func repeatable(g *gk.Grant, f platform.Renewal, now time.Time) bool {
	return !g.InDoubt() || !settleAt(g, f, now).After(now)
}

// inDoubt records that the answer to an attempt is unknown.
func (k *Keeper) inDoubt(ctx context.Context, a apps.Opened, g gk.Grant, f *gk.Fault, why string) error {
	d, app := a.Driver, a.App
	now := k.Now()
	facts := k.renewalOf(d, app)
	k.log.Warn("the answer to a renewal is unknown", "platform", app.Platform, "app", app.ID, "grant", g.ID, "why", why)
	return k.change(ctx, g.ID, now, func(row *gk.Grant) ([]gk.Event, error) {
		if row.AttemptID != g.AttemptID || row.Generation != g.Generation {
			return nil, errOvertaken
		}
		first := row.Doubts == 0
		row.Doubts++
		if row.DoubtSince.IsZero() {
			row.DoubtSince = row.AttemptAt
		}
		release(row)
		row.Failures++
		row.Fault = f
		if row.Fault == nil {
			row.Fault = noAnswer(row, now)
		}
		row.Fault.At = gk.At(now)
		row.RetryAt = now.Add(pause(row.Failures, row.Fault.RetryAfter))
		events := lapse(row, now)
		row.DueAt = k.plan(d, app, row, now)
		if first {
			events = append(events, Event(gk.EventGrantInDoubt, "engine", row, now, map[string]any{
				"why": why, "settle": facts.AfterLostAnswer, "next_at": row.DueAt.Format(time.RFC3339),
			}))
		}
		return events, nil
	})
}

// noAnswer is the fault of a grant whose renewal was not answered.
func noAnswer(g *gk.Grant, now time.Time) *gk.Fault {
	return &gk.Fault{Platform: g.Platform, Stage: platform.StageRefresh, Code: "local:no_answer", Action: gk.Retry, At: gk.At(now)}
}

// askAlive asks the platform about the access token of a grant that has just come in doubt, where a repeat must wait. A
// token that it refuses before its end says that the pair was rotated, or that the shop has left: there is nothing left
// to lose, and the repeat is due at once. An answer that cannot be had changes nothing.
func (k *Keeper) askAlive(ctx context.Context, a apps.Opened, g gk.Grant) error {
	d, open := a.Driver, a.Open
	_, ok := d.(platform.Inspector)
	f := d.Spec().Facts.Renew(open.Profile, open.Stage)
	waits := f.AfterLostAnswer == platform.Once || g.InDoubt() && !repeatable(&g, f, k.Now())
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

// release clears the attempt of a grant.
func release(g *gk.Grant) {
	g.AttemptID, g.AttemptBy, g.AttemptAt, g.AttemptUntil = "", "", time.Time{}, time.Time{}
}
