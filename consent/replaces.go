package consent

import (
	"context"
	"errors"
	"slices"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

// Replaces lists the grants in good order whose pair a consent through a link would end, on platforms where another
// consent ends the pair of before. Whoever sends such a link, and the merchant who opens it, are told: nothing is gained
// by it, and what runs on the pair of before is cut off. The grants are those that the link names and the viewer sees.
func (fl *Flow) Replaces(ctx context.Context, v gk.Viewer, a gk.Authorization) ([]string, error) {
	app, err := fl.store.App(ctx, gk.Engine(), a.App)
	if err != nil {
		return nil, err
	}
	d := fl.apps.Driver(app.Platform)
	if d == nil || a.Kind == gk.KindCancel || !apps.RefreshOf(d, app).ReconsentKills {
		return nil, nil
	}
	grants, err := fl.namedByLink(ctx, d.Spec().Facts, a)
	if err != nil {
		return nil, err
	}
	grants = slices.DeleteFunc(grants, func(g gk.Grant) bool {
		foreign := g.Owner != "" && a.Owner != "" && g.Owner != a.Owner // whose else it is, is told to nobody
		return foreign || !v.SeesGrant(&g) || g.State != gk.Active || !g.Renewable || g.Fault != nil
	})
	var ids []string
	for _, g := range grants {
		ids = append(ids, g.ID)
	}
	return ids, nil
}

// namedByLink finds the grants that a link is for: the one to reconnect, else those of the shop that it names.
func (fl *Flow) namedByLink(ctx context.Context, f *platform.Facts, a gk.Authorization) ([]gk.Grant, error) {
	if a.Grant != "" {
		g, err := fl.store.Grant(ctx, gk.Engine(), a.Grant)
		return []gk.Grant{g}, err
	}
	if a.Shop == "" {
		return nil, nil
	}
	if f.ShopNeeded {
		grants, err := fl.store.GrantsAt(ctx, a.App, a.Shop)
		if errors.Is(err, store.ErrNotFound) {
			return nil, nil
		}
		return grants, err
	}
	var grants []gk.Grant
	for _, kind := range f.Subjects {
		g, err := fl.store.GrantOf(ctx, gk.Engine(), a.App, kind, a.Shop)
		switch {
		case err == nil:
			grants = append(grants, g)
		case !errors.Is(err, store.ErrNotFound):
			return nil, err
		}
	}
	if len(grants) > 0 {
		return grants, nil
	}
	return fl.store.GrantsOfShop(ctx, a.App, a.Shop)
}
