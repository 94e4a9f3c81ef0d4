package sqlstore

import (
	"context"
	"time"

	gk "github.com/grantkeep/grantkeep"
)

const keyColumns = `id, hash, name, scopes, owners, apps, created_at, expires_at, revoked_at`

func scanKey(r Row) (gk.Key, error) {
	var k gk.Key
	err := r.Scan(&k.ID, &k.Hash, &k.Name, document(&k.Scopes), document(&k.Owners), document(&k.Apps), at(&k.CreatedAt), at(&k.ExpiresAt), at(&k.RevokedAt))
	return k, err
}

// CreateKey implements [store.Keys].
func (s *Store) CreateKey(ctx context.Context, k gk.Key) error {
	return s.change(ctx, func(ctx context.Context, q Querier) error {
		return insert(ctx, q, `INSERT INTO keys (`+keyColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			k.ID, blob(k.Hash), k.Name, document(k.Scopes), document(k.Owners), document(k.Apps), ms(k.CreatedAt), ms(k.ExpiresAt), ms(k.RevokedAt))
	})
}

// KeyByHash implements [store.Keys].
func (s *Store) KeyByHash(ctx context.Context, hash []byte) (gk.Key, error) {
	return one(ctx, s.db, scanKey, `SELECT `+keyColumns+` FROM keys WHERE hash = $1`, blob(hash))
}

// Keys implements [store.Keys].
func (s *Store) Keys(ctx context.Context) ([]gk.Key, error) {
	return all(ctx, s.db, shownKey, `SELECT `+keyColumns+` FROM keys ORDER BY id`)
}

// RevokeKey implements [store.Keys].
func (s *Store) RevokeKey(ctx context.Context, id string, at time.Time) error {
	return s.change(ctx, func(ctx context.Context, q Querier) error {
		_, err := exec(ctx, q, `UPDATE keys SET revoked_at = $2 WHERE id = $1 AND revoked_at = 0`, id, ms(at))
		if err != nil {
			return err
		}
		_, err = one(ctx, q, scanNumber, `SELECT 1 FROM keys WHERE id = $1`, id)
		return err
	})
}
