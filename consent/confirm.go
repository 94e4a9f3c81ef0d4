package consent

import (
	"context"
	"crypto/subtle"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/store"
)

// confirmLife is how long the one-time code of a finished authorization can be spent.
const confirmLife = 10 * time.Minute

// ConfirmCode makes the one-time code that goes to return_to, for the browser that completed the authorization; empty
// where none is wanted, and where another browser completed what this one began: whoever forwarded a link must not
// vouch for its end. Asking again replaces it, as a reloaded page does.
func (fl *Flow) ConfirmCode(ctx context.Context, o Outcome) (string, error) {
	if !o.Authorization.Confirm || o.Authorization.Stage != gk.Done || o.ReturnTo == "" || o.Click.Held {
		return "", nil
	}
	code := apps.RandomText()
	err := fl.store.UpdateAuthorization(ctx, gk.Engine(), o.Authorization.ID, fl.keeper.Now(), func(a *gk.Authorization) ([]gk.Event, error) {
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
func (fl *Flow) ConfirmAuthorization(ctx context.Context, v gk.Viewer, id, code string) (gk.Authorization, error) {
	now := fl.keeper.Now()
	fits := func(a *gk.Authorization) error {
		if !a.Confirm || len(a.ConfirmHash) == 0 || now.Sub(a.UpdatedAt) > confirmLife || subtle.ConstantTimeCompare(a.ConfirmHash, digest(code)) != 1 {
			return gk.BadInput("code", "is unknown, spent or older than ten minutes")
		}
		return nil
	}
	a, err := fl.store.Authorization(ctx, v, id)
	if err != nil {
		return gk.Authorization{}, err
	}
	if err := fits(&a); err != nil {
		return gk.Authorization{}, err
	}
	for _, grant := range a.Grants {
		_, err := fl.keeper.Rewrite(ctx, gk.Engine(), grant, func(g *gk.Grant, now time.Time) ([]gk.Event, error) {
			if g.State != gk.Held && (g.Owner != "" || a.Owner == "") {
				return nil, store.ErrUnchanged
			}
			from := g.Owner
			if a.Owner != "" {
				g.Owner = a.Owner // also from whoever only claimed it
			}
			events := append(keeper.ConfirmHeld(g, v.Key, now), lifecycle.Event(gk.EventGrantConfirmed, v.Key, g, now, map[string]any{"to": g.Owner}))
			if from != "" && from != g.Owner {
				events = append(events, lifecycle.Moved(g, from, v.Key, now)...)
			}
			return events, nil
		})
		if err != nil {
			return gk.Authorization{}, err
		}
	}
	err = fl.store.UpdateAuthorization(ctx, v, id, now, func(a *gk.Authorization) ([]gk.Event, error) {
		if err := fits(a); err != nil {
			return nil, err
		}
		a.Confirm, a.ConfirmHash = false, nil
		return nil, nil
	})
	if err != nil {
		return gk.Authorization{}, err
	}
	return fl.store.Authorization(ctx, v, id)
}
