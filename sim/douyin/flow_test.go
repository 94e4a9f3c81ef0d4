package douyin_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/sim/simtest"
)

func TestTheWholeWay(t *testing.T) {
	w := start(t)
	back := w.agree(w.Shop(0))
	if back.Get("state") != "9f2c" || len(back) != 2 {
		t.Errorf("callback = %v, want code and state", back)
	}
	first := w.good(w.create(back.Get("code")))
	if first["shop_id"] != json.Number(w.Shop(0)) || first["authority_id"] != w.Shop(0) || first["expires_in"] != json.Number("604800") {
		t.Errorf("pair = %v", first)
	}
	w.same("second exchange of the code", w.good(w.create(back.Get("code"))), first)
	w.good(w.orders(first["access_token"]))
	w.Advance(6 * day)
	early := w.good(w.refresh(first["refresh_token"]))
	w.same("early refresh", early, first)
	if left, _ := early["expires_in"].(json.Number).Int64(); left > 86400 {
		t.Errorf("expires_in = %d, want the end unchanged", left)
	}
	w.Advance(day - 30*time.Minute)
	second := w.good(w.refresh(first["refresh_token"]))
	w.differs("refresh in the last hour", second, first)
	w.same("refresh whose answer was lost", w.good(w.refresh(first["refresh_token"])), second)
	w.Advance(45 * time.Minute) // past its own end, within its hour
	w.good(w.orders(first["access_token"]))
	w.Advance(16 * time.Minute)
	w.refused("old token after its hour", "40003:isv.access-token-invalid", w.orders(first["access_token"]))
	w.refused("old refresh token after its hour", "50001:dop.token-generate-failed:token-invalid", w.refresh(first["refresh_token"]))
	w.good(w.orders(second["access_token"]))
	for i := range w.Do("GET", "/douyin/grants", nil)["grants"].([]any) {
		if i > 0 {
			t.Error("more than one grant")
		}
	}
}

func TestARefreshAfterTheEndKillsTheOldPairAtOnce(t *testing.T) {
	w := start(t)
	first := w.pair(w.Shop(0))
	w.Advance(8 * day)
	w.refused("call after the end", "40003:isv.access-token-expired", w.orders(first["access_token"]))
	second := w.good(w.refresh(first["refresh_token"]))
	w.differs("late refresh", second, first)
	w.refused("repeat of a late refresh", "50001:dop.token-generate-failed:token-invalid", w.refresh(first["refresh_token"]))
	w.Advance(14*day + time.Minute)
	w.refused("refresh after 14 days", "50001:dop.token-generate-failed:token-expired", w.refresh(second["refresh_token"]))
	w.good(w.create(w.agree(w.Shop(0), "days", "0").Get("code"))) // bought already: the merchant uses it again
}

func TestUsingTheSuccessorKillsThePairBefore(t *testing.T) {
	w := start(t)
	w.Set("access_life", "30m") // every refresh is in the last hour
	first := w.pair(w.Shop(0))
	second := w.good(w.refresh(first["refresh_token"]))
	w.good(w.refresh(second["refresh_token"]))
	w.refused("the first, once its successor was used", "50001:dop.token-generate-failed:token-invalid", w.refresh(first["refresh_token"]))
	w.refused("its access token", "40003:isv.access-token-invalid", w.orders(first["access_token"]))
}

func TestSelfUseAppsNeedNoMerchantAtOurSide(t *testing.T) {
	w := start(t)
	w.selfUse()
	w.says("服务不存在", w.Ask("GET", w.link(), "", "").Text)
	w.refused("before the confirmation", "50001:dop.token-generate-failed:no-authorization", w.self(`,"shop_id":"`+w.Shop(1)+`"`))
	info := func() map[string]any { return w.good(w.call("open.getAuthInfo", `{"auth_id":"`+w.Shop(1)+`"}`)) }
	if got := info(); got["status"] != json.Number("0") {
		t.Errorf("state = %v, want waiting", got)
	}
	w.act("confirm", w.Shop(1))
	w.act("confirm", w.Shop(0))
	first := w.good(w.self(`,"shop_id":` + w.Shop(1)))
	w.same("asked again", w.good(w.self(`,"shop_id":"`+w.Shop(1)+`"`)), first)
	w.same("without a subject: who confirmed first", w.good(w.self("")), first)
	w.differs("another shop", w.good(w.self(`,"shop_id":"`+w.Shop(0)+`"`)), first)
	w.good(w.call("token.create", `{"auth_id":null,"auth_subject_type":null,"code":"","grant_type":"authorization_self","shop_id":`+w.Shop(1)+`}`))
	w.Advance(20 * day)
	second := w.good(w.self(`,"shop_id":"` + w.Shop(1) + `"`))
	w.differs("after both ends", second, first)
	w.refused("order of a self-use app", "50002:isv.business-failed:200", w.call("rights.info", "{}", "access_token", second["access_token"].(string)))
	w.act("cancel", w.Shop(1))
	if got := info(); got["status"] != json.Number("2") {
		t.Errorf("state = %v, want cancelled", got)
	}
	w.refused("call after the cancellation", "30001:dop.authorization-closed", w.orders(second["access_token"]))
	w.refused("refresh after the cancellation", "30001:dop.authorization-closed", w.refresh(second["refresh_token"]))
	w.refused("asking after it", "50001:dop.token-generate-failed:no-authorization", w.self(`,"shop_id":"`+w.Shop(1)+`"`))
}

