package shoplazza_test

import (
	"encoding/json"
	"html"
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
	for _, row := range simtest.Rows(t) {
		if row.Local() {
			continue
		}
		t.Run(row.Stage+"/"+row.Code, func(t *testing.T) {
			w.T = t
			pair := w.pair(w.Shop(0))
			name := row.Code
			if row.Example != "" {
				name += " " + row.Example
			}
			w.Do("POST", "/shoplazza/faults", map[string]any{"fault": name, "times": 1})
			r := w.meet(row, pair)
			if text := html.UnescapeString(r.Text); !regexp.MustCompile(row.Pattern).MatchString(text) {
				t.Errorf("answer %s does not match %q", text, row.Pattern)
			}
			if status, ok := strings.CutPrefix(row.Code, "http:"); ok {
				if want := strings.Replace(status[:3], "xx", "00", 1); strconv.Itoa(r.Status) != want {
					t.Errorf("status = %d, want %s", r.Status, want)
				}
			} else if row.Stage != "push" && !strings.Contains(r.Text, row.Code) {
				t.Errorf("answer %s does not hold the code", r.Text)
			}
			left := w.Do("GET", "/shoplazza/faults", nil)["faults"].([]any)
			if len(left) != 0 {
				t.Errorf("faults left = %v, want none", left)
				w.Do("DELETE", "/shoplazza/faults", nil)
			}
		})
	}
}

// meet makes a request of the stage of a row.
func (w *world) meet(row sim.Row, pair map[string]any) simtest.Reply {
	w.Helper()
	switch row.Stage {
	case "authorize":
		r := w.Ask("GET", w.link(), "", "")
		if at, err := url.Parse(r.Header.Get("Location")); err == nil {
			r.Text += at.Query().Get("error") + ": " + at.Query().Get("error_description")
		}
		return r
	case "token":
		return w.token(map[string]string{"grant_type": "authorization_code", "code": "c0de"})
	case "refresh":
		return w.refresh(pair["refresh_token"])
	}
	return w.call("GET", "/openapi/2022-01/shop", pair["access_token"], "")
}

func TestLocalRowsAreRefusedAsFaults(t *testing.T) {
	w := start(t)
	r := w.Ask("POST", w.Control+"/shoplazza/faults", "application/json", `{"fault":"local:no_answer"}`)
	if r.Status != http.StatusBadRequest {
		t.Errorf("fault of a situation = %d %s, want 400", r.Status, r.Text)
	}
	r = w.Ask("POST", w.Control+"/shoplazza/faults", "application/json", `{"fault":"no_such_code"}`)
	if r.Status != http.StatusBadRequest {
		t.Errorf("fault of an unknown code = %d %s, want 400", r.Status, r.Text)
	}
}

func TestCutBeforeLeavesThePlatformAsItWas(t *testing.T) {
	w := start(t)
	if got := w.cutRefresh("cut-before"); got != "1" {
		t.Errorf("generation = %s, want 1", got)
	}
}

func TestCutAfterActs(t *testing.T) {
	w := start(t)
	if got := w.cutRefresh("cut-after"); got != "2" {
		t.Errorf("generation = %s, want 2", got)
	}
}

// cutRefresh refreshes a pair while a fault breaks the connection, and returns the generation that the platform is at.
func (w *world) cutRefresh(fault string) string {
	w.Helper()
	pair := w.pair(w.Shop(0))
	w.Do("POST", "/shoplazza/faults", map[string]any{"fault": fault, "match": map[string]string{"path": "/admin/oauth/token", "subject": w.Shop(0)}})
	body, err := json.Marshal(map[string]any{
		"grant_type": "refresh_token", "refresh_token": pair["refresh_token"], "redirect_uri": callback,
		"client_id": w.App["client_id"], "client_secret": w.App["client_secret"],
	})
	if err != nil {
		w.Fatal(err)
	}
	if r, err := w.Try("POST", w.Base+"/admin/oauth/token", "application/json", string(body)); err == nil {
		w.Errorf("%s was answered: %d %s", fault, r.Status, r.Text)
	}
	grant := w.Do("GET", "/shoplazza/grants", nil)["grants"].([]any)[0].(map[string]any)
	return grant["generation"].(json.Number).String()
}

func TestGarbageSlowAndStatus(t *testing.T) {
	w := start(t)
	pair := w.pair(w.Shop(0))
	w.Set("slow", "10ms")
	for fault, want := range map[string]int{"garbage": 200, "status-503": 503, "slow": 200} {
		w.Do("POST", "/shoplazza/faults", map[string]any{"fault": fault})
		r := w.call("GET", "/openapi/2022-01/shop", pair["access_token"], "")
		if r.Status != want || (r.Body != nil) != (fault == "slow") {
			t.Errorf("%s = %d %q", fault, r.Status, r.Text)
		}
	}
}
