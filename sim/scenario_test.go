package sim_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/sim"
)

const madeUpToken = "made-up-token-for-control-calls-0123456789"

// TestScenarioIsThereFromTheFirstRequest plays control calls at the start, and asks what came of them as a test suite
// elsewhere would: with the token.
func TestScenarioIsThereFromTheFirstRequest(t *testing.T) {
	scenario, err := sim.ReadScenario(strings.NewReader(`{"calls":[
		{"call":"POST /clock","body":{"set":"2027-01-01T00:00:00Z"}},
		{"call":"POST /toy/faults","body":{"fault":"status-503","times":3}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	s, err := sim.Start(t.Context(), sim.Options{
		Platforms: []sim.Platform{{Name: "toy", New: newToy}}, Scenario: scenario, Token: grantkeep.NewSecret(madeUpToken),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	ask := func(path, token string) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.Control()+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(text)
	}
	for path, want := range map[string]string{"/clock": "2027-01-01T", "/toy/faults": "status-503"} {
		if status, text := ask(path, madeUpToken); status != http.StatusOK || !strings.Contains(text, want) {
			t.Errorf("%s = %d %s, want %s", path, status, text, want)
		}
		for _, token := range []string{"", madeUpToken + "x", "made-up"} {
			if status, text := ask(path, token); status != http.StatusUnauthorized || strings.Contains(text, want) {
				t.Errorf("%s with another token = %d, want 401", path, status)
			}
		}
	}
	line, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(line), madeUpToken) {
		t.Error("the line that tells where the simulators are holds the token")
	}
}

// TestScenarioThatCannotBePlayedStopsTheStart expects words that name the call.
func TestScenarioThatCannotBePlayedStopsTheStart(t *testing.T) {
	for text, want := range map[string]string{
		`{"calls":[{"call":"POST /toy/faults","body":{"fault":"slow"}},{"call":"POST /other/faults","body":{}}]}`: "call 2, POST /other/faults, was refused with 404",
		`{"calls":[{"call":"POST /toy/options","body":{"nothing":"1"}}]}`:                                         "call 1, POST /toy/options, was refused with 4",
		`{"calls":[{"call":"GET /clock"}]}`:                                                                       `call 1: "GET /clock" is no control call`,
		`{"calls":[{"call":"clock"}]}`:                                                                            `call 1: "clock" is no control call`,
	} {
		scenario, err := sim.ReadScenario(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		s, err := sim.Start(t.Context(), sim.Options{Platforms: []sim.Platform{{Name: "toy", New: newToy}}, Scenario: scenario})
		if err == nil {
			_ = s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	for _, text := range []string{``, `[]`, `{"cals":[]}`, `{"calls":[]}{}`} {
		if _, err := sim.ReadScenario(strings.NewReader(text)); err == nil {
			t.Errorf("ReadScenario of %q succeeded", text)
		}
	}
}

// TestBeyondLoopbackATokenIsNeeded fails when somebody on the network could act as a merchant.
func TestBeyondLoopbackATokenIsNeeded(t *testing.T) {
	if s, err := sim.Start(t.Context(), sim.Options{Listen: "0.0.0.0", AnyAddress: true}); err == nil {
		_ = s.Close()
		t.Error("simulators listen on every address without a token")
	}
}
