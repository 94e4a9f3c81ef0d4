package platformtest

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// Answers gives a driver answers of a token address and of calls that no platform should give, but that come.
func Answers(t *testing.T, d platform.Driver, s Sample) {
	t.Helper()
	if d.Spec().Facts.Tokens {
		t.Run("a token answer that cannot be trusted is an unknown outcome", func(t *testing.T) { poisonedAnswers(t, d, s) })
		t.Run("a name in a token answer costs no pair", func(t *testing.T) { namesCostNoPair(t, d, s) })
		t.Run("the edge's page at a token address is a refusal", func(t *testing.T) { pageIsARefusal(t, d, s) })
		t.Run("a bare status ends no grant", func(t *testing.T) { bareStatusEndsNothing(t, d, s) })
	}
	t.Run("a good status alone is no success", func(t *testing.T) { goodStatusIsNoSuccess(t, d, s) })
}

// refreshed hands a driver the sample's answer to a refresh, with parts replaced.
func (s Sample) refreshed(d platform.Driver, with ...string) ([]platform.Issue, error) {
	with = append(with, "ACCESS", `"At_2"`, "REFRESH", `"Rt_2"`, "LIFE", "14400", "NAME", `"demo-7"`)
	return s.answered(d, platform.StageRefresh, http.StatusOK, strings.NewReplacer(with...).Replace(s.Refreshed))
}

// answered hands a driver an answer to a token request.
func (s Sample) answered(d platform.Driver, stage string, status int, body string) ([]platform.Issue, error) {
	asked := platform.Asked{Stage: stage, Subject: s.subject(), At: sampled}
	return d.ReadIssues(s.app(d), asked, platform.Reply{Status: status, Body: []byte(body), Received: sampled})
}

// poison are parts that would put something into the place of a good pair that nobody can use.
var poison = map[string][]string{
	"a token with a line break":           {"ACCESS", `"At_2\r\nX-Evil: 1"`},
	"a token with a NUL":                  {"ACCESS", `"At_2\u0000"`},
	"a token with an escape character":    {"ACCESS", `"\u001b[2JAt_2"`},
	"a token with DEL":                    {"ACCESS", `"At_2\u007f"`},
	"a token beyond ASCII":                {"ACCESS", `"Ат_2"`},
	"a token of 200 kB":                   {"ACCESS", `"` + strings.Repeat("a", 200<<10) + `"`},
	"a token that is a number":            {"ACCESS", `6201`},
	"a token that is a list":              {"ACCESS", `["At_2"]`},
	"an empty token":                      {"ACCESS", `""`},
	"a refresh token with a line break":   {"REFRESH", `"Rt_2\n"`},
	"a refresh token with a NUL":          {"REFRESH", `"\u0000"`},
	"a refresh token of 200 kB":           {"REFRESH", `"` + strings.Repeat("r", 200<<10) + `"`},
	"a refresh token that is a number":    {"REFRESH", `6202`},
	"a life below zero":                   {"LIFE", `-1`},
	noLife:                                {"LIFE", `0`},
	"a life of 1e18":                      {"LIFE", `1e18`},
	"a life of a quintillion seconds":     {"LIFE", `1000000000000000000`},
	"a life beyond 64 bits":               {"LIFE", `99999999999999999999`},
	"a life that is not a number":         {"LIFE", `"NaN"`},
	"a life with words":                   {"LIFE", `"4 hours"`},
	"a life with a line break":            {"LIFE", `"14400\r\n"`},
	"a broken life":                       {"LIFE", `14400.5`},
	"a life that is true":                 {"LIFE", `true`},
	"a second access token":               {"ACCESS", `"At_2","access_token":"At_3"`},
	"a second refresh token":              {"REFRESH", `"Rt_2","refresh_token":"Rt_3"`},
	"a second token within something":     {"LIFE", `14400,"more":{"a":1,"a":2}`},
	"another object behind it":            {"REFRESH", `"Rt_2"}{"access_token":"At_3"`},
	"an access token in another spelling": {"ACCESS", `null,"Access_Token":"At_2"`},
}

const noLife = "no life at all"

func poisonedAnswers(t *testing.T, d platform.Driver, s Sample) {
	issues, err := s.refreshed(d)
	if err != nil || len(issues) != 1 || issues[0].Token.Access.Reveal() != "At_2" || issues[0].Token.Refresh.Reveal() != "Rt_2" {
		t.Fatalf("the good answer: %d issues, %v", len(issues), err)
	}
	if got := issues[0].Token.Expires; !got.Equal(sampled.Add(4 * time.Hour)) {
		t.Errorf("the good answer ends at %s", got)
	}
	for name, with := range poison {
		if name == noLife && s.ZeroLife {
			continue
		}
		issues, err := s.refreshed(d, with...)
		if !errors.Is(err, platform.ErrGarbage) || len(issues) > 0 {
			t.Errorf("%s: %d issues, %v; want an unknown outcome", name, len(issues), err)
		}
		if err != nil && strings.ContainsAny(err.Error(), "\r\n\x00") {
			t.Errorf("%s: the error repeats the answer: %q", name, err)
		}
	}
}