func TestOtherSubjectsAndTheTestShop(t *testing.T) {
	w := start(t)
	w.selfUse()
	w.Do("POST", "/douyin/shops", map[string]any{"id": "88001", "auth_subject_type": "YunCang"})
	w.act("confirm", "88001")
	pair := w.good(w.self(`,"auth_id":"88001","auth_subject_type":"YunCang"`))
	if pair["auth_subject_type"] != "YunCang" || pair["shop_id"] != json.Number("0") || pair["authority_id"] != "88001" {
		t.Errorf("pair = %v", pair)
	}
	w.refused("as a shop", "50001:dop.token-generate-failed:no-authorization", w.self(`,"shop_id":"88001"`))
	w.refused("no test shop", "50001:dop.token-generate-failed:no-authorization", w.self(`,"test_shop":"1"`))
	made := w.Do("POST", "/douyin/shops", map[string]any{"test": true})["shops"].([]any)[0].(map[string]any)
	if pair := w.good(w.self(`,"test_shop":"1"`)); pair["authority_id"] != made["id"] {
		t.Errorf("pair = %v, want the test shop's", pair)
	}
}

func TestTheEarlierOfOrderAndAuthorizationEndsAGrant(t *testing.T) {
	w := start(t)
	pair := w.good(w.create(w.agree(w.Shop(0), "days", "30").Get("code")))
	rights := w.good(w.call("rights.info", "{}", "access_token", pair["access_token"].(string)))
	ends, _ := rights["expire_time"].(json.Number).Int64()
	if d := time.Unix(ends, 0).Sub(w.Now()); d > 30*day || d < 29*day {
		t.Errorf("order ends in %v, want 30 days", d)
	}
	for range 4 {
		w.Advance(7*day - 30*time.Minute)
		pair = w.good(w.refresh(pair["refresh_token"]))
	}
	w.Advance(3 * day)
	w.refused("call after the order", "30001:dop.authorization-no-existed", w.orders(pair["access_token"]))
	w.act("buy", w.Shop(0))
	w.good(w.orders(pair["access_token"]))

	w.Set("authorization_life", "5d")
	pair = w.good(w.create(w.agree(w.Shop(1), "days", "365").Get("code")))
	w.Advance(6 * day)
	w.refused("call after the authorization", "30001:dop.authorization-no-existed", w.orders(pair["access_token"]))
	if got := w.good(w.call("open.getAuthInfo", `{"auth_id":"`+w.Shop(1)+`"}`)); got["status"] != json.Number("3") {
		t.Errorf("state = %v, want expired", got)
	}
}

func TestTokenCallsRefuseWhatIsWrong(t *testing.T) {
	w := start(t)
	code := w.agree(w.Shop(0)).Get("code")
	pair := w.good(w.create(code))
	const failed = "50001:dop.token-generate-failed:"
	w.refused("unknown code", failed+"code-invalid", w.create("x"))
	w.refused("no code", "40001:isv.parameter-missing", w.create(""))
	w.refused("no grant_type", "40001:isv.parameter-missing", w.call("token.create", `{"code":"x"}`))
	w.refused("odd grant_type", failed+"grant-type-invalid", w.call("token.create", `{"code":"x","grant_type":"magic"}`))
	w.refused("tool as self-use", "40003:isv.authorization-type-invalid", w.self(""))
	w.refused("unknown refresh token", "50002:isv.business-failed:31009", w.refresh("x"))
	w.refused("no refresh token", "40001:isv.parameter-missing", w.refresh(""))
	w.refused("odd grant_type of a refresh", failed+"grant-type-invalid",
		w.call("token.refresh", `{"grant_type":"authorization_code","refresh_token":"x"}`))
	w.Advance(11 * time.Minute)
	w.refused("old code", failed+"code-expired", w.create(code))
	first := w.App
	w.App = w.Do("POST", "/douyin/apps", map[string]any{})
	w.refused("foreign refresh token", failed+"token-invalid", w.refresh(pair["refresh_token"]))
	w.refused("foreign access token", "40003:isv.access-token-invalid", w.orders(pair["access_token"]))
	w.App = first
	code = w.agree(w.Shop(0), "days", "0").Get("code")
	w.Do("POST", "/douyin/revoke", map[string]string{"subject": w.Shop(0)})
	w.refused("code of a cancelled authorization", "90000:isp.unknown-error", w.create(code))
	w.change(map[string]any{"forbidden": true})
	w.refused("forbidden app", failed+"app-forbidden", w.create(code))
	w.refused("forbidden app's refresh", failed+"app-forbidden", w.refresh(pair["refresh_token"]))
	if r := w.Ask("POST", w.Control+"/douyin/revoke", "application/json", `{"subject":"1"}`); r.Status != 422 {
		t.Errorf("revoking nobody = %d, want 422", r.Status)
	}
}

