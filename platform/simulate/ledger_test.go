package simulate_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grantkeep/grantkeep/platform/simulate"
)

func TestWhatBecomesOfAReplacedPair(t *testing.T) {
	for name, c := range map[string]struct {
		rotation        simulate.Rotation
		use             bool // the later access token is used
		after           time.Duration
		access, refresh simulate.State
	}{
		"strict":                       {simulate.Rotation{}, false, 0, simulate.Spent, simulate.Spent},
		"within the grace":             {simulate.Rotation{Grace: time.Minute, Overlap: time.Minute}, false, 59 * time.Second, simulate.Alive, simulate.Alive},
		"at the end of the grace":      {simulate.Rotation{Grace: time.Minute, Overlap: time.Minute}, false, time.Minute, simulate.Spent, simulate.Spent},
		"kept to its own end":          {simulate.Rotation{Grace: simulate.Keep, Overlap: simulate.Keep}, false, 59 * time.Minute, simulate.Alive, simulate.Alive},
		"kept, past its own end":       {simulate.Rotation{Grace: simulate.Keep, Overlap: simulate.Keep}, false, time.Hour, simulate.Expired, simulate.Alive},
		"first use, not yet used":      {simulate.Rotation{FirstUse: true}, false, 0, simulate.Spent, simulate.Alive},
		"first use, used":              {simulate.Rotation{FirstUse: true}, true, 0, simulate.Spent, simulate.Spent},
		"past the refresh token's end": {simulate.Rotation{Grace: simulate.Keep, Overlap: simulate.Keep}, false, 2 * time.Hour, simulate.Expired, simulate.Expired},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				clock := simulate.NewClock()
				ledger := simulate.NewKit("toy", clock, nil, "", nil).Ledger
				now := clock.Now()
				shop := simulate.Subject{Kind: "shop", ID: "1"}
				old := ledger.Issue(simulate.Pair{App: "a", Subject: shop, Access: "A1", Refresh: "R1", ExpiresAt: now.Add(time.Hour), RefreshExpiresAt: now.Add(2 * time.Hour)})
				later := ledger.Issue(simulate.Pair{App: "a", Subject: shop, Access: "A2", Refresh: "R2"})
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
	ledger := simulate.NewKit("toy", simulate.NewClock(), nil, "", nil).Ledger
	shop := simulate.Subject{Kind: "shop", ID: "1"}
	pair := ledger.Issue(simulate.Pair{App: "a", Subject: shop, Access: "A1", Refresh: "R1"})
	ledger.Revoke("a", shop)
	keep := simulate.Rotation{Grace: simulate.Keep, Overlap: simulate.Keep}
	if ledger.AccessState(pair, keep) != simulate.Revoked || ledger.RefreshState(pair, keep) != simulate.Revoked {
		t.Error("a revoked pair still works")
	}
	if ledger.AccessState(ledger.ByAccess("nothing"), keep) != simulate.Unknown {
		t.Error("a token that was never issued is known")
	}
	next := ledger.Issue(simulate.Pair{App: "a", Subject: shop, Access: "A2"})
	if ledger.AccessState(next, keep) != simulate.Alive {
		t.Error("a pair issued after the revocation does not work")
	}
}

func TestCodesAreUsedOnceAndEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := simulate.NewClock()
		ledger := simulate.NewKit("toy", clock, nil, "", nil).Ledger
		spent := ledger.AddCode(simulate.Code{Code: "c1", Ends: clock.Now().Add(time.Minute)})
		left := ledger.AddCode(simulate.Code{Code: "c2", Ends: clock.Now().Add(time.Minute)})
		if got := ledger.CodeState(ledger.Code("c1")); got != simulate.Alive {
			t.Errorf("fresh code's state = %d", got)
		}
		ledger.Spend(spent)
		time.Sleep(time.Minute)
		if ledger.CodeState(spent) != simulate.Spent || ledger.CodeState(left) != simulate.Expired || ledger.CodeState(ledger.Code("c3")) != simulate.Unknown {
			t.Error("codes are not spent, expired and unknown")
		}
	})
}
