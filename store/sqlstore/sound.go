package sqlstore

import (
	"context"
	"errors"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlstore/column"
)

// sound reads every row of an answer that can be read. Those that cannot are named by a [store.DamagedError] beside the
// others; the first of their columns is their id.
func sound[T any](
	ctx context.Context, q Querier, scan func(Row) (T, error), query string, args ...any,
) ([]T, *store.DamagedError, error) {
	var found []T
	var damaged *store.DamagedError
	err := q.Query(ctx, func(r Row) error {
		row := &column.Careful{Row: r}
		one, err := scan(row)
		switch {
		case err == nil:
			found = append(found, one)
			return nil
		case row.ID == "":
			return err
		}
		if damaged == nil {
			damaged = &store.DamagedError{}
		}
		damaged.IDs, damaged.Why = append(damaged.IDs, row.ID), append(damaged.Why, err)
		return nil
	}, query, told(ctx, query, args)...)
	if err != nil {
		return nil, nil, err
	}
	return found, damaged, nil
}

// orNil returns damage as an error; nil stays nil.
func orNil(damaged *store.DamagedError) error {
	if damaged == nil {
		return nil
	}
	return damaged
}

var (
	strictGrant = strict(scanGrant, func(g *gk.Grant) string { return g.ID })
	strictApp   = strict(scanApp, func(a *gk.App) string { return a.ID })

	shownApp           = column.Legible(scanApp, func(a *gk.App) { a.Broken = store.CodeUnreadable })
	shownGrant         = column.Legible(scanGrant, func(g *gk.Grant) { g.Fault = unreadable(g.Platform) })
	shownAuthorization = column.Legible(scanAuthorization, func(a *gk.Authorization) { a.Fault = unreadable("") })
	shownEvent         = column.Legible(scanEvent, func(e *gk.Event) { e.Data = map[string]any{"unreadable": true} })
	shownAudit         = column.Legible(scanAudit, func(*store.AuditEntry) {})
	shownPerson        = column.Legible(scanPerson, func(p *store.Person) { p.Role = "" })
	shownShop          = column.Legible(scanShop, func(o *ownedShop) { o.shop.Facts = nil })

	// What is worked off goes on with what can be read of it. One row must not stand in the way of those behind it.
	workedPush     = column.Legible(scanPush, func(*store.Push) {})
	workedDelivery = column.Legible(scanDelivery, func(*store.Delivery) {})

	// What limits a key may be what cannot be read: such a key opens nothing, and an outlet tells nothing.
	shownKey    = column.Legible(scanKey, func(k *gk.Key) { k.Scopes = nil })
	shownOutlet = column.Legible(scanOutlet, func(o *store.Outlet) { o.Enabled, o.Reason = false, store.CodeUnreadable })
)

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

// unreadable is the fault of a row.
func unreadable(platform string) *gk.Fault {
	return &gk.Fault{Platform: platform, Stage: "refresh", Code: store.CodeUnreadable, Action: gk.FixConfig, Known: true}
}
