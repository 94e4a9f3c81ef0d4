package platform_test

import (
	"testing"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

func TestWhatATokenCanBeRenewedWith(t *testing.T) {
	access, refresh := gk.NewSecret("At_1"), gk.NewSecret("Rt_1")
	for name, c := range map[string]struct {
		renewal platform.Renewal
		token   gk.Token
		want    bool
	}{
		"a pair":                               {platform.Renewal{Style: platform.Rotate}, gk.Token{Access: access, Refresh: refresh}, true},
		"an access token alone":                {platform.Renewal{Style: platform.Rotate}, gk.Token{Access: access}, false},
		"an access token that can be traded":   {platform.Renewal{Style: platform.Rotate, From: platform.FromAccess}, gk.Token{Access: access}, true},
		"nothing where a token is traded":      {platform.Renewal{Style: platform.Rotate, From: platform.FromAccess}, gk.Token{}, false},
		"nothing where the app asks by itself": {platform.Renewal{Style: platform.Reask}, gk.Token{}, true},
		"a pair that is never renewed":         {platform.Renewal{Style: platform.NoRenewal}, gk.Token{Access: access, Refresh: refresh}, false},
	} {
		if got := c.renewal.Asks(c.token); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
