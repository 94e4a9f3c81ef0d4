package serve

import "testing"

func TestMemoryIsGivenBackAtRestOnly(t *testing.T) {
	const mib = 1 << 20
	r := resting{}
	for i, c := range []struct {
		allocated, live uint64
		want            bool
	}{
		{40 * mib, 10 * mib, false}, // the start
		{41 * mib, 10 * mib, true},  // what it needed is given back
		{42 * mib, 10 * mib, false}, // nothing that is worth it has come since
		{90 * mib, 10 * mib, false}, // an import
		{140 * mib, 10 * mib, false},
		{141 * mib, 10 * mib, true},
		{144 * mib, 10 * mib, false},
		{146 * mib, 10 * mib, false},
		{147 * mib, 10 * mib, true}, // rounds in which nothing is due
		{150 * mib, 100 * mib, false},
		{153 * mib, 100 * mib, false}, // what is kept is much, and so is the work to look through it
	} {
		freed := false
		if got := r.look(c.allocated, c.live, func() { freed = true }); got != c.want || freed != c.want {
			t.Errorf("look %d: given back %v (%v), want %v", i, got, freed, c.want)
		}
	}
}
