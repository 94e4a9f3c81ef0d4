package keeper_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/platform/all"
)

// TestCallersGoneAndStoppedInMidRefresh lets every caller hang up while a refresh is under way and stops the process: the
// pair that the platform gives is stored before it ends.
func TestCallersGoneAndStoppedInMidRefresh(t *testing.T) {
	l := newLiar(t, all.Drivers()[0])
	asked, answer := make(chan struct{}), make(chan struct{})
	l.answer = func(w http.ResponseWriter, r *http.Request) {
		close(asked) // a second request would panic, and cost the test
		<-answer
		say(http.StatusOK, `{"access_token":"canary-new","refresh_token":"canary-next","expires_in":31536000,"token_type":"Bearer"}`)(w, r)
	}
	g := l.grant()
	ctx, stop := context.WithCancel(context.Background())
	stopped := make(chan error, 1)
	go func() { stopped <- l.keeper.Run(ctx) }()
	callers, hangUp := context.WithCancel(context.Background())
	gone := make(chan error, 20)
	for range cap(gone) {
		go func() {
			_, err := l.keeper.Token(callers, gk.Engine(), g.ID, keeper.TokenWant{NotGeneration: 1})
			gone <- err
		}()
	}
	<-asked
	hangUp()
	for range cap(gone) {
		<-gone
	}
	stop()
	select {
	case err := <-stopped:
		t.Fatalf("the process ended with a renewal under way: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	close(answer)
	if err := <-stopped; err != nil {
		t.Errorf("Run = %v, want nil", err)
	}
	row, err := l.store.Grant(t.Context(), gk.Engine(), g.ID)
	if err != nil || row.Generation != 2 || row.InDoubt() || row.AttemptID != "" {
		t.Errorf("generation %d, in doubt %v, attempt %q, %v; want the pair stored", row.Generation, row.InDoubt(), row.AttemptID, err)
	}
}
