package shopeev1_test

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestLinkTokenKnownAnswers(t *testing.T) {
	w := start(t)
	for _, c := range []struct{ id, key, redirect, token string }{
		{"70148", "9b754aba01a5d719cc70c57782941ae6ff90fcc687282908ee480a364901d181", "https://www.google.com", "815d97b3a582e2e39957545a0c8c3da63d2466b902a32956ddd7a784badccdb8"},
		{"70149", "f44262e6ef143ca4cff63d3f2a8dabfada3a5581abfbef7a8b52197da4148c9a", "http://www.baidu.com", "e10143775ee389a1152e2a1cf75f3f8608c80f6429514cea527bc6fb1718d19a"},
		{"800123", strings.Repeat("c0ffee00", 8), "https://hub.example.org/cb?tenant=3", "1393eb4877c89d4cb0405779db18886a8da78c64d831bbb795649e7e76afce73"},
	} {
		w.Do("POST", "/shopeev1/apps", map[string]string{"partner_id": c.id, "partner_key": c.key})
		q := url.Values{"id": {c.id}, "token": {c.token}, "redirect": {c.redirect}}
		r := w.ask("GET", w.Base+"/api/v1/shop/auth_partner?"+q.Encode(), "", "", "")
		if at := r.Header.Get("Location"); r.Status != 302 || !regexp.MustCompile(`^/authorize\?.*random=[0-9a-f]{16}`).MatchString(at) {
			t.Errorf("link of app %s = %d %q %s, want the random page", c.id, r.Status, at, r.Text)
		}
		q.Set("redirect", c.redirect+"/")
		r = w.ask("GET", w.Base+"/api/v1/shop/auth_partner?"+q.Encode(), "", "", "")
		if r.code() != "error_auth Invalid token" {
			t.Errorf("link of app %s with another redirect = %s", c.id, r.Text)
		}
	}
}

func TestSellerAuthorizesAndCancels(t *testing.T) {
	w := start(t)
	if at := w.visit("auth_partner", w.Shop(0), "deny"); at != "" {
		t.Errorf("refusal leads to %q, want nowhere", at)
	}
	before := w.Now().Unix()
	if at, want := w.visit("auth_partner", w.Shop(0), "approve"), callback+"&shop_id="+w.Shop(0); at != want {
		t.Errorf("callback = %q, want %q", at, want)
	}
	r := w.send("shop/get_partner_shop", w.body("", ""))
	list := r.Body["authed_shops"].([]any)
	if len(list) != 1 || r.Body["error"] != nil {
		t.Fatalf("get_partner_shop = %s", r.Text)
	}
	shop := list[0].(map[string]any)
	given, err := strconv.ParseInt(shop["auth_time"].(json.Number).String(), 10, 64)
	if err != nil || given < before || shop["expire_time"] != json.Number(strconv.FormatInt(given+31536000, 10)) || shop["shopid"] != json.Number(w.Shop(0)) {
		t.Errorf("get_partner_shop = %s, want one year from now", r.Text)
	}
	if r := w.send("shop/get", w.body(w.Shop(0), "")); r.code() != "" || r.Body["shop_id"] != json.Number(w.Shop(0)) || r.Body["status"] != "NORMAL" {
		t.Errorf("shop/get = %s", r.Text)
	}
	w.Set("extra_code", true)
	if at := w.visit("auth_partner", w.Shop(0), "approve"); !strings.Contains(at, "tenant=3&code=") {
		t.Errorf("callback = %q, want a code that means nothing", at)
	}
	if at := w.visit("cancel_auth_partner", w.Shop(0), "approve"); at != callback {
		t.Errorf("callback of a cancellation = %q, want %q", at, callback)
	}
	if r := w.send("shop/get", w.body(w.Shop(0), "")); r.code() != "error_auth partner and shop has no linked" || r.Status != 200 {
		t.Errorf("shop/get after the cancellation = %d %s", r.Status, r.Text)
	}
}

func TestPageLivesThreeMinutes(t *testing.T) {
	w := start(t)
	r := w.ask("GET", w.link("auth_partner"), "", "", "")
	page := w.Base + r.Header.Get("Location")
	w.Advance(2 * time.Minute)
	if r := w.ask("POST", page, "application/x-www-form-urlencoded", "account="+w.Shop(0), ""); !strings.Contains(r.Text, "123456") {
		t.Errorf("page after 2 minutes = %s, want the SMS code", r.Text)
	}
	w.Advance(time.Minute)
	for range 2 {
		if r := w.ask("POST", page, "application/x-www-form-urlencoded", "sms_code=123456", ""); !strings.Contains(r.Text, "operation overtime") {
			t.Errorf("page after 3 minutes = %s", r.Text)
		}
	}
	if at := w.visit("auth_partner", w.Shop(0), "approve"); at == "" {
		t.Error("the link does not open another page")
	}
}

func TestAuthorizationLastsAYear(t *testing.T) {
	w := start(t)
	w.visit("auth_partner", w.Shop(0), "approve")
	w.Advance(365 * 24 * time.Hour)
	if r := w.send("shop/get", w.body(w.Shop(0), "")); r.code() != "error_auth your access to shop has expired" {
		t.Errorf("shop/get after a year = %s", r.Text)
	}
	w.Set("expired_text", "overdue")
	if r := w.send("shop/get", w.body(w.Shop(0), "")); r.code() != "error_auth Your authorization is overdue" {
		t.Errorf("shop/get after a year = %s", r.Text)
	}
	if r := w.send("shop/get_partner_shop", w.body("", "")); len(r.Body["authed_shops"].([]any)) != 0 {
		t.Errorf("get_partner_shop after a year = %s", r.Text)
	}
}

func TestOldAuthorizationsReachTheRule(t *testing.T) {
	w := start(t)
	if err := w.Running.Clock.Set(t.Context(), time.Date(2018, time.January, 1, 0, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	w.visit("auth_partner", w.Shop(0), "approve")
	r := w.send("shop/get", w.body(w.Shop(0), ""))
	end, err := strconv.ParseInt(r.Body["expire_time"].(json.Number).String(), 10, 64)
	if got, want := time.Unix(end, 0).UTC().Format(time.DateOnly), "2020-12-31"; err != nil || got != want {
		t.Errorf("authorization of 2018 ends on %s, want %s", got, want)
	}
}
