package promise_test

import (
	"bytes"
	"cmp"
	"flag"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
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
	story  string // of a broken one
	steps  int    // how many were taken
}

// live carries out a plan in a world of its own. A plan that breaks the promise ends at once.
func live(t *testing.T, p plan, mutate func(store.Store) store.Store) result {
	t.Helper()
	cryptotest.SetGlobalRandom(t, p.Seed)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // two that run at once would draw from one source in any order
	dir := sqlitetest.Dir(t)
	var r result
	synctest.Test(t, func(t *testing.T) {
		w := begin(t, dir, p, mutate)
		defer w.end()
		for _, s := range p.Steps {
			w.carryOut(s)
			r.steps++
			if busy := w.turns.endless(); busy != "" {
				w.check.violate("there is work without end at one moment: %s", busy)
			}
			if len(w.check.violated()) > 0 {
				break
			}
		}
		w.sum.processes = len(w.all)
		w.sum.turns, w.sum.refreshes = w.turns.count(), w.check.refreshed()
		r.trace, r.broken, r.sum = w.turns.sum(), w.check.violated(), w.sum
		if len(r.broken) > 0 {
			r.story = w.tell()
		}
	})
	return r
}

// failfast reports whether -failfast was given: a broken seed then is the last one.
func failfast() bool {
	f := flag.Lookup("test.failfast")
	return f != nil && f.Value.String() == "true"
}

const (
	stepsOfASeed = 24
	stepsInShort = 6
)

// TestSoak lives through seeds: the beginnings of a few of them always, and whole ones for as long as GRANTKEEP_SOAK_FOR
// says with GRANTKEEP_SOAK=1, from GRANTKEEP_SEED on; GRANTKEEP_SEEDS
// at most; GRANTKEEP_SEED alone names one whole seed; GRANTKEEP_DENSE=1 lets time pass in days, and GRANTKEEP_PROVOKE names a step that
// comes again and again.
func TestSoak(t *testing.T) {
	first, last, until, steps := uint64(1), uint64(2), time.Time{}, stepsInShort
	if os.Getenv("GRANTKEEP_SOAK") == "1" {
		d, err := time.ParseDuration(os.Getenv("GRANTKEEP_SOAK_FOR"))
		if err != nil {
			d = 10 * time.Minute
		}
		until, steps = time.Now().Add(d), stepsOfASeed
	}
	if text := os.Getenv("GRANTKEEP_SEED"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("GRANTKEEP_SEED: %v", err)
		}
		first, last, steps = n, n, stepsOfASeed
	}
	most, err := strconv.ParseUint(cmp.Or(os.Getenv("GRANTKEEP_SEEDS"), "0"), 10, 64)
	if err != nil {
		t.Fatalf("GRANTKEEP_SEEDS: %v", err)
	}
	total := newSummary()
	for seed := first; seed <= last || time.Now().Before(until); seed++ {
		if most > 0 && seed >= first+most || t.Failed() && failfast() {
			break
		}
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			p := draw(seed, steps)
			if os.Getenv("GRANTKEEP_DENSE") == "1" {
				p = p.dense()
			}
			do, what, _ := strings.Cut(os.Getenv("GRANTKEEP_PROVOKE"), ":")
			p = p.provoked(do, what)
			r := live(t, p, nil)
			total.add(r.sum)
			t.Log(r.trace, p.Platforms, p.Late)
			for _, line := range r.broken {
				t.Errorf("seed %d: %s", seed, line)
			}
			if r.story != "" {
				t.Log("\n" + r.story)
			}
		})
	}
	t.Log(total)
}

// TestSeedReplays lives through one seed twice. A process that goes on after it was stopped has much to do at once, and
// chooses by Go's own chance: that is left out.
func TestSeedReplays(t *testing.T) {
	p := draw(2, 8)
	p.Platforms = []string{"lazada", "eleme", "tiktokshop"}
	p.Steps = slices.DeleteFunc(p.Steps, func(s step) bool { return s.Do == "freeze" })
	var traces [2]string
	for i := range traces {
		t.Run("", func(t *testing.T) { traces[i] = live(t, p, nil).trace })
	}
	if traces[0] != traces[1] {
		t.Errorf("one seed ran as %s and then as %s", traces[0], traces[1])
	}
}
