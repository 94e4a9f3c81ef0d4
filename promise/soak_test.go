package promise_test

import (
	"bytes"
	"os"
	"strconv"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"

	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlite/sqlitetest"
)

func (l *logBook) bytes() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Clone(l.b.Bytes())
}

func (s *turns) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.passed
}

func (s *turns) endless() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.busy
}

// result is what became of one seed.
type result struct {
	trace  string
	broken []string
	sum    *summary
}

// live carries out a plan in a world of its own. A plan that breaks the promise ends at once.
func live(t *testing.T, seed uint64, steps []step, mutate func(store.Store) store.Store) result {
	t.Helper()
	cryptotest.SetGlobalRandom(t, seed)
	dir := sqlitetest.Dir(t)
	var r result
	synctest.Test(t, func(t *testing.T) {
		w := begin(t, dir, seed, mutate)
		defer w.end()
		for _, s := range steps {
			w.carryOut(s)
			if busy := w.turns.endless(); busy != "" {
				w.check.violate("there is work without end at one moment: %s", busy)
			}
			if len(w.check.broken) > 0 {
				break
			}
		}
		w.sum.processes = len(w.all)
		r = result{w.turns.sum(), w.check.broken, w.sum}
	})
	return r
}

const stepsOfASeed = 24

// TestSoak lives through seeds: a few of them always, and for as long as GRANTKEEP_SOAK_FOR says with GRANTKEEP_SOAK=1.
func TestSoak(t *testing.T) {
	first, last, until := uint64(1), uint64(2), time.Time{}
	if os.Getenv("GRANTKEEP_SOAK") == "1" {
		d, err := time.ParseDuration(os.Getenv("GRANTKEEP_SOAK_FOR"))
		if err != nil {
			d = 10 * time.Minute
		}
		until = time.Now().Add(d)
	}
	if text := os.Getenv("GRANTKEEP_SEED"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("GRANTKEEP_SEED: %v", err)
		}
		first, last = n, n
	}
	total := newSummary()
	for seed := first; seed <= last || time.Now().Before(until); seed++ {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			r := live(t, seed, plan(seed, stepsOfASeed), nil)
			total.add(r.sum)
			for _, line := range r.broken {
				t.Errorf("seed %d: %s", seed, line)
			}
		})
	}
	t.Log(total)
}

// TestSeedReplays lives through one seed twice.
func TestSeedReplays(t *testing.T) {
	var traces [2]string
	for i := range traces {
		t.Run("", func(t *testing.T) { traces[i] = live(t, 1, plan(1, 8), nil).trace })
	}
	if traces[0] != traces[1] {
		t.Errorf("one seed ran as %s and then as %s", traces[0], traces[1])
	}
}
