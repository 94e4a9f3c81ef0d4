package shopeev1_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestPageLifeIsASwitch(t *testing.T) {
	w := start(t)
	w.Set("page_life", "10m")
	page := w.Base + w.ask("GET", w.link("auth_partner"), "", "", "").Header.Get("Location")
	w.Advance(9 * time.Minute)
	if r := w.ask("GET", page, "", "", ""); strings.Contains(r.Text, "operation overtime") {
		t.Errorf("the page within page_life = %s", r.Text)
	}
	w.Advance(time.Minute)
	if r := w.ask("GET", page, "", "", ""); !strings.Contains(r.Text, "operation overtime") {
		t.Errorf("the page after page_life = %s", r.Text)
	}
}

func TestAuthorizationLifeIsASwitch(t *testing.T) {
	w := start(t)
	w.Set("authorization_life", "48h")
	w.visit("auth_partner", w.Shop(0), "approve")
	w.Advance(47 * time.Hour)
	if r := w.send("shop/get", w.body(w.Shop(0), "")); r.code() != "" {
		t.Errorf("within authorization_life = %s", r.Text)
	}
	w.Advance(time.Hour)
	if r := w.send("shop/get", w.body(w.Shop(0), "")); r.code() != "error_auth your access to shop has expired" {
		t.Errorf("after authorization_life = %s", r.Text)
	}
}

func TestToleranceOfTimestampsIsASwitch(t *testing.T) {
	w := start(t)
	w.Do("POST", "/shopeev1/options", map[string]any{"timestamps": "strict"})
	ask := func(off time.Duration) reply {
		return w.send("shop/get_partner_shop", `{"partner_id": `+w.Setting("partner_id")+`, "timestamp": `+strconv.FormatInt(w.Now().Add(off).Unix(), 10)+`}`)
	}
	for tolerance, minutes := range map[string]int{"5m": 5, "1h": 60} {
		w.Set("timestamp_tolerance", tolerance)
		within, beyond := time.Duration(minutes-1)*time.Minute, time.Duration(minutes+1)*time.Minute
		for _, off := range []time.Duration{within, -within} {
			if r := ask(off); r.code() != "" {
				t.Errorf("timestamp_tolerance %s: off by %v = %s", tolerance, off, r.Text)
			}
		}
		for _, off := range []time.Duration{beyond, -beyond} {
			if r := ask(off); r.code() == "" {
				t.Errorf("timestamp_tolerance %s: off by %v was taken", tolerance, off)
			}
		}
	}
}

func TestBanIsASwitch(t *testing.T) {
	w := start(t)
	w.Do("POST", "/shopeev1/options", map[string]any{"rate_limit": 1, "ban": "10m"})
	w.Advance(w.Now().Truncate(time.Minute).Add(time.Minute).Sub(w.Now())) // the whole minute lies ahead
	var r reply
	for range 2 {
		r = w.send("shop/get_partner_shop", w.body("", ""))
	}
	if r.Body["error"] != "error_too_many_request" {
		t.Errorf("the second call = %s", r.Text)
	}
	w.Advance(9 * time.Minute)
	if r := w.send("shop/get_partner_shop", w.body("", "")); r.Body["error"] != "error_too_many_request" {
		t.Errorf("within the ban = %s", r.Text)
	}
	w.Advance(time.Minute)
	if r := w.send("shop/get_partner_shop", w.body("", "")); r.code() != "" {
		t.Errorf("after the ban = %s", r.Text)
	}
}

func TestStatusOfErrorAuthIsASwitch(t *testing.T) {
	w := start(t)
	for _, status := range []int{200, 403} {
		w.Set("error_status", strconv.Itoa(status))
		if r := w.send("shop/get", w.body(w.Shop(0), "")); r.Status != status || !strings.HasPrefix(r.code(), "error_auth") {
			t.Errorf("error_status %d: %d %s", status, r.Status, r.Text)
		}
	}
}

func TestWhereRefusalAndCancellationLeadAreSwitches(t *testing.T) {
	w := start(t)
	w.Set("refusal", "redirects")
	if at := w.visit("auth_partner", w.Shop(0), "deny"); at != callback {
		t.Errorf("refusal redirects: %q, want the redirect as it was given", at)
	}
	for how, want := range map[string]string{"bare": callback, "shop_id": callback + "&shop_id=" + w.Shop(0), "stays": ""} {
		w.Set("cancel_redirect", how)
		w.visit("auth_partner", w.Shop(0), "approve")
		if at := w.visit("cancel_auth_partner", w.Shop(0), "approve"); at != want {
			t.Errorf("cancel_redirect %s: %q, want %q", how, at, want)
		}
	}
}

func TestKeyOfPushesIsASwitch(t *testing.T) {
	w := start(t)
	type push struct{ authorization, base string }
	got := make(chan push, 9)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got <- push{r.Header.Get("Authorization"), "http://" + r.Host + r.URL.Path + "|" + string(body)}
	}))
	defer hook.Close()
	w.send("push/set_config", w.body("", `, "callback_url": "`+hook.URL+`/push"`))
	for _, key := range []string{"push_key", "partner_key"} {
		w.Set("push_signed_with", key)
		w.visit("auth_partner", w.Shop(0), "approve")
		select {
		case p := <-got:
			if p.authorization != hash(w.Setting(key), p.base) {
				t.Errorf("push_signed_with %s: another key signed", key)
			}
		case <-time.After(5 * time.Minute):
			t.Fatalf("push_signed_with %s: no push", key)
		}
	}
}
