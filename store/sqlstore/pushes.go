package sqlstore

import (
	"context"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

const pushColumns = `app_id, dedup, kind, received_at, notice, tries`

func scanPush(r Row) (p store.Push, err error) {
	return p, r.Scan(&p.App, &p.Dedup, &p.Kind, at(&p.ReceivedAt), &p.Notice, &p.Tries)
}

// KeepPushes implements [store.Pushes].
func (s *Store) KeepPushes(ctx context.Context, pushes ...store.Push) error {
	return s.change(ctx, func(ctx context.Context, q Querier) error {
		for _, p := range pushes {
			_, err := exec(ctx, q, `INSERT INTO pushes (app_id, dedup, kind, received_at, notice, due_at) VALUES ($1, $2, $3, $4, $5, $4)
				ON CONFLICT DO NOTHING`, p.App, p.Dedup, p.Kind, ms(p.ReceivedAt), p.Notice)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// PushApps implements [store.Pushes].
func (s *Store) PushApps(ctx context.Context, now time.Time) ([]string, error) {
	return all(ctx, s.db, scanText, `SELECT id FROM apps
		WHERE EXISTS (SELECT 1 FROM pushes WHERE app_id = apps.id AND due_at <= $1) ORDER BY id`, ms(now))
}

// ClaimPushes implements [store.Pushes]. As in ClaimDue, the rows are chosen before they are written.
func (s *Store) ClaimPushes(ctx context.Context, app string, now, until time.Time, limit int) (claimed []store.Push, err error) {
	if limit <= 0 {
		return nil, nil
	}
	err = s.db.Single(ctx, func(ctx context.Context, q Querier) error {
		claimed, err = all(ctx, q, workedPush, `WITH due AS MATERIALIZED (
			SELECT dedup FROM pushes WHERE app_id = $1 AND due_at <= $2 ORDER BY due_at LIMIT $4`+s.lock.Skip+`)
		UPDATE pushes SET due_at = $3, tries = tries + 1 WHERE app_id = $1 AND dedup IN (SELECT dedup FROM due)
		RETURNING `+pushColumns, app, ms(now), ms(until), int64(limit))
		return err
	})
	return claimed, err
}

// DeferPush implements [store.Pushes].
func (s *Store) DeferPush(ctx context.Context, app, dedup string, until time.Time) error {
	return s.db.Single(ctx, func(ctx context.Context, q Querier) error {
		_, err := exec(ctx, q, `UPDATE pushes SET due_at = $3 WHERE app_id = $1 AND dedup = $2 AND due_at IS NOT NULL`, app, dedup, ms(until))
		return err
	})
}

// FinishPush implements [store.Pushes].
func (s *Store) FinishPush(ctx context.Context, app, dedup string) error {
	return s.db.Single(ctx, func(ctx context.Context, q Querier) error {
		_, err := exec(ctx, q, `UPDATE pushes SET due_at = NULL, notice = '' WHERE app_id = $1 AND dedup = $2`, app, dedup)
		return err
	})
}

// GrantsOfShop implements [store.Grants].
func (s *Store) GrantsOfShop(ctx context.Context, app, shop string) (found []gk.Grant, err error) {
	err = s.db.Snapshot(ctx, func(ctx context.Context, q Querier) error {
		found, err = all(ctx, q, shownGrant, `SELECT `+grantColumns+` FROM grants
			WHERE id IN (SELECT grant_id FROM shops WHERE app_id = $1 AND shop_id = $2) ORDER BY id`, app, shop)
		if err != nil {
			return err
		}
		return addShops(ctx, q, found)
	})
	return found, err
}
