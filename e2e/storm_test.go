package e2e

import (
	"math/rand/v2"
	"os"
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
	var got struct {
		Calls []struct{ Stage, Decision, Why string } `json:"calls"`
	}
	f.control("GET", "/calls", nil, &got)
	for _, c := range got.Calls {
		if c.Stage == "refresh" && c.Decision != "accepted" {
			t.Errorf("the platform refused a refresh: %s %s", c.Decision, c.Why)
		}
	}
	t.Logf("%d kills, %d answers lost with them, %d refreshes, each accepted", rounds, unknown, f.asked())
}
