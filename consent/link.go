package consent

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

// BeginInput is what a link for a merchant must achieve.
type BeginInput struct {
	App, Kind, Owner, Shop, ReturnTo, Grant, Form string
	Scopes                                        []string
	Confirm                                       bool
	Life                                          time.Duration // 0: seven days
}

const (
	linkLife  = 7 * 24 * time.Hour // of our link, unless asked otherwise
	stateLife = time.Hour          // of one click
)

// Begin stores an authorization and returns it with the address of its connect page. The address holds the link's
// secret and is shown this once; the store keeps its hash.
func (fl *Flow) Begin(ctx context.Context, v gk.Viewer, in BeginInput) (gk.Authorization, string, error) {
	app, err := fl.store.App(ctx, v, in.App)
	if err != nil {
		return gk.Authorization{}, "", err
	}
	d := fl.apps.Driver(app.Platform)
	if d == nil {
		return gk.Authorization{}, "", gk.BadInput("app", "is of platform "+app.Platform+", which this build has no driver for")
	}
	f := d.Spec().Facts
	switch in.Kind {
	case "":
		in.Kind = gk.KindAuthorize
	case gk.KindAuthorize:
	case gk.KindCancel:
		if !f.Link.Cancel {
			return gk.Authorization{}, "", gk.BadInput("kind", d.Spec().Code+" has no page where a merchant cancels; use DELETE of the grant")
		}
	default:
		return gk.Authorization{}, "", gk.BadInput("kind", "is neither authorize nor cancel")
	}
	if in.Form != "" && !slices.Contains(f.Link.Forms, in.Form) {
		return gk.Authorization{}, "", gk.BadInput("form", "is none of "+strings.Join(f.Link.Forms, ", "))
	}
	if in.Grant != "" {
		g, err := fl.store.Grant(ctx, v, in.Grant)
		if err != nil {
			return gk.Authorization{}, "", err
		}
		if g.App != app.ID {
			return gk.Authorization{}, "", gk.BadInput("grant", "belongs to another app")
		}
		if in.Owner == "" {
			in.Owner = g.Owner
		}
		if in.Owner != g.Owner {
			return gk.Authorization{}, "", gk.BadInput("owner", "is not the owner of this grant")
		}
		if in.Shop == "" && f.ShopNeeded {
			in.Shop = g.Subject.Host
		}
	} else if in.Owner == "" && len(v.Owners) == 1 {
		in.Owner = v.Owners[0]
	}
	if !v.SeesOwner(in.Owner) {
		return gk.Authorization{}, "", gk.BadInput("owner", "is outside this key's owners")
	}
	if err := gk.CheckOwner("owner", in.Owner); err != nil {
		return gk.Authorization{}, "", err
	}
	if in.Shop != "" && f.ShopNeeded {
		if in.Shop, err = apps.GivenHost(d.Spec(), in.Shop); err != nil {
			return gk.Authorization{}, "", err
		}
	}
	if err := apps.CheckReturnTo(app, in.ReturnTo); err != nil {
		return gk.Authorization{}, "", err
	}
	if in.Confirm && in.ReturnTo == "" {
		return gk.Authorization{}, "", gk.BadInput("confirm", "needs return_to, which carries the code")
	}
	if in.Life < 0 || in.Life > 30*24*time.Hour {
		return gk.Authorization{}, "", gk.BadInput("expires_in", "is not between 1 second and 30 days")
	}
	if in.Life == 0 {
		in.Life = linkLife
	}
	now := fl.keeper.Now()
	secret := apps.RandomText()
	a := gk.Authorization{
		ID: gk.NewID("aut", now), App: app.ID, Kind: in.Kind, LinkHash: digest(secret), Owner: in.Owner, Shop: in.Shop, Grant: in.Grant,
		ReturnTo: in.ReturnTo, Form: in.Form, Scopes: in.Scopes, Confirm: in.Confirm, Stage: gk.Begun,
		ExpiresAt: now.Add(in.Life), CreatedAt: now, UpdatedAt: now,
	}
	if err := fl.store.CreateAuthorization(ctx, a); err != nil {
		return gk.Authorization{}, "", err
	}
	return a, fl.keeper.PublicURL() + "/connect/" + secret, nil
}

// Visit is what a connect page shows.
type Visit struct {
	Authorization gk.Authorization
	App           gk.App
	Spec          *platform.Spec
	Grant         *gk.Grant // the one to reconnect
	AskShop       bool      // the page has a field `shop`
	Paste         bool      // the page has a field `token` instead of leading to the platform
	Replaces      bool      // a consent would end a pair that is in good order
}

// Visit reads what a link is for. It changes nothing, whoever opens it.
func (fl *Flow) Visit(ctx context.Context, secret string) (Visit, error) {
	a, err := fl.link(ctx, secret)
	if err != nil {
		return Visit{}, err
	}
	app, err := fl.store.App(ctx, gk.Engine(), a.App)
	if err != nil {
		return Visit{}, err
	}
	d := fl.apps.Driver(app.Platform)
	if d == nil {
		return Visit{}, &Refused{Reason: RefusedLink}
	}
	view := Visit{Authorization: a, App: app, Spec: d.Spec(), AskShop: d.Spec().Facts.ShopNeeded && a.Shop == ""}
	view.Paste = a.Kind == gk.KindAuthorize && d.Spec().Facts.Pastes(app.Profile)
	if a.Grant != "" {
		g, err := fl.store.Grant(ctx, gk.Engine(), a.Grant)
		if err != nil {
			return Visit{}, err
		}
		view.Grant = &g
	}
	ended, err := fl.Replaces(ctx, gk.Engine(), a)
	view.Replaces = len(ended) > 0
	return view, err
}

func (fl *Flow) link(ctx context.Context, secret string) (gk.Authorization, error) {
	a, err := fl.store.AuthorizationByLink(ctx, digest(secret))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return a, &Refused{Reason: RefusedLink}
	case err != nil:
		return a, err
	case a.Stage == gk.Done:
		return a, &Refused{Reason: RefusedUsed}
	case !a.ExpiresAt.After(fl.keeper.Now()):
		return a, &Refused{Reason: RefusedLapsed}
	}
	return a, nil
}
