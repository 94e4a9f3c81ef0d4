package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
	"github.com/grantkeep/grantkeep/store/postgres/pgtest"
)

// Leases on a platform whose tokens work once last 330 s, and a doubt there waits for a day. Where a story needs them to
// be over, the test changes the row as that time would find it (edit); that the time itself passes rightly is told in
// virtual time, in the keeper's tests.

// underWayFor is how long the platform takes where a test does something while a refresh is under way: long enough for a
// busy machine, and less than a caller waits.
const underWayFor = 6 * time.Second

func TestWireCutBeforeThePlatformActed(t *testing.T) {
	t.Parallel()
	f := newFleet(t, sharedPostgres(t), 1)
	id := f.connect(0)
	if err := <-f.refresh(0, id); err != nil { // the connection is warm
		t.Fatal(err)
	}
	f.fault("cut-before", 1)
	if err := <-f.refresh(0, id); err != nil {
		t.Errorf("the caller got %v, want the grant as it stands", err)
	}
	if g := f.grant(0, id); !g.InDoubt || g.State != "active" {
		t.Errorf("after the cut: in doubt %v, %s; want in doubt and active", g.InDoubt, g.State)
	}
	if got, err := f.read(0, id, ""); err != nil || got.Generation != 2 {
		t.Errorf("a reader got generation %d, %v; want 2: the platform may not have acted", got.Generation, err)
	}
	f.edit(id, doubtRipe)
	f.served(id, 0, 3)
	if got, want := f.events(0, id), "created in_doubt recovered"; got != want {
		t.Errorf("events = %q, want %q", got, want)
	}
	f.report(0, 3)
}

func TestWireCutAfterThePlatformActed(t *testing.T) {
	t.Parallel()
	f := newFleet(t, sharedPostgres(t), 1)
	f.option("old_access", "lives")
	id := f.connect(0)
	if err := <-f.refresh(0, id); err != nil {
		t.Fatal(err)
	}
	f.fault("cut-after", 1)
	if err := <-f.refresh(0, id); err != nil {
		t.Errorf("the caller got %v, want the grant as it stands", err)
	}
	if err := <-f.refresh(0, id); problemOf(err) == "" {
		t.Error("a second renewal was sent at a word without force, which could only burn the grant")
	}
	f.edit(id, doubtRipe)
	f.eventually("the doubt is settled", func() bool { return !f.grant(0, id).InDoubt })
	if got, err := f.read(0, id, ""); err != nil || got.Generation != 2 {
		t.Errorf("a reader got generation %d, %v; want 2, which works to its end", got.Generation, err)
	}
	if got, want := f.events(0, id), "created in_doubt needs_authorization"; got != want {
		t.Errorf("events = %q, want %q", got, want)
	}
	f.report(1, 3)
	if again := f.connect(0); again != id {
		t.Errorf("the merchant's new consent made grant %s, want %s revived", again, id)
	}
	f.served(id, 0, 3)
}

// doubtRipe makes a doubt old enough to be settled.
func doubtRipe(g *gk.Grant, now time.Time) {
	g.DoubtSince, g.RetryAt, g.DueAt = now.Add(-48*time.Hour), time.Time{}, now
}

func TestKilledBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	f := newFleet(t, "", 1)
	f.option("old_access", "lives")
	id := f.connect(0)
	f.slow(10 * time.Second)
	f.refresh(0, id)
	f.underWay(1)
	f.instances[0].kill()
	f.start(f.instances[0])
	if got, err := f.read(0, id, ""); err != nil || got.Generation != 1 {
		t.Errorf("right after the new start a reader got generation %d, %v; want 1", got.Generation, err)
	}
	f.eventually("the attempt of the process that died is a doubt", func() bool { return f.grant(0, id).InDoubt })
	if _, err := f.read(0, id, "not_generation=1&wait=1s"); err != nil {
		t.Errorf("a reader who wants another got %v, want the old one, which is good", err)
	}
	f.instances[0].kill()
	f.edit(id, doubtRipe)
	f.start(f.instances[0])
	f.eventually("the lost answer is told", func() bool { return f.events(0, id) == "created in_doubt needs_authorization" })
	if _, err := f.read(0, id, ""); err != nil {
		t.Errorf("a reader got %v, want the token that still works", err)
	}
	f.report(1, 2)
}

