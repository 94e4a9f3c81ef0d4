package keeper

import (
	"context"
	"crypto/subtle"
	"errors"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

// ObtainInput is a grant that nobody has to click for.
type ObtainInput struct {
	Subject *gk.Subject // who it is for, where the platform does not tell
	Owner   string
	Token   gk.Token // a token that a merchant copied; empty: the platform is asked for one
}

// Obtain makes a grant without a merchant's click: from client credentials, or from a token that a merchant copied out
// of their admin. A pasted token is asked whose it is before anything is stored.
func (k *Keeper) Obtain(ctx context.Context, v gk.Viewer, appID string, in ObtainInput) (gk.Grant, error) {
	if _, err := k.store.App(ctx, v, appID); err != nil {
		return gk.Grant{}, err
	}
	if in.Owner == "" && len(v.Owners) == 1 {
		in.Owner = v.Owners[0]
	}
	if !v.SeesOwner(in.Owner) {
		return gk.Grant{}, gk.BadInput("owner", "is outside this key's owners")
	}
	if err := gk.CheckOwner("owner", in.Owner); err != nil {
		return gk.Grant{}, err
	}
	opened, err := k.apps.OpenByID(ctx, appID)
	if err != nil {
		return gk.Grant{}, err
	}
	askedAt := k.Now()
	var issue platform.Issue
	if in.Token.Access.Empty() {
		if issue, err = k.reask(ctx, opened, in, askedAt); err != nil {
			return gk.Grant{}, err
		}
	} else {
		issue = platform.Issue{Token: in.Token}
		if in.Subject != nil {
			issue.Subject = *in.Subject
			if f := opened.Driver.Spec().Facts; f.ShopNeeded && issue.Subject.Host != "" {
				if issue.Subject.Host, err = apps.GivenHost(opened.Driver.Spec(), issue.Subject.Host); err != nil {
					return gk.Grant{}, err
				}
			}
		}
	}
	if issue, err = k.confirmPasted(ctx, opened, issue, in); err != nil {
		return gk.Grant{}, err
	}
	proven := len(v.Owners) == 0 || k.provenPasted(ctx, opened, issue, in)
	now := k.Now()
	id := gk.NewID("grt", now)
	p := placement{
		keeper: k, app: opened.App, driver: opened.Driver, issues: []platform.Issue{issue}, askedAt: askedAt, now: now,
		ids: map[gk.Subject]string{{Kind: issue.Subject.Kind, ID: issue.Subject.ID}: id},
	}
	err = k.store.PutGrants(ctx, opened.App.ID, "", "", []gk.Subject{issue.Subject}, now,
		func(existing []gk.Grant, _ *gk.Authorization, _ *gk.Click) ([]gk.Grant, []gk.Event, error) {
			var old *gk.Grant
			if len(existing) > 0 {
				old = &existing[0]
				if old.Owner != in.Owner && len(v.Owners) > 0 {
					return nil, nil, gk.BadInput("token", "is of a subject that this key cannot take; ask somebody without an owner limit")
				}
				if old.Owner != "" && old.Owner != in.Owner {
					return nil, nil, gk.BadInput("owner", "is not the owner who has this subject's grant")
				}
				id = old.ID
			}
			g, events, err := p.grant(&gk.Authorization{Owner: in.Owner}, &gk.Click{ID: gk.NewID("obt", now)}, issue, old, true)
			if err == nil && !proven && (old == nil || claimed(old)) {
				hold(&g, now)
				events[0].Kind = gk.EventGrantHeld
			}
			return []gk.Grant{g}, events, err
		})
	if err != nil {
		return gk.Grant{}, err
	}
	k.tokens.drop(id)
	k.Wake()
	return k.store.Grant(ctx, v, id)
}

// reask asks the platform for a token without any consent: client credentials and the like. Losing the answer loses
// nothing.
func (k *Keeper) reask(ctx context.Context, opened apps.Opened, in ObtainInput, askedAt time.Time) (platform.Issue, error) {
	r, ok := opened.Driver.(platform.Renewer)
	if !ok || opened.Driver.Spec().Facts.Renew(opened.Open.Profile, opened.Open.Stage).Style != platform.Reask {
		return platform.Issue{}, gk.BadInput("token", "is needed: this kind of app cannot ask the platform for one without the merchant")
	}
	var cred platform.Credential
	if in.Subject != nil {
		cred.Subject = *in.Subject
	}
	req, err := opened.Request("renew", func() (*platform.Request, error) { return r.RenewRequest(opened.Open, cred) })
	if err != nil {
		return platform.Issue{}, err
	}
	reply, err := opened.Ask(ctx, req, true, 60*time.Second)
	if err != nil {
		return platform.Issue{}, &Later{Err: ErrSuspended, After: 10 * time.Second, Fault: &gk.Fault{
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

// confirmPasted asks the platform whose a token is, where it can be asked.
func (k *Keeper) confirmPasted(ctx context.Context, opened apps.Opened, i platform.Issue, in ObtainInput) (platform.Issue, error) {
	_, ok := opened.Driver.(platform.Inspector)
	if !ok || i.Subject.Kind == gk.KindPartner {
		if i.Subject.Kind == "" || i.Subject.ID == "" {
			return i, gk.BadInput("subject", "is needed: this platform does not tell whose a token is")
		}
		return i, nil
	}
	told, err := opened.Inspect(ctx, platform.Credential{Subject: i.Subject, Token: i.Token})
	if err != nil {
		if f := apps.FaultIn(err); f != nil {
			return i, f
		}
		if apps.NotSent(err) || errors.Is(err, platform.ErrGarbage) {
			return i, &Later{Err: ErrSuspended, After: 10 * time.Second}
		}
		return i, err
	}
	if told.Alive != nil && !*told.Alive {
		if told.Fault != nil {
			return i, told.Fault
		}
		return i, gk.BadInput("token", "is refused by the platform")
	}
	if in.Subject != nil && in.Subject.ID != "" && told.Subject.ID != "" && in.Subject.ID != told.Subject.ID {
		return i, gk.BadInput("subject", "is not whom this token belongs to")
	}
	if i.Subject.ID == "" {
		i.Subject = apps.Merge(told.Subject, i.Subject)
	}
	if i.Subject.Kind == "" || i.Subject.ID == "" {
		return i, gk.BadInput("subject", "is needed: the platform did not tell whose this token is")
	}
	return apps.Learn(i, told), nil
}

// provenPasted reports whether the platform said by itself whose a token is, rather than the caller.
func (k *Keeper) provenPasted(ctx context.Context, opened apps.Opened, i platform.Issue, in ObtainInput) bool {
	if in.Subject == nil || in.Subject.ID == "" || in.Token.Access.Empty() && i.Subject.Kind == gk.KindPartner {
		return true
	}
	_, confirmed, err := k.whose(ctx, opened, platform.Credential{Subject: i.Subject, Token: i.Token})
	return err == nil && confirmed // else the grant is held, and the question is put again
}

// GrantChange is what a PATCH of a grant says; nil leaves a member as it is.
type GrantChange struct{ Owner, Name *string }

// UpdateGrant renames a grant or moves it to another owner. Only a key without an owner limit may move one.
func (k *Keeper) UpdateGrant(ctx context.Context, v gk.Viewer, id string, c GrantChange) (gk.Grant, error) {
	if c.Owner != nil && len(v.Owners) > 0 {
		return gk.Grant{}, ErrForbidden
	}
	if c.Owner != nil {
		if err := gk.CheckOwner("owner", *c.Owner); err != nil {
			return gk.Grant{}, err
		}
	}
	return k.rewrite(ctx, v, id, func(g *gk.Grant, now time.Time) ([]gk.Event, error) {
		var events []gk.Event
		if c.Name != nil {
			if len(*c.Name) > 200 {
				return nil, gk.BadInput("name", "is longer than 200 bytes")
			}
			g.Subject.Name = *c.Name
		}
		if c.Owner != nil && *c.Owner != g.Owner {
			if g.State == gk.Held {
				return nil, ErrHeld
			}
			from := g.Owner
			g.Owner = *c.Owner
			events = append(events, moved(g, from, v.Key, now)...)
		}
		return events, nil
	})
}

// Confirm gives a held or ownerless grant to an owner, or moves one between owners. It takes a key that is not limited
// to owners: never the claimant's own.
func (k *Keeper) Confirm(ctx context.Context, v gk.Viewer, id, owner string) (gk.Grant, error) {
	if len(v.Owners) > 0 {
		return gk.Grant{}, ErrForbidden
	}
	if owner == "" {
		return gk.Grant{}, gk.BadInput("owner", "is missing")
	}
	if err := gk.CheckOwner("owner", owner); err != nil {
		return gk.Grant{}, err
	}
	return k.rewrite(ctx, v, id, func(g *gk.Grant, now time.Time) ([]gk.Event, error) {
		from := g.Owner
		g.Owner = owner
		events := append(confirmHeld(g, v.Key, now), event(gk.EventGrantConfirmed, v.Key, g, now, map[string]any{"from": from, "to": owner}))
		if from != "" && from != owner {
			events = append(events, moved(g, from, v.Key, now)...)
		}
		return events, nil
	})
}

// confirmHeld moves a held grant to the state its token gives it.
func confirmHeld(g *gk.Grant, actor string, now time.Time) []gk.Event {
	if g.State != gk.Held {
		return nil
	}
	g.State, g.Facts = gk.Active, withFact(g.Facts, factUnconfirmed, "")
	return lapse(g, now)
}

func (k *Keeper) rewrite(ctx context.Context, v gk.Viewer, id string, change func(*gk.Grant, time.Time) ([]gk.Event, error)) (gk.Grant, error) {
	now := k.Now()
	g, err := k.store.Grant(ctx, v, id)
	if err != nil {
		return gk.Grant{}, err
	}
	app, d, err := k.apps.Read(ctx, g.App)
	if err != nil {
		return gk.Grant{}, err
	}
	err = k.store.UpdateGrant(ctx, v, id, now, func(g *gk.Grant) ([]gk.Event, error) {
		events, err := change(g, now)
		if err == nil && g.AttemptID == "" && d != nil {
			g.DueAt = k.plan(d, app, g, now)
		}
		return events, err
	})
	k.tokens.drop(id)
	if err != nil {
		return gk.Grant{}, err
	}
	return k.store.Grant(ctx, gk.Engine(), id)
}

// confirmLife is how long the one-time code of a finished authorization can be spent.
const confirmLife = 10 * time.Minute

// ConfirmCode makes the one-time code that goes to return_to, for the browser that completed the authorization; empty
// where none is wanted, and where another browser completed what this one began: whoever forwarded a link must not
// vouch for its end. Asking again replaces it, as a reloaded page does.
func (k *Keeper) ConfirmCode(ctx context.Context, o Outcome) (string, error) {
	if !o.Authorization.Confirm || o.Authorization.Stage != gk.Done || o.ReturnTo == "" || o.Click.Held {
		return "", nil
	}
	code := apps.RandomText()
	err := k.store.UpdateAuthorization(ctx, gk.Engine(), o.Authorization.ID, k.Now(), func(a *gk.Authorization) ([]gk.Event, error) {
		if !a.Confirm {
			return nil, store.ErrUnchanged
		}
		a.ConfirmHash = digest(code)
		return nil, nil
	})
	return code, err
}

// ConfirmAuthorization spends the one-time code: the vendor's own login vouches for whoever completed the
// authorization, so its held grants become active and its ownerless ones get their owner. The code is spent last: if
// anything fails on the way, it can be offered again.
func (k *Keeper) ConfirmAuthorization(ctx context.Context, v gk.Viewer, id, code string) (gk.Authorization, error) {
	now := k.Now()
	fits := func(a *gk.Authorization) error {
		if !a.Confirm || len(a.ConfirmHash) == 0 || now.Sub(a.UpdatedAt) > confirmLife || subtle.ConstantTimeCompare(a.ConfirmHash, digest(code)) != 1 {
			return gk.BadInput("code", "is unknown, spent or older than ten minutes")
		}
		return nil
	}
	a, err := k.store.Authorization(ctx, v, id)
	if err != nil {
		return gk.Authorization{}, err
	}
	if err := fits(&a); err != nil {
		return gk.Authorization{}, err
	}
	for _, grant := range a.Grants {
		_, err := k.rewrite(ctx, gk.Engine(), grant, func(g *gk.Grant, now time.Time) ([]gk.Event, error) {
			if g.State != gk.Held && (g.Owner != "" || a.Owner == "") {
				return nil, store.ErrUnchanged
			}
			from := g.Owner
			if a.Owner != "" {
				g.Owner = a.Owner // also from whoever only claimed it
			}
			events := append(confirmHeld(g, v.Key, now), event(gk.EventGrantConfirmed, v.Key, g, now, map[string]any{"to": g.Owner}))
			if from != "" && from != g.Owner {
				events = append(events, moved(g, from, v.Key, now)...)
			}
			return events, nil
		})
		if err != nil {
			return gk.Authorization{}, err
		}
	}
	err = k.store.UpdateAuthorization(ctx, v, id, now, func(a *gk.Authorization) ([]gk.Event, error) {
		if err := fits(a); err != nil {
			return nil, err
		}
		a.Confirm, a.ConfirmHash = false, nil
		return nil, nil
	})
	if err != nil {
		return gk.Authorization{}, err
	}
	return k.store.Authorization(ctx, v, id)
}
