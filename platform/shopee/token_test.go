package shopee_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

func TestRecoveryCodes(t *testing.T) {
	for name, c := range map[string]struct {
		params     url.Values
		path, body string
	}{
		"resend":  {url.Values{"resend_code": {"726573656e64"}}, "/api/v2/public/get_token_by_resend_code", `{"resend_code":"726573656e64"}`},
		"upgrade": {url.Values{"upgrade_code": {"757067"}, "shop_id_list": {"60012,60013"}}, "/api/v2/public/get_refresh_token_by_upgrade_code", `{"upgrade_code":"757067","shop_id_list":[60012,60013]}`},
	} {
		req, err := driver.ExchangeRequest(testApp(), platform.Callback{Params: c.params})
		if err != nil || !strings.HasPrefix(req.URL, "https://partner.shopeemobile.com"+c.path+"?") || string(req.Body) != c.body {
			t.Errorf("%s: request = %+v, %v", name, req, err)
		}
	}
	if _, err := driver.ExchangeRequest(testApp(), platform.Callback{Params: url.Values{"upgrade_code": {"757067"}}}); err == nil {
		t.Error("an upgrade code without shops was accepted")
	}

	asked := platform.Asked{Stage: platform.StageToken, At: now}
	issues, err := driver.ReadIssues(testApp(), asked, reply(200,
		`{"access_token":"a1","refresh_token":"b1","expire_in":14400,"merchant_id_list":[1009001,1009002],"error":"","message":""}`))
	if err != nil || len(issues) != 2 || !issues[0].Shared || issues[1].Subject != (gk.Subject{Kind: "merchant", ID: "1009002"}) {
		t.Errorf("resend: issues = %+v, %v", issues, err)
	}
	issues, err = driver.ReadIssues(testApp(), asked, reply(200,
		`{"response":{"success_shop_id_list":[60012],"refresh_token":"b1","failure_list":[{"shop_id":60013,"failed_reason":"x"}]},"error":""}`))
	if err != nil || len(issues) != 1 || issues[0].Subject.ID != "60012" || issues[0].Token.Refresh.Reveal() != "b1" || !issues[0].Shared {
		t.Errorf("upgrade: issues = %+v, %v", issues, err)
	}
	_, err = driver.ReadIssues(testApp(), asked, reply(200, `{"response":{"failure_list":[{"shop_id":60013,"failed_reason":"x"}]},"error":""}`))
	var f *gk.Fault
	if !errors.As(err, &f) || f.Code != "hub_upgrade_code_failed" {
		t.Errorf("upgrade without a success: %v", err)
	}
}

func reply(status int, body string) platform.Reply {
	return platform.Reply{Status: status, Body: []byte(body), Received: now}
}

// An answer that is neither pair nor refusal leaves the outcome unknown.
func TestTokenAnswersThatCannotBeRead(t *testing.T) {
	asked := platform.Asked{Stage: platform.StageRefresh, Subject: shopCred.Subject, At: now}
	pair := `{"access_token":"a1","refresh_token":"b1","expire_in":14400,"shop_id":77001234,"error":""}`
	for name, r := range map[string]platform.Reply{
		"5xx with a pair":     reply(502, pair),
		"5xx with an error":   reply(500, `{"error":"error_auth","message":"Invalid refresh_token."}`),
		"html":                reply(200, "<html><body>Bad Gateway</body></html>"),
		"empty":               reply(200, ""),
		"cut":                 reply(200, pair[:40]),
		"two values":          reply(200, pair+pair),
		"truncated":           {Status: 200, Body: []byte(pair), Truncated: true},
		"no token":            reply(200, `{"error":"","message":""}`),
		"no refresh token":    reply(200, `{"access_token":"a1","expire_in":14400}`),
		"empty refresh token": reply(200, `{"access_token":"a1","refresh_token":"","expire_in":14400}`),
		"token of numbers":    reply(200, `{"access_token":1,"refresh_token":2,"expire_in":14400}`),
		"repeated token":      reply(200, `{"access_token":"a1","access_token":"a2","refresh_token":"b1","expire_in":14400}`),
		"expire_in zero":      reply(200, strings.Replace(pair, "14400", "0", 1)),
		"expire_in negative":  reply(200, strings.Replace(pair, "14400", "-1", 1)),
		"expire_in huge":      reply(200, strings.Replace(pair, "14400", "1000000000000000000", 1)),
		"expire_in > int64":   reply(200, strings.Replace(pair, "14400", "9223372036854775808", 1)),
		"expire_in fraction":  reply(200, strings.Replace(pair, "14400", "1.5", 1)),
		"expire_in a year":    reply(200, strings.Replace(pair, "14400", "31536000", 1)),
		"no error, status":    reply(404, `{"hello":1}`),
	} {
		issues, err := driver.ReadIssues(testApp(), asked, r)
		if !errors.Is(err, platform.ErrGarbage) {
			t.Errorf("%s: ReadIssues = %+v, %v, want ErrGarbage", name, issues, err)
		}
		if err != nil && strings.Contains(err.Error(), "a1") {
			t.Errorf("%s: the error holds a token: %v", name, err)
		}
	}
}