func TestKilledBetweenAnswerAndCommit(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	f := newFleet(t, server.URL, 2)
	f.option("old_access", "lives")
	id := f.connect(0)
	f.slow(time.Second)
	f.refresh(0, id)
	f.underWay(1)
	server.Freeze()
	time.Sleep(2 * time.Second) // the answer is there, its commit is not
	f.instances[0].kill()
	server.Thaw()
	f.start(f.instances[0])
	// The statement may lie in the server's socket, whole: then it is carried out, and the pair is not lost.
	time.Sleep(500 * time.Millisecond)
	if f.grant(0, id).Generation == 2 {
		t.Log("the statement had been sent: the pair is stored although its sender died")
		f.served(id, 0, 2)
		f.report(0, 1)
		return
	}
	f.eventually("the attempt of the process that died is a doubt", func() bool { return f.grant(0, id).InDoubt })
	f.edit(id, doubtRipe)
	f.eventually("the lost answer is told", func() bool { return f.events(0, id) == "created in_doubt needs_authorization" })
	f.report(1, 2)
}

// TestKilledWithATokenThatHasEnded is the start after a crash as a caller sees it: nothing usable is left and the platform
// takes a refresh token once, so that the caller is told to send the merchant, and not to wait for a lease.
func TestKilledWithATokenThatHasEnded(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgresql"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			database := ""
			if engine != "sqlite" {
				database = sharedPostgres(t)
			}
			f := newFleet(t, database, 1)
			id := f.connect(0)
			f.slow(10 * time.Second)
			f.refresh(0, id)
			f.underWay(1)
			f.instances[0].kill()
			f.edit(id, func(g *gk.Grant, now time.Time) {
				g.PairAskedAt, g.Expires = now.Add(-4*time.Hour), now.Add(-time.Second)
			})
			begun := time.Now()
			f.start(f.instances[0])
			f.eventually("the caller is told to send the merchant", func() bool {
				_, err := f.read(0, id, "wait=1s")
				return problemOf(err) == "needs-authorization"
			})
			t.Logf("told after %v", time.Since(begun).Round(time.Millisecond))
			f.report(1, 2)
		})
	}
}

func TestPostgresIsStoppedWhenTheAnswerArrives(t *testing.T) {
	for _, killed := range []bool{false, true} {
		t.Run(fmt.Sprintf("and the process killed %v", killed), func(t *testing.T) {
			t.Parallel()
			server := pgtest.Start(t)
			f := newFleet(t, server.URL, 2)
			id := f.connect(0)
			for i := range f.instances {
				if _, err := f.read(i, id, ""); err != nil {
					t.Fatal(err)
				}
			}
			f.slow(underWayFor)
			f.refresh(0, id)
			f.underWay(1)
			server.Stop()
			f.eventually("the pair waits", func() bool { return strings.Contains(f.instances[0].log.String(), "could not be stored and waits") })
			if got := f.ready(0); got != http.StatusServiceUnavailable {
				t.Errorf("with a pair that waits /readyz answers %d, want 503", got)
			}
			if got, err := f.read(1, id, ""); err != nil || !got.Stale || got.Generation != 1 {
				t.Errorf("a reader meanwhile got generation %d, stale %v, %v; want 1, marked stale", got.Generation, got.Stale, err)
			}
			if killed {
				f.instances[0].kill()
			}
			server.Again()
			if killed {
				f.start(f.instances[0])
			}
			f.served(id, 0, 2)
			f.eventually("it is ready", func() bool { return f.ready(0) == http.StatusOK })
			f.report(0, 1)
		})
	}
}

