package tiktokshop_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/grantkeep/grantkeep/sim"
	"github.com/grantkeep/grantkeep/sim/simtest"
)

// TestEveryRowCanBeSaid asks for each row that the platform itself can say and reads it in the platform's own shape.
func TestEveryRowCanBeSaid(t *testing.T) {
	w := start(t)
	address, got := hook(t, 200)
	w.change(map[string]any{"push_url": address})
	for _, row := range simtest.Rows(t) {
		if row.Local() {
			continue
		}
		t.Run(row.Stage+"/"+row.Code, func(t *testing.T) {
			w.T = t
			pair := w.pair()
			name, stage := row.Code, row.Stage
			if row.Example != "" {
				name += " " + row.Example
			}
			if stage == "push" || stage == "inspect" { // told to those who call
				stage = "call"
			}
			w.Do("POST", "/tiktokshop/faults", map[string]any{"fault": name, "match": map[string]string{"stage": stage}})
			r := w.meet(row, pair)
			if left := w.Do("GET", "/tiktokshop/faults", nil)["faults"].([]any); len(left) != 0 {
				t.Fatalf("faults left = %v, want none", left)
			}
			kind, code, _ := strings.Cut(row.Code, ":")
			switch {
			case kind == "push":
				for !strings.Contains(next(t, got).Header.Get("Body"), `"type":`+code+",") {
					continue // of a shop that a revocation took along
				}
			case kind == "http":
				if want := strings.Replace(code, "xx", "00", 1); strconv.Itoa(r.Status) != want || r.Body != nil {
					t.Errorf("answer = %d %s, want the bare status %s", r.Status, r.Text, want)
				}
			case !strings.Contains(r.Text, row.Code) || !regexp.MustCompile(row.Pattern).MatchString(r.Text):
				t.Errorf("answer %s does not hold the code, or a text for %q", r.Text, row.Pattern)
			}
		})
	}
}

// meet makes a request of the stage of a row.
func (w *world) meet(row sim.Row, pair map[string]any) simtest.Reply {
	w.Helper()
	switch row.Stage {
	case "authorize":
		r := w.Ask("GET", w.link("9f2c"), "", "")
		if at, err := url.Parse(r.Header.Get("Location")); err == nil {
			r.Text += at.Query().Get("error")
		}
		return r
	case "token":
		return w.get("c0de")
	case "refresh":
		return w.refresh(pair["refresh_token"])
	}
	return w.call("GET", shopsPath, pair["access_token"], "")
}

func TestSituationsAreRefusedAsFaults(t *testing.T) {
	w := start(t)
	for _, name := range []string{"local:no_answer", "no_such_code"} {
		r := w.Ask("POST", w.Control+"/tiktokshop/faults", "application/json", `{"fault":"`+name+`"}`)
		if r.Status != http.StatusBadRequest || !strings.Contains(r.Text, "36004005") {
			t.Errorf("fault %s = %d %s, want 400 and the list of those that can be said", name, r.Status, r.Text)
		}
	}
}

func TestALostAnswerSpendsTheRefreshToken(t *testing.T) {
	w := start(t)
	pair := w.pair()
	w.Do("POST", "/tiktokshop/faults", map[string]any{"fault": "cut-after", "match": map[string]string{"stage": "refresh"}})
	query := url.Values{
		"app_key": {w.Setting("app_key")}, "app_secret": {w.Setting("app_secret")}, "grant_type": {"refresh_token"},
		"refresh_token": {pair["refresh_token"].(string)},
	}
	// A connection of its own: net/http repeats a GET by itself when one that it has used before breaks.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.Base+"/api/v2/token/refresh?"+query.Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if res, err := client.Do(req); err == nil {
		t.Errorf("a cut answer came: %d, %v", res.StatusCode, res.Body.Close())
	}
	w.refused("repeat", "36004005", w.refresh(pair["refresh_token"]))
	if len(w.shops(pair["access_token"])) != 3 {
		t.Error("the former access token died with its refresh token")
	}
}
