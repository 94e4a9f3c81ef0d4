package shopee_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestCallsAreCheckedInOrder(t *testing.T) {
	w := start(t)
	pair := w.pair(w.Shop(0), "365")
	other := w.pair(w.Shop(1), "365")
	token := text(pair, "access_token")
	const path = "/api/v2/shop/get_shop_info"
	for name, c := range map[string]struct{ address, want string }{
		"no access token":  {w.signed(path, "", "", "", "shop_id", ""), "error_param There is no access_token in query."},
		"shop_id missing":  {w.signed(path, token, "shop_id", ""), "error_param There is no shop_id in query."},
		"shop_id no id":    {w.signed(path, token, "shop_id", "7x"), "error_param shop_id is invalid, should be an integer between 0 and 4294967295."},
		"public signature": {w.signed(path, "", "", "", "access_token", token, "shop_id", w.Shop(0)), "error_sign Wrong sign."},
		"merchant_id too":  {w.signed(path, token, "shop_id", w.Shop(0), "merchant_id", "7"), "error_sign Wrong sign."},
		"another's token":  {w.signed(path, text(other, "access_token"), "shop_id", w.Shop(0)), "error_auth Invalid access_token."},
		"not linked":       {w.signed(path, token, "shop_id", w.Shop(2)), "shop_no_linked Partner and shop has no linked."},
		"unknown path":     {w.signed("/api/v2/shop/nothing", token, "shop_id", w.Shop(0)), "error_param Permission denied. This API is currently offline or the request path is incorrect."},
		"slash at the end": {w.signed(path+"/", token, "shop_id", w.Shop(0)), "error_param Permission denied. This API is currently offline or the request path is incorrect."},
		"version 1":        {w.Base + "/api/v1/shop/get", "api_suspended The API is offline. Please call v2 API instead."},
		"right":            {w.signed(path, token, "shop_id", w.Shop(0)), ""},
	} {
		if r := w.ask("GET", c.address, "", ""); r.code() != c.want {
			t.Errorf("%s = %s, want %s", name, r.Text, c.want)
		}
	}
	if r := w.ask("GET", w.signed("/api/v2/order/get_order_list", token, "shop_id", w.Shop(0)), "", ""); r.Body["response"] == nil || r.Body["error"] != "" {
		t.Errorf("get_order_list = %s, want a response", r.Text)
	}
	if r := w.ask("POST", w.signed("/api/v2/product/update_stock", token, "shop_id", w.Shop(0)), "application/json", "{"); r.code() != "error_data parse data failed" {
		t.Errorf("broken body = %s", r.Text)
	}
}

