package sqlstore

import (
	"context"
	"errors"
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlstore/clause"
)

const eventColumns = `id, COALESCE(position, 0), kind, actor, app_id, grant_id, authorization_id, owner, grant_version, data, at`

func scanEvent(r Row) (gk.Event, error) {
	var e gk.Event
	err := r.Scan(&e.ID, &e.Position, &e.Kind, &e.Actor, &e.App, &e.Grant, &e.Authorization, &e.Owner, &e.GrantVersion, document(&e.Data), at(&e.At))
	return e, err
}

// eventOrder is the order in which events happened: by their moments, and within one by the grant's version and the place
// in the change.
const eventOrder = `at, grant_version, place, id`

// historyOrder is the order of one grant's events. Instances' clocks may be apart by seconds, its versions cannot be.
const historyOrder = `grant_version, at, place, id`

// addEvents stores events with a change. Those of a changed grant get its version; those that tell of a grant without
// changing it get the one that it stands at, or its history would begin with them. Those without an id get one.
func addEvents(ctx context.Context, q Querier, events []gk.Event, changed ...*gk.Grant) error {
	versions := make(map[string]int64, len(changed))
	for _, g := range changed {
		versions[g.ID] = g.Version
	}
	rows := make([][]any, 0, len(events))
	for place, e := range events {
		if version, ok := versions[e.Grant]; ok {
			e.GrantVersion = version
		}
		if e.Grant != "" && e.GrantVersion == 0 {
			version, err := one(ctx, q, scanNumber, `SELECT version FROM grants WHERE id = $1`, e.Grant)
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
			e.GrantVersion = version
		}
		if e.ID == "" {
			e.ID = gk.NewID("evt", e.At)
		}
		rows = append(rows, []any{e.ID, e.Kind, e.Actor, e.App, e.Grant, e.Authorization, e.Owner, e.GrantVersion, document(e.Data), ms(e.At), place})
	}
	return insertMany(ctx, q, `events`, `id, kind, actor, app_id, grant_id, authorization_id, owner, grant_version, data, at, place`, rows)
}

// Append implements [store.Outbox].
func (s *Store) Append(ctx context.Context, events ...gk.Event) error {
	return s.change(ctx, func(ctx context.Context, q Querier) error { return addEvents(ctx, q, events) })
}

// publishFresh numbers fresh events in their order. Instances' clocks may be apart by seconds: a later version of a grant
// whose moment is earlier comes after the earlier version all the same.
const publishFresh = `UPDATE events SET position = (SELECT n FROM counters WHERE name = 'event') + ranked.rank
			FROM (SELECT id, row_number() OVER (ORDER BY moment, grant_version, place, id) AS rank
				FROM (SELECT id, grant_version, place,
						max(at) OVER (PARTITION BY grant_id, CASE WHEN grant_id = '' THEN id ELSE '' END
							ORDER BY grant_version, place, id ROWS UNBOUNDED PRECEDING) AS moment
					FROM (SELECT grant_id, ` + eventOrder + ` FROM events WHERE position IS NULL
						ORDER BY ` + eventOrder + ` LIMIT $1) AS fresh) AS ordered) AS ranked
			WHERE events.id = ranked.id`

// countOn takes the lock of the counter, and has it go on from the highest position there is: an event of a database that was
// restored in part, or edited, may lie beyond it, and its number must not be given again.
const countOn = `UPDATE counters SET n = CASE WHEN highest.position > n THEN highest.position ELSE n END
			FROM (SELECT COALESCE(max(position), 0) AS position FROM events) AS highest
			WHERE name = 'event'`

// Publish implements [store.Outbox]. Positions are given under the lock of one row, and only to events whose commit
// came before the lock was got: what commits later gets a higher position. A look beforehand keeps an idle outbox from writing.
func (s *Store) Publish(ctx context.Context, limit int) (published int, err error) {
	fresh, err := all(ctx, s.db, scanNumber, `SELECT 1 FROM events WHERE position IS NULL LIMIT 1`)
	if err != nil || len(fresh) == 0 {
		return 0, err
	}
	err = s.db.Change(ctx, func(ctx context.Context, q Querier) error {
		if _, err := exec(ctx, q, countOn); err != nil {
			return err
		}
		n, err := exec(ctx, q, publishFresh, clause.AtMost(limit))
		if err != nil {
			return err
		}
		published = int(n)
		_, err = exec(ctx, q, `UPDATE counters SET n = n + $1 WHERE name = 'event'`, n)
		return err
	})
	return published, err
}

// EventsAfter implements [store.Outbox].
func (s *Store) EventsAfter(ctx context.Context, v gk.Viewer, position int64, limit int) ([]gk.Event, error) {
	return s.FindEvents(ctx, v, store.EventFilter{After: position, Limit: limit})
}

// History implements [store.Outbox].
func (s *Store) History(ctx context.Context, v gk.Viewer, grant, before string, limit int) (events []gk.Event, err error) {
	of := clause.Where{Args: []any{grant}}
	of.Seen(v, "app_id", "owner")
	w := clause.Where{Args: []any{grant, clause.AtMost(limit)}}
	w.Seen(v, "app_id", "owner")
	if before != "" {
		w.And(`(`+historyOrder+`) < (SELECT `+historyOrder+` FROM events WHERE id = %[1]s)`, before)
	}
	err = s.lists(v).Snapshot(ctx, func(ctx context.Context, q Querier) error {
		if _, err := one(ctx, q, scanNumber, `SELECT 1 FROM grants WHERE id = $1`+of.Text.String(), of.Args...); err != nil {
			return err
		}
		events, err = all(ctx, q, shownEvent, `SELECT `+eventColumns+` FROM events
			WHERE grant_id = $1 AND grant_id <> ''`+w.Text.String()+` ORDER BY `+descending(historyOrder)+` LIMIT $2`, w.Args...)
		return err
	})
	return shown(v, events), err
}

// shown takes out of events what a viewer may not read in them.
func shown(v gk.Viewer, events []gk.Event) []gk.Event {
	for i := range events {
		events[i] = events[i].For(v)
	}
	return events
}

// descending turns an order of columns round.
func descending(columns string) string { return strings.ReplaceAll(columns, ",", " DESC,") + " DESC" }