func TestCallsAreRefusedByCode(t *testing.T) {
	w := start(t)
	w.Set("timestamps", "strict")
	token := w.pair(w.Shop(0))["access_token"].(string)
	ask := func(change ...string) simtest.Reply {
		return w.call("order.searchList", "{}", append([]string{"access_token", token}, change...)...)
	}
	w.refused("no app", "40001:isv.app-id-missing", ask("app_key", ""))
	w.refused("unknown app", "40003:isv.app-id-invalid", ask("app_key", "1"))
	w.refused("no version", "40001:isv.parameter-missing", ask("v", ""))
	w.refused("no time", "40001:isv.parameter-missing", ask("timestamp", ""))
	w.refused("odd time", "40003:isv.timestamp-format-error", ask("timestamp", "yesterday"))
	w.refused("old time", "40003:isv.timestamp-invalid", ask("timestamp", "1780000000"))
	w.refused("wrong signature", "40003:isv.signature-invalid", ask("sign", "x"))
	w.refused("odd sign_method", "40003:isv.signature-invalid", ask("sign_method", "sha1"))
	w.refused("no token", "40001:isv.access-token-missing", ask("access_token", ""))
	w.refused("unknown token", "40003:isv.access-token-no-existed", ask("access_token", "x"))
	w.refused("unknown method", "70000:isp.api-service-off", w.call("order.nothing", "{}", "access_token", token))
	w.refused("unknown subject", "40003:isv.parameter-invalid:100003", w.call("open.getAuthInfo", `{"auth_id":"1"}`))
	w.refused("no JSON", "40003:isv.parameter-format-invalid", w.call("order.searchList", "{", "access_token", token))
	query := w.query("order.searchList", "{}", "access_token", token)
	w.refused("GET", "40003:isv.parameter-format-invalid", w.Ask("GET", w.address("order.searchList")+"?"+query.Encode(), "", ""))
	w.refused("another path", "40003:isv.parameter-invalid", w.Ask("POST", w.address("product.list")+"?"+query.Encode(), "application/json", "{}"))
	query.Del("sign")
	w.refused("no signature", "40001:isv.signature-missing", w.Ask("POST", w.address("order.searchList")+"?"+query.Encode(), "application/json", "{}"))
	for _, at := range []string{w.Now().In(time.FixedZone("", 8*3600)).Format(time.DateTime), w.Now().Format("20060102") + "x"} {
		if r := ask("timestamp", at); (r.Body["code"] == json.Number("10000")) == strings.HasSuffix(at, "x") {
			t.Errorf("timestamp %s = %s", at, r.Text)
		}
	}
	w.good(ask("sign_method", "md5"))
	w.good(ask("sign_method", "")) // the official SDKs of two languages
	w.good(w.call("order.searchList", `{"page":0,"b":{"z":1,"a":null}}`, "access_token", token))
	w.change(map[string]any{"ip_allow_list": []string{"192.0.2.1"}})
	w.refused("address that is not listed", "30002:isv.invalid_ip", ask())
	w.change(map[string]any{"ip_allow_list": []string{}, "expired": true})
	w.refused("expired app", "40003:isv.app-id-expired", ask())
}

