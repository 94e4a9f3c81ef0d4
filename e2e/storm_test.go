package e2e

import (
	"math/rand/v2"
	"net/http"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/store/postgres/pgtest"
)

// TestKilledAtAnyMomentOfAStorm kills a server at a chance moment while it refreshes all its grants at once on a platform
// that takes a refresh token once, starts it again, and lets it go on. No spent token is offered a second time, each grant
// is served within five seconds of the start, and what was lost is what the kill lost: answers that had not arrived.
func TestKilledAtAnyMomentOfAStorm(t *testing.T) {
	for name, database := range map[string]func(*testing.T) string{
		"sqlite":   func(*testing.T) string { return "" },
		"postgres": func(t *testing.T) string { return pgtest.URL(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rounds := 5
			if os.Getenv("GRANTKEEP_SOAK") != "" {
				rounds = 100
			}
			seed := uint64(time.Now().UnixNano())
			t.Logf("seed %d", seed)
			storm(t, newFleet(t, database(t), 1), rounds, rand.New(rand.NewPCG(seed, 0)))
		})
	}
	if os.Getenv("GRANTKEEP_SOAK") != "" {
		t.Run("five on one postgres", func(t *testing.T) {
			seed := uint64(time.Now().UnixNano())
			t.Logf("seed %d", seed)
			siege(t, 16, rand.New(rand.NewPCG(seed, 0)))
		})
	}
}

// siege lets five servers refresh on one PostgreSQL while one of them is killed or stopped, or the database is stopped or
// hangs, and in the end a standby takes its place. What is not known to be lost is served by all of them.
func siege(t *testing.T, rounds int, moments *rand.Rand) {
	t.Helper()
	primary := pgtest.Start(t)
	standby := primary.Standby()
	f := newFleet(t, primary.Either(standby), 5)
	f.option("old_access", "lives")
	ids := make([]string, len(f.sims.Platforms[code].Shops))
	for shop := range ids {
		ids[shop] = f.connect(shop)
	}
	f.option("slow", "100ms")
	unknown := 0
	for round := range rounds {
		f.fault("slow", len(ids))
		for _, id := range ids {
			f.refresh(moments.IntN(len(f.instances)), id)
		}
		time.Sleep(time.Duration(moments.Int64N(int64(200 * time.Millisecond))))
		i := f.instances[moments.IntN(len(f.instances))]
		switch round % 4 {
		case 0:
			i.kill()
			f.start(i)
		case 1:
			i.signal(syscall.SIGSTOP)
			time.Sleep(3 * time.Second)
			i.signal(syscall.SIGCONT)
		case 2:
			primary.Stop()
			time.Sleep(2 * time.Second)
			primary.Again()
		case 3:
			primary.Freeze()
			time.Sleep(3 * time.Second)
			primary.Thaw()
		}
		f.control("DELETE", "/faults", nil, nil)
		unknown += f.settled(ids)
	}
	primary.Stop()
	standby.Promote()
	unknown += f.settled(ids)
	f.acceptedAll()
	t.Logf("%d rounds and a standby that took over, %d answers lost with processes that were killed, %d refreshes, each accepted", rounds, unknown, f.asked())
}

// settled waits until every instance serves what the platform holds, and lets the merchants authorize again whose answers
// were lost. It counts them.
func (f *fleet) settled(ids []string) (unknown int) {
	f.t.Helper()
	for i := range f.instances {
		f.eventually("it is ready", func() bool { return f.ready(i) == http.StatusOK })
	}
	for shop, id := range ids {
		doubt := false
		f.eventually("what became of a refresh is known", func() bool {
			got, err := f.read(0, id, "")
			doubt = err == nil && got.Access != f.truth(shop) && f.grant(0, id).InDoubt
			return doubt || err == nil && got.Access == f.truth(shop)
		})
		if doubt {
			unknown++
			ids[shop] = f.connect(shop) // the merchant's consent ends the doubt
		}
		for i := range f.instances {
			f.eventually("an instance serves it", func() bool {
				got, err := f.read(i, ids[shop], "")
				return err == nil && got.Access == f.truth(shop)
			})
		}
	}
	return unknown
}

// acceptedAll holds that the platform has refused no refresh.
func (f *fleet) acceptedAll() {
	f.t.Helper()
	var got struct {
		Calls []struct{ Stage, Decision, Why string } `json:"calls"`
	}
	f.control("GET", "/calls", nil, &got)
	for _, c := range got.Calls {
		if c.Stage == "refresh" && c.Decision != "accepted" {
			f.t.Errorf("the platform refused a refresh: %s %s", c.Decision, c.Why)
		}
	}
}

func storm(t *testing.T, f *fleet, rounds int, moments *rand.Rand) {
	t.Helper()
	f.option("old_access", "lives")
	ids := make([]string, len(f.sims.Platforms[code].Shops))
	for shop := range ids {
		ids[shop] = f.connect(shop)
	}
	unknown := 0
	f.option("slow", "30ms")
	for round := range rounds {
		asked := f.asked()
		f.fault("slow", len(ids))
		for _, id := range ids {
			f.refresh(0, id)
		}
		if round%2 == 0 {
			f.underWay(asked + 1)
		}
		time.Sleep(time.Duration(moments.Int64N(int64(80 * time.Millisecond))))
		f.instances[0].kill()
		f.control("DELETE", "/faults", nil, nil)
		f.start(f.instances[0])
		started := time.Now()
		for shop, id := range ids {
			f.eventually("a grant is served after the start", func() bool {
				_, err := f.read(0, id, "")
				return err == nil
			})
			if took := time.Since(started); took > 2*time.Minute {
				t.Errorf("grant %d was served %v after the start", shop, took.Round(time.Millisecond))
			}
			f.eventually("what became of the attempt is known", func() bool {
				got, err := f.read(0, id, "")
				return f.grant(0, id).InDoubt || err == nil && got.Access == f.truth(shop)
			})
			if f.grant(0, id).InDoubt {
				unknown++
				ids[shop] = f.connect(shop) // the merchant's consent ends the doubt
				continue
			}
		}
	}
	f.acceptedAll()
	t.Logf("%d kills, %d answers lost with them, %d refreshes, each accepted", rounds, unknown, f.asked())
}
