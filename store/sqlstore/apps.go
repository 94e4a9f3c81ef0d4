package sqlstore

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlstore/clause"
	"github.com/grantkeep/grantkeep/store/sqlstore/terms"
)

// appColumns lists the columns of an app in the order of [appValues] and [scanApp].
const appColumns = `id, platform, created_at, environment, profile, stage, name, settings, secrets, secrets_key, endpoints, return_origins,
	paused_until, fault, fault_grant, due_at, lease_until, cursors, version, updated_at, stop, broken, face`

// appValues returns the values of appColumns.
func appValues(a *gk.App) []any {
	return []any{
		a.ID, a.Platform, ms(a.CreatedAt), a.Environment, a.Profile, a.Stage, a.Name, document(a.Settings), blob(a.Secrets), a.SecretsKey, document(a.Endpoints), document(a.ReturnOrigins),
		ms(a.PausedUntil), fault(a.Fault), a.FaultGrant, ms(a.DueAt), ms(a.LeaseUntil), document(a.Cursors), a.Version, ms(a.UpdatedAt), string(a.Stop), a.Broken, document(a.Face),
	}
}

// scanApp reads a row of appColumns.
func scanApp(r Row) (gk.App, error) {
	var a gk.App
	err := r.Scan(&a.ID, &a.Platform, at(&a.CreatedAt), &a.Environment, &a.Profile, &a.Stage, &a.Name, document(&a.Settings), sealed(&a.Secrets), &a.SecretsKey, document(&a.Endpoints), document(&a.ReturnOrigins),
		at(&a.PausedUntil), document(&a.Fault), &a.FaultGrant, at(&a.DueAt), at(&a.LeaseUntil), document(&a.Cursors), &a.Version, at(&a.UpdatedAt), (*string)(&a.Stop), &a.Broken, document(&a.Face))
	return a, err
}

// App implements [store.Apps].
func (s *Store) App(ctx context.Context, v gk.Viewer, id string) (gk.App, error) {
	if v.Key != gk.Engine().Key {
		return appBy(ctx, s.db, shownApp, v, id, "")
	}
	return app(ctx, s.db, v, id, "")
}

// app reads one app; lock is empty or ends the statement.
func app(ctx context.Context, q Querier, v gk.Viewer, id, lock string) (gk.App, error) {
	return appBy(ctx, q, strictApp, v, id, lock)
}

func appBy(ctx context.Context, q Querier, scan func(Row) (gk.App, error), v gk.Viewer, id, lock string) (gk.App, error) {
	w := clause.Where{Args: []any{id}}
	w.Seen(v, "id", "")
	return one(ctx, q, scan, `SELECT `+appColumns+` FROM apps WHERE id = $1`+w.Text.String()+lock, w.Args...)
}

// Apps implements [store.Apps].
func (s *Store) Apps(ctx context.Context, v gk.Viewer, after string, limit int) ([]gk.App, error) {
	w := clause.Where{Args: []any{after, clause.AtMost(limit)}}
	w.Seen(v, "id", "")
	query := `SELECT ` + appColumns + ` FROM apps WHERE id > $1` + w.Text.String() + ` ORDER BY id LIMIT $2`
	if v.Key != gk.Engine().Key {
		return all(ctx, s.db, shownApp, query, w.Args...)
	}
	found, damaged, err := sound(ctx, s.db, scanApp, query, w.Args...)
	if err != nil {
		return nil, err
	}
	return found, orNil(damaged)
}

// CreateApp implements [store.Apps].
func (s *Store) CreateApp(ctx context.Context, app gk.App, events ...gk.Event) error {
	app.Version = max(app.Version, 1)
	return s.change(ctx, func(ctx context.Context, q Querier) error {
		err := insert(ctx, q, `INSERT INTO apps (`+appColumns+`)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)`, appValues(&app)...)
		if err != nil {
			return err
		}
		return addEvents(ctx, q, events)
	})
}

