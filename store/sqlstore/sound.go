package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

// sound reads every row of an answer that can be read. Those that cannot are named by a [store.DamagedError] beside the
// others; the first of their columns is their id.
func sound[T any](
	ctx context.Context, q Querier, scan func(Row) (T, error), query string, args ...any,
) ([]T, *store.DamagedError, error) {
	var found []T
	var damaged *store.DamagedError
	err := q.Query(ctx, func(r Row) error {
		row := &careful{row: r}
		one, err := scan(row)
		switch {
		case err == nil:
			found = append(found, one)
			return nil
		case row.id == "":
			return err
		}
		if damaged == nil {
			damaged = &store.DamagedError{}
		}
		damaged.IDs, damaged.Why = append(damaged.IDs, row.id), append(damaged.Why, err)
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

// careful is a row whose columns may be damaged. PostgreSQL's driver gives up the whole answer when one value is refused,
// so columns that we read ourselves are let through and their refusals kept until the row is read.
type careful struct {
	row Row
	id  string // the first column, a text or a position, once it is read
}

// Scan reads the row. Its error names the column and holds no value.
func (c *careful) Scan(dest ...any) error {
	held := make([]any, len(dest))
	refused := -1
	for i, d := range dest {
		held[i] = d
		if s, ok := d.(sql.Scanner); ok {
			held[i] = holding{s, func() {
				if refused < 0 {
					refused = i
				}
			}}
		}
	}
	err := c.row.Scan(held...)
	switch id := dest[0].(type) {
	case *string:
		c.id = *id
	case *int64:
		if *id != 0 {
			c.id = strconv.FormatInt(*id, 10)
		}
	}
	switch {
	case refused >= 0:
		return fmt.Errorf("column %d of the row cannot be read", refused+1)
	case err != nil && c.id != "": // its text may quote the value
		return errors.New("a column of the row cannot be read")
	}
	return err
}

// holding is a column whose refusal is kept.
type holding struct {
	to      sql.Scanner
	refused func()
}

// Scan reads the column.
func (h holding) Scan(v any) error {
	if h.to.Scan(v) != nil {
		h.refused()
	}
	return nil
}

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
	strictGrant = strict(scanGrant, func(g *gk.Grant) string { return g.ID })
	strictApp   = strict(scanApp, func(a *gk.App) string { return a.ID })

	shownApp           = legible(scanApp, func(a *gk.App) { a.Broken = store.CodeUnreadable })
	shownGrant         = legible(scanGrant, func(g *gk.Grant) { g.Fault = unreadable(g.Platform) })
	shownAuthorization = legible(scanAuthorization, func(a *gk.Authorization) { a.Fault = unreadable("") })
	shownEvent         = legible(scanEvent, func(e *gk.Event) { e.Data = map[string]any{"unreadable": true} })
	shownAudit         = legible(scanAudit, func(*store.AuditEntry) {})
	shownPerson        = legible(scanPerson, func(p *store.Person) { p.Role = "" })
	shownShop          = legible(scanShop, func(o *ownedShop) { o.shop.Facts = nil })

	// What is worked off goes on with what can be read of it. One row must not stand in the way of those behind it.
	workedPush     = legible(scanPush, func(*store.Push) {})
	workedDelivery = legible(scanDelivery, func(*store.Delivery) {})

	// What limits a key may be what cannot be read: such a key opens nothing, and an outlet tells nothing.
	shownKey    = legible(scanKey, func(k *gk.Key) { k.Scopes = nil })
	shownOutlet = legible(scanOutlet, func(o *store.Outlet) { o.Enabled, o.Reason = false, store.CodeUnreadable })
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
