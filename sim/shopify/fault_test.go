package shopify_test

import (
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
	w.Set("refusal_by_merchant", "access_denied")
	address, got := hook(t, 200)
	w.Do("POST", "/shopify/apps", map[string]any{"client_id": w.Setting("client_id"), "push_url": address})
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
			w.Do("POST", "/shopify/faults", map[string]any{"fault": name, "match": map[string]string{"stage": met(row)}})
			r := w.meet(row, pair)
			if left := w.Do("GET", "/shopify/faults", nil)["faults"].([]any); len(left) != 0 {
				t.Fatalf("faults left = %v, want none", left)
			}
			w.reads(row, r, got)
		})
	}
}

// met is the stage at which a row is met: pushes are told to those who call.
func met(row sim.Row) string {
	if row.Stage == "push" {
		return "call"
	}
	return row.Stage
}

// reads looks for a row in an answer, or for the push that it stands for.
func (w *world) reads(row sim.Row, r simtest.Reply, got chan *http.Request) {
	w.Helper()
	if row.Stage == "push" && strings.Contains(row.Code, "/") {
		if row.Code == "shop/redact" || row.Code == "app/uninstalled" {
			w.Advance(0)
		}
		if push := <-got; push.Header.Get("X-Shopify-Topic") != row.Code {
			w.Errorf("push = %s", push.Header.Get("X-Shopify-Topic"))
		}
		return
	}
	if text := html.UnescapeString(r.Text); !regexp.MustCompile(row.Pattern).MatchString(text) && r.Body["errors"] == nil {
		w.Errorf("answer %s does not match %q", text, row.Pattern)
	}
	kind, code, _ := strings.Cut(row.Code, ":")
	code, _, _ = strings.Cut(code, ":")
	switch kind {
	case "http":
		if want := strings.Replace(code, "xx", "00", 1); strconv.Itoa(r.Status) != want {
			w.Errorf("status = %d, want %s", r.Status, want)
		}
	case "graphql":
		if r.Status != 200 || r.Body["errors"] == nil || code != "*" && !strings.Contains(r.Text, `"code":"`+code+`"`) {
			w.Errorf("answer = %d %s, want errors with the code inside HTTP 200", r.Status, r.Text)
		}
	case "userErrors":
		if r.Status != 200 || !strings.Contains(r.Text, `"userErrors"`) {
			w.Errorf("answer = %d %s, want userErrors inside HTTP 200", r.Status, r.Text)
		}
	default:
		if !strings.Contains(r.Text, row.Code) {
			w.Errorf("answer %s does not hold the code", r.Text)
		}
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
		return w.token(map[string]string{"code": "c0de", "expiring": "1"})
	case "refresh":
		return w.refresh(pair["refresh_token"])
	}
	return w.call("GET", api+"shop.json", pair["access_token"], "")
}

func TestSituationsAreRefusedAsFaults(t *testing.T) {
	w := start(t)
	for _, name := range []string{"local:no_answer", "no_such_code"} {
		r := w.Ask("POST", w.Control+"/shopify/faults", "application/json", `{"fault":"`+name+`"}`)
		if r.Status != http.StatusBadRequest || !strings.Contains(r.Text, "invalid_subject_token") {
			t.Errorf("fault %s = %d %s, want 400 and the list of those that can be said", name, r.Status, r.Text)
		}
	}
}

func TestALostAnswerLeavesThePlatformOnePairAhead(t *testing.T) {
	w := start(t)
	pair := w.pair(w.Shop(0))
	w.Do("POST", "/shopify/faults", map[string]any{"fault": "cut-after", "match": map[string]string{"stage": "refresh", "subject": w.Shop(0)}})
	body := `{"client_id":"` + w.Setting("client_id") + `","client_secret":"` + w.Setting("client_secret") +
		`","grant_type":"refresh_token","refresh_token":"` + pair["refresh_token"].(string) + `"}`
	if r, err := w.Try("POST", w.Base+"/admin/oauth/access_token", "application/json", body); err == nil {
		t.Fatalf("a cut answer came: %s", r.Text)
	}
	again := w.good(w.refresh(pair["refresh_token"]))
	if r := w.ask(again["access_token"], "{ shop { id } }"); r.Body["data"] == nil {
		t.Errorf("call after the repeat = %s", r.Text)
	}
}
