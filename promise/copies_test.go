package promise_test

import (
	"testing"
	"time"
)

// TestCopiesOfTheDatabase lives through a backup that is put back and a clone that works for days: what they cost is what
// the platforms gave in between, and no grant beside it.
func TestCopiesOfTheDatabase(t *testing.T) {
	merchants := []step{
		{Do: "connect", N: 0}, {Do: "connect", N: 1}, {Do: "connect", N: 16}, {Do: "connect", N: 17}, {Do: "connect", N: 32},
	}
	for _, c := range []struct {
		name, cause string
		least, most int
		steps       []step
	}{
		{"a backup is put back", "backup put back", 2, 2, []step{
			{Do: "backup"}, {Do: "connect", N: 0}, {Do: "connect", N: 17}, {Do: "put back"}, {Do: "jump", For: 40 * time.Hour},
			{Do: "operator"}, {Do: "jump", For: 240 * time.Hour},
		}},
		{"an installation is cloned", "installation cloned", 0, 5, []step{{Do: "refresh"}, {Do: "clone", For: 600 * time.Hour}, {Do: "operator"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := plan{Seed: 1, Platforms: []string{"taobao", "tiktokshop"}, Late: 6 * time.Hour, Steps: append(merchants[:len(merchants):len(merchants)], c.steps...)}
			p.Steps = append(p.Steps, step{Do: "calm"})
			r := live(t, p, nil)
			for _, line := range r.broken {
				t.Error(line)
			}
			lost := r.sum.lost[c.cause]
			delete(r.sum.lost, c.cause)
			if lost < c.least || lost > c.most || len(r.sum.lost) > 0 {
				t.Errorf("%d were lost by what the name says, want from %d to %d; and %v otherwise", lost, c.least, c.most, r.sum.lost)
			}
			t.Log(r.sum)
			if t.Failed() {
				t.Log("\n" + r.story)
			}
		})
	}
}
