package e2e

import (
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/store/postgres/pgtest"
)

// TestMoveToPostgres moves a server's installation while a client keeps reading: ahead while the server is at work, then
// for good; takes it back, moves it again, and serves it from the PostgreSQL. No pair is lost and none is spent twice.
func TestMoveToPostgres(t *testing.T) {
	f := newFleet(t, "", 1)
	i := f.instances[0]
	first, second := f.connect(0), f.connect(1)
	url := pgtest.URL(t)
	move := func(want string, flags ...string) {
		t.Helper()
		out, err := f.command(append([]string{"move", "--to", url, "--data", i.data}, flags...)...)
		status := "0 "
		if err != nil {
			status = err.Error()[len("exit status "):] + " "
		}
		if code, words, _ := strings.Cut(want, " "); status != code+" " || !strings.Contains(out, words) {
			t.Fatalf("move %v ended with %s, want %s\n%s", flags, status, want, out)
		}
	}
	move("0 1 apps, 2 grants can be moved", "--dry-run")

	var reads atomic.Int64
	stop, reading := make(chan struct{}), sync.WaitGroup{}
	reading.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(10 * time.Millisecond):
			}
			if got, err := f.read(0, first, ""); err != nil || got.Access == "" {
				t.Errorf("a reader while the installation moves got %v", err)
				return
			}
			reads.Add(1)
		}
	})
	move("1 a copy ahead")
	close(stop)
	reading.Wait()
	if reads.Load() == 0 {
		t.Error("nobody could read while the installation moved")
	}
	if err := <-f.refresh(0, second); err != nil {
		t.Fatal(err)
	}
	third := f.connect(2)

	refused := func(what, words string) {
		t.Helper()
		p := launch(t, f.serveArgs(i)...)
		<-p.ended
		if code := p.cmd.ProcessState.ExitCode(); code != 1 || !strings.Contains(p.log.String(), words) {
			t.Errorf("%s: serve ended with %d, want a refusal that says %q\n%s", what, code, words, p.log)
		}
	}
	i.signal(syscall.SIGTERM)
	<-i.ended
	lite := f.database
	f.masterKey = i.data + "/master.key"
	f.database = url
	refused("a PostgreSQL that has half a copy", "is not finished")
	move("0 1 apps, 3 grants are in")
	move("1 was moved to")
	f.database = lite
	refused("a SQLite that was moved", "was moved to the PostgreSQL")

	move("0 taken back", "--undo")
	move("1 nothing to take back", "--undo")
	f.database = url
	move("0 1 apps, 3 grants are in")

	f.start(i)
	f.served(first, 0, f.grant(0, first).Generation)
	f.served(third, 2, f.grant(0, third).Generation)
	for n, id := range []string{first, second, third} {
		if err := <-f.refresh(0, id); err != nil {
			t.Fatal(err)
		}
		g := f.grant(0, id)
		if g.Fault != nil {
			t.Errorf("grant %d is refused after the move: %s", n, g.Fault.Code)
		}
		f.served(id, n, g.Generation)
	}
	i.signal(syscall.SIGTERM)
	<-i.ended
	move("1 it has been served since", "--undo")
}
