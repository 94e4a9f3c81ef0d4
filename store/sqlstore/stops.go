package sqlstore

import (
	"context"
	"time"

	gk "github.com/grantkeep/grantkeep"
)

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
