package lazada_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/sim/simtest"
)

const day = 24 * time.Hour

func TestOneConsentManyCountries(t *testing.T) {
	w := start(t)
	back := w.consent(w.Shop(0), w.Shop(1))
	if back.Get("state") != "9f2c" || !strings.HasPrefix(back.Get("code"), "0_"+w.Setting("app_key")+"_") || len(back) != 2 {
		t.Errorf("callback = %v, want code and state", back)
	}
	pair := w.good(w.post(create, "code", back.Get("code")))
	list := pair["country_user_info"].([]any)
	if pair["country"] != "cb" || len(list) != 2 || pair["account_id"] != w.Shops[0]["owner"] || pair["account_platform"] != "seller_center" {
		t.Fatalf("pair = %v, want two countries under one account", pair)
	}
	first := list[0].(map[string]any)
	if "sg:"+first["seller_id"].(string) != w.Shop(0) || first["country"] != "sg" || first["short_code"] == "" {
		t.Errorf("first seller = %v", first)
	}
	if seconds(pair["expires_in"]) != 30*day || seconds(pair["refresh_expires_in"]) != 180*day {
		t.Errorf("lives = %v, %v, want 30 and 180 days", pair["expires_in"], pair["refresh_expires_in"])
	}
	w.says(strings.TrimPrefix(w.Shop(0), "sg:"), w.seller("sg", pair["access_token"]).Text)
	w.says(strings.TrimPrefix(w.Shop(1), "my:"), w.seller("my", pair["access_token"]).Text)
	w.refused("country outside of the grant", "TRANSFER_ERROR_NATION_NOT_IN_LIST", w.seller("th", pair["access_token"]))
	w.says(strings.TrimPrefix(w.Shop(0), "sg:"), w.seller("", pair["access_token"]).Text)

	grants := w.Do("GET", "/lazada/grants", nil)["grants"].([]any)
	if subject := grants[0].(map[string]any)["subject"].(map[string]any); subject["kind"] != "account" || subject["id"] != pair["account_id"] {
		t.Errorf("subject = %v, want the account", subject)
	}
}

func TestOneCountryIsAShopsGrant(t *testing.T) {
	w := start(t)
	pair := w.pair(w.Shop(3))
	if pair["country"] != "vn" || len(pair["country_user_info"].([]any)) != 1 {
		t.Errorf("pair = %v", pair)
	}
	subject := w.Do("GET", "/lazada/grants", nil)["grants"].([]any)[0].(map[string]any)["subject"].(map[string]any)
	if subject["kind"] != "shop" || subject["id"] != w.Shop(3) || !strings.HasPrefix(w.Shop(3), "vn:") {
		t.Errorf("subject = %v, want the shop", subject)
	}
	w.refused("another country", "117", w.seller("sg", pair["access_token"]))
}

func TestARefreshNeverMovesTheEnd(t *testing.T) {
	w := start(t)
	pair := w.pair(w.Shop(0), w.Shop(1))
	w.Advance(29 * day)
	next := w.good(w.refresh(pair["refresh_token"]))
	if seconds(next["expires_in"]) != 30*day {
		t.Errorf("expires_in = %v, want a full life", next["expires_in"])
	}
	if left := seconds(next["refresh_expires_in"]); left > 151*day || left < 150*day {
		t.Errorf("refresh_expires_in = %v, want what is left of 180 days", left)
	}
	if next["country_user_info_list"] == nil || next["country_user_info"] != nil {
		t.Errorf("refresh = %v, want the list under its other name", next)
	}
	w.good(w.seller("sg", pair["access_token"])) // the former access token lives on
	w.Advance(2 * day)
	w.refused("former access token after its end", "IllegalAccessToken", w.seller("sg", pair["access_token"]))
	for range 5 {
		w.Advance(29 * day)
		next = w.good(w.refresh(next["refresh_token"]))
	}
	w.Advance(5 * day)
	w.refused("refresh after 180 days", "IllegalRefreshToken", w.refresh(next["refresh_token"]))
	w.good(w.seller("sg", next["access_token"])) // until its own end
}

