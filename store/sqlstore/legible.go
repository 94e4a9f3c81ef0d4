package sqlstore

import (
	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

// legible scans rows that are shown to somebody, and never written back. A row with columns that cannot be read comes
// with these empty and is marked, so that it hides itself from nobody and no other row from anybody. A row whose id
// cannot be read is an error.
func legible[T any](scan func(Row) (T, error), mark func(*T)) func(Row) (T, error) {
	return func(r Row) (T, error) {
		row := &careful{row: r}
		one, err := scan(row)
		if err != nil && row.id != "" {
			mark(&one)
			err = nil
		}
		return one, err
	}
}

var (
	shownGrant         = legible(scanGrant, func(g *gk.Grant) { g.Fault = unreadable(g.Platform) })
	shownAuthorization = legible(scanAuthorization, func(a *gk.Authorization) { a.Fault = unreadable("") })
	shownEvent         = legible(scanEvent, func(e *gk.Event) { e.Data = map[string]any{"unreadable": true} })
	shownShop          = legible(scanShop, func(o *ownedShop) { o.shop.Facts = nil })

	// What limits a key may be what cannot be read: such a key opens nothing, and an outlet tells nothing.
	shownKey    = legible(scanKey, func(k *gk.Key) { k.Scopes = nil })
	shownOutlet = legible(scanOutlet, func(o *store.Outlet) { o.Enabled, o.Reason = false, store.CodeUnreadable })
)

// unreadable is the fault of a row.
func unreadable(platform string) *gk.Fault {
	return &gk.Fault{Platform: platform, Stage: "refresh", Code: store.CodeUnreadable, Action: gk.FixConfig, Known: true}
}
