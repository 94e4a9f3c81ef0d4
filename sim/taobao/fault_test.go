package taobao_test

import (
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/grantkeep/grantkeep/sim"
	"github.com/grantkeep/grantkeep/sim/simtest"
)

var refusalOnPage = regexp.MustCompile(`(?s)<p class="refusal" role="alert">(.*?)</p>`)

// TestEveryRowCanBeSaid asks for each row that the platform itself can say and reads it in the platform's own shape.
func TestEveryRowCanBeSaid(t *testing.T) {
	w := start(t)
	pair := w.pair(w.Shop(0))
	for _, row := range simtest.Rows(t) {
		if row.Local() {
			continue
		}
		t.Run(row.Stage+"/"+row.Code+"/"+row.Example, func(t *testing.T) {
			w.T = t
			w.Do("POST", "/taobao/faults", map[string]any{"fault": strings.TrimSuffix(row.Code+" "+row.Example, " "), "match": map[string]string{"stage": row.Stage}})
			code, texts := w.meet(row, pair)
			pattern := regexp.MustCompile(row.Pattern)
			found := false
			for _, text := range texts {
				found = found || pattern.MatchString(text)
			}
			if !found {
				t.Errorf("none of %q matches %q", texts, row.Pattern)
			}
			if prefix, ok := strings.CutSuffix(row.Code, "*"); row.Code != "" && code != row.Code && (!ok || !strings.HasPrefix(code, prefix)) {
				t.Errorf("code = %q, want %q", code, row.Code)
			}
			if left := w.Do("GET", "/taobao/faults", nil)["faults"].([]any); len(left) != 0 {
				t.Errorf("faults left = %v, want none", left)
				w.Do("DELETE", "/taobao/faults", nil)
			}
		})
	}
}

// meet makes a request of the stage of a row and returns the code and the texts of the answer.
func (w *world) meet(row sim.Row, pair map[string]any) (code string, texts []string) {
	w.Helper()
	var r reply
	switch row.Stage {
	case "authorize":
		r = w.ask("GET", w.link(), "", "")
		if back, err := url.Parse(r.Header.Get("Location")); err == nil && back.Host != "" {
			return back.Query().Get("error"), []string{back.Query().Get("error_description")}
		}
		shown := refusalOnPage.FindStringSubmatch(r.Text)
		if shown == nil {
			w.Fatalf("page without a refusal: %s", r.Text)
		}
		text := html.UnescapeString(shown[1])
		if code, rest, ok := strings.Cut(text, ": "); ok && code == row.Code {
			return code, []string{rest}
		}
		if row.Code == "invalid_client" {
			code = row.Code // the page of a callback that does not match names no code
		}
		return code, []string{text}
	case "token", "refresh":
		r = w.exchange("c0de")
		if row.Stage == "refresh" {
			r = w.refresh(pair["refresh_token"])
		}
		if r.Status != 400 {
			w.Errorf("status = %d, want 400", r.Status)
		}
		return text(r.Body["error"]), []string{text(r.Body["error_description"])}
	}
	r = w.call("taobao.user.seller.get", "session", text(pair["access_token"]), "fields", "nick")
	if r.Status != 200 {
		w.Errorf("status = %d, want 200", r.Status)
	}
	e := at(r.Body, "error_response")
	code = text(at(e, "code"))
	if strings.Contains(row.Code, ":") {
		code += ":" + text(at(e, "sub_code"))
	}
	return code, []string{text(at(e, "msg")), text(at(e, "sub_code")), text(at(e, "sub_msg"))}
}

func TestOAuthRowsAreSaidOverTheGateway(t *testing.T) {
	w := start(t)
	w.Do("POST", "/taobao/faults", map[string]any{"fault": "refresh times limit exceed", "match": map[string]string{"stage": "refresh"}})
	r := w.call("taobao.top.auth.token.refresh", "refresh_token", "6101")
	if text(at(r.Body, "error_response", "sub_msg")) != "refresh times limit exceed" || r.refused() != "15 isv.top-auth-token-error" {
		t.Errorf("answer = %s", r.Text)
	}
}

func TestLocalRowsAreRefusedAsFaults(t *testing.T) {
	w := start(t)
	if r := w.ask("POST", w.Control+"/taobao/faults", "application/json", `{"fault":"local:subject_mismatch"}`); r.Status != 400 {
		t.Errorf("fault of a situation = %d %s, want 400", r.Status, r.Text)
	}
}