// A page with a 4xx comes from the platform's edge: nobody behind it saw the request, so nothing is in doubt.
func TestPageOfTheEdge(t *testing.T) {
	asked := platform.Asked{Stage: platform.StageRefresh, Subject: gk.Subject{Kind: "shop", ID: "77001234"}, At: now}
	for status, want := range map[int]gk.Action{400: gk.FixConfig, 403: gk.FixConfig, 404: gk.FixConfig, 429: gk.Backoff} {
		_, err := driver.ReadIssues(testApp(), asked, reply(status, "<html><head><title>no</title></head></html>"))
		var fault *gk.Fault
		if !errors.As(err, &fault) || fault.Action != want || fault.Terminal {
			t.Errorf("%d: %v, want a fault with %s", status, err, want)
		}
	}
}

func TestTokenAnswerVariants(t *testing.T) {
	asked := platform.Asked{Stage: platform.StageRefresh, Subject: gk.Subject{Kind: "shop", ID: "77001234", Parent: "55001"}, At: now}
	for name, c := range map[string]struct {
		body string
		end  time.Time
	}{
		"no expire_in":      {`{"access_token":"a1","refresh_token":"b1"}`, now.Add(4 * time.Hour)},
		"expire_in as text": {`{"access_token":"a1","refresh_token":"b1","expire_in":"600","shop_id":"77001234"}`, now.Add(10 * time.Minute)},
	} {
		issues, err := driver.ReadIssues(testApp(), asked, reply(403, c.body))
		if err != nil || len(issues) != 1 || !issues[0].Token.Expires.Equal(c.end) || issues[0].Subject != asked.Subject || issues[0].Shared {
			t.Errorf("%s: issues = %+v, %v", name, issues, err)
		}
	}
	late := asked
	late.At = time.Time{}
	issues, err := driver.ReadIssues(testApp(), late, platform.Reply{Status: 200, Received: now.Add(time.Minute), Body: []byte(`{"access_token":"a1","refresh_token":"b1","expire_in":60}`)})
	if err != nil || !issues[0].Token.Expires.Equal(now.Add(2*time.Minute)) {
		t.Errorf("without asked.At: issues = %+v, %v", issues, err)
	}
}

func TestAnswerForAnotherSubjectIsNoPair(t *testing.T) {
	pair := `{"access_token":"a1","refresh_token":"b1","expire_in":14400,`
	for name, c := range map[string]struct {
		asked platform.Asked
		body  string
	}{
		"another shop":       {platform.Asked{Stage: "refresh", Subject: shopCred.Subject}, pair + `"shop_id":77001235}`},
		"a merchant":         {platform.Asked{Stage: "refresh", Subject: shopCred.Subject}, pair + `"merchant_id":77001234}`},
		"another partner":    {platform.Asked{Stage: "refresh", Subject: shopCred.Subject}, pair + `"partner_id":1,"shop_id":77001234}`},
		"claimed, not named": {platform.Asked{Stage: "token", Claimed: shopCred.Subject}, pair + `"shop_id_list":[77001235]}`},
	} {
		issues, err := driver.ReadIssues(testApp(), c.asked, reply(200, c.body))
		var f *gk.Fault
		if !errors.As(err, &f) || f.Code != "subject_mismatch" || f.Terminal {
			t.Errorf("%s: ReadIssues = %+v, %v, want subject_mismatch", name, issues, err)
		}
	}
	var f *gk.Fault
	_, err := driver.ReadIssues(testApp(), platform.Asked{Stage: "token", Claimed: gk.Subject{Kind: "main_account", ID: "55001"}}, reply(200, pair+`"shop_id_list":[],"merchant_id_list":[]}`))
	if !errors.As(err, &f) || f.Code != "hub_merchant_box_not_ticked" {
		t.Errorf("a main account without shops: %v", err)
	}
}

func TestRedirectOnTokenRequestIsAFault(t *testing.T) {
	_, err := driver.ReadIssues(testApp(), platform.Asked{Stage: "refresh", Subject: shopCred.Subject}, reply(302, "<html>moved</html>"))
	var f *gk.Fault
	if !errors.As(err, &f) || f.Action != gk.FixConfig || f.Stage != "refresh" {
		t.Errorf("a redirect: %v, want a fault to fix the configuration", err)
	}
}

func TestRefreshRefuses(t *testing.T) {
	refresh := gk.Token{Refresh: gk.NewSecret("b1")}
	for name, cred := range map[string]platform.Credential{
		"main account": {Subject: gk.Subject{Kind: "main_account", ID: "55001"}, Token: refresh},
		"no subject":   {Token: refresh},
		"no token":     {Subject: shopCred.Subject},
		"id no number": {Subject: gk.Subject{Kind: "shop", ID: "x"}, Token: refresh},
	} {
		if req, err := driver.(platform.Refresher).RefreshRequest(testApp(), cred); err == nil {
			t.Errorf("%s: RefreshRequest = %s, want an error", name, req.URL)
		}
	}
}

func TestRefreshFacts(t *testing.T) {
	r := driver.Spec().Facts.Refresh
	if r.AfterLostAnswer != platform.Once || r.ReuseKills || r.Style != platform.Rotate || r.Deadline() != 300*time.Second {
		t.Errorf("renewal = %+v: only `once` is safe under both readings of a used refresh token", r)
	}
}
