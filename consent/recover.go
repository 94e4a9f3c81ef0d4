package consent

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/platform"
)

// Recover trades a code that a platform's console gives a vendor for grants whose tokens were lost, or that come from
// an older API (Shopee's resend_code and upgrade_code). params are the platform's own names. No merchant clicks: the
// code is the permission, and the grants go to the owner who is named, or stay with the one whom they have.
func (fl *Flow) Recover(ctx context.Context, v gk.Viewer, appID, owner string, params url.Values) (Outcome, error) {
	if _, err := fl.store.App(ctx, v, appID); err != nil {
		return Outcome{}, err
	}
	if len(v.Owners) > 0 {
		return Outcome{}, keeper.ErrForbidden
	}
	if err := gk.CheckOwner("owner", owner); err != nil {
		return Outcome{}, err
	}
	opened, err := fl.apps.OpenByID(ctx, appID)
	if err != nil {
		return Outcome{}, err
	}
	known, with := opened.Driver.Spec().Facts.Recovery.Codes, opened.Driver.Spec().Facts.Recovery.With
	for name := range params {
		if !slices.Contains(with, name) && !slices.Contains(known, name) {
			return Outcome{}, gk.BadInput(name, "is no recovery code of "+opened.App.Platform)
		}
	}
	if !slices.ContainsFunc(known, params.Has) {
		return Outcome{}, gk.BadInput("code", "is missing; "+opened.App.Platform+" has no recovery codes, or none was given")
	}
	cb, err := opened.Driver.ReadCallback(opened.Open, platform.Incoming{Method: http.MethodGet, URL: opened.Open.CallbackURL + "?" + params.Encode(), Header: http.Header{}})
	if err != nil {
		return Outcome{}, refusedBy(err)
	}
	opened.Owner = owner
	return fl.entry(ctx, opened, cb, owner)
}
