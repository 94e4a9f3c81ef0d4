package shopeev1_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestLivesAreSwitches(t *testing.T) {
	w := start(t)
	w.Set("page_life", "10m")
	w.Set("authorization_life", "2h")
	page := w.Base + w.ask("GET", w.link("auth_partner"), "", "", "").Header.Get("Location")
	w.Advance(9 * time.Minute)
	if r := w.ask("POST", page, "application/x-www-form-urlencoded", "account="+w.Shop(0), ""); !strings.Contains(r.Text, "123456") {
		t.Errorf("the page within page_life = %s, want the SMS code", r.Text)
	}
	w.visit("auth_partner", w.Shop(0), "approve")
	w.Advance(2 * time.Hour)
	if r := w.send("shop/get", w.body(w.Shop(0), "")); r.code() != "error_auth your access to shop has expired" {
		t.Errorf("a call after authorization_life = %s", r.Text)
	}
}

func TestToleranceAndBanAreSwitches(t *testing.T) {
	for tolerance, want := range map[string]string{"5m": "error_param Invalid timestamp", "10m": ""} {
		w := start(t)
		w.Set("timestamps", "strict")
		w.Set("timestamp_tolerance", tolerance)
		old := w.body("", "")
		w.Advance(6 * time.Minute)
		if r := w.send("shop/get_partner_shop", old); r.code() != want {
			t.Errorf("timestamp_tolerance %s: six minutes late = %s, want %q", tolerance, r.Text, want)
		}
	}
	w := start(t)
	w.Set("rate_limit", 1)
	w.Set("ban", "2m")
	w.Advance(w.Now().Truncate(time.Minute).Add(time.Minute).Sub(w.Now())) // the whole minute lies ahead
	w.send("shop/get_partner_shop", w.body("", ""))
	if r := w.send("shop/get_partner_shop", w.body("", "")); r.Body["error"] != "error_too_many_request" {
		t.Errorf("a second call = %s", r.Text)
	}
	w.Advance(2 * time.Minute)
	if r := w.send("shop/get_partner_shop", w.body("", "")); r.code() != "" {
		t.Errorf("a call after the ban = %s", r.Text)
	}
}

func TestStatusOfARefusalIsASwitch(t *testing.T) {
	w := start(t)
	for text, want := range map[string]int{"200": http.StatusOK, "403": http.StatusForbidden} {
		w.Set("error_status", text)
		if r := w.send("shop/get", w.body(w.Shop(0), "")); r.Status != want || !strings.HasPrefix(r.code(), "error_auth ") {
			t.Errorf("error_status %s: %d %s", text, r.Status, r.Text)
		}
	}
}

func TestWhereTheSellerEndsIsASwitch(t *testing.T) {
	w := start(t)
	for value, want := range map[string]string{"bare": callback, "shop_id": callback + "&shop_id=" + w.Shop(0), "stays": ""} {
		w.Set("cancel_redirect", value)
		w.visit("auth_partner", w.Shop(0), "approve")
		if at := w.visit("cancel_auth_partner", w.Shop(0), "approve"); at != want {
			t.Errorf("cancel_redirect %s: %q, want %q", value, at, want)
		}
		if r := w.send("shop/get", w.body(w.Shop(0), "")); r.code() != "error_auth partner and shop has no linked" {
			t.Errorf("cancel_redirect %s: a call after it = %s", value, r.Text)
		}
	}
	for value, want := range map[string]string{"stays": "", "redirects": callback} {
		w.Set("refusal", value)
		if at := w.visit("auth_partner", w.Shop(0), "deny"); at != want {
			t.Errorf("refusal %s: %q, want %q", value, at, want)
		}
	}
}

func TestKeyOfPushesIsASwitch(t *testing.T) {
	w := start(t)
	type push struct{ url, body, authorization string }
	came := make(chan push, 9)
	hook := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		came <- push{"http://" + r.Host + r.URL.Path, string(body), r.Header.Get("Authorization")}
	}))
	defer hook.Close()
	w.send("push/set_config", w.body("", `, "callback_url": "`+hook.URL+`/push"`))
	for _, key := range []string{"push_key", "partner_key"} {
		w.Set("push_signed_with", key)
		w.visit("auth_partner", w.Shop(0), "approve")
		select {
		case got := <-came:
			if got.authorization != hash(w.Setting(key), got.url+"|"+got.body) || !json.Valid([]byte(got.body)) {
				t.Errorf("push_signed_with %s: %+v", key, got)
			}
		case <-time.After(5 * time.Second):
			t.Fatalf("push_signed_with %s: no push", key)
		}
	}
}
