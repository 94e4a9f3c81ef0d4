package shopee_test

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

func (w *world) link(more ...string) string {
	q := url.Values{"partner_id": {w.Setting("partner_id")}, "auth_type": {"seller"}, "redirect_uri": {callback}, "response_type": {"code"}, "state": {"k3 &"}}
	for i := 0; i+1 < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	return w.Base + "/auth?" + q.Encode()
}

// agree acts as the seller and returns the callback's query.
func (w *world) agree(order map[string]any) url.Values {
	w.Helper()
	if order["url"] == nil {
		order["url"] = w.link()
	}
	got := w.Do("POST", "/shopee/consent", order)
	at, err := url.Parse(got["callback"].(string))
	if err != nil || at.Host != "hub.example.org" {
		w.Fatalf("consent = %v, want a callback", got)
	}
	return at.Query()
}

func (w *world) number(id string) json.Number { return json.Number(id) }

func (w *world) exchange(code, name, id string) reply {
	w.Helper()
	return w.post("/api/v2/auth/token/get", map[string]any{"code": code, "partner_id": w.number(w.Setting("partner_id")), name: w.number(id)})
}

func (w *world) refresh(token any, name, id string) reply {
	w.Helper()
	return w.post("/api/v2/auth/access_token/get", map[string]any{"refresh_token": token, "partner_id": w.number(w.Setting("partner_id")), name: w.number(id)})
}

// pair authorizes a shop for some days and exchanges its code.
func (w *world) pair(shop, days string) map[string]any {
	w.Helper()
	q := w.agree(map[string]any{"shops": []string{shop}, "account": shop, "fields": map[string]string{"validity": days}})
	r := w.exchange(q.Get("code"), "shop_id", shop)
	if r.code() != "" || r.Status != 200 {
		w.Fatalf("exchange = %d %s", r.Status, r.Text)
	}
	return r.Body
}

func text(m map[string]any, name string) string { s, _ := m[name].(string); return s }

func TestShopAuthorizes(t *testing.T) {
	w := start(t)
	q := w.agree(map[string]any{"shops": []string{w.Shop(0)}})
	if q.Get("tenant") != "3" || q.Get("state") != "k3 &" || q.Get("shop_id") != w.Shop(0) || q.Get("main_account_id") != "" {
		t.Errorf("callback = %v, want the redirect's own query, code, shop_id and state", q)
	}
	w.Advance(5 * time.Minute)
	r := w.exchange(q.Get("code"), "shop_id", w.Shop(0))
	if left, err := r.Body["expire_in"].(json.Number).Int64(); err != nil || left < 14080 || left > 14100 {
		t.Errorf("expire_in = %v, want 4 h less the 5 minutes since the consent", r.Body["expire_in"])
	}
	if got := w.info(w.Shop(0), text(r.Body, "access_token")); got.code() != "" || text(got.Body, "status") != "NORMAL" || got.Body["error"] != "" {
		t.Errorf("get_shop_info = %s", got.Text)
	}
	if again := w.exchange(q.Get("code"), "shop_id", w.Shop(0)); again.code() != "invalid_code The code is expired or used or invalid, please check the code." {
		t.Errorf("used code = %s", again.Text)
	}
	late := w.agree(map[string]any{"shops": []string{w.Shop(1)}})
	w.Advance(10 * time.Minute)
	if r := w.exchange(late.Get("code"), "shop_id", w.Shop(1)); !strings.HasPrefix(r.code(), "invalid_code") {
		t.Errorf("old code = %s", r.Text)
	}
}

