package douyin_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

func TestLinkHoldsServiceAndStateOnly(t *testing.T) {
	link, err := driver.Link(demoApp(nil), platform.Want{State: "a1B2c3D4"})
	if want := "https://fuwu.jinritemai.com/authorize?service_id=24071&state=a1B2c3D4"; err != nil || link.URL != want {
		t.Errorf("Link = %s, %v, want %s", link.URL, err, want)
	}
	if link, err := driver.Link(demoApp(map[string]string{"redirect_uri": ""}), platform.Want{}); err != nil || link.URL != "https://fuwu.jinritemai.com/authorize?service_id=24071" {
		t.Errorf("without state and callback: %s, %v", link.URL, err)
	}
	for name, c := range map[string]struct {
		app  platform.App
		want platform.Want
	}{
		"a cancellation":           {demoApp(nil), platform.Want{Cancel: true}},
		"a self-use app":           {demoApp(map[string]string{"profile": "self_use"}), platform.Want{State: "s"}},
		"an app without a service": {demoApp(map[string]string{"service_id": ""}), platform.Want{State: "s"}},
	} {
		if link, err := driver.Link(c.app, c.want); err == nil {
			t.Errorf("%s has the link %s", name, link.URL)
		}
	}
}

func TestCallbacks(t *testing.T) {
	read := func(query string) (platform.Callback, error) {
		return driver.ReadCallback(demoApp(nil), platform.Incoming{Method: "GET", URL: "https://hub.example.com/cb/douyin?" + query})
	}
	if cb, err := read("code=c0de&state=s"); err != nil || cb.Code.Reveal() != "c0de" || cb.State != "s" || cb.Empty {
		t.Errorf("a consent = %+v, %v", cb, err)
	}
	if cb, err := read("code=c0de"); err != nil || cb.State != "" {
		t.Errorf("an entry from the market = %+v, %v", cb, err)
	}
	if cb, err := read(""); err != nil || !cb.Empty {
		t.Errorf("an address that was opened = %+v, %v", cb, err)
	}
	if cb, err := read("error=access_denied&state=s"); err != nil || cb.Fault == nil || cb.Fault.Terminal {
		t.Errorf("a refusal = %+v, %v", cb, err)
	}
	for _, query := range []string{"code=a&code=b", "code=a&error=b", "code=a%20b", "code=a&app_key=1", "code=a&service_id=1", "code=a&state=b&State=c"} {
		var bad *platform.BadCallback
		if cb, err := read(query); !errors.As(err, &bad) {
			t.Errorf("%s = %+v, %v, want a BadCallback", query, cb, err)
		}
	}
}

func TestRefreshOfASelfUseApp(t *testing.T) {
	app := demoApp(map[string]string{"profile": "self_use"})
	refresh := func(app platform.App, cred platform.Credential) string {
		r, err := driver.(platform.Refresher).RefreshRequest(app, cred)
		if err != nil {
			return err.Error()
		}
		return string(r.Body)
	}
	cred := credential()
	cred.Token.Expires = now.Add(time.Minute)
	if got := refresh(app, cred); !strings.Contains(got, `"grant_type":"refresh_token"`) {
		t.Errorf("while the access token lives: %s, want its refresh", got)
	}
	cred.Token.Expires = now
	if got := refresh(app, cred); got != `{"code":"","grant_type":"authorization_self","shop_id":"5551001"}` {
		t.Errorf("after its end: %s, want to ask anew", got)
	}
	cred.Subject = gk.Subject{Kind: gk.KindShop, ID: "5551001:sub", Parent: "5551001"}
	if got := refresh(app, cred); !strings.Contains(got, `"shop_id":"5551001"`) {
		t.Errorf("a sub-account: %s, want its shop named", got)
	}
	app.Stage = "testing"
	if got := refresh(app, cred); !strings.Contains(got, `"test_shop":"1"`) {
		t.Errorf("in testing: %s, want the test shop", got)
	}
	if got := refresh(app, platform.Credential{}); !strings.Contains(got, "subject.id") {
		t.Errorf("without a subject: %s, want an error that names it", got)
	}
	if got := refresh(demoApp(nil), platform.Credential{Subject: cred.Subject}); !strings.Contains(got, "refresh token") {
		t.Errorf("a tool app without a refresh token: %s, want an error", got)
	}
}

