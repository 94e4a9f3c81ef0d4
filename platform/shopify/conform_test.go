package shopify_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/platformtest"
	"github.com/grantkeep/grantkeep/platform/shopify"
	"github.com/grantkeep/grantkeep/sim"
	shopifysim "github.com/grantkeep/grantkeep/sim/shopify"
)

var driver = shopify.New()

// TestDriverAndSimulatorAgree runs the suite with the platform as its documents tell it, and with each point that they
// leave open the other way round.
func TestDriverAndSimulatorAgree(t *testing.T) {
	for name, options := range map[string]string{
		"as documented": `{}`,
		"the other way round": `{"repeat":"same_pair","query_signing":"pct","host_parameter":"padded","refusal_by_merchant":"access_denied",
			"refusals":"html","bad_secret":"invalid_request","callback_secret":"newest","refresh_answer":"without_expires_in",
			"implied_reads":"told","protected_code":"left_out","repeat_window":"0s","migration_window":"0s"}`,
		"a third way": `{"query_signing":"plus","host_parameter":"left_out","refresh_answer":"without_refresh_token","repeat_window":"60m",
			"plan":"plus","endless_tokens":"refused"}`,
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
		Platforms: []sim.Platform{{Name: driver.Spec().Code, New: shopifysim.New, Rows: rows}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := running.Close(); err != nil {
			t.Error(err)
		}
	})
	res, err := http.Post(running.Control()+"/shopify/options", "application/json", strings.NewReader(options))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("options %s: %s", options, res.Status)
	}
	platformtest.Run(t, driver, platformtest.Simulated{
		Control: running.Control(),
		Call:    platform.Call{Method: "POST", Path: "/admin/api/2026-10/graphql.json", Body: []byte(`{"query":"{ shop { id } }"}`)},
	})
}
