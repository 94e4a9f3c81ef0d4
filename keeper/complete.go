package keeper

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/lifecycle"
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
	if err != nil || c.Stage != gk.Issued || c.Stranded() {
		return err
	}
	defer k.ended.tell(click)
	if err := k.place(ctx, c, nil); err != nil {
		return k.unplaced(ctx, c, err)
	}
	return nil
}

// unidentifiedError is what stood in the way of knowing who authorized; ans is what lies with the click.
type unidentifiedError struct {
	err error
	ans answer
}

// Error returns the reason.
func (e *unidentifiedError) Error() string { return e.err.Error() }

// Unwrap returns the reason.
func (e *unidentifiedError) Unwrap() error { return e.err }

// place makes the grants of a click's answer. named is whom an operator says the answer is for, where the platform does
// not tell; nil: nobody says so.
func (k *Keeper) place(ctx context.Context, c gk.Click, named *gk.Subject) error {
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
		issue := i.issue()
		if named != nil && issue.Subject.Kind == "" && len(ans.Issues) == 1 {
			issue.Subject = *named
		}
		issue, err := k.identify(ctx, d, open, c, issue, ans.Confirm)
		if err != nil {
			return &unidentifiedError{err, ans}
		}
		issues = append(issues, issue)
	}
	issues = distinct(issues)
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
		if errors.Is(err, errAttempt) {
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

// distinct makes the subjects of an answer unique: of two pairs for one the later counts, and what either reaches.
func distinct(issues []platform.Issue) []platform.Issue {
	var unique []platform.Issue
	for _, i := range issues {
		at := slices.IndexFunc(unique, func(u platform.Issue) bool { return u.Subject.Same(i.Subject) })
		if at < 0 {
			unique = append(unique, i)
			continue
		}
		i.Shops = gk.UniqueShops(slices.Concat(i.Shops, unique[at].Shops))
		unique[at] = i
	}
	return unique
}

var errUnconfirmed = errors.New("keeper: the platform does not confirm the callback")

// placeWithin is how long it is tried, once a minute, to make the grants of an answer.
const placeWithin = 24 * time.Hour

// unplaced handles a click whose answer could not be made a grant. What the platform says for good ends the click.
// Everything else is tried again, behind the other clicks that wait, and shown meanwhile: the answer may hold a pair
// that the platform will not give twice. After a day that ends too, and the pair is kept for an operator. A click whose
// answer holds none waits for nothing but an overload to pass.
func (k *Keeper) unplaced(ctx context.Context, c gk.Click, err error) error {
	f := faultOf(err)
	passes := f == nil || f.Action == gk.Retry || f.Action == gk.Backoff
	var unknown *unidentifiedError
	who := errors.As(err, &unknown)
	switch late := k.Now().Sub(c.SpentAt) > placeWithin; {
	case who && errors.Is(err, errUnconfirmed):
		return k.failClick(ctx, c.ID, gk.Issued, gk.ReasonUnconfirmed, nil)
	case who && (f != nil && f.Terminal || unknown.ans.Confirm && !passes):
		return k.failClick(ctx, c.ID, gk.Issued, gk.ReasonRefused, f)
	case who && late && unknown.ans.Confirm:
		return k.failClick(ctx, c.ID, gk.Issued, gk.ReasonUnconfirmed, f)
	case who && late:
		return k.endClick(ctx, c.ID, gk.Issued, gk.ReasonUnconfirmed, f, func(*gk.Click) {})
	case late:
		return errors.Join(err, k.endClick(ctx, c.ID, gk.Issued, gk.ReasonUnplaced, f, func(*gk.Click) {}))
	}
	return errors.Join(err, k.store.UpdateClick(ctx, c.ID, k.Now(), func(c *gk.Click, a *gk.Authorization) ([]gk.Event, error) {
		if c.Stage != gk.Issued || c.Stranded() {
			return nil, store.ErrUnchanged
		}
		c.Fault = f // the write also puts it behind the other clicks that wait
		if a.Stage != gk.Done {
			a.Fault = f
		}
		return nil, nil
	}))
}

// Stranded reports whether an authorization keeps an answer of the platform that no grant was made of.
func (k *Keeper) Stranded(ctx context.Context, authorization string) (bool, error) {
	clicks, err := k.store.StrandedClicks(ctx, authorization)
	return len(clicks) > 0, err
}

// Place makes the grants of answers that an authorization keeps. named says whom an answer is for where the platform
// does not tell. It takes a key that is not limited to owners.
func (k *Keeper) Place(ctx context.Context, v gk.Viewer, authorization string, named *gk.Subject) (gk.Authorization, error) {
	a, err := k.store.Authorization(ctx, v, authorization)
	if err != nil {
		return gk.Authorization{}, err
	}
	if len(v.Owners) > 0 {
		return gk.Authorization{}, ErrForbidden
	}
	_, d, _, err := k.appOf(ctx, a.App)
	if err != nil {
		return gk.Authorization{}, err
	}
	if named != nil {
		subject, err := checkSubject(d.Spec(), *named)
		if err != nil {
			return gk.Authorization{}, err
		}
		if subject.ID == "" {
			return gk.Authorization{}, &Invalid{"subject.id", "is missing"}
		}
		named = &subject
	}
	clicks, err := k.store.StrandedClicks(ctx, authorization)
	if err != nil {
		return gk.Authorization{}, err
	}
	if len(clicks) == 0 {
		return gk.Authorization{}, &Invalid{"id", "names an authorization that keeps no answer to be placed"}
	}
	if !k.begin() {
		return gk.Authorization{}, ErrDraining
	}
	defer k.end()
	for _, c := range clicks {
		err := k.place(context.WithoutCancel(ctx), c, named)
		var unknown *unidentifiedError
		if errors.As(err, &unknown) {
			if f := faultOf(err); f != nil {
				return gk.Authorization{}, f
			}
			return gk.Authorization{}, &Invalid{"subject", "is needed: the platform does not say who authorized"}
		}
		if err != nil {
			return gk.Authorization{}, err
		}
	}
	return k.store.Authorization(ctx, v, authorization)
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

// errAttempt says that a renewal is under way on a grant that an answer is for. It is tried again after it.
var errAttempt = &Later{Err: ErrRefreshing, After: 10 * time.Second}

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
	return errAttempt
}

// renewable reports whether a grant can be renewed without the merchant.
func (k *Keeper) renewable(d platform.Driver, app gk.App, g *gk.Grant, final bool) bool {
	return lifecycle.Renewable(lifecycle.TermsOf(d, app), g, final)
}

// renewalOf returns the renewal facts of an app.
func (k *Keeper) renewalOf(d platform.Driver, app gk.App) platform.Renewal {
	return d.Spec().Facts.Renew(app.Profile, app.Stage)
}
