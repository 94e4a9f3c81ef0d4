package keeper

import (
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/platform"
)

// ClockSlack is how far a platform's clock may be from ours when its moment of consent is compared with our click.
const ClockSlack = 2 * time.Minute

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
	return apps.RenewalOf(d, app)
}
