package consent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

// Complete turns the sealed answer of a click into grants: who it is, what it reaches, whether the platform confirms
// it; then all grants of the authorization in one transaction. It may run again after a crash at any line: until that
// transaction the click stays issued.
func (fl *Flow) Complete(ctx context.Context, click string) error {
	c, err := fl.store.Click(ctx, click)
	if err != nil || c.Stage != gk.Issued || c.Stranded() {
		return err
	}
	defer fl.ended.tell(click)
	if err := fl.place(ctx, c, nil); err != nil {
		return fl.unplaced(ctx, c, err)
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
func (fl *Flow) place(ctx context.Context, c gk.Click, named *gk.Subject) error {
	opened, err := fl.apps.OpenByID(ctx, c.App)
	if err != nil {
		return err
	}
	if fl.apps.OwnersHaveWays() {
		auth, err := fl.store.Authorization(ctx, gk.Engine(), c.Authorization)
		if err != nil {
			return err
		}
		opened.Owner = auth.Owner
	}
	ans, err := fl.openAnswer(c)
	if err != nil {
		return err
	}
	issues := make([]platform.Issue, 0, len(ans.Issues))
	for _, i := range ans.Issues {
		issue := i.issue()
		if named != nil && issue.Subject.Kind == "" && len(ans.Issues) == 1 {
			issue.Subject = *named
		}
		issue, err := fl.identify(ctx, opened, c, issue, ans.Confirm)
		if err != nil {
			return &unidentifiedError{err, ans}
		}
		issues = append(issues, issue)
	}
	issues = distinct(issues)
	subjects := make([]gk.Subject, 0, len(issues))
	ids := make(map[gk.Subject]string, len(issues))
	now := fl.keeper.Now()
	for _, i := range issues {
		subjects = append(subjects, i.Subject)
		ids[gk.Subject{Kind: i.Subject.Kind, ID: i.Subject.ID}] = gk.NewID("grt", now)
	}
	p := placement{issues: issues, Placement: keeper.Placement{Keeper: fl.keeper, App: opened.App, Driver: opened.Driver, IDs: ids, AskedAt: ans.AskedAt}}
	for began := time.Now(); ; {
		if err := fl.awaitAttempts(ctx, opened.App.ID, subjects); err != nil {
			return err
		}
		p.Now, p.late = fl.keeper.Now(), time.Since(began) > 2*gk.LongestLease
		err := fl.store.PutGrants(ctx, opened.App.ID, c.Authorization, c.ID, subjects, p.Now, p.put)
		if errors.Is(err, errAttempt) {
			continue // it was claimed between the look and the placement
		}
		if err != nil {
			return err
		}
		break
	}
	fl.keeper.Wake()
	fl.keeper.Subscribe(ctx, opened.App.ID, p.touched)
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
func (fl *Flow) unplaced(ctx context.Context, c gk.Click, err error) error {
	f := apps.FaultIn(err)
	late := fl.keeper.Now().Sub(c.SpentAt) > placeWithin
	keep := func(*gk.Click) {}
	var unknown *unidentifiedError
	if errors.As(err, &unknown) {
		switch unknown.verdict(err, f, late) {
		case unconfirmedForGood:
			return fl.failClick(ctx, c.ID, gk.Issued, gk.ReasonUnconfirmed, nil)
		case refusedForGood:
			return fl.failClick(ctx, c.ID, gk.Issued, gk.ReasonRefused, f)
		case unconfirmedInTime:
			return fl.failClick(ctx, c.ID, gk.Issued, gk.ReasonUnconfirmed, f)
		case unconfirmedButKept:
			return fl.endClick(ctx, c.ID, gk.Issued, gk.ReasonUnconfirmed, f, keep)
		case triedAgain:
		}
	} else if late {
		return errors.Join(err, fl.endClick(ctx, c.ID, gk.Issued, gk.ReasonUnplaced, f, keep))
	}
	return errors.Join(err, fl.store.UpdateClick(ctx, c.ID, fl.keeper.Now(), func(c *gk.Click, a *gk.Authorization) ([]gk.Event, error) {
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

// verdict is what becomes of a click whose subject the platform could not identify.
type verdict int

const (
	triedAgain         verdict = iota
	unconfirmedForGood         // the platform was asked, and does not know of the consent
	refusedForGood             // it refuses the token, in a way that does not pass
	unconfirmedInTime          // nobody could be asked for a day, and the callback proved nothing
	unconfirmedButKept         // nobody could be asked for a day; the pair is kept for an operator
)

func (u *unidentifiedError) verdict(err error, f *gk.Fault, late bool) verdict {
	passes := f == nil || f.Action == gk.Retry || f.Action == gk.Backoff
	switch {
	case errors.Is(err, errUnconfirmed):
		return unconfirmedForGood
	case f != nil && f.Terminal || u.ans.Confirm && !passes:
		return refusedForGood
	case late && u.ans.Confirm:
		return unconfirmedInTime
	case late:
		return unconfirmedButKept
	}
	return triedAgain
}

// identify completes one issue by asking the platform about it: who it is where the answer does not say, whether it is
// real where the callback proved nothing, and what it reaches. What is only nice to know may fail.
func (fl *Flow) identify(ctx context.Context, opened apps.Opened, c gk.Click, i platform.Issue, confirm bool) (platform.Issue, error) {
	_, ok := opened.Driver.(platform.Inspector)
	must := i.Subject.Kind == "" || confirm
	if !ok || i.Shared && !must {
		if must {
			return i, fmt.Errorf("%s: nobody can be asked who authorized", opened.Driver.Spec().Code)
		}
		return i, nil
	}
	in, err := opened.Inspect(ctx, platform.Credential{Subject: i.Subject, Token: i.Token, Shops: i.Shops, Scopes: i.Scopes, Facts: i.Facts})
	switch {
	case err != nil && must:
		return i, err
	case err != nil:
		fl.log.Info("a new grant could not be inspected", "platform", opened.Driver.Spec().Code, "error", err)
		return i, nil
	case confirm && (in.Alive == nil || !*in.Alive || !in.AuthorizedAt.After(c.CreatedAt.Add(-lifecycle.ClockSlack))):
		return i, errUnconfirmed
	case in.Alive != nil && !*in.Alive && must:
		if in.Fault != nil {
			return i, in.Fault
		}
		return i, errUnconfirmed
	}
	return lifecycle.Supplement(i, in), nil
}

// errAttempt says that a refresh is under way on a grant that an answer is for. It is tried again after it.
var errAttempt = &keeper.Later{Err: keeper.ErrRefreshing, After: 10 * time.Second}

// awaitAttempts waits for refreshes under way on these subjects' grants: a consent may kill the pair that a refresh is
// about to bring, so the refresh's answer must be stored first and the consent's on top. It waits as long as a lease may
// last: what is attempted then has outlived it, and the generations settle what comes later.
func (fl *Flow) awaitAttempts(ctx context.Context, app string, subjects []gk.Subject) error {
	for began := time.Now(); time.Since(began) < gk.LongestLease; {
		busy := false
		for _, s := range subjects {
			g, err := fl.store.GrantOf(ctx, gk.Engine(), app, s.Kind, s.ID)
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			busy = busy || g.Attempting(fl.keeper.Now())
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