// ready returns the status of an instance's /readyz.
func (f *fleet) ready(i int) int {
	f.t.Helper()
	req, err := http.NewRequestWithContext(f.t.Context(), http.MethodGet, "http://"+f.instances[i].address+"/readyz", http.NoBody)
	if err != nil {
		f.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	_ = res.Body.Close() // not read
	return res.StatusCode
}

func TestTermInTheMiddleOfARefresh(t *testing.T) {
	t.Parallel()
	f := newFleet(t, "", 1)
	id := f.connect(0)
	f.slow(underWayFor)
	answer := f.refresh(0, id)
	f.underWay(1)
	f.instances[0].signal(syscall.SIGTERM)
	if err := <-answer; err != nil {
		t.Errorf("the caller of the renewal got %v, want its answer", err)
	}
	if got := f.instances[0].status(); got != shell.ExitDone {
		t.Errorf("exit status = %d, want %d", got, shell.ExitDone)
	}
	f.start(f.instances[0])
	f.served(id, 0, 2)
	f.report(0, 1)
}

func TestStoppedPastTheLeaseAndContinued(t *testing.T) {
	t.Parallel()
	f := newFleet(t, sharedPostgres(t), 2)
	id := f.connect(0)
	f.slow(underWayFor)
	f.refresh(0, id)
	f.underWay(1)
	f.instances[0].signal(syscall.SIGSTOP)
	time.Sleep(underWayFor + time.Second) // the answer waits in the socket of a process that stands still
	f.edit(id, leaseOver(331*time.Second))
	f.eventually("the other instance makes a doubt of it", func() bool { return f.grant(1, id).InDoubt })
	if got, err := f.read(1, id, ""); err != nil || got.Generation != 1 {
		t.Errorf("a reader got generation %d, %v; want 1", got.Generation, err)
	}
	f.instances[0].signal(syscall.SIGCONT)
	f.served(id, 0, 2)
	if got, want := f.events(1, id), "created in_doubt recovered"; got != want {
		t.Errorf("events = %q, want %q: a pair in hand outweighs every conclusion drawn without it", got, want)
	}
	f.report(0, 1)
}

func TestInstancesOnOneExpiredToken(t *testing.T) {
	t.Parallel()
	f := newFleetOf(t, os.Args[0], sharedPostgres(t), 3) // watched by the race detector wherever this test is
	for shop, instances := range []int{2, 3} {
		id := f.connect(shop)
		f.slow(time.Second)
		f.edit(id, func(g *gk.Grant, now time.Time) {
			g.PairAskedAt, g.Expires, g.DueAt = now.Add(-4*time.Hour), now.Add(-time.Second), now
		})
		var readers sync.WaitGroup
		for n := range 30 {
			readers.Go(func() {
				time.Sleep(time.Second) // of the cache: until then the token that has just ended is served
				if got, err := f.read(n%instances, id, ""); err != nil || got.Generation != 2 {
					t.Errorf("reader %d on %d instances got generation %d, %v; want 2", n, instances, got.Generation, err)
				}
			})
		}
		readers.Wait()
		f.served(id, shop, 2)
	}
	f.report(0, 2)
}

func TestCallersWhoGiveUpDoNotStopTheRefresh(t *testing.T) {
	t.Parallel()
	f := newFleet(t, "", 1)
	id := f.connect(0)
	f.slow(underWayFor) // every caller asks before it answers, on a busy machine too
	var callers sync.WaitGroup
	for n := range 20 {
		callers.Go(func() {
			if n%2 == 0 { // hangs up
				ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
				defer cancel()
				err := f.instances[0].api.Call(ctx, http.MethodGet, "/v1/grants/"+id+"/token", url.Values{"not_generation": {"1"}}, nil, nil)
				if err == nil {
					t.Error("a caller who hangs up after 500 ms was answered, want the platform to take 6 s")
				}
				return
			}
			if got, err := f.read(0, id, "not_generation=1&wait=500ms"); err != nil || !got.Stale || got.Generation != 1 {
				t.Errorf("a caller who waits 500 ms got generation %d, stale %v, %v; want 1, marked stale", got.Generation, got.Stale, err)
			}
		})
	}
	callers.Wait()
	f.served(id, 0, 2)
	f.report(0, 1)
}

func TestPlatformThatTakesLongerThanCallersWait(t *testing.T) {
	t.Parallel()
	f := newFleet(t, "", 1)
	id := f.connect(0)
	f.slow(14 * time.Second)
	if got, err := f.read(0, id, "not_generation=1"); err != nil || !got.Stale || got.Generation != 1 {
		t.Errorf("a caller got generation %d, stale %v, %v; want 1, marked stale, after the 10 s that callers wait", got.Generation, got.Stale, err)
	}
	f.eventually("a caller who waits too is given the new pair", func() bool {
		got, err := f.read(0, id, "not_generation=1")
		return err == nil && got.Generation == 2
	})
	f.served(id, 0, 2)
	f.report(0, 1)
}

func TestSecondInstanceWithAnotherKeyRefusesToStart(t *testing.T) {
	t.Parallel()
	f := newFleet(t, sharedPostgres(t), 1)
	id := f.connect(0)
	other := &instance{address: "127.0.0.1:0", data: filepath.Join(f.dir, "other")}
	right := f.masterKey
	f.masterKey = filepath.Join(t.TempDir(), "another.key")
	if err := os.WriteFile(f.masterKey, []byte("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	other.process = launch(t, f.serveArgs(other)...)
	if got := other.status(); got != shell.ExitFailed {
		t.Errorf("exit status = %d, want %d", got, shell.ExitFailed)
	}
	if got, want := other.log.String(), "--master-key"; !strings.Contains(got, want) {
		t.Errorf("it said %q, want it to name %s", got, want)
	}
	f.masterKey = right
	f.start(other)
	f.instances = append(f.instances, other)
	f.served(id, 0, 1)
	f.report(0, 0)
}

func TestConsentDuringARefresh(t *testing.T) {
	t.Parallel()
	f := newFleet(t, "", 1)
	id := f.connect(0)
	f.slow(underWayFor)
	answer := f.refresh(0, id)
	f.underWay(1)
	if again := f.connect(0); again != id {
		t.Errorf("the second consent made grant %s, want %s", again, id)
	}
	if err := <-answer; err != nil {
		t.Errorf("the caller of the renewal got %v", err)
	}
	f.served(id, 0, 3)
	f.report(0, 1)
}

func TestRevocationDuringARefresh(t *testing.T) {
	t.Parallel()
	f := newFleet(t, "", 1)
	id := f.connect(0)
	f.slow(underWayFor)
	answer := f.refresh(0, id)
	f.underWay(1)
	if err := f.instances[0].api.Revoke(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if err := <-answer; err != nil {
		t.Errorf("the caller of the renewal got %v, want the grant as it stands", err)
	}
	if _, err := f.read(0, id, ""); problemOf(err) != "revoked" {
		t.Errorf("a reader got %v, want revoked", err)
	}
	if got, want := f.events(0, id), "created revoked late_answer"; got != want {
		t.Errorf("events = %q, want %q", got, want)
	}
	f.grants = nil // ended on purpose, not lost
	f.report(0, 1)
}

func TestValidTokenWhileThePlatformAnswers500(t *testing.T) {
	t.Parallel()
	f := newFleet(t, sharedPostgres(t), 2)
	id := f.connect(0)
	f.fault("status-500", -1)
	var readers sync.WaitGroup
	for n := range 40 {
		readers.Go(func() {
			if got, err := f.read(n%2, id, "not_generation=1"); err != nil || !got.Stale || got.Generation != 1 {
				t.Errorf("reader %d got generation %d, stale %v, %v; want 1, marked stale", n, got.Generation, got.Stale, err)
			}
			if got, err := f.read(n%2, id, ""); err != nil || got.Generation != 1 {
				t.Errorf("reader %d of what is good got generation %d, %v; want 1", n, got.Generation, err)
			}
		})
	}
	readers.Wait()
	f.report(0, 1)
	f.control(http.MethodDelete, "/faults", nil, nil)
	f.edit(id, doubtRipe)
	f.served(id, 0, 2)
}

func TestFailoverThatLosesTheLastCommits(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	f := newFleet(t, server.URL, 2)
	refreshed, untouched := f.connect(0), f.connect(1)
	agree := f.begin(2)
	server.Stop()
	restore := server.Copy()
	server.Again()
	f.eventually("both are ready again", func() bool { return f.ready(0) == http.StatusOK && f.ready(1) == http.StatusOK })
	time.Sleep(1500 * time.Millisecond) // they have seen which database it is
	if err := <-f.refresh(1, refreshed); err != nil {
		t.Fatal(err)
	}
	f.served(refreshed, 0, 2)
	made := agree()

	server.Stop()
	restore()
	server.Again()
	f.served(refreshed, 0, 2)
	f.served(untouched, 1, 1)
	var again string
	f.eventually("the merchant's grant is there again", func() bool {
		grants, err := f.instances[0].api.Grants(t.Context(), nil)
		for _, g := range grants {
			if g.Subject.ID == f.sims.Platforms[code].Shops[2].ID {
				again = g.ID
			}
		}
		return err == nil && again != ""
	})
	f.served(again, 2, 1)
	f.grants = []string{refreshed, untouched, again}
	t.Logf("the grant %s that the lost database had made is %s in the one that took over", made, again)
	f.report(0, 1)
}

// TestPromotedStandbyGoesOn lets the server that is written crash, and the standby that follows it take its place under an
// address that names both: nothing is stopped, nobody says a word, and no spent token is offered.
func TestPromotedStandbyGoesOn(t *testing.T) {
	t.Parallel()
	primary := pgtest.Start(t)
	standby := primary.Standby()
	f := newFleet(t, primary.Either(standby), 2)
	refreshed, untouched := f.connect(0), f.connect(1)
	if err := <-f.refresh(0, refreshed); err != nil {
		t.Fatal(err)
	}
	f.served(refreshed, 0, 2)
	primary.Stop()
	standby.Promote()
	f.eventually("both are ready on the standby", func() bool { return f.ready(0) == http.StatusOK && f.ready(1) == http.StatusOK })
	f.served(refreshed, 0, 2)
	f.served(untouched, 1, 1)
	for i, id := range []string{refreshed, untouched} {
		if err := <-f.refresh(i, id); err != nil {
			t.Errorf("a refresh on the promoted standby: %v", err)
		}
	}
	f.served(refreshed, 0, 3)
	f.served(untouched, 1, 2)
	f.report(0, 3)
}
