package sqlite

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/grantkeep/grantkeep/store/sqlstore"
)

// TestLargeChangeBeginsATransaction lets changes wait behind one that is held. A large one among them begins when all
// before it are committed, and none is lost.
func TestLargeChangeBeginsATransaction(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s, err := Open(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		write := func(ctx context.Context, q sqlstore.Querier, name string) error {
			_, err := q.Exec(ctx, `INSERT INTO meta (k, v) VALUES ($1, $2)`, name, name)
			return err
		}
		letGo, done := make(chan struct{}), make(chan error, 4)
		go func() {
			done <- s.engine.Change(t.Context(), func(ctx context.Context, q sqlstore.Querier) error {
				<-letGo
				return write(ctx, q, "first")
			})
		}()
		synctest.Wait()
		for _, name := range []string{"large", "larger"} {
			go func() {
				done <- s.engine.Alone(t.Context(), func(ctx context.Context, q sqlstore.Querier) error {
					if got, err := s.Meta(ctx, "first"); err != nil || got != "first" {
						t.Errorf("when %s begins, a reader sees %q, %v; want what came before committed", name, got, err)
					}
					return write(ctx, q, name)
				})
			}()
			synctest.Wait()
		}
		go func() {
			done <- s.engine.Change(t.Context(), func(ctx context.Context, q sqlstore.Querier) error { return write(ctx, q, "last") })
		}()
		synctest.Wait()
		close(letGo)
		for range 4 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		for _, name := range []string{"first", "large", "larger", "last"} {
			if got, err := s.Meta(t.Context(), name); err != nil || got != name {
				t.Errorf("%s = %q, %v", name, got, err)
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}