func TestAnswersThatAreNoPair(t *testing.T) {
	asked := platform.Asked{Stage: platform.StageRefresh, Subject: credential().Subject, At: now}
	for name, c := range map[string]struct {
		body string
		row  string
	}{
		"the refresh token is dead": {`{"code":50001,"msg":"x","sub_code":"dop.token-generate-failed:token-expired","sub_msg":"y","log_id":"7"}`, "refresh/50001:dop.token-generate-failed:token-expired"},
		"two at once":               {`{"code":"50002","msg":"x","sub_code":"isv.business-failed:31012","data":null}`, "refresh/50002:isv.business-failed:31012"},
		"an old number":             {`{"err_no":30006,"message":"授权已关闭"}`, "call/old:30006"},
		"an old number as a code":   {`{"code":30006,"msg":"授权已关闭","data":null}`, "call/old:30006"},
	} {
		issues, err := driver.ReadIssues(demoApp(nil), asked, reply(200, c.body))
		var f *gk.Fault
		if !errors.As(err, &f) || f.Row != c.row || len(issues) > 0 {
			t.Errorf("%s: %d issues, %v, want the row %s", name, len(issues), err, c.row)
		}
	}
	for name, body := range map[string]string{
		"good without a pair":       `{"code":10000,"msg":"success","data":null}`,
		"good with an empty object": `{"code":10000,"msg":"success","data":{}}`,
		"another platform's no":     `{"error":"invalid_grant","error_description":"x"}`,
		"another platform's pair":   `{"code":"0","access_token":"A","refresh_token":"R","expires_in":60,"shop_id":5551001}`,
		"a pair without envelope":   `{"data":{"access_token":"A","refresh_token":"R","expires_in":60,"shop_id":5551001}}`,
		"a code of letters":         `{"code":"IllegalRefreshToken","message":"x"}`,
		"a page":                    `<html><title>502</title></html>`,
	} {
		if issues, err := driver.ReadIssues(demoApp(nil), asked, reply(200, body)); !errors.Is(err, platform.ErrGarbage) {
			t.Errorf("%s: %d issues, %v, want an unknown outcome", name, len(issues), err)
		}
	}
	var f *gk.Fault
	foreign := `{"code":10000,"data":{"access_token":"A","refresh_token":"R","expires_in":1,"shop_id":42}}`
	if _, err := driver.ReadIssues(demoApp(nil), asked, reply(200, foreign)); !errors.As(err, &f) || f.Code != platform.SubjectMismatch {
		t.Errorf("another shop's pair: %v, want a mismatch", err)
	}
	asked.Stage, asked.Subject = platform.StageToken, gk.Subject{}
	sub := `{"code":10000,"data":{"access_token":"A","expires_in":60,"shop_id":"42","token_type":1}}`
	if issues, err := driver.ReadIssues(demoApp(nil), asked, reply(200, sub)); err != nil || issues[0].Subject.ID != "42:sub" || issues[0].Subject.Parent != "42" {
		t.Errorf("a sub-account's token = %+v, %v", issues, err)
	}
	warehouse := `{"code":10000,"data":{"access_token":"A","shop_id":0,"authority_id":"88001","auth_subject_type":"YunCang"}}`
	issues, err := driver.ReadIssues(demoApp(nil), asked, reply(200, warehouse))
	if err != nil || issues[0].Subject.ID != "88001" || issues[0].Facts["auth_subject_type"] != "YunCang" || !issues[0].Token.Expires.Equal(now.Add(7*24*time.Hour)) {
		t.Errorf("a warehouse's token = %+v, %v", issues, err)
	}
}

