package consent

import (
	"cmp"
	"context"
	"errors"
	"slices"
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
	if err := in.checkForm(d.Spec()); err != nil {
		return gk.Authorization{}, "", err
	}
	if err := fl.findOwner(ctx, v, app, d.Spec(), &in); err != nil {
		return gk.Authorization{}, "", err
	}
	if err := in.checkReturn(app); err != nil {
		return gk.Authorization{}, "", err
	}
	in.Life = cmp.Or(in.Life, linkLife)
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

// checkForm says which page of the platform the link leads to.
func (in *BeginInput) checkForm(spec *platform.Spec) error {
	in.Kind = cmp.Or(in.Kind, gk.KindAuthorize)
	switch link := spec.Facts.Link; {
	case in.Kind != gk.KindAuthorize && in.Kind != gk.KindCancel:
		return gk.BadInput("kind", "is neither authorize nor cancel")
	case in.Kind == gk.KindCancel && !link.Cancel:
		return gk.BadInput("kind", spec.Code+" has no page where a merchant cancels; use DELETE of the grant")
	case in.Form != "" && !slices.Contains(link.Forms, in.Form):
		return gk.NoneOf("form", link.Forms)
	}
	return nil
}

// findOwner completes for whom the link is, and for which shop: as told, as the grant to reconnect has them, or as the only
// owner that the caller sees.
func (fl *Flow) findOwner(ctx context.Context, v gk.Viewer, app gk.App, spec *platform.Spec, in *BeginInput) error {
	if in.Grant != "" {
		if err := fl.ofGrant(ctx, v, app, spec, in); err != nil {
			return err
		}
	} else if in.Owner == "" && len(v.Owners) == 1 {
		in.Owner = v.Owners[0]
	}
	if !v.SeesOwner(in.Owner) {
		return gk.BadInput("owner", "is outside this key's owners")
	}
	if err := gk.CheckOwner("owner", in.Owner); err != nil {
		return err
	}
	if in.Shop == "" || !spec.Facts.ShopNeeded {
		return nil
	}
	var err error
	in.Shop, err = apps.GivenHost(spec, in.Shop)
	return err
}

// ofGrant takes owner and shop of the grant to reconnect.
func (fl *Flow) ofGrant(ctx context.Context, v gk.Viewer, app gk.App, spec *platform.Spec, in *BeginInput) error {
	g, err := fl.store.Grant(ctx, v, in.Grant)
	if err != nil {
		return err
	}
	if g.App != app.ID {
		return gk.BadInput("grant", "belongs to another app")
	}
	if in.Owner = cmp.Or(in.Owner, g.Owner); in.Owner != g.Owner {
		return gk.BadInput("owner", "is not the owner of this grant")
	}
	if in.Shop == "" && spec.Facts.ShopNeeded {
		in.Shop = g.Subject.Host
	}
	return nil
}

// checkReturn looks at where the merchant goes afterwards, and how long the link lives.
func (in *BeginInput) checkReturn(app gk.App) error {
	if err := apps.CheckReturnTo(app, in.ReturnTo); err != nil {
		return err
	}
	switch {
	case in.Confirm && in.ReturnTo == "":
		return gk.BadInput("confirm", "needs return_to, which carries the code")
	case in.Life < 0 || in.Life > 30*24*time.Hour:
		return gk.BadInput("expires_in", "is not between 1 second and 30 days")
	}
	return nil
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
