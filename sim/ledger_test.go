package sim_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

func TestWhatBecomesOfAReplacedPair(t *testing.T) {
	for name, c := range map[string]struct {
		rotation        sim.Rotation
		use             bool // the later access token is used
		after           time.Duration
		access, refresh sim.State
	}{
		"strict":                       {sim.Rotation{}, false, 0, sim.Spent, sim.Spent},
		"within the grace":             {sim.Rotation{Grace: time.Minute, Overlap: time.Minute}, false, 59 * time.Second, sim.Alive, sim.Alive},
		"at the end of the grace":      {sim.Rotation{Grace: time.Minute, Overlap: time.Minute}, false, time.Minute, sim.Spent, sim.Spent},
		"kept to its own end":          {sim.Rotation{Grace: sim.Keep, Overlap: sim.Keep}, false, 59 * time.Minute, sim.Alive, sim.Alive},
		"kept, past its own end":       {sim.Rotation{Grace: sim.Keep, Overlap: sim.Keep}, false, time.Hour, sim.Expired, sim.Alive},
		"first use, not yet used":      {sim.Rotation{FirstUse: true}, false, 0, sim.Spent, sim.Alive},
		"first use, used":              {sim.Rotation{FirstUse: true}, true, 0, sim.Spent, sim.Spent},
		"past the refresh token's end": {sim.Rotation{Grace: sim.Keep, Overlap: sim.Keep}, false, 2 * time.Hour, sim.Expired, sim.Expired},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				clock := sim.NewClock()
				ledger := sim.NewKit("toy", clock, nil, "", nil).Ledger
				now := clock.Now()
				shop := sim.Subject{Kind: "shop", ID: "1"}
				old := ledger.Issue(sim.Pair{App: "a", Subject: shop, Access: "A1", Refresh: "R1", ExpiresAt: now.Add(time.Hour), RefreshExpiresAt: now.Add(2 * time.Hour)})
				later := ledger.Issue(sim.Pair{App: "a", Subject: shop, Access: "A2", Refresh: "R2"})
				if c.use {
					ledger.Use(later)
				}
				if err := clock.Advance(context.Background(), c.after); err != nil {
					t.Fatal(err)
				}
				if got := ledger.AccessState(old, c.rotation); got != c.access {
					t.Errorf("access token's state = %d, want %d", got, c.access)
				}
				if got := ledger.RefreshState(old, c.rotation); got != c.refresh {
					t.Errorf("refresh token's state = %d, want %d", got, c.refresh)
				}
				if later.Generation != 2 || ledger.Latest("a", shop) != later || ledger.ByAccess("A1") != old {
					t.Errorf("the ledger lost count: generation %d", later.Generation)
				}
			})
		})
	}
}

func TestRevokedPairsStayRevoked(t *testing.T) {
	ledger := sim.NewKit("toy", sim.NewClock(), nil, "", nil).Ledger
	shop := sim.Subject{Kind: "shop", ID: "1"}
	pair := ledger.Issue(sim.Pair{App: "a", Subject: shop, Access: "A1", Refresh: "R1"})
	ledger.Revoke("a", shop)
	keep := sim.Rotation{Grace: sim.Keep, Overlap: sim.Keep}
	if ledger.AccessState(pair, keep) != sim.Revoked || ledger.RefreshState(pair, keep) != sim.Revoked {
		t.Error("a revoked pair still works")
	}
	if ledger.AccessState(ledger.ByAccess("nothing"), keep) != sim.Unknown {
		t.Error("a token that was never issued is known")
	}
	next := ledger.Issue(sim.Pair{App: "a", Subject: shop, Access: "A2"})
	if ledger.AccessState(next, keep) != sim.Alive {
		t.Error("a pair issued after the revocation does not work")
	}
}

func TestCodesAreUsedOnceAndEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := sim.NewClock()
		ledger := sim.NewKit("toy", clock, nil, "", nil).Ledger
		spent := ledger.AddCode(sim.Code{Code: "c1", Ends: clock.Now().Add(time.Minute)})
		left := ledger.AddCode(sim.Code{Code: "c2", Ends: clock.Now().Add(time.Minute)})
		if got := ledger.CodeState(ledger.Code("c1")); got != sim.Alive {
			t.Errorf("fresh code's state = %d", got)
		}
		ledger.Spend(spent)
		time.Sleep(time.Minute)
		if ledger.CodeState(spent) != sim.Spent || ledger.CodeState(left) != sim.Expired || ledger.CodeState(ledger.Code("c3")) != sim.Unknown {
			t.Error("codes are not spent, expired and unknown")
		}
	})
}