func TestTestAppsLiveShorter(t *testing.T) {
	w := start(t)
	w.app(map[string]any{"stage": "testing"})
	pair := w.pair(w.Shop(0))
	if seconds(pair["expires_in"]) != 7*day || seconds(pair["refresh_expires_in"]) != 30*day {
		t.Errorf("lives = %v, %v, want 7 and 30 days", pair["expires_in"], pair["refresh_expires_in"])
	}
}

func TestMarketAppsOfLocalSellersCannotRefresh(t *testing.T) {
	w := start(t)
	w.app(map[string]any{"policy": "market"})
	got := w.Do("POST", "/lazada/consent", map[string]any{"url": w.link(), "shops": []string{w.Shop(3)}})
	if got["callback"] != "" || !strings.Contains(got["refusal"].(string), "Please subscribe") {
		t.Errorf("consent without a subscription = %v, want a page and no callback", got)
	}
	w.act("subscribe", w.Shop(3))
	pair := w.pair(w.Shop(3))
	if pair["refresh_expires_in"] != json.Number("0") || seconds(pair["expires_in"]) > 30*day {
		t.Errorf("pair = %v, want one that cannot be refreshed", pair)
	}
	w.refused("refresh", "AUTH_TYPE_UNSUPPORTED", w.refresh(pair["refresh_token"]))
	w.good(w.seller("vn", pair["access_token"]))
	w.Advance(31 * day)
	w.refused("call after the subscription", "AppNotSubscribed", w.seller("vn", pair["access_token"]))
	cross := w.pair(w.Shop(0), w.Shop(1))
	w.good(w.refresh(cross["refresh_token"])) // a cross-border seller of the same app
}

func TestCodesAreGoodOnceAndForHalfAnHour(t *testing.T) {
	w := start(t)
	code := w.consent(w.Shop(0)).Get("code")
	other := w.App
	w.app(map[string]any{})
	w.refused("another app", "InvalidCode", w.post(create, "code", code))
	w.App = other
	w.good(w.post(create, "code", code))
	w.refused("second exchange", "InvalidCode", w.post(create, "code", code))
	code = w.consent(w.Shop(0)).Get("code")
	w.Advance(31 * time.Minute)
	w.refused("old code", "InvalidCode", w.post(create, "code", code))
	w.refused("no code", "MissingParameter", w.post(create))
	w.refused("no refresh token", "MissingParameter", w.post(refresh))
}

func TestParametersMayStandInQueryOrForm(t *testing.T) {
	w := start(t)
	code := w.consent(w.Shop(0)).Get("code")
	params := w.signed(create, "code", code)
	params.Del("code")
	pair := w.good(w.Ask("POST", w.Base+"/rest"+create+"?"+params.Encode(), form, "code="+url.QueryEscape(code))) // as the Java client does
	w.good(w.get("", refresh, "refresh_token", pair["refresh_token"].(string)))
	body := "--b\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\n图\r\n--b\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a\"\r\n\r\nx\r\n--b--\r\n"
	params = w.signed("/image/upload", "access_token", pair["access_token"].(string), "note", "图")
	params.Del("note")
	w.good(w.Ask("POST", w.Base+"/rest/image/upload?"+params.Encode(), "multipart/form-data; boundary=b", body))
	params = w.signed(create, "code", code)
	w.refused("JSON", "IncompleteSignature", w.Ask("POST", w.Base+"/rest"+create+"?"+params.Encode(), "application/json", "{}"))
}

