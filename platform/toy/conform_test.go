package toy_test

import (
	"net/http"
	"testing"

	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/platformtest"
)

// TestDriverAndSimulatorAgree runs the suite that every platform passes, once for each kind of pair that the toy has.
func TestDriverAndSimulatorAgree(t *testing.T) {
	for _, profile := range []string{"plain", "lazy", "once", "pasted"} {
		t.Run(profile, func(t *testing.T) {
			s := startSimulator(t, profile)
			platformtest.Run(t, newDriver(), platformtest.Simulated{
				Control: s.Control(),
				Call:    platform.Call{Method: http.MethodGet, Path: "/me"},
			})
		})
	}
}
