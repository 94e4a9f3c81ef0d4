package lifecycle_test

import (
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/platform"
)

// TestQuotaIsToldOnceADay: the call that uses up four fifths of the day's calls is told, those around it are not, and the
// next day begins anew.
func TestQuotaIsToldOnceADay(t *testing.T) {
	for _, c := range []struct {
		day  int64
		told []int64 // the calls that are told
	}{{0, nil}, {1, []int64{1}}, {2, []int64{2}}, {5, []int64{4}}, {60, []int64{48}}, {120, []int64{96}}} {
		terms := terms(func(t *lifecycle.Terms) { t.Calls = platform.TokenCalls{Day: c.day} })
		g := healthy()
		for day := range 2 {
			now := noon.Add(time.Duration(day) * 24 * time.Hour)
			var told []int64
			for n := int64(1); n <= c.day+3; n++ {
				events := lifecycle.CountCall(&g, terms, now)
				if g.QuotaUsed != n {
					t.Fatalf("of %d a day: counted %d after %d calls", c.day, g.QuotaUsed, n)
				}
				if len(events) == 0 {
					continue
				}
				told = append(told, n)
				e := events[0]
				if e.Kind != gk.EventQuotaNear || e.Grant != g.ID || e.Owner != g.Owner || e.Data["used"] != n || e.Data["of"] != c.day ||
					e.Data["resets_at"] != now.Add(12*time.Hour).Format(time.RFC3339) || e.Data["limit"] != lifecycle.LimitTokenCalls {
					t.Errorf("of %d a day: told as %+v", c.day, e)
				}
			}
			if len(told) != len(c.told) || len(told) == 1 && told[0] != c.told[0] {
				t.Errorf("of %d a day: told at the calls %v, want %v", c.day, told, c.told)
			}
		}
	}
}
