package consent

import (
	"context"
	"errors"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/platform"
)

// ObtainInput is a grant that nobody has to click for.
type ObtainInput struct {
	Subject *gk.Subject // who it is for, where the platform does not tell
	Owner   string
	Token   gk.Token // a token that a merchant copied; empty: the platform is asked for one
}

// Obtain makes a grant without a merchant's click: from client credentials, or from a token that a merchant copied out
// of their admin. A pasted token is asked whose it is before anything is stored.
func (fl *Flow) Obtain(ctx context.Context, v gk.Viewer, appID string, in ObtainInput) (gk.Grant, error) {
	if _, err := fl.store.App(ctx, v, appID); err != nil {
		return gk.Grant{}, err
	}
	if err := in.ownedBy(v); err != nil {
		return gk.Grant{}, err
	}
	opened, err := fl.apps.OpenByID(ctx, appID)
	if err != nil {
		return gk.Grant{}, err
	}
	opened.Owner = in.Owner
	askedAt := fl.keeper.Now()
	issue, err := fl.obtained(ctx, opened, in, askedAt)
	if err != nil {
		return gk.Grant{}, err
	}
	if issue, err = fl.keeper.ConfirmPasted(ctx, opened, issue, in.Subject); err != nil {
		return gk.Grant{}, err
	}
	proven := len(v.Owners) == 0 || fl.provenPasted(ctx, opened, issue, in)
	now := fl.keeper.Now()
	id := gk.NewID("grt", now)
	p := keeper.Placement{
		Keeper: fl.keeper, App: opened.App, Driver: opened.Driver, AskedAt: askedAt, Now: now,
		IDs: map[gk.Subject]string{{Kind: issue.Subject.Kind, ID: issue.Subject.ID}: id},
	}
	err = fl.store.PutGrants(ctx, opened.App.ID, "", "", []gk.Subject{issue.Subject}, now,
		func(existing []gk.Grant, _ *gk.Authorization, _ *gk.Click) ([]gk.Grant, []gk.Event, error) {
			var old *gk.Grant
			if len(existing) > 0 {
				if old = &existing[0]; old.Owner != in.Owner {
					if err := mayTakeOver(v, old); err != nil {
						return nil, nil, err
					}
				}
				id = old.ID
			}
			g, events, err := p.Grant(&gk.Authorization{Owner: in.Owner}, &gk.Click{ID: gk.NewID("obt", now)}, issue, old, true)
			if err == nil && !proven && (old == nil || lifecycle.Unproven(old)) {
				lifecycle.Hold(&g, now)
				events[0].Kind = gk.EventGrantHeld
			}
			return []gk.Grant{g}, events, err
		})
	if err != nil {
		return gk.Grant{}, err
	}
	fl.keeper.Wake()
	return fl.store.Grant(ctx, v, id)
}

// ownedBy settles for whom a grant is obtained: a key of one owner need not say so.
func (in *ObtainInput) ownedBy(v gk.Viewer) error {
	if in.Owner == "" && len(v.Owners) == 1 {
		in.Owner = v.Owners[0]
	}
	if !v.SeesOwner(in.Owner) {
		return gk.BadInput("owner", "is outside this key's owners")
	}
	return gk.CheckOwner("owner", in.Owner)
}

// mayTakeOver refuses a subject whose grant is another owner's: to everybody where it has an owner, and to a key with an
// owner limit, which is not told whose it is, in any case.
func mayTakeOver(v gk.Viewer, old *gk.Grant) error {
	switch {
	case len(v.Owners) > 0:
		return gk.BadInput("token", "is of a subject that this key cannot take; ask somebody without an owner limit")
	case old.Owner != "":
		return gk.BadInput("owner", "is not the owner who has this subject's grant")
	}
	return nil
}

// obtained is the token to make a grant of: the one that was given, or one that the platform is asked for.
func (fl *Flow) obtained(ctx context.Context, opened apps.Opened, in ObtainInput, askedAt time.Time) (platform.Issue, error) {
	if in.Token.Access.Empty() {
		return fl.askForToken(ctx, opened, in, askedAt)
	}
	issue := platform.Issue{Token: in.Token}
	if in.Subject == nil {
		return issue, nil
	}
	issue.Subject = *in.Subject
	if spec := opened.Driver.Spec(); spec.Facts.ShopNeeded && issue.Subject.Host != "" {
		var err error
		if issue.Subject.Host, err = apps.GivenHost(spec, issue.Subject.Host); err != nil {
			return platform.Issue{}, err
		}
	}
	return issue, nil
}

// askForToken asks the platform for a token without any consent: client credentials and the like. Losing the answer loses
// nothing.
func (fl *Flow) askForToken(ctx context.Context, opened apps.Opened, in ObtainInput, askedAt time.Time) (platform.Issue, error) {
	r, ok := opened.Driver.(platform.Refresher)
	if !ok || opened.Driver.Spec().Facts.RefreshOf(opened.Open.Profile, opened.Open.Stage).Style != platform.Reask {
		return platform.Issue{}, gk.BadInput("token", "is needed: this kind of app cannot ask the platform for one without the merchant")
	}
	var cred platform.Credential
	if in.Subject != nil {
		cred.Subject = *in.Subject
	}
	req, err := opened.Request("renew", func() (*platform.Request, error) { return r.RefreshRequest(opened.Open, cred) })
	if errors.Is(err, apps.ErrDriver) {
		return platform.Issue{}, err
	}
	if err != nil { // the app was checked when it was made
		return platform.Issue{}, gk.BadInput("subject", "makes no request: "+err.Error())
	}
	reply, err := opened.Ask(ctx, req, true, 60*time.Second)
	if err != nil {
		return platform.Issue{}, &keeper.Later{Err: keeper.ErrSuspended, After: 10 * time.Second, Fault: &gk.Fault{
			Platform: opened.Driver.Spec().Code, Stage: platform.StageToken, Code: "local:no_answer", Action: gk.Retry,
		}}
	}
	issues, err := opened.Issues(platform.Asked{Stage: platform.StageToken, Subject: cred.Subject, Sent: req.Sent, At: askedAt}, reply)
	switch {
	case err != nil:
		if f := apps.FaultIn(err); f != nil {
			return platform.Issue{}, f
		}
		return platform.Issue{}, err
	case len(issues) != 1:
		return platform.Issue{}, &platform.Garbled{Why: "it is not for one subject"}
	}
	return issues[0], nil
}

// provenPasted reports whether the platform said by itself whose a token is, rather than the caller.
func (fl *Flow) provenPasted(ctx context.Context, opened apps.Opened, i platform.Issue, in ObtainInput) bool {
	if in.Subject == nil || in.Subject.ID == "" || in.Token.Access.Empty() && i.Subject.Kind == gk.KindPartner {
		return true
	}
	_, confirmed, err := fl.keeper.Whose(ctx, opened, platform.Credential{Subject: i.Subject, Token: i.Token})
	return err == nil && confirmed // else the grant is held, and the question is put again
}
