package storetest

import (
	"context"
	"runtime"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/storetest/given"
)

// hangingUp lets callers end their contexts after 0–100 µs, at whatever a read is doing by then. Afterwards every reader
// has to answer, and to see what is written: one that was left inside a transaction would show the past for ever.
func hangingUp(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeGrant(t, s, "app", "grant", nil)
	reads := []func(context.Context) error{
		func(ctx context.Context) error { _, err := s.Grant(ctx, given.Engine, "grant"); return err },
		func(ctx context.Context) error { _, err := s.Tokens(ctx, []string{"grant"}); return err },
		func(ctx context.Context) error {
			_, err := s.Grants(ctx, given.Someone, store.GrantFilter{Limit: 10})
			return err
		},
		func(ctx context.Context) error {
			_, err := s.Grants(ctx, given.Engine, store.GrantFilter{Limit: 10})
			return err
		},
		func(ctx context.Context) error { _, err := s.History(ctx, given.Someone, "grant", "", 10); return err },
		func(ctx context.Context) error { _, err := s.KeyByHash(ctx, []byte("unknown")); return err },
	}
	callers := 300 // of each kind
	if s.Name() != "sqlite" {
		callers = 50 // a connection that was interrupted is made again, which takes a server a while
	}
	for n := range callers {
		for _, read := range reads {
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				for begun := time.Now(); time.Since(begun) < time.Duration(n%100)*time.Microsecond; {
					runtime.Gosched() // no timer is as fine as this
				}
				cancel()
			}()
			_ = read(ctx) // it may have come through or not
			<-ctx.Done()
		}
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("after callers hung up, Ping = %v", err)
	}
	given.ChangeGrant(t, s, "grant", func(g *gk.Grant) { g.Owner = "the next" })
	for range 100 {
		for _, v := range []gk.Viewer{given.Engine, given.Someone} {
			found, err := s.Grants(t.Context(), v, store.GrantFilter{})
			if err != nil || len(found) != 1 || found[0].Owner != "the next" {
				t.Fatalf("after callers hung up, a reader found %v, %v; want what was written since", found, err)
			}
		}
		if g, err := s.Grant(t.Context(), given.Engine, "grant"); err != nil || g.Owner != "the next" {
			t.Fatalf("after callers hung up, a reader found the owner %q, %v; want what was written since", g.Owner, err)
		}
	}
}
