package sim_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

func TestConsentLogsInAsTheOwnerAndAgrees(t *testing.T) {
	s := startToy(t)
	link := s.Base("toy") + "/authorize"
	for _, c := range []struct{ body, want string }{
		{`{"url":"` + link + `","shops":["2"]}`, "https://hub.example/cb?account=chain-1&shops=1"},
		{`{"url":"` + link + `","account":"chain-1"}`, "https://hub.example/cb?account=chain-1&shops=2"},
		{`{"url":"` + link + `"}`, "https://hub.example/cb?account=other&shops=2"},
		{`{"url":"` + link + `","decision":"deny"}`, ""},
	} {
		if got := s.do("POST", "/toy/consent", c.body)["callback"]; got != c.want {
			t.Errorf("consent %s came back at %q, want %q", c.body, got, c.want)
		}
	}
	for _, body := range []string{`{"url":"` + link + `","account":"nobody"}`, `{"url":"` + link + `","account":"chain-1","shops":["3"]}`, `{"url":"/authorize"}`} {
		if status, text := s.send("POST", s.Control()+"/toy/consent", body); status < 400 {
			t.Errorf("consent %s = %d %s, want an error", body, status, text)
		}
	}
}

func TestFaultsAreMetOnceInOrderAndByMatch(t *testing.T) {
	s := startToy(t)
	call := s.Base("toy") + "/call?shop="
	for _, name := range []string{"E1", " quiet please", "quiet please", "too many wait 7 s", "E9 never seen"} {
		s.do("POST", "/toy/faults", `{"fault":"`+name+`","match":{"subject":"1"}}`)
	}
	if status, text := s.send("GET", call+"2", ""); status != 200 {
		t.Errorf("call of another subject = %d %s, want 200", status, text)
	}
	for _, want := range []string{"E1 one", " quiet please", " quiet please", "too many wait 7 s", "E9 never seen"} {
		if _, text := s.send("GET", call+"1", ""); strings.TrimRight(text, "\n") != want {
			t.Errorf("call = %q, want %q", text, want)
		}
	}
	if status, _ := s.send("GET", call+"1", ""); status != 200 {
		t.Errorf("call after the faults = %d, want 200", status)
	}
	s.do("POST", "/toy/faults", `{"fault":"status-503","times":-1}`)
	s.send("GET", call+"1", "")
	if status, _ := s.send("GET", call+"1", ""); status != 503 {
		t.Errorf("second call with an endless fault = %d, want 503", status)
	}
	s.do("DELETE", "/toy/faults", "")
	if status, _ := s.send("GET", call+"1", ""); status != 200 {
		t.Errorf("call after clearing = %d, want 200", status)
	}
}

func TestARowOfAnotherStageIsNotSaid(t *testing.T) {
	s := startToy(t)
	s.do("POST", "/toy/faults", `{"fault":"E1 gone"}`)
	if status, text := s.send("GET", s.Base("toy")+"/call?shop=1", ""); status != 200 {
		t.Errorf("call = %d %s, want 200: the row belongs to refresh", status, text)
	}
}

func TestUnknownNamesAreRefused(t *testing.T) {
	s := startToy(t)
	for path, body := range map[string]string{
		"/toy/faults":  `{"fault":"local:lost"}`,
		"/toy/options": `{"no_such":1}`,
		"/toy/shops":   `{"count":"many"}`,
		"/toy/revoke":  `{"subjekt":"1"}`,
		"/clock":       `{"advance":"soon"}`,
		"/toy/calls":   `{}`,
	} {
		if status, text := s.send("POST", s.Control()+path, body); status < 400 || status > 422 {
			t.Errorf("POST %s %s = %d %s, want a refusal", path, body, status, text)
		}
	}
}

func TestOptionsChangeTogetherOrNotAtAll(t *testing.T) {
	s := startToy(t)
	s.do("POST", "/toy/options", `{"life":"2d","loud":true,"limit":7,"mood":"bad"}`)
	if status, _ := s.send("POST", s.Control()+"/toy/options", `{"life":"3d","limit":70}`); status != http.StatusBadRequest {
		t.Errorf("limit out of its bounds = %d, want 400", status)
	}
	got := map[string]any{}
	for _, o := range s.do("GET", "/toy/options", "")["options"].([]any) {
		option := o.(map[string]any)
		got[option["name"].(string)] = option["value"]
	}
	if got["life"] != "2d" || got["loud"] != true || got["limit"] != 7.0 || got["mood"] != "bad" || got["timestamps"] != "near" {
		t.Errorf("options = %v", got)
	}
}

