package eleme_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/platformtest"
	"github.com/grantkeep/grantkeep/sim"
	elemesim "github.com/grantkeep/grantkeep/sim/eleme"
)

// TestDriverAndSimulatorAgree runs the suite with the platform as its documents tell it, and with each point that they
// leave open the other way round.
func TestDriverAndSimulatorAgree(t *testing.T) {
	for name, options := range map[string]string{
		"as documented": `{}`,
		"the other way round": `{"authorize_errors":"callback","cancel_error":"unauthorized_client","error_status":200,"nop_status":400,
			"token_status":"text","relieve_time":"number","push_user_id":"text","unknown_refresh":"invalid_request",
			"revoked_refresh":"unauthorized","enterprise_overlap":"0","gap_text":"lock"}`,
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
		Platforms: []sim.Platform{{Name: driver.Spec().Code, New: elemesim.New, Rows: rows}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := running.Close(); err != nil {
			t.Error(err)
		}
	})
	res, err := http.Post(running.Control()+"/eleme/options", "application/json", strings.NewReader(options))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("options %s: %s", options, res.Status)
	}
	platformtest.Run(t, driver, platformtest.Simulated{
		Control: running.Control(),
		Call:    platform.Call{Operation: "eleme.user.getUser", Params: []byte(`{}`)},
		Unsaid:  map[string]string{"authorize/invalid_request#4": "without a redirect_uri nobody can be sent back"},
	})
}
