package douyin_test

import (
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/grantkeep/grantkeep/sim"
	"github.com/grantkeep/grantkeep/sim/simtest"
)

// TestEveryRowCanBeSaid asks for each row that the platform itself can say and reads it in the platform's own shape.
func TestEveryRowCanBeSaid(t *testing.T) {
	w := start(t)
	address, got := hook(t, `{"code":0,"msg":"success"}`)
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
			w.Do("POST", "/douyin/faults", map[string]any{"fault": name, "match": map[string]string{"stage": stage}})
			r := w.meet(row, pair)
			if left := w.Do("GET", "/douyin/faults", nil)["faults"].([]any); len(left) != 0 {
				t.Fatalf("faults left = %v, want none", left)
			}
			number, sub, _ := strings.Cut(row.Code, ":")
			switch {
			case row.Stage == "push":
				w.says(`[{"tag":"0","msg_id":"0","data":"`, next(t, got).Header.Get("Body"))
				return
			case number == "old":
				if r.Field("sub_code") != "" || r.Field("msg") != row.Example || !strings.Contains(r.Text, `"code":`+sub) {
					t.Errorf("answer = %s, want the old number alone", r.Text)
				}
			case row.Stage == "authorize" || row.Code == "":
			default:
				w.refused("row", row.Code, r)
			}
			if r.Body == nil && !regexp.MustCompile(row.Pattern).MatchString(html.UnescapeString(r.Text)) ||
				r.Body != nil && row.Code != "10000" && !regexp.MustCompile(row.Pattern).MatchString(r.Field("sub_msg")+r.Field("msg")) {
				t.Errorf("answer %s has no text for %q", r.Text, row.Pattern)
			}
		})
	}
}

// meet makes a request of the stage of a row.
func (w *world) meet(row sim.Row, pair map[string]any) simtest.Reply {
	w.Helper()
	switch row.Stage {
	case "authorize":
		return w.Ask("GET", w.link(), "", "")
	case "token":
		return w.create("c0de")
	case "refresh":
		return w.refresh(pair["refresh_token"])
	}
	return w.orders(pair["access_token"])
}

func TestSituationsAreRefusedAsFaults(t *testing.T) {
	w := start(t)
	for _, name := range []string{"local:signature", "no_such_code"} {
		r := w.Ask("POST", w.Control+"/douyin/faults", "application/json", `{"fault":"`+name+`"}`)
		if r.Status != http.StatusBadRequest || !strings.Contains(r.Text, "50002:isv.business-failed:31012") {
			t.Errorf("fault %s = %d %s, want 400 and the list of those that can be said", name, r.Status, r.Text)
		}
	}
}