// namesCostNoPair sends along a name that PostgreSQL would not store.
func namesCostNoPair(t *testing.T, d platform.Driver, s Sample) {
	issues, err := s.refreshed(d, "NAME", `"de\u0000mo%00-\r7\ud800"`)
	if err != nil || len(issues) != 1 {
		t.Fatalf("%d issues, %v", len(issues), err)
	}
	i := issues[0]
	kept := append([]string{i.Subject.Name, i.Subject.Host, i.Subject.ID}, i.Scopes...)
	for _, fact := range i.Facts {
		kept = append(kept, fact)
	}
	for _, text := range kept {
		if strings.ContainsAny(text, "\x00\r\n") {
			t.Errorf("kept %q", text)
		}
	}
}

// pageIsARefusal: whoever was turned away in front of the platform has spent nothing.
func pageIsARefusal(t *testing.T, d platform.Driver, s Sample) {
	const page = `<html><head><title>403 Forbidden</title></head><body><center><h1>403 Forbidden</h1></center></body></html>`
	for _, stage := range []string{platform.StageToken, platform.StageRefresh} {
		for _, status := range []int{400, 401, 403, 404, 405, 413, 429} {
			for _, body := range []string{page, "Access denied.", ""} {
				issues, err := s.answered(d, stage, status, body)
				var f *gk.Fault
				if !errors.As(err, &f) || errors.Is(err, platform.ErrGarbage) || len(issues) > 0 {
					t.Errorf("%s, %d %.10q: %v; want a refusal", stage, status, body, err)
					continue
				}
				if !f.Known {
					t.Errorf("%s, %d %.10q: nobody knows what it is: %+v", stage, status, body, f)
				}
				if f.Terminal || f.Action == gk.Reauthorize {
					t.Errorf("%s, %d %.10q: %s, terminal %t: a page ends no grant", stage, status, body, f.Action, f.Terminal)
				}
			}
		}
		for _, status := range []int{200, 408, 409, 500, 502, 504} {
			if _, err := s.answered(d, stage, status, page); !errors.Is(err, platform.ErrGarbage) {
				t.Errorf("%s, %d with a page: %v; want an unknown outcome", stage, status, err)
			}
		}
	}
}

// bareStatusEndsNothing answers a refresh with each 4xx and 5xx as a proxy or a firewall does, with nothing but the status
// in plain words: whoever was turned away in front of the platform still has what he had.
func bareStatusEndsNothing(t *testing.T, d platform.Driver, s Sample) {
	for status := 400; status < 600; status++ {
		for _, body := range []string{"", http.StatusText(status), http.StatusText(status) + "\n"} {
			_, err := s.answered(d, platform.StageRefresh, status, body)
			var f *gk.Fault
			switch {
			case err == nil:
				t.Errorf("%d %q is read as a pair", status, body)
			case errors.As(err, &f) && !errors.Is(err, platform.ErrGarbage) && (f.Terminal || f.Action == gk.Reauthorize):
				t.Errorf("%d %q ends the grant: %s of row %s", status, body, f.Action, f.Row)
			}
		}
	}
}

// foreignAnswers are answers to a call that somebody else wrote: a page, an error in another platform's form, a refusal
// without words.
var foreignAnswers = map[string]string{
	"a page":                     loginPage,
	"another platform's refusal": `{"error_response":{"code":7,"msg":"App Call Limited","sub_code":"accesscontrol.x"}}`,
	"a refusal of a proxy":       `{"errcode":40001,"errmsg":"invalid credential"}`,
}

const loginPage = "<!DOCTYPE html><html><head><title>Log in to the network</title></head><body></body></html>"

func goodStatusIsNoSuccess(t *testing.T, d platform.Driver, s Sample) {
	diagnose := func(status int, body string) *gk.Fault {
		asked := platform.Asked{Stage: platform.StageCall, At: sampled}
		return d.Diagnose(s.app(d), asked, platform.Reply{Status: status, Body: []byte(body), Received: sampled})
	}
	for name, body := range foreignAnswers {
		own := strings.Contains(s.Refused.Body, "error_response") && name == "another platform's refusal"
		if own || s.AnyContent && body != loginPage {
			continue // that form is the platform's own, or any object may be content
		}
		if f := diagnose(http.StatusOK, body); f == nil || f.Terminal || f.Message == "" && body != loginPage {
			t.Errorf("%s: %+v; want a fault that ends nothing and says what stands there", name, f)
		}
	}
	for _, body := range []string{"", "slow down", loginPage, `{"msg":"slow down"}`} {
		if f := diagnose(http.StatusTooManyRequests, body); f == nil || f.Terminal || f.Action != gk.Backoff {
			t.Errorf("429 %.12q: %+v; want a fault that waits", body, f)
		}
	}
}
