package platform_test

import (
	"testing"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

func TestWhatATokenCanBeRefreshedWith(t *testing.T) {
	access, refresh := gk.NewSecret("At_1"), gk.NewSecret("Rt_1")
	for name, c := range map[string]struct {
		refresh platform.Refresh
		token   gk.Token
		want    bool
	}{
		"a pair":                               {platform.Refresh{Style: platform.Rotate}, gk.Token{Access: access, Refresh: refresh}, true},
		"an access token alone":                {platform.Refresh{Style: platform.Rotate}, gk.Token{Access: access}, false},
		"an access token that can be traded":   {platform.Refresh{Style: platform.Rotate, From: platform.FromAccess}, gk.Token{Access: access}, true},
		"nothing where a token is traded":      {platform.Refresh{Style: platform.Rotate, From: platform.FromAccess}, gk.Token{}, false},
		"nothing where the app asks by itself": {platform.Refresh{Style: platform.Reask}, gk.Token{}, true},
		"a pair that is never renewed":         {platform.Refresh{Style: platform.NoRefresh}, gk.Token{Access: access, Refresh: refresh}, false},
	} {
		if got := c.refresh.Asks(c.token); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
