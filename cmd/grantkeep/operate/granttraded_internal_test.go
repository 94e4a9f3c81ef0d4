package operate

import (
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/client"
)

func TestTradedTokensAreCounted(t *testing.T) {
	end := gk.At(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC))
	grants := []client.Grant{
		{State: "active", Renewable: true, ExpiresAt: end},
		{State: "active", Renewable: true, ExpiresAt: end, InDoubt: true}, // a later refresh, not the trade
		{State: "active", Renewable: true},
		{State: "active", Renewable: true, InDoubt: true},
		{State: "active", Fault: &client.Fault{Code: "invalid_subject_token"}},
		{State: "active"},
		{State: "revoked"},
	}
	want := traded{Grants: 6, Pairs: 2, Waiting: 1, Unknown: 1, Refused: 1, Fixed: 1}
	if got := tradedOf(grants); got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
}
