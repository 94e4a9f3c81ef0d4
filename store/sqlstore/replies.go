package sqlstore

import (
	"context"
	"time"

	"github.com/grantkeep/grantkeep/store"
)

// ReserveReply implements [store.Replies].
func (s *Store) ReserveReply(ctx context.Context, r store.Reply) (found store.Reply, first bool, err error) {
	err = s.change(ctx, func(ctx context.Context, q Querier) error {
		first = false
		_, err := exec(ctx, q, `DELETE FROM replies WHERE key_id = $1 AND id = $2 AND at < $3`, r.Key, blob(r.ID), ms(r.At.Add(-store.KeepReplies)))
		if err != nil {
			return err
		}
		n, err := exec(ctx, q, `INSERT INTO replies (key_id, id, request, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
			r.Key, blob(r.ID), blob(r.Request), ms(r.At))
		if err != nil {
			return err
		}
		if n == 1 {
			found, first = r, true
			return nil
		}
		found, err = one(ctx, q, scanReply, `SELECT key_id, id, request, answer, at FROM replies WHERE key_id = $1 AND id = $2`, r.Key, blob(r.ID))
		return err
	})
	return found, first, err
}

func scanReply(row Row) (store.Reply, error) {
	var r store.Reply
	err := row.Scan(&r.Key, &r.ID, &r.Request, sealed(&r.Answer), at(&r.At))
	return r, err
}

// SetReply implements [store.Replies].
func (s *Store) SetReply(ctx context.Context, r store.Reply) error {
	return s.change(ctx, func(ctx context.Context, q Querier) error {
		_, err := exec(ctx, q, `UPDATE replies SET answer = $3 WHERE key_id = $1 AND id = $2`, r.Key, blob(r.ID), blob(r.Answer))
		return err
	})
}

// DropReply implements [store.Replies].
func (s *Store) DropReply(ctx context.Context, key string, id []byte) error {
	return s.change(ctx, func(ctx context.Context, q Querier) error {
		_, err := exec(ctx, q, `DELETE FROM replies WHERE key_id = $1 AND id = $2`, key, blob(id))
		return err
	})
}

// sweepReplies deletes replies that are past their time.
func sweepReplies(ctx context.Context, q Querier, now time.Time, limit int) (int64, error) {
	return exec(ctx, q, `DELETE FROM replies WHERE (key_id, id) IN (SELECT key_id, id FROM replies WHERE at < $1 ORDER BY at LIMIT $2)`,
		ms(now.Add(-store.KeepReplies)), int64(limit))
}
