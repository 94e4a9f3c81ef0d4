package promise_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/grantkeep/grantkeep/store"
)

// shrink leaves steps out of a plan as long as what is left is broken in the same way, first many at once and then one
// by one.
func shrink(t *testing.T, p plan, mutate func(store.Store) store.Store) plan {
	t.Helper()
	first := live(t, p, mutate)
	if len(first.broken) == 0 {
		return p
	}
	p.Steps = p.Steps[:first.steps]
	for size := len(p.Steps) / 2; size > 0; {
		removed := false
		for at := 0; at+size <= len(p.Steps); {
			less := p
			less.Steps = slices.Delete(slices.Clone(p.Steps), at, at+size)
			var r result
			t.Run("", func(t *testing.T) { r = live(t, less, mutate) })
			if slices.Contains(r.broken, first.broken[0]) {
				p.Steps, removed = less.Steps[:r.steps], true
			} else {
				at += size
			}
		}
		if !removed || size > 1 {
			size /= 2
		}
	}
	return p
}

// String writes a plan as it is kept in a test.
func (p plan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "plan{Seed: %d, Platforms: %#v, Steps: []step{\n", p.Seed, p.Platforms)
	for _, s := range p.Steps {
		fmt.Fprintf(&b, "\t{Do: %q, N: %d, What: %q, For: %d},\n", s.Do, s.N, s.What, s.For)
	}
	return b.String() + "}}"
}

// TestShrink shrinks the seed that GRANTKEEP_SHRINK names.
func TestShrink(t *testing.T) {
	seed := uint64(0)
	if _, err := fmt.Sscan(os.Getenv("GRANTKEEP_SHRINK"), &seed); err != nil {
		// Nobody asks: an unbroken plan stays as it is.
		if p := (plan{Seed: 1, Platforms: []string{"lazada"}, Steps: []step{{Do: "connect"}}}); len(shrink(t, p, nil).Steps) != len(p.Steps) {
			t.Error("a plan that is not broken was shrunk")
		}
		return
	}
	p := shrink(t, draw(seed, stepsOfASeed), nil)
	t.Log(p)
	t.Log(live(t, p, nil).broken)
}
