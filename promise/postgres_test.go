package promise_test

import (
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/store/postgres/pgtest"
)

// postgresSeeds is where the sample begins.
const postgresSeeds = 500

// TestSoakOnPostgreSQL lives through a sample of dense seeds on a real server with GRANTKEEP_SOAK=1: its answers come in
// real time, and virtual time stands still until they are there. Otherwise it holds that such plans need no files.
func TestSoakOnPostgreSQL(t *testing.T) {
	total := newSummary()
	until := time.Now().Add(3 * time.Minute)
	for seed := uint64(postgresSeeds); seed < postgresSeeds+20; seed++ {
		p := draw(seed, stepsOfASeed).dense().onPostgres("to be made")
		for _, s := range p.Steps {
			if s.Do == "put back" || s.Do == "clone" {
				t.Errorf("seed %d asks a server for copies of its files: %v", seed, s)
			}
		}
		if os.Getenv("GRANTKEEP_SOAK") != "1" || time.Now().After(until) {
			continue
		}
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			r := live(t, p.onPostgres(pgtest.URL(t)), nil)
			total.add(r.sum)
			t.Log(r.trace, p.Platforms)
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