func TestCodeIsBoundToItsSubject(t *testing.T) {
	w := start(t)
	q := w.agree(map[string]any{"shops": []string{w.Shop(0)}})
	for _, c := range []struct{ name, id, want string }{
		{"shop_id", w.Shop(1), "invalid_shop_id"},
		{"main_account_id", w.Shop(0), "invalid_main_acount_id"},
		{"merchant_id", "7", "error_param"},
	} {
		if r := w.exchange(q.Get("code"), c.name, c.id); !strings.HasPrefix(r.code(), c.want+" ") {
			t.Errorf("exchange for %s %s = %s, want %s", c.name, c.id, r.Text, c.want)
		}
	}
	both := w.post("/api/v2/auth/token/get", map[string]any{"code": q.Get("code"), "partner_id": w.number(w.Setting("partner_id")), "shop_id": 1, "main_account_id": 2})
	if !strings.HasPrefix(both.code(), "error_param parameter invalid") {
		t.Errorf("two subjects = %s", both.Text)
	}
	if r := w.exchange(q.Get("code"), "shop_id", w.Shop(0)); r.code() != "" {
		t.Errorf("the right subject after wrong ones = %s", r.Text)
	}
}

func TestRefreshRotates(t *testing.T) {
	w := start(t)
	first := w.pair(w.Shop(0), "365")
	r := w.refresh(first["refresh_token"], "shop_id", w.Shop(0))
	if r.code() != "" || r.Body["expire_in"] != json.Number("14400") || r.Body["shop_id"] != json.Number(w.Shop(0)) {
		t.Fatalf("refresh = %s", r.Text)
	}
	if got := w.info(w.Shop(0), text(first, "access_token")); got.code() != "" {
		t.Errorf("old access token at once = %s, want 5 minutes of overlap", got.Text)
	}
	w.Advance(5 * time.Minute)
	if got := w.info(w.Shop(0), text(first, "access_token")); got.code() != "error_auth Invalid access_token." || got.Status != 403 {
		t.Errorf("old access token after 5 minutes = %d %s", got.Status, got.Text)
	}
	again := w.refresh(first["refresh_token"], "shop_id", w.Shop(0))
	if again.Body["access_token"] != r.Body["access_token"] || again.Body["refresh_token"] != r.Body["refresh_token"] {
		t.Errorf("used refresh token inside 4 h = %s, want the same new pair", again.Text)
	}
	w.Advance(4 * time.Hour)
	if again := w.refresh(first["refresh_token"], "shop_id", w.Shop(0)); again.code() != "error_auth Invalid refresh_token." {
		t.Errorf("used refresh token after 4 h = %s", again.Text)
	}
	if got := w.info(w.Shop(0), text(r.Body, "access_token")); !strings.HasPrefix(got.code(), "error_auth") {
		t.Errorf("access token after 4 h = %s", got.Text)
	}
	if other := w.refresh(r.Body["refresh_token"], "shop_id", w.Shop(1)); !strings.HasPrefix(other.code(), "shop_no_linked") {
		t.Errorf("refresh for another shop = %s", other.Text)
	}
	w.Set("refresh_replay", "once")
	second := w.refresh(r.Body["refresh_token"], "shop_id", w.Shop(0))
	if again := w.refresh(r.Body["refresh_token"], "shop_id", w.Shop(0)); again.code() != "error_auth Invalid refresh_token." {
		t.Errorf("used refresh token = %s, want a refusal", again.Text)
	}
	w.Advance(30 * 24 * time.Hour)
	if r := w.refresh(second.Body["refresh_token"], "shop_id", w.Shop(0)); r.code() != "refresh_token_expired Your refresh_token expired." {
		t.Errorf("refresh token after 30 days = %s", r.Text)
	}
}

