package keeper

import (
	"context"
	"errors"
	"fmt"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

// clockSlack is how far a platform's clock may be from ours when its moment of consent is compared with our click.
const clockSlack = 2 * time.Minute

// complete turns the sealed answer of a click into grants: who it is, what it reaches, whether the platform confirms
// it; then all grants of the authorization in one transaction. It may run again after a crash at any line: until that
// transaction the click stays issued.
func (k *Keeper) complete(ctx context.Context, click string) error {
	c, err := k.store.Click(ctx, click)
	if err != nil || c.Stage != gk.Issued {
		return err
	}
	app, d, open, err := k.appOf(ctx, c.App)
	if err != nil {
		return err
	}
	ans, err := k.openAnswer(c)
	if err != nil {
		return err
	}
	issues := make([]platform.Issue, 0, len(ans.Issues))
	for _, i := range ans.Issues {
		issue, err := k.identify(ctx, d, open, c, i.issue(), ans.Confirm)
		if err != nil {
			return k.unidentified(ctx, c, ans, err)
		}
		issues = append(issues, issue)
	}
	subjects := make([]gk.Subject, 0, len(issues))
	ids := make(map[gk.Subject]string, len(issues))
	now := k.Now()
	for _, i := range issues {
		subjects = append(subjects, i.Subject)
		ids[gk.Subject{Kind: i.Subject.Kind, ID: i.Subject.ID}] = gk.NewID("grt", now)
	}
	p := placement{keeper: k, app: app, driver: d, issues: issues, ids: ids, askedAt: ans.AskedAt}
	for began := time.Now(); ; {
		if err := k.awaitAttempts(ctx, app.ID, subjects); err != nil {
			return err
		}
		p.now, p.late = k.Now(), time.Since(began) > 2*gk.LongestLease
		err := k.store.PutGrants(ctx, app.ID, c.Authorization, c.ID, subjects, p.now, p.put)
		if errors.Is(err, errAttempting) {
			continue // it was claimed between the look and the placement
		}
		if err != nil {
			return err
		}
		break
	}
	for _, id := range p.touched {
		k.tokens.drop(id)
	}
	k.Wake()
	k.subscribe(ctx, app.ID, p.touched)
	return nil
}

var errUnconfirmed = errors.New("keeper: the platform does not confirm the callback")

// identifyWithin is how long the platform is asked, once a minute, who authorized.
const identifyWithin = 24 * time.Hour

// unidentified decides about a click of which the platform did not tell who it is. What it says for good ends the click.
// Everything else is tried again and shown meanwhile: the answer holds a pair that the platform will not give twice. A
// click whose answer holds none waits for nothing but an overload to pass.
func (k *Keeper) unidentified(ctx context.Context, c gk.Click, ans answer, err error) error {
	f := faultOf(err)
	passes := f == nil || f.Action == gk.Retry || f.Action == gk.Backoff
	switch {
	case errors.Is(err, errUnconfirmed):
		return k.failClick(ctx, c.ID, gk.Issued, gk.ReasonUnconfirmed, nil)
	case f != nil && f.Terminal, ans.Confirm && !passes:
		return k.failClick(ctx, c.ID, gk.Issued, gk.ReasonRefused, f)
	case k.Now().Sub(c.SpentAt) > identifyWithin:
		return k.failClick(ctx, c.ID, gk.Issued, gk.ReasonUnconfirmed, f)
	}
	return errors.Join(err, k.store.UpdateClick(ctx, c.ID, k.Now(), func(c *gk.Click, a *gk.Authorization) ([]gk.Event, error) {
		if c.Stage != gk.Issued {
			return nil, store.ErrUnchanged
		}
		c.Fault = f // the write also puts it behind the other clicks that wait
		if a.Stage != gk.Done {
			a.Fault = f
		}
		return nil, nil
	}))
}

// identify completes one issue by asking the platform about it: who it is where the answer does not say, whether it is
// real where the callback proved nothing, and what it reaches. What is only nice to know may fail.
func (k *Keeper) identify(ctx context.Context, d platform.Driver, open platform.App, c gk.Click, i platform.Issue, confirm bool) (platform.Issue, error) {
	ins, ok := d.(platform.Inspector)
	must := i.Subject.Kind == "" || confirm
	if !ok || i.Shared && !must {
		if must {
			return i, fmt.Errorf("%s: nobody can be asked who authorized", open.Spec().Code)
		}
		return i, nil
	}
	in, err := k.inspect(ctx, ins, open, platform.Credential{Subject: i.Subject, Token: i.Token, Shops: i.Shops, Scopes: i.Scopes, Facts: i.Facts})
	switch {
	case err != nil && must:
		return i, err
	case err != nil:
		k.log.Info("a new grant could not be inspected", "platform", open.Spec().Code, "error", err)
		return i, nil
	case confirm && (in.Alive == nil || !*in.Alive || !in.AuthorizedAt.After(c.CreatedAt.Add(-clockSlack))):
		return i, errUnconfirmed
	case in.Alive != nil && !*in.Alive && must:
		if in.Fault != nil {
			return i, in.Fault
		}
		return i, errUnconfirmed
	}
	return learn(i, in), nil
}

// awaitAttempts waits for renewals under way on these subjects' grants: a consent may kill the pair that a renewal is
// about to bring, so the renewal's answer must be stored first and the consent's on top. It waits as long as a lease may
// last: what is attempted then has outlived it, and the generations settle what comes later.
func (k *Keeper) awaitAttempts(ctx context.Context, app string, subjects []gk.Subject) error {
	for began := time.Now(); time.Since(began) < gk.LongestLease; {
		busy := false
		for _, s := range subjects {
			g, err := k.store.GrantOf(ctx, gk.Engine(), app, s.Kind, s.ID)
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			busy = busy || g.Attempting(k.Now())
		}
		if !busy {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(250 * time.Millisecond):
		}
	}
	return nil
}

// renewable reports whether a grant can be renewed without the merchant.
func (k *Keeper) renewable(d platform.Driver, app gk.App, g *gk.Grant, final bool) bool {
	if _, ok := d.(platform.Renewer); !ok || final {
		return false
	}
	switch k.renewalOf(d, app).Style {
	case platform.NoRenewal:
		return false
	case platform.Reask:
		return true
	}
	return len(g.Refresh) > 0
}

// renewalOf returns the renewal facts of an app.
func (k *Keeper) renewalOf(d platform.Driver, app gk.App) platform.Renewal {
	return d.Spec().Facts.Renew(app.Profile, app.Stage)
}
