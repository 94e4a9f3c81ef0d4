package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/bench"
	"github.com/grantkeep/grantkeep/store/postgres/pgtest"
)

// TestBenchMeasures has make bench measure next to nothing: every case runs, and the strict platform was asked once for
// each grant. Its figures are not looked at.
func TestBenchMeasures(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: starts processes")
	}
	o := bench.Options{
		Server: []string{Program}, Env: []string{"GRANTKEEP_TEST_MAIN=1"},
		Self: []string{Program}, SelfEnv: []string{"GRANTKEEP_TEST_MAIN=1"},
		Reads: 64, Turns: 1, Relayed: 32, Rows: 20, Commits: 64, RawRound: 64, Margin: 2 * time.Second, Idle: time.Millisecond,
	}
	for name, set := range map[string]func(*bench.Options, testing.TB){
		"sqlite": func(o *bench.Options, _ testing.TB) {
			o.SQLite, o.Grants, o.Deliveries, o.Endpoints, o.Stored = true, 8, 16, 4, 20
		},
		"postgres": func(o *bench.Options, t testing.TB) { o.PostgreSQL, o.Database = true, pgtest.URL(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := o
			o.Dir = t.TempDir()
			set(&o, t)
			var out strings.Builder
			if err := bench.Run(t.Context(), o, &out); err != nil {
				t.Fatal(err)
			}
			works := []string{"private memory", "token read, 64", "signed and forwarded", "bare inserts", "export"}
			if o.Grants > 0 {
				works = append(works, "living grants", "lapsed grants", "the platform alone", "deliveries a second, 4 endpoints", "lost", "import of 20 grants", "summary", "at rest, of one", "database")
			}
			for _, work := range works {
				if !strings.Contains(out.String(), work) {
					t.Errorf("nothing is told of %q:\n%s", work, &out)
				}
			}
		})
	}
}
