package promise_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// summary is what a run, or many runs, went through.
type summary struct {
	mu        sync.Mutex
	seeds     int
	days      float64        // of living grants
	faults    map[string]int // by kind
	lost      map[string]int // living grants that we could not hold, by the cause
	reads     int
	owed      int // ends of grants that somebody must be told of
	told      int
	unusable  time.Duration // the longest time that a living grant gave no token
	processes int
	turns     int // calls of the database and writes to the network
	refreshes int // that platforms were asked for
}

func newSummary() *summary { return &summary{faults: map[string]int{}, lost: map[string]int{}} }

func (s *summary) fault(kind string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[kind]++
}

func (s *summary) add(o *summary) {
	s.seeds++
	s.days += o.days
	s.reads += o.reads
	s.owed += o.owed
	s.told += o.told
	s.processes += o.processes
	s.turns += o.turns
	s.refreshes += o.refreshes
	s.unusable = max(s.unusable, o.unusable)
	for k, n := range o.faults {
		s.faults[k] += n
	}
	for k, n := range o.lost {
		s.lost[k] += n
	}
}

func (s *summary) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d seeds, %.0f grant-days, %d turns, %d refreshes, %d reads, %d processes; longest unusable time %s; ends owed %d, told %d",
		s.seeds, s.days, s.turns, s.refreshes, s.reads, s.processes, s.unusable.Round(time.Second), s.owed, s.told)
	for _, list := range []struct {
		name string
		of   map[string]int
	}{{"faults", s.faults}, {"lost", s.lost}} {
		fmt.Fprintf(&b, "\n%s:", list.name)
		for _, k := range slices.Sorted(maps.Keys(list.of)) {
			fmt.Fprintf(&b, " %s %d,", k, list.of[k])
		}
	}
	return strings.TrimSuffix(b.String(), ",")
}
