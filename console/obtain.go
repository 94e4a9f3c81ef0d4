package console

import (
	"errors"
	"net/http"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/console/desk"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

// asksItself reports whether an application gets its tokens by itself, so that no merchant has to open a link.
func asksItself(f *platform.Facts, a gk.App) bool {
	return f.RefreshOf(a.Profile, a.Stage).Style == platform.Reask
}

// obtain makes a grant that nobody has to click for: the platform is asked for the token of a shop.
func (c *console) obtain(v *desk.Visit) error {
	view, err := c.appView(v)
	if err != nil {
		return err
	}
	if !view.AsksItself {
		return store.ErrNotFound
	}
	shop, owner := v.Field("shop"), v.Field("owner")
	view.Shop, view.Owner = shop, owner
	in := consent.ObtainInput{Owner: owner}
	if shop != "" {
		subject := gk.Subject{Kind: view.Facts.Subjects[0]}
		if view.Facts.ShopNeeded {
			subject.Host = shop
		} else {
			subject.ID = shop
		}
		in.Subject = &subject
	}
	if err := v.Record("grant.obtain", store.AuditEntry{App: view.ID}); err != nil {
		return err
	}
	g, err := c.consent.Obtain(v.Ctx(), v.Viewer, view.ID, in)
	var invalid *gk.Invalid
	var refused *gk.Fault
	var later *keeper.Later
	if errors.As(err, &later) && later.Fault != nil { // the platform did not answer
		err = later.Fault
	}
	switch {
	case errors.As(err, &invalid):
		view.ObtainWhy = invalid.Field + ": " + invalid.Why
	case errors.As(err, &refused):
		view.ObtainWhy = refused.Code
		if f := c.described(refused); f != nil {
			view.ObtainWhy = f.Cause.In(view.Lang) + " " + f.Remedy.In(view.Lang)
		}
	case err != nil:
		return err
	default:
		v.SeeOther("/grants/" + g.ID)
		return nil
	}
	return v.Show(http.StatusUnprocessableEntity, oneApp(view))
}