func TestWrongLinksStayOnThePage(t *testing.T) {
	w := start(t)
	bare := w.Do("POST", "/douyin/apps", map[string]any{})["service_id"].(string)
	off := w.Do("POST", "/douyin/apps", map[string]any{"offline": true, "redirect_uri": callback})["service_id"].(string)
	link := func(service string) string { return w.Base + "/authorize?service_id=" + service }
	for want, consent := range map[string]map[string]any{
		"服务不存在":                  {"url": link(w.Setting("app_key"))},
		"该应用已下架":                 {"url": link(off)},
		"redirect_uri与应用回调地址不一致": {"url": link(bare)},
		"请使用主账号登录":               {"url": w.link(), "fields": map[string]string{"person": "sub"}},
		"店铺未订购该服务":               {"url": w.link(), "fields": map[string]string{"days": "0"}},
	} {
		got := w.Do("POST", "/douyin/consent", consent)
		if refusal, _ := got["refusal"].(string); got["callback"] != "" || !strings.HasPrefix(refusal, want) {
			t.Errorf("consent to %v = %v, want the page to say %s", consent, got, want)
		}
	}
}

// TestPagesWorkAsPlainForms walks the pages as a browser without JavaScript does.
func TestPagesWorkAsPlainForms(t *testing.T) {
	w := start(t)
	w.says(`name="account" value="`+w.Shop(1)+`"`, w.Ask("GET", w.link(), "", "").Text)
	page := w.Ask("POST", w.link(), form, url.Values{"account": {w.Shop(1)}}.Encode())
	w.says(`name="days" value="365"`, page.Text)
	w.says(`name="decision" value="deny"`, page.Text)
	page = w.Ask("POST", w.link(), form, url.Values{"shop": {w.Shop(1)}, "days": {"30"}, "decision": {"approve"}}.Encode())
	w.says(callback+"?code=", page.Header.Get("Location"))
	page = w.act("use", w.Shop(1))
	at, err := url.Parse(page.Header.Get("Location"))
	if err != nil || at.Query().Get("code") == "" || at.Query().Has("state") {
		t.Errorf("use from the market = %d to %q, want a code without state", page.Status, page.Header.Get("Location"))
	}
	w.good(w.create(at.Query().Get("code")))
	w.says("没有授权", w.act("use", w.Shop(2)).Text)
}

func TestPushesCarrySeveralMessagesAndTheirSignature(t *testing.T) {
	w := start(t)
	address, got := hook(t, `{"code":0,"msg":"success"}`)
	w.change(map[string]any{"push_url": address})
	w.pair(w.Shop(0))
	w.act("order", w.Shop(0))
	r := next(t, got)
	var list []map[string]string
	if err := json.Unmarshal([]byte(r.Header.Get("Body")), &list); err != nil || len(list) != 2 || list[0]["tag"] != "100" {
		t.Fatalf("push = %s, want two messages", r.Header.Get("Body"))
	}
	w.says(`{"shop_id":`+w.Shop(0), list[0]["data"])
	if r.Header.Get("app-id") != w.Setting("app_key") || len(r.Header.Get("event-sign")) != 32 {
		t.Errorf("headers = %v", r.Header)
	}
	w.change(map[string]any{"push_algorithm": "hmac-sha256"})
	w.act("probe", w.Shop(0))
	if r := next(t, got); len(r.Header.Get("event-sign")) != 64 || r.Header.Get("sign-method") != "hmac-sha256" {
		t.Errorf("headers = %v", r.Header)
	}
}

func TestAPushIsRepeatedUntilItIsAnsweredWithCode0(t *testing.T) {
	for answer, want := range map[string]int{`{"code":0}`: 1, `{"code":40041}`: 7, "ok": 7} {
		w := start(t)
		address, got := hook(t, answer)
		w.change(map[string]any{"push_url": address})
		w.act("probe", w.Shop(0))
		w.Advance(day)
		if len(got) != want {
			t.Errorf("attempts at the answer %s = %d, want %d", answer, len(got), want)
		}
	}
}

func TestOddOrdersAreRefused(t *testing.T) {
	w := start(t)
	for _, body := range []string{`{"merchants":1}`, `{"owner":"x"}`, `{"auth_subject_type":"King"}`, `{"id":"abc"}`, `{"id":"` + w.Shop(0) + `"}`} {
		if r := w.Ask("POST", w.Control+"/douyin/shops", "application/json", body); r.Status != 422 {
			t.Errorf("shops %s = %d %s, want 422", body, r.Status, r.Text)
		}
	}
	for _, body := range []string{`{"profile":"x"}`, `{"stage":"x"}`, `{"push_algorithm":"x"}`, `{"app_key":"1","service_id":"` + w.Setting("service_id") + `"}`} {
		if r := w.Ask("POST", w.Control+"/douyin/apps", "application/json", body); r.Status != 422 {
			t.Errorf("apps %s = %d %s, want 422", body, r.Status, r.Text)
		}
	}
}
