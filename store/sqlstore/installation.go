package sqlstore

import (
	"context"

	"github.com/grantkeep/grantkeep/store"
)

// Meta implements [store.Installation].
func (s *Store) Meta(ctx context.Context, name string) (string, error) {
	return one(ctx, s.db, scanText, `SELECT v FROM meta WHERE k = $1`, name)
}

// SetMetaOnce implements [store.Installation].
func (s *Store) SetMetaOnce(ctx context.Context, name, value string) (stands string, err error) {
	err = s.db.Change(ctx, func(ctx context.Context, q Querier) error {
		if _, err := exec(ctx, q, `INSERT INTO meta (k, v) VALUES ($1, $2) ON CONFLICT DO NOTHING`, name, value); err != nil {
			return err
		}
		stands, err = one(ctx, q, scanText, `SELECT v FROM meta WHERE k = $1`, name)
		return err
	})
	return stands, err
}

// Keyset implements [store.Installation].
func (s *Store) Keyset(ctx context.Context) (store.Keyset, error) {
	return one(ctx, s.db, func(r Row) (k store.Keyset, err error) {
		return k, r.Scan(&k.ID, &k.Wrapped, &k.Primary, at(&k.CreatedAt))
	}, `SELECT id, wrapped, primary_key, created_at FROM keyring ORDER BY id DESC LIMIT 1`)
}

// AddKeyset implements [store.Installation]. The older sets go: each holds keys that are in force, under a master key that
// may be given up by this very change.
func (s *Store) AddKeyset(ctx context.Context, k store.Keyset) error {
	return s.change(ctx, func(ctx context.Context, q Querier) error {
		newest, err := one(ctx, q, scanNumber, `SELECT COALESCE(max(id), 0) FROM keyring`)
		if err == nil && newest >= k.ID {
			err = store.ErrExists
		}
		if err != nil {
			return err
		}
		err = insert(ctx, q, `INSERT INTO keyring (id, wrapped, primary_key, created_at) VALUES ($1, $2, $3, $4)`,
			k.ID, blob(k.Wrapped), k.Primary, ms(k.CreatedAt))
		if err != nil {
			return err
		}
		_, err = exec(ctx, q, `DELETE FROM keyring WHERE id < $1`, k.ID)
		return err
	})
}

// Sealed implements [store.Installation].
func (s *Store) Sealed(ctx context.Context) (bool, error) {
	n, err := one(ctx, s.db, scanNumber, `SELECT CASE WHEN
		EXISTS (SELECT 1 FROM apps WHERE secrets IS NOT NULL)
		OR EXISTS (SELECT 1 FROM grants WHERE access IS NOT NULL OR refresh IS NOT NULL)
		OR EXISTS (SELECT 1 FROM clicks WHERE answer IS NOT NULL)
		OR EXISTS (SELECT 1 FROM outlets WHERE sealed IS NOT NULL)
		THEN 1 ELSE 0 END`)
	return n == 1, err
}
