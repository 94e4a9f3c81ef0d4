package lazada_test

import (
	"html"
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
	address, got := hook(t, 200)
	w.change(map[string]any{"push_url": address})
	for _, row := range simtest.Rows(t) {
		if row.Local() {
			continue
		}
		t.Run(row.Stage+"/"+row.Code, func(t *testing.T) {
			w.T = t
			pair := w.pair(w.Shop(0))
			name, stage := strings.TrimSpace(row.Code+" "+row.Example), row.Stage
			if stage == "push" { // told to those who call
				stage = "call"
			}
			w.Do("POST", "/lazada/faults", map[string]any{"fault": name, "match": map[string]string{"stage": stage}})
			r := w.meet(row, pair)
			if left := w.Do("GET", "/lazada/faults", nil)["faults"].([]any); len(left) != 0 {
				t.Fatalf("faults left = %v, want none", left)
			}
			if kind, code, ok := strings.Cut(row.Code, ":"); ok && kind == "push" {
				if push := next(t, got); !strings.Contains(push, `"message_type":`+code+",") || !regexp.MustCompile(row.Pattern).MatchString(push) {
					t.Errorf("push = %s, want one of type %s that matches %q", push, code, row.Pattern)
				}
				return
			}
			text := html.UnescapeString(r.Text)
			if message := r.Field("message"); message != "" {
				text = message
			}
			re := regexp.MustCompile(strings.ReplaceAll(row.Pattern, "^", ""))
			if !re.MatchString(text) || !strings.Contains(r.Text, row.Code) {
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
		r := w.Ask("GET", w.link(), "", "")
		if at, err := url.Parse(r.Header.Get("Location")); err == nil {
			r.Text += at.Query().Get("error")
		}
		return r
	case "token":
		return w.post(create, "code", "c0de")
	case "refresh":
		return w.refresh(pair["refresh_token"])
	}
	return w.seller("", pair["access_token"])
}

func TestSituationsAreRefusedAsFaults(t *testing.T) {
	w := start(t)
	for _, name := range []string{"local:signature", "no_such_code"} {
		r := w.Ask("POST", w.Control+"/lazada/faults", "application/json", `{"fault":"`+name+`"}`)
		if r.Status != http.StatusBadRequest || !strings.Contains(r.Text, "AUTH_TYPE_UNSUPPORTED") {
			t.Errorf("fault %s = %d %s, want 400 and the list of those that can be said", name, r.Status, r.Text)
		}
	}
}

func TestALostAnswerCanBeAskedForAgain(t *testing.T) {
	w := start(t)
	pair := w.pair(w.Shop(0))
	w.Do("POST", "/lazada/faults", map[string]any{"fault": "cut-after", "match": map[string]string{"stage": "refresh"}})
	if r, err := w.Try("POST", w.Base+"/rest"+refresh, form, w.signed(refresh, "refresh_token", pair["refresh_token"].(string)).Encode()); err == nil {
		t.Fatalf("a cut answer came: %s", r.Text)
	}
	w.good(w.refresh(pair["refresh_token"]))
	w.Set("old_refresh", "dies_at_once")
	w.refused("repeat where a refresh token dies", "IllegalRefreshToken", w.refresh(pair["refresh_token"]))
	w.good(w.seller("sg", pair["access_token"]))
}
