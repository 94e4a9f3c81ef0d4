package lazada_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/platformtest"
	"github.com/grantkeep/grantkeep/sim"
	lazadasim "github.com/grantkeep/grantkeep/sim/lazada"
)

// TestDriverAndSimulatorAgree runs the suite with the platform as its documents tell it, and with points that they leave
// open the other way round.
func TestDriverAndSimulatorAgree(t *testing.T) {
	for name, options := range map[string]string{
		"as documented": `{}`,
		"the other way round": `{"old_refresh":"dies_at_once","new_refresh_string":"same","old_access":"dies","reconsent":"keeps",
			"refresh_life":"renewed","refusal_callback":"access_denied","seller_list":"object","country_case":"upper","id_type":"number",
			"account_id":"null","expires_type":"text","empty_values":"strict","redirect_uri":"domain"}`,
		"a lone seller": `{"seller_list":"user_info"}`,
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
		Platforms: []sim.Platform{{Name: driver.Spec().Code, New: lazadasim.New, Rows: rows}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := running.Close(); err != nil {
			t.Error(err)
		}
	})
	control(t, running, "/lazada/options", options)
	control(t, running, "/lazada/apps", registered(t, running))
	platformtest.Run(t, driver, platformtest.Simulated{
		Control:   running.Control(),
		Call:      platform.Call{Method: http.MethodGet, Path: "/orders/get", Query: url.Values{"created_after": {"2026-05-01T00:00:00+07:00"}, "limit": {"50"}}},
		EndUnsaid: "nothing is pushed about a revocation; the platform is asked instead",
	})
}

// registered returns the simulated app's settings with the callback that its console knows.
func registered(t *testing.T, running *sim.Running) string {
	t.Helper()
	line, err := json.Marshal(running)
	if err != nil {
		t.Fatal(err)
	}
	var ready struct {
		Platforms map[string]struct{ Apps []map[string]any }
	}
	if err := json.Unmarshal(line, &ready); err != nil {
		t.Fatal(err)
	}
	app := ready.Platforms["lazada"].Apps[0]
	app["redirect_uri"] = "https://hub.example.test/callback/app"
	if line, err = json.Marshal(app); err != nil {
		t.Fatal(err)
	}
	return string(line)
}

func control(t *testing.T, running *sim.Running, path, body string) {
	t.Helper()
	res, err := http.Post(running.Control()+path, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %s", path, body, res.Status)
	}
}