func TestWrongLinksStayOnThePage(t *testing.T) {
	w := start(t)
	first := w.App
	w.app(map[string]any{"policy": "list", "short_codes": []string{"NOBODY"}})
	foreign := w.link()
	w.app(map[string]any{"offline": true})
	offline := w.link()
	w.App = first
	w.change(map[string]any{"redirect_uri": callback})
	for want, link := range map[string]string{
		"Missing parameter":                w.link("response_type", ""),
		"unsupported_response_type":        w.link("response_type", "token"),
		"The specified App Key is invalid": w.link("client_id", "1"),
		"Redirect uri does not match":      w.link("redirect_uri", callback+"/"),
		"The application is not online":    offline,
		"seller is not in the whitelist":   foreign,
		"Incorrect account or password":    w.link("country", "ph"),
	} {
		got := w.Do("POST", "/lazada/consent", map[string]any{"url": link, "account": w.Shops[0]["owner"]})
		if refusal, _ := got["refusal"].(string); got["callback"] != "" || !strings.HasPrefix(refusal, want) {
			t.Errorf("consent to %s = %v, want the page to say %s", link, got, want)
		}
	}
}

func TestALinkCanNarrowTheCountries(t *testing.T) {
	w := start(t)
	got := w.Do("POST", "/lazada/consent", map[string]any{"url": w.link("country", "my,th"), "account": w.Shops[0]["owner"]})
	at, err := url.Parse(got["callback"].(string))
	if err != nil {
		t.Fatal(err)
	}
	if pair := w.good(w.post(create, "code", at.Query().Get("code"))); len(pair["country_user_info"].([]any)) != 2 {
		t.Errorf("pair = %v, want my and th", pair)
	}
}

// TestPagesWorkAsPlainForms walks the pages as a browser without JavaScript does.
func TestPagesWorkAsPlainForms(t *testing.T) {
	w := start(t)
	owner := w.Shops[0]["owner"].(string)
	page := w.Ask("GET", w.link(), "", "")
	w.says(`name="account" value="`+owner+`"`, page.Text)
	page = w.Ask("POST", w.link(), form, url.Values{"account": {owner}}.Encode())
	w.says(`name="shops" value="`+w.Shop(2)+`"`, page.Text)
	page = w.Ask("POST", w.link(), form, url.Values{"who": {owner}, "shops": {w.Shop(2)}, "decision": {"approve"}}.Encode())
	w.says(callback+"?", page.Header.Get("Location"))
	page = w.Ask("POST", w.link(), form, url.Values{"who": {owner}, "decision": {"deny"}}.Encode())
	if w.says("access_denied", page.Text); page.Status != 200 {
		t.Errorf("refusing = %d, want a page", page.Status)
	}
	page = w.Ask("POST", w.link(), form, url.Values{"who": {owner}, "decision": {"approve"}}.Encode())
	w.says("choose a site", page.Text)
}

func TestRemovalKillsTheTokensSilently(t *testing.T) {
	w := start(t)
	address, got := hook(t, 200)
	w.change(map[string]any{"push_url": address})
	pair := w.pair(w.Shop(0), w.Shop(1))
	w.Do("POST", "/lazada/revoke", map[string]string{"subject": w.Shop(1)})
	w.good(w.seller("sg", pair["access_token"]))
	w.refused("removed country", "117", w.seller("my", pair["access_token"]))
	next := w.good(w.refresh(pair["refresh_token"]))
	if len(next["country_user_info_list"].([]any)) != 1 {
		t.Errorf("refresh = %v, want the store that is left", next)
	}
	w.Do("POST", "/lazada/revoke", map[string]any{"subject": w.Shops[0]["owner"]})
	w.refused("call", "IllegalAccessToken", w.seller("sg", next["access_token"]))
	w.refused("refresh", "IllegalRefreshToken", w.refresh(next["refresh_token"]))
	w.Advance(time.Hour)
	if len(got) != 0 {
		t.Errorf("pushes = %d, want none", len(got))
	}
	if r := w.Ask("POST", w.Control+"/lazada/revoke", "application/json", `{"subject":"nobody"}`); r.Status != 422 {
		t.Errorf("revoking nobody = %d, want 422", r.Status)
	}
}