// UpdateApp implements [store.Apps].
func (s *Store) UpdateApp(ctx context.Context, v gk.Viewer, id string, at time.Time, change func(*gk.App) ([]gk.Event, error)) error {
	return s.change(ctx, func(ctx context.Context, q Querier) error {
		a, err := app(ctx, q, v, id, s.lock.Wait)
		if err != nil {
			return err
		}
		before := a
		events, err := change(&a)
		if err != nil {
			return err
		}
		a.ID, a.Platform, a.CreatedAt, a.Version, a.UpdatedAt = before.ID, before.Platform, before.CreatedAt, before.Version+1, at
		_, err = exec(ctx, q, `UPDATE apps SET (`+appColumns+`)
			= ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23) WHERE id = $1`, appValues(&a)...)
		if err != nil {
			return err
		}
		return addEvents(ctx, q, events)
	})
}

// goneAtOnce is how many revoked grants one transaction removes with their app.
const goneAtOnce = 200

// DeleteApp implements [store.Apps]. That the app has no grants is what the reference of grants to it says; the looks
// beforehand could be overtaken. Revoked grants go first, some at a time: others write meanwhile, and a death between two
// transactions leaves less to do for the next call.
func (s *Store) DeleteApp(ctx context.Context, v gk.Viewer, id string, events ...gk.Event) error {
	for {
		gone := 0
		err := s.change(ctx, func(ctx context.Context, q Querier) error {
			if _, err := app(ctx, q, v, id, s.lock.Wait); err != nil {
				return err
			}
			var err error
			gone, err = deleteRevoked(ctx, q, id)
			return err
		})
		if err != nil {
			return err
		}
		if gone < goneAtOnce {
			break
		}
	}
	return s.change(ctx, func(ctx context.Context, q Querier) error {
		if _, err := app(ctx, q, v, id, s.lock.Wait); err != nil {
			return err
		}
		if _, err := exec(ctx, q, `DELETE FROM authorizations WHERE app_id = $1`, id); err != nil {
			return err
		}
		_, err := exec(ctx, q, `DELETE FROM apps WHERE id = $1`, id)
		if errors.Is(err, ErrReference) {
			return store.ErrInUse
		}
		if err != nil {
			return err
		}
		return addEvents(ctx, q, events)
	})
}

// deleteRevoked removes some revoked grants of an app that has no others; ErrInUse if it has.
func deleteRevoked(ctx context.Context, q Querier, app string) (int, error) {
	living, err := all(ctx, q, scanText, `SELECT id FROM grants WHERE app_id = $1 AND (state <> $2 OR attempt_id <> '') LIMIT 1`, app, gk.Revoked)
	if err != nil {
		return 0, err
	}
	if len(living) > 0 {
		return 0, store.ErrInUse
	}
	type row struct{ id, folded string }
	rows, err := all(ctx, q, func(r Row) (w row, err error) { return w, r.Scan(&w.id, &w.folded) },
		`SELECT id, folded FROM grants WHERE app_id = $1 ORDER BY id LIMIT $2`, app, int64(goneAtOnce))
	if err != nil {
		return 0, err
	}
	for _, r := range rows {
		for _, term := range slices.Sorted(maps.Keys(terms.Of(r.folded))) {
			if _, err := exec(ctx, q, `DELETE FROM grant_terms WHERE term = $1 AND grant_id = $2`, term, r.id); err != nil {
				return 0, err
			}
		}
		if _, err := exec(ctx, q, `DELETE FROM grants WHERE id = $1`, r.id); err != nil {
			return 0, err
		}
	}
	return len(rows), nil
}

// StopApp implements [store.Stops].
func (s *Store) StopApp(ctx context.Context, v gk.Viewer, id string, stop bool, at time.Time, events ...gk.Event) (changed bool, err error) {
	err = s.change(ctx, func(ctx context.Context, q Querier) error {
		changed = false
		if _, err := app(ctx, q, v, id, s.lock.Wait); err != nil {
			return err
		}
		var n int64
		var err error
		if stop {
			n, err = exec(ctx, q, `INSERT INTO stopped_apps (app_id, actor, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, id, v.Key, ms(at))
		} else {
			n, err = exec(ctx, q, `DELETE FROM stopped_apps WHERE app_id = $1`, id)
		}
		if err != nil || n == 0 {
			return err
		}
		changed = true
		return addEvents(ctx, q, events)
	})
	return changed, err
}

// StoppedApps implements [store.Stops].
func (s *Store) StoppedApps(ctx context.Context) ([]string, error) {
	return all(ctx, s.db, scanText, `SELECT app_id FROM stopped_apps ORDER BY app_id`)
}