func TestForeignNamesAndPagesAreTurnedAway(t *testing.T) {
	s := startToy(t)
	control := s.Control() + "/toy/revoke"
	for name, c := range map[string]struct {
		address string
		header  []string
		want    int
	}{
		"rebinding on control":  {control, []string{"Host", "evil.example"}, http.StatusMisdirectedRequest},
		"rebinding on platform": {s.Base("toy") + "/call", []string{"Host", "evil.example:80"}, http.StatusMisdirectedRequest},
		"foreign page":          {control, []string{"Sec-Fetch-Site", "cross-site"}, http.StatusForbidden},
		"page of another port":  {control, []string{"Sec-Fetch-Site", "same-site"}, http.StatusForbidden},
		"old browser":           {control, []string{"Origin", "https://evil.example"}, http.StatusForbidden},
		"form":                  {control, []string{"Content-Type", "text/plain"}, http.StatusUnsupportedMediaType},
		"form to the platform":  {s.Base("toy") + "/authorize", []string{"Sec-Fetch-Site", "cross-site"}, http.StatusForbidden},
	} {
		if status, text := s.send("POST", c.address, `{"subject":"1"}`, c.header...); status != c.want {
			t.Errorf("%s = %d %s, want %d", name, status, text, c.want)
		}
	}
	if status, _ := s.send("GET", s.Control()+"/toy/grants", "", "Sec-Fetch-Site", "cross-site"); status != http.StatusForbidden {
		t.Errorf("foreign page reading the grants = %d, want 403", status)
	}
	if status, _ := s.send("GET", s.Base("toy")+"/authorize", "", "Sec-Fetch-Site", "cross-site"); status != 200 {
		t.Errorf("link followed from another site = %d, want 200", status)
	}
}

func TestReadyLineSaysWhereEverythingIs(t *testing.T) {
	s := startToy(t)
	line, err := json.Marshal(s.Running)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Control   string
		Platforms map[string]struct {
			Base                string
			Apps, Shops, Owners []map[string]any
		}
	}
	if err := json.Unmarshal(line, &got); err != nil {
		t.Fatal(err)
	}
	toy := got.Platforms["toy"]
	if got.Control != s.Control() || toy.Base != s.Base("toy") || toy.Apps[0]["key"] != "app-1" || len(toy.Shops) != 2 || len(toy.Owners) != 1 {
		t.Errorf("ready line = %s", line)
	}
}

func TestCallsAreLoggedWithTheirDecision(t *testing.T) {
	s := startToy(t)
	s.send("GET", s.Base("toy")+"/call?shop=1", "")
	s.do("POST", "/toy/faults", `{"fault":"garbage"}`)
	s.send("GET", s.Base("toy")+"/call?shop=2", "")
	calls := s.do("GET", "/toy/calls", "")["calls"].([]any)
	first, second := calls[0].(map[string]any), calls[1].(map[string]any)
	if first["decision"] != "accepted" || first["subject"] != "1" || first["stage"] != "call" {
		t.Errorf("first call = %v", first)
	}
	if second["decision"] != "refused" || second["why"] != "fault on demand: garbage" {
		t.Errorf("second call = %v", second)
	}
}

// TestRulesAreAPage holds that the page of a simulator names every switch, with what it stands at, and errors that it can make.
func TestRulesAreAPage(t *testing.T) {
	s := startToy(t)
	status, page := s.send("GET", s.Control()+"/toy", "")
	if status != http.StatusOK || !strings.HasPrefix(page, "<!DOCTYPE html>") {
		t.Fatalf("GET /toy = %d %s", status, page)
	}
	switches, ok := s.do("GET", "/toy/options", "")["options"].([]any)
	if !ok || len(switches) == 0 {
		t.Fatal("there are no switches")
	}
	for _, o := range switches {
		name, ok := o.(map[string]any)["name"].(string)
		if !ok || !strings.Contains(page, "<code>"+name+"</code>") {
			t.Errorf("the page does not name the switch %v", o)
		}
	}
	if !strings.Contains(page, "<code>E1</code>") {
		t.Error("the page does not name the error E1")
	}
}