func TestCallsAreRefusedByCode(t *testing.T) {
	w := start(t)
	token := w.pair(w.Shop(0))["access_token"].(string)
	with := func(change ...string) []string { return append([]string{"access_token", token}, change...) }
	w.Set("timestamps", "strict")
	for name, c := range map[string]struct {
		code string
		got  simtest.Reply
	}{
		"no app":         {"MissingParameter", w.get("", "/seller/get", with("app_key", "")...)},
		"unknown app":    {"InvalidAppKey", w.get("", "/seller/get", with("app_key", "1")...)},
		"unknown path":   {"InvalidApiPath", w.get("", "/nothing", with()...)},
		"no time":        {"MissingParameter", w.get("", "/seller/get", with("timestamp", "")...)},
		"old time":       {"IllegalTimestamp", w.get("", "/seller/get", with("timestamp", "1780000000000")...)},
		"odd time":       {"IllegalTimestamp", w.get("", "/seller/get", with("timestamp", "yesterday")...)},
		"no method":      {"MissingParameter", w.get("", "/seller/get", with("sign_method", "")...)},
		"md5":            {"IncompleteSignature", w.get("", "/seller/get", with("sign_method", "hmac")...)},
		"no token":       {"MissingParameter", w.get("", "/seller/get")},
		"unknown token":  {"IllegalAccessToken", w.get("", "/seller/get", "access_token", "x")},
		"chat":           {"InsufficientPermission", w.get("", "/im/session/list", with()...)},
		"no argument":    {"1", w.get("", "/order/get", with()...)},
		"write by GET":   {"InvalidApi", w.get("", "/product/update", with("payload", "x")...)},
		"global product": {"E1000", w.post("/product/global/update", with()...)},
		"token host":     {"InvalidApiPath", w.get("sg", refresh, "refresh_token", "x")},
	} {
		w.refused(name, c.code, c.got)
	}
	w.good(w.get("", "/seller/get", with("timestamp", w.Now().UTC().Format(time.RFC3339))...))
	w.good(w.get("", "/orders/get", with("created_after", "2026-05-01T00:00:00+07:00", "partner_id", "grantkeep-1")...))
	wrong := w.signed("/seller/get", with()...)
	wrong.Set("sign", strings.ToLower(wrong.Get("sign")))
	w.refused("small letters", "IncompleteSignature", w.Ask("GET", w.Base+"/rest/seller/get?"+wrong.Encode(), "", ""))
	w.change(map[string]any{"ip_allow_list": []string{"192.0.2.1"}})
	w.refused("address that is not listed", "AppWhiteIpLimit", w.seller("", token))
}

func TestTheStateOfAStoreIsNoBrokenToken(t *testing.T) {
	w := start(t)
	for state, code := range map[string]string{"not_verified": "SellerNotVerified", "not_active": "SellerNotActive"} {
		made := w.Do("POST", "/lazada/shops", map[string]any{"state": state, "region": "PH"})["shops"].([]any)[0].(map[string]any)
		w.refused(state, code, w.seller("ph", w.pair(made["id"].(string))["access_token"]))
	}
	for _, body := range []string{
		`{"merchants":1}`, `{"sub_account_of":"x"}`, `{"region":"de"}`, `{"state":"asleep"}`, `{"id":"abc"}`, `{"id":"` + w.Shop(0) + `"}`,
		`{"owner":"` + w.Shops[0]["owner"].(string) + `","region":"sg"}`,
	} {
		if r := w.Ask("POST", w.Control+"/lazada/shops", "application/json", body); r.Status != 422 {
			t.Errorf("shops %s = %d %s, want 422", body, r.Status, r.Text)
		}
	}
	for _, body := range []string{`{"policy":"none"}`, `{"stage":"draft"}`} {
		if r := w.Ask("POST", w.Control+"/lazada/apps", "application/json", body); r.Status != 422 {
			t.Errorf("apps %s = %d %s, want 422", body, r.Status, r.Text)
		}
	}
	made := w.Do("POST", "/lazada/shops", map[string]any{"id": "1000777", "region": "th"})["shops"].([]any)[0].(map[string]any)
	if made["id"] != "th:1000777" {
		t.Errorf("id = %v", made["id"])
	}
}