func TestSwitchesOfErrors(t *testing.T) {
	w := start(t)
	w.pair(w.Shop(0), "365")
	bad := func() reply { return w.info(w.Shop(0), "wrong") }
	for _, option := range []string{"invalid_acceess_token", "invalid_access_token", "error_auth"} {
		w.Set("bad_access_token", option)
		if r := bad(); r.code() != option+" Invalid access_token." || r.Status != 403 {
			t.Errorf("wrong token (%s) = %d %s", option, r.Status, r.Text)
		}
	}
	w.Set("error_status", "200")
	w.Set("error_prefix", "common")
	if r := bad(); r.code() != "common.error_auth Invalid access_token." || r.Status != 200 {
		t.Errorf("wrong token with prefix = %d %s", r.Status, r.Text)
	}
	w.Set("error_prefix", "module")
	if r := bad(); r.code() != "shop.error_auth Invalid access_token." {
		t.Errorf("wrong token with the module's name = %s", r.Text)
	}
	w.Set("error_prefix", "none")
	w.Do("POST", "/shopee/revoke", map[string]string{"subject": w.Shop(0)})
	for option, want := range map[string]string{
		"partner_shop_no_link": "partner_shop_no_link Invalid partner_id or shop_id.", "error_auth": "error_auth Invalid partner_id or shopid.",
		"error_permission": "error_permission Please link shop and partner first.",
	} {
		w.Set("no_link", option)
		token := text(w.pair(w.Shop(0), "7"), "access_token")
		w.Do("POST", "/shopee/revoke", map[string]string{"subject": w.Shop(0)})
		if r := w.info(w.Shop(0), token); r.code() != want {
			t.Errorf("revoked shop (%s) = %s", option, r.Text)
		}
	}
	for option, want := range map[string]string{"error_sign": "error_sign Wrong sign.", "error_auth": "error_auth partner_id is invalid"} {
		w.Set("unknown_partner", option)
		if r := w.ask("GET", w.link("partner_id", "77"), "", ""); r.code() != want {
			t.Errorf("unknown partner (%s) = %s", option, r.Text)
		}
	}
	w.Set("bad_code", "error_auth")
	if r := w.exchange("0123", "shop_id", w.Shop(0)); r.code() != "error_auth Invalid code" {
		t.Errorf("wrong code = %s", r.Text)
	}
	w.Set("wrong_sign", "common.error_auth")
	if r := w.ask("GET", w.signed("/api/v2/public/get_shops_by_partner", "", "", "", "sign", "00"), "", ""); r.code() != "common.error_auth Invalid sign" {
		t.Errorf("wrong sign = %s", r.Text)
	}
	w.Set("expire_in", "epoch")
	end, err := w.pair(w.Shop(1), "7")["expire_in"].(json.Number).Int64()
	if now := w.Now().Unix(); err != nil || end < now+14390 || end > now+14400 {
		t.Errorf("expire_in = %d, want a moment in 4 h", end)
	}
	w.Set("bad_refresh_token", "by_subject")
	if r := w.refresh("0123", "shop_id", w.Shop(1)); !strings.HasPrefix(r.code(), "error_shop_refresh_token ") {
		t.Errorf("wrong refresh token = %s", r.Text)
	}
}

func TestShopsAreBannedFrozenAndUnregistered(t *testing.T) {
	w := start(t)
	pair := w.pair(w.Shop(0), "365")
	token := text(pair, "access_token")
	w.Do("POST", "/shopee/shops", map[string]any{"id": w.Shop(0), "registered": false})
	if r := w.ask("GET", w.signed("/api/v2/order/get_order_list", token, "shop_id", w.Shop(0)), "", ""); !strings.HasPrefix(r.code(), "error_kyc_auth ") {
		t.Errorf("call of an unregistered seller = %s", r.Text)
	}
	w.Do("POST", "/shopee/shops", map[string]string{"id": w.Shop(0), "status": "BANNED"})
	if r := w.info(w.Shop(0), token); !strings.HasPrefix(r.code(), "shop_banned ") {
		t.Errorf("call of a banned shop = %s", r.Text)
	}
	if r := w.refresh(pair["refresh_token"], "shop_id", w.Shop(0)); !strings.HasPrefix(r.code(), "shop_banned ") {
		t.Errorf("refresh of a banned shop = %s", r.Text)
	}
	w.Do("POST", "/shopee/shops", map[string]string{"id": w.Shop(0), "status": "NORMAL"})
	if r := w.info(w.Shop(0), token); r.code() != "" {
		t.Errorf("call of a restored shop = %s", r.Text)
	}
	w.Do("POST", "/shopee/shops", map[string]string{"id": w.Shop(0), "status": "FROZEN"})
	if r := w.info(w.Shop(0), token); !strings.HasPrefix(r.code(), "shop_no_linked ") {
		t.Errorf("call of a frozen shop = %s", r.Text)
	}
}

