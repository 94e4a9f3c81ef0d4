package storefault

import (
	"context"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

// Append implements [store.Outbox].
func (s *Store) Append(ctx context.Context, events ...gk.Event) error {
	return run(ctx, s, "Append", func() error { return s.inner.Append(ctx, events...) })
}

// Publish implements [store.Outbox].
func (s *Store) Publish(ctx context.Context, limit int) (int, error) {
	return call(ctx, s, "Publish", func() (int, error) { return s.inner.Publish(ctx, limit) })
}

// EventsAfter implements [store.Outbox].
func (s *Store) EventsAfter(ctx context.Context, v gk.Viewer, position int64, limit int) ([]gk.Event, error) {
	return call(ctx, s, "EventsAfter", func() ([]gk.Event, error) {
		return s.inner.EventsAfter(ctx, v, position, limit)
	})
}

// History implements [store.Outbox].
func (s *Store) History(ctx context.Context, v gk.Viewer, grant, before string, limit int) ([]gk.Event, error) {
	return call(ctx, s, "History", func() ([]gk.Event, error) {
		return s.inner.History(ctx, v, grant, before, limit)
	})
}

// ReserveReply implements [store.Replies].
func (s *Store) ReserveReply(ctx context.Context, r store.Reply) (store.Reply, bool, error) {
	type answer struct {
		found store.Reply
		said  bool
	}
	a, err := call(ctx, s, "ReserveReply", func() (a answer, err error) {
		a.found, a.said, err = s.inner.ReserveReply(ctx, r)
		return a, err
	})
	return a.found, a.said, err
}

// SetReply implements [store.Replies].
func (s *Store) SetReply(ctx context.Context, r store.Reply) error {
	return run(ctx, s, "SetReply", func() error { return s.inner.SetReply(ctx, r) })
}

// DropReply implements [store.Replies].
func (s *Store) DropReply(ctx context.Context, key string, id []byte) error {
	return run(ctx, s, "DropReply", func() error { return s.inner.DropReply(ctx, key, id) })
}

// CreateKey implements [store.Keys].
func (s *Store) CreateKey(ctx context.Context, k gk.Key) error {
	return run(ctx, s, "CreateKey", func() error { return s.inner.CreateKey(ctx, k) })
}

// KeyByHash implements [store.Keys].
func (s *Store) KeyByHash(ctx context.Context, hash []byte) (gk.Key, error) {
	return call(ctx, s, "KeyByHash", func() (gk.Key, error) { return s.inner.KeyByHash(ctx, hash) })
}

// Keys implements [store.Keys].
func (s *Store) Keys(ctx context.Context) ([]gk.Key, error) {
	return call(ctx, s, "Keys", func() ([]gk.Key, error) { return s.inner.Keys(ctx) })
}

// RevokeKey implements [store.Keys].
func (s *Store) RevokeKey(ctx context.Context, id string, at time.Time) error {
	return run(ctx, s, "RevokeKey", func() error { return s.inner.RevokeKey(ctx, id, at) })
}
