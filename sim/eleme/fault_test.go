package eleme_test

import (
	"net/http"
	"net/url"
	"regexp"
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
		t.Run(row.Stage+"/"+row.Code+" "+row.Example, func(t *testing.T) {
			w.T = t
			access, refresh := w.pair(0)
			name := row.Code
			if row.Example != "" {
				name += " " + row.Example
			}
			w.Do("POST", "/eleme/faults", map[string]any{"fault": name})
			r := w.meet(row, access, refresh)
			code := said(row)
			message, ok := strings.CutPrefix(r.failure(), code)
			if message = strings.TrimPrefix(message, " "); !ok || !regexp.MustCompile(row.Pattern).MatchString(message) {
				t.Errorf("the answer is %q %s, want %s and a text that matches %s", r.failure(), r.Text, code, row.Pattern)
			}
			if left := w.Do("GET", "/eleme/faults", nil)["faults"].([]any); len(left) != 0 {
				t.Errorf("faults left = %v, want none", left)
				w.Do("DELETE", "/eleme/faults", nil)
			}
		})
	}
}

// said is the code with which a request meets a row. A row about pushes acts, and the request goes on.
func said(row sim.Row) string {
	switch row.Code {
	case "*":
		return "VALIDATION_FAILED"
	case "BIZ_*":
		return "BIZ_EXCEPTION"
	case "type=100":
		return "UNAUTHORIZED" // the merchant cancelled: the token is dead
	case "invalid_signature":
		return ""
	}
	return row.Code
}

// meet makes a request of the stage of a row.
func (w *world) meet(row sim.Row, access, refresh string) reply {
	w.Helper()
	switch row.Stage {
	case "authorize":
		change := []string{}
		if row.When == "!sent:redirect_uri" {
			change = []string{"redirect_uri", ""}
		}
		r := w.ask("GET", w.link(change...), "")
		if at, err := url.Parse(r.Header.Get("Location")); err == nil && r.Status == http.StatusFound {
			r.Body = map[string]any{"error": at.Query().Get("error"), "error_description": at.Query().Get("error_description")}
		}
		return r
	case "token":
		return w.exchange("c0de")
	case "refresh":
		return w.refresh(refresh)
	}
	return w.call("eleme.user.getUser", access, nil)
}

// TestFaultsOfAPlatformThatFails are those that no row is about.
func TestFaultsOfAPlatformThatFails(t *testing.T) {
	w := start(t)
	access, _ := w.pair(0)
	w.Set("slow", "10ms")
	for fault, want := range map[string]int{"garbage": 200, "status-503": 503, "slow": 200} {
		w.Do("POST", "/eleme/faults", map[string]any{"fault": fault})
		r := w.call("eleme.user.getUser", access, nil)
		if r.Status != want || (r.Body != nil) != (fault == "slow") {
			t.Errorf("%s = %d %q", fault, r.Status, r.Text)
		}
	}
}

func TestLocalRowsAreNoFaults(t *testing.T) {
	w := start(t)
	r := w.ask("POST", w.Control+"/eleme/faults", `{"fault":"local:callback_polluted"}`, "Content-Type", "application/json")
	if r.Status != http.StatusBadRequest {
		t.Errorf("fault of a situation = %d %s, want 400", r.Status, r.Text)
	}
}
