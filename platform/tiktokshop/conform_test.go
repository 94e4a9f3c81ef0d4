package tiktokshop_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/platformtest"
	"github.com/grantkeep/grantkeep/sim"
	tiktokshopsim "github.com/grantkeep/grantkeep/sim/tiktokshop"
)

// TestDriverAndSimulatorAgree runs the suite with the platform as its documents tell it, and with each point that they
// leave open the other way round.
func TestDriverAndSimulatorAgree(t *testing.T) {
	for name, options := range map[string]string{
		"as documented": `{}`,
		"the other way round": `{"old_access":"dies","strict_grant_type":true,"refresh_after_access_end":false,"reauthorization":"lives",
			"decline":"access_denied","callback_extras":false,"expire_in":"seconds_left","granted_scopes":"left_out",
			"http_status":"always_200","push6":"first_only","message_style":"older"}`,
	} {
		t.Run(name, func(t *testing.T) { agree(t, options) })
	}
}

func agree(t *testing.T, options string) {
	var rows []sim.Row
	for _, r := range driver.Spec().Catalogue.Rows() {
		rows = append(rows, sim.Row{Stage: r.Stage, Code: r.Code, Pattern: r.PatternText, When: r.When, Example: r.Example, Action: string(r.Action)})
	}
	running, err := sim.Start(t.Context(), sim.Options{
		Platforms: []sim.Platform{{Name: driver.Spec().Code, New: tiktokshopsim.New, Rows: rows}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := running.Close(); err != nil {
			t.Error(err)
		}
	})
	res, err := http.Post(running.Control()+"/tiktokshop/options", "application/json", strings.NewReader(options))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("options %s: %s", options, res.Status)
	}
	platformtest.Run(t, driver, platformtest.Simulated{
		Control: running.Control(),
		Call:    platform.Call{Method: "GET", Path: "/authorization/202309/shops"},
	})
}
