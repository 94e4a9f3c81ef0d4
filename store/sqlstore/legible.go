package sqlstore

import (
	"errors"

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

// strict scans rows that are acted on or written back: one that cannot be read is a [store.DamagedError], whose text holds
// no value of the row.
func strict[T any](scan func(Row) (T, error), id func(*T) string) func(Row) (T, error) {
	return func(r Row) (T, error) {
		one, err := scan(r)
		if err != nil && id(&one) != "" {
			err = &store.DamagedError{IDs: []string{id(&one)}, Why: []error{errors.New("a column of the row cannot be read")}}
		}
		return one, err
	}
}

var (
	strictGrant = strict(scanGrant, func(g *gk.Grant) string { return g.ID })
	strictApp   = strict(scanApp, func(a *gk.App) string { return a.ID })

	shownApp           = legible(scanApp, func(a *gk.App) { a.Broken = store.CodeUnreadable })
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