func TestAffiliatesComeWithTheirPrimary(t *testing.T) {
	w := start(t)
	w.Do("POST", "/shopee/shops", map[string]string{"id": "77009999", "sip_of": w.Shop(0), "region": "SG"})
	token := text(w.pair(w.Shop(0), "365"), "access_token")
	if r := w.info("77009999", token); r.code() != "" {
		t.Errorf("shop info of an affiliate = %s", r.Text)
	}
	if r := w.ask("GET", w.signed("/api/v2/order/get_order_list", token, "shop_id", "77009999"), "", ""); r.code() != "error_ashop_api_permission Affiliate shop has no permission." {
		t.Errorf("orders of an affiliate = %s", r.Text)
	}
	for _, key := range []string{"sip_affi_shop_list", "sip_affi_shops"} {
		w.Set("affiliates_key", key)
		r := w.public("/api/v2/public/get_shops_by_partner")
		if list := r.Body["authed_shop_list"].([]any); len(list) != 1 || !strings.Contains(r.Text, `"`+key+`":[{"affi_shop_id":77009999,"region":"SG"}]`) {
			t.Errorf("get_shops_by_partner = %s", r.Text)
		}
	}
}

func TestAppsAreLimited(t *testing.T) {
	w := start(t)
	const path = "/api/v2/public/get_shops_by_partner"
	expect := func(name, want string) {
		t.Helper()
		if r := w.public(path); !strings.HasPrefix(r.code(), want) || want == "" && r.code() != "" {
			t.Errorf("%s = %s, want %s", name, r.Text, want)
		}
	}
	app := func(name string, value any) {
		w.Do("POST", "/shopee/apps", map[string]any{"partner_id": w.Setting("partner_id"), name: value})
	}
	app("ip_whitelist", []string{"203.0.113.7"})
	expect("another address", "source_ip_undeclared Request Source IP (127.0.0.1) is undeclared.")
	w.Set("ip_refusal", "html")
	if r := w.public(path); r.Status != 403 || r.Body != nil || !strings.Contains(r.Text, "<html") {
		t.Errorf("another address at the edge = %d %s", r.Status, r.Text)
	}
	app("ip_whitelist", "203.0.113.7, 127.0.0.1")
	expect("a listed address", "")
	app("key_expires_at", w.Now().Add(time.Hour).Format(time.RFC3339))
	expect("a key with an hour left", "")
	w.Advance(time.Hour)
	expect("a key past its date", "error_partner_key_expired ")
	app("key_expires_at", "")
	app("denied_paths", path)
	expect("a denied path", "error_api_permission ")
	app("denied_paths", "")
	for status, want := range map[string]string{
		"API calls restricted": "error_api_call_restricted ", "Frozen": "partner_frozen ", "Deleted": "error_auth The App is deleted, and you'll be unable to make any API call.",
	} {
		app("status", status)
		expect(status, want)
	}
	app("status", "Online")
	w.Advance(w.Now().Truncate(24 * time.Hour).Add(40 * time.Hour).Sub(w.Now())) // 16:00 UTC: a new day and minute at UTC+8
	w.Set("rate_limit", 2)
	w.Set("daily_limit", 3)
	expect("first call", "")
	expect("second call", "")
	expect("third call of a minute", "error_rate_limit ")
	w.Advance(time.Minute)
	expect("third call of a day", "")
	expect("fourth call of a day", "error_limit ")
	w.Advance(24*time.Hour - 2*time.Minute)
	expect("before midnight", "error_limit ")
	w.Advance(time.Minute)
	expect("after midnight", "")
	w.Set("api_suspended", true)
	expect("a suspended API", "api_suspended ")
}

func TestListsArePaged(t *testing.T) {
	w := start(t)
	for i := range 3 {
		w.pair(w.Shop(i), "365")
	}
	r := w.public("/api/v2/public/get_shops_by_partner", "page_size", "2", "page_no", "2")
	if list := r.Body["authed_shop_list"].([]any); len(list) != 1 || r.Body["more"] != false {
		t.Errorf("second page = %s", r.Text)
	}
	for _, bad := range [][]string{{"page_size", "101"}, {"page_size", "0"}, {"page_no", "0"}, {"page_no", "x"}} {
		if r := w.public("/api/v2/public/get_merchants_by_partner", bad...); r.code() != "error_param parameter invalid" {
			t.Errorf("%v = %s", bad, r.Text)
		}
	}
	if r := w.public("/api/v2/public/get_shopee_ip_ranges"); len(r.Body["ip_list"].([]any)) == 0 {
		t.Errorf("get_shopee_ip_ranges = %s", r.Text)
	}
}
