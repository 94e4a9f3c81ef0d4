package keeper_test

import (
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform/all"
	"github.com/grantkeep/grantkeep/store/sqlite"
	"github.com/grantkeep/grantkeep/store/sqlite/sqlitetest"
	"github.com/grantkeep/grantkeep/store/storefault"
)

// TestRefreshesOutliveFailuresOfTheStore refreshes while one method after another fails, or loses the answer of what it did:
// no refresh token is spent twice, no grant is lost, and everybody is refreshed in the end.
func TestRefreshesOutliveFailuresOfTheStore(t *testing.T) {
	for method, faults := range map[string][]storefault.Fault{
		"ClaimDue":      {{Fail: true, Times: 2}},
		"SaveRefreshes": {{Fail: true, Times: 2}, {Lose: true, Times: 2}, {Late: 300 * time.Millisecond}},
		"UpdateGrant":   {{Fail: true, Times: 2}, {Lose: true, Times: 2}},
		"UpdateApp":     {{Fail: true, Times: 2}, {Lose: true, Times: 2}},
		"App":           {{Fail: true, Times: 2}, {Late: 100 * time.Millisecond}},
		"Apps":          {{Fail: true}},
		"DueApps":       {{Fail: true, Times: 2}},
		"Incarnation":   {{Fail: true, Times: 2}},
		"Publish":       {{Fail: true}},
		"OpenClicks":    {{Fail: true}},
		"Sweep":         {{Fail: true}},
	} {
		for _, fault := range faults {
			name := method + " fails"
			switch {
			case fault.Lose:
				name = method + " loses its answer"
			case fault.Late > 0:
				name = method + " is late"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				st, err := sqlite.Open(t.Context(), sqlitetest.Dir(t))
				if err != nil {
					t.Fatal(err)
				}
				faulty := storefault.Wrap(st)
				l := newLiarOn(t, all.Drivers()[0], faulty)
				p := &rotating{spent: map[string]bool{}}
				l.answer = p.answer
				grants := l.found(3)
				lift := faulty.On(method, fault)
				l.run()
				l.until("all three are renewed", func() bool {
					for _, g := range grants {
						row, err := st.Grant(t.Context(), gk.Engine(), g.ID)
						if err != nil || row.Generation != 2 || row.InDoubt() || row.AttemptID != "" || !row.Renewable {
							return false
						}
					}
					return true
				})
				lift()
				p.mu.Lock()
				defer p.mu.Unlock()
				if p.n != 3 {
					t.Errorf("%d requests for three grants, want 3", p.n)
				}
			})
		}
	}
}
