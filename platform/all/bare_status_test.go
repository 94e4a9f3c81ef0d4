package all_test

import (
	"errors"
	"net/http"
	"testing"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// TestBareStatusEndsNoGrant answers a refresh with each 4xx and 5xx as a proxy or a firewall does, with nothing but the
// status in plain words: whoever was turned away in front of the platform still has what he had.
func TestBareStatusEndsNoGrant(t *testing.T) {
	withTokens(t, func(t *testing.T, d platform.Driver) {
		app := d.Spec().Open(platform.App{Now: asked, Settings: map[string]string{"partner_id": "2008899"}})
		for status := 400; status < 600; status++ {
			for _, body := range []string{"", http.StatusText(status), http.StatusText(status) + "\n"} {
				_, err := d.ReadIssues(app, platform.Asked{Stage: platform.StageRefresh, Subject: refreshed[d.Spec().Code].subject, At: asked},
					platform.Reply{Status: status, Body: []byte(body), Received: asked})
				var f *gk.Fault
				switch {
				case err == nil:
					t.Errorf("%d %q is read as a pair", status, body)
				case errors.As(err, &f) && !errors.Is(err, platform.ErrGarbage) && (f.Terminal || f.Action == gk.Reauthorize):
					t.Errorf("%d %q ends the grant: %s of row %s", status, body, f.Action, f.Row)
				}
			}
		}
	})
}
