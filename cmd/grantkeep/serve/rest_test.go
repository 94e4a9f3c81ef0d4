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

func TestSmallHeapIsCollectedSeldom(t *testing.T) {
	const mib = 1 << 20
	p := pacing{percent: 100, room: room(2048 * mib)}
	for i, c := range []struct {
		live uint64
		want int // per cent that are set; 0: nothing is
	}{
		{1 * mib, 2400},
		{3 * mib, 0}, // no less than four are reckoned with
		{8 * mib, 1200},
		{9 * mib, 0}, // not worth a stop
		{16 * mib, 600},
		{400 * mib, 100}, // never less than the runtime's own
		{4000 * mib, 0},
		{8 * mib, 1200},
	} {
		set := 0
		p.look(c.live, func(percent int) int { set = percent; return 0 })
		if set != c.want {
			t.Errorf("look %d: %d per cent are set, want %d", i, set, c.want)
		}
	}
}

func TestHeapOfASmallMachineGrowsLess(t *testing.T) {
	const mib = 1 << 20
	for limit, want := range map[uint64]uint64{64 * mib: 8 * mib, 256 * mib: 32 * mib, 768 * mib: 96 * mib, 1 << 62: 96 * mib} {
		if got := room(limit); got != want {
			t.Errorf("with %d MiB to use the room is %d MiB, want %d", limit/mib, got/mib, want/mib)
		}
	}
}