func TestMainAccountFansOut(t *testing.T) {
	w := start(t)
	main, merchant := w.owner("main_account"), w.owner("merchant")
	q := w.agree(map[string]any{"account": main})
	if q.Get("main_account_id") != main || q.Get("shop_id") != "" {
		t.Fatalf("callback = %v", q)
	}
	first := w.exchange(q.Get("code"), "main_account_id", main)
	shops, merchants := first.Body["shop_id_list"].([]any), first.Body["merchant_id_list"].([]any)
	if len(shops) != 2 || len(merchants) != 1 || merchants[0] != json.Number(merchant) {
		t.Fatalf("exchange = %s, want two shops and a merchant", first.Text)
	}
	token := text(first.Body, "access_token")
	seen := map[string]bool{}
	for _, subject := range []struct{ name, id string }{
		{"shop_id", shops[0].(json.Number).String()}, {"shop_id", shops[1].(json.Number).String()}, {"merchant_id", merchant},
	} {
		path := "/api/v2/shop/get_shop_info"
		if subject.name == "merchant_id" {
			path = "/api/v2/merchant/get_merchant_info"
		}
		if r := w.ask("GET", w.signed(path, token, subject.name, subject.id), "", ""); r.code() != "" {
			t.Errorf("call of %s with the common token = %s", subject.id, r.Text)
		}
		r := w.refresh(first.Body["refresh_token"], subject.name, subject.id)
		if seen[text(r.Body, "refresh_token")] || r.code() != "" || r.Body[subject.name] != json.Number(subject.id) {
			t.Errorf("first refresh of %s = %s, want a pair of its own", subject.id, r.Text)
		}
		seen[text(r.Body, "refresh_token")] = true
	}
	list := w.ask("GET", w.signed("/api/v2/merchant/get_shop_list_by_merchant", token, "merchant_id", merchant, "page_no", "1", "page_size", "1"), "", "")
	if in, ok := list.Body["response"].(map[string]any); !ok || len(in["shop_list"].([]any)) != 1 || in["more"] != true {
		t.Errorf("get_shop_list_by_merchant = %s, want one of two", list.Text)
	}
}

func TestMerchantsNeedTheirTick(t *testing.T) {
	w := start(t)
	main := w.owner("main_account")
	q := w.agree(map[string]any{"account": main, "fields": map[string]string{"auth_merchant": "no"}})
	r := w.exchange(q.Get("code"), "main_account_id", main)
	if list, ok := r.Body["merchant_id_list"].([]any); !ok || len(list) != 0 {
		t.Errorf("exchange = %s, want no merchant", r.Text)
	}
}

func TestAuthorizationEnds(t *testing.T) {
	w := start(t)
	pair := w.pair(w.Shop(0), "7")
	r := w.public("/api/v2/public/get_shops_by_partner", "page_size", "100", "page_no", "1")
	list := r.Body["authed_shop_list"].([]any)
	if len(list) != 1 || list[0].(map[string]any)["shop_id"] != json.Number(w.Shop(0)) {
		t.Fatalf("get_shops_by_partner = %s", r.Text)
	}
	end, err := strconv.ParseInt(list[0].(map[string]any)["expire_time"].(json.Number).String(), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	if clock := time.Unix(end, 0).UTC().Format("15:04:05"); clock != "15:59:59" {
		t.Errorf("expire_time is at %s UTC, want the end of the day at UTC+8", clock)
	}
	if err := w.Running.Clock.Set(t.Context(), time.Unix(end, 0)); err != nil {
		t.Fatal(err)
	}
	if r := w.refresh(pair["refresh_token"], "shop_id", w.Shop(0)); r.code() != "shop_access_expired Your access to shop has expired." {
		t.Errorf("refresh past the end = %s", r.Text)
	}
	if r := w.public("/api/v2/public/get_shops_by_partner"); len(r.Body["authed_shop_list"].([]any)) != 0 {
		t.Errorf("get_shops_by_partner past the end = %s", r.Text)
	}
}

func TestRevokeEndsAGrant(t *testing.T) {
	w := start(t)
	pair := w.pair(w.Shop(0), "365")
	w.Do("POST", "/shopee/revoke", map[string]string{"subject": w.Shop(0)})
	if r := w.info(w.Shop(0), text(pair, "access_token")); r.code() != "shop_no_linked Partner and shop has no linked." {
		t.Errorf("call after the revocation = %s", r.Text)
	}
	if r := w.refresh(pair["refresh_token"], "shop_id", w.Shop(0)); r.code() != "shop_no_linked Partner and shop has no linked." {
		t.Errorf("refresh after the revocation = %s", r.Text)
	}
	next := w.pair(w.Shop(0), "365")
	if r := w.refresh(pair["refresh_token"], "shop_id", w.Shop(0)); r.code() != "error_auth Invalid refresh_token." {
		t.Errorf("old refresh token after a new authorization = %s", r.Text)
	}
	if r := w.info(w.Shop(0), text(next, "access_token")); r.code() != "" {
		t.Errorf("call with the new token = %s", r.Text)
	}
}