func TestCallsThatAreNotSigned(t *testing.T) {
	for name, c := range map[string]struct {
		call  platform.Call
		field string
	}{
		"no operation":        {platform.Call{}, "operation"},
		"a path":              {platform.Call{Operation: "/order/searchList"}, "operation"},
		"a token":             {platform.Call{Operation: "token.create"}, "operation"},
		"a token in capitals": {platform.Call{Operation: "Token.create"}, "operation"},
		"a reserved name":     {platform.Call{Operation: "order.searchList", Params: []byte(`{"access_token":"x"}`)}, "params.access_token"},
		"a name twice":        {platform.Call{Operation: "order.searchList", Params: []byte(`{"a":1,"b":{"c":1,"c":2}}`)}, "params"},
		"a list":              {platform.Call{Operation: "order.searchList", Params: []byte(`[]`)}, "params"},
		"half a character":    {platform.Call{Operation: "order.searchList", Params: []byte(`{"a":"\ud800"}`)}, "params"},
		"another algorithm":   {platform.Call{Operation: "order.searchList", SignMethod: "sha1"}, "sign_method"},
	} {
		var bad *platform.BadCall
		if _, err := driver.Sign(demoApp(nil), credential(), c.call); !errors.As(err, &bad) || bad.Field != c.field {
			t.Errorf("%s: %v, want a BadCall for %s", name, err, c.field)
		}
	}
	r, err := driver.Sign(demoApp(nil), credential(), platform.Call{Operation: "token.create", Free: true})
	if err != nil || strings.Contains(r.URL, "access_token") {
		t.Errorf("a person's token request = %+v, %v, want it signed without a token", r, err)
	}
}

func TestInspection(t *testing.T) {
	inspector := driver.(platform.Inspector)
	read := func(op, body string) (platform.Inspection, string, error) {
		answer := reply(200, body)
		answer.Sent = map[string][]string{"method": {op}}
		return inspector.ReadInspection(demoApp(nil), credential(), answer)
	}
	in, next, err := read("open.getAuthInfo", `{"code":10000,"data":{"status":1,"auth_end_time":"2027-05-29 04:26:40","auth_success_time":1779000000}}`)
	if err != nil || next == "" || in.Alive == nil || !*in.Alive || !in.Ceiling.Equal(time.Unix(1811536000, 0)) {
		t.Errorf("alive = %+v, %q, %v", in, next, err)
	}
	in, next, err = read("rights.info", `{"code":10000,"data":{"expire_time":1790000000000}}`)
	if err != nil || next != "" || !in.Ceiling.Equal(time.Unix(1790000000, 0)) || in.Facts["order_end"] == "" {
		t.Errorf("the order = %+v, %q, %v", in, next, err)
	}
	for status, row := range map[string]string{"2": "call/30001:dop.authorization-closed", "3": "call/30001:dop.authorization-no-existed"} {
		in, next, err = read("open.getAuthInfo", `{"code":10000,"data":{"status":`+status+`}}`)
		if err != nil || next != "" || in.Alive == nil || *in.Alive || in.Fault.Row != row {
			t.Errorf("status %s = %+v, %q, %v", status, in, next, err)
		}
	}
	if in, next, err = read("open.getAuthInfo", `{"code":10000,"data":{"status":0}}`); err != nil || next != "" || in.Alive != nil {
		t.Errorf("waiting = %+v, %q, %v, want nothing said", in, next, err)
	}
	if in, _, err = read("rights.info", `{"code":50002,"sub_code":"isv.business-failed:200","msg":"未查询到订购关系"}`); err != nil || in.Alive != nil {
		t.Errorf("no order = %+v, %v, want nothing said", in, err)
	}
	if _, _, err = read("open.getAuthInfo", `{"code":20001,"msg":"timeout"}`); err == nil {
		t.Error("a timeout is taken for an answer")
	}
}
