package tiktokshop_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"time"
)

func TestARevocationNamesEachShopAndNoAccount(t *testing.T) {
	w := start(t)
	address, got := hook(t, 200)
	w.change(map[string]any{"push_url": address})
	pair := w.pair()
	w.Do("POST", "/tiktokshop/revoke", map[string]any{"subject": w.Shops[0]["owner"]})
	seen := map[string]bool{}
	for range 3 {
		r := next(t, got)
		mac := hmac.New(sha256.New, []byte(w.Setting("app_secret")))
		mac.Write([]byte(w.Setting("app_key") + r.Header.Get("Body")))
		if want := hex.EncodeToString(mac.Sum(nil)); r.Header.Get("Authorization") != want {
			t.Errorf("Authorization = %s, want %s", r.Header.Get("Authorization"), want)
		}
		for i := range 3 {
			if strings.Contains(r.Header.Get("Body"), `"shop_id":"`+w.Shop(i)+`"`) && strings.HasPrefix(r.Header.Get("Body"), `{"type":6,"tts_notification_id":"`) {
				seen[w.Shop(i)] = true
			}
		}
		if strings.Contains(r.Header.Get("Body"), w.Shops[0]["owner"].(string)) {
			t.Errorf("push names the account: %s", r.Header.Get("Body"))
		}
	}
	if len(seen) != 3 {
		t.Errorf("shops told of = %v, want three", seen)
	}
	r := w.call("GET", shopsPath, pair["access_token"], "")
	w.refused("call after the revocation", "105001", r)
	w.says("your token has been deauthorized", r.Text)
	w.refused("renewal after the revocation", "36004005", w.refresh(pair["refresh_token"]))
}

func TestOneShopOfManyCanBeTakenOut(t *testing.T) {
	w := start(t)
	address, got := hook(t, 200)
	w.change(map[string]any{"push_url": address})
	pair := w.pair()
	cipher := w.cipher(pair["access_token"])
	w.Do("POST", "/tiktokshop/revoke", map[string]string{"subject": w.Shop(0)})
	w.says(w.Shop(0), next(t, got).Header.Get("Body"))
	if n := len(w.shops(pair["access_token"])); n != 2 {
		t.Errorf("shops = %d, want two", n)
	}
	w.refused("call of the lost shop", "36009004", w.call("GET", ordersPath, pair["access_token"], "", "shop_cipher", cipher))
	w.Do("POST", "/tiktokshop/revoke", map[string]string{"subject": w.Shop(1)})
	w.Do("POST", "/tiktokshop/revoke", map[string]string{"subject": w.Shop(2)})
	w.refused("call without a shop", "105001", w.call("GET", shopsPath, pair["access_token"], ""))
	if r := w.Ask("POST", w.Control+"/tiktokshop/revoke", "application/json", `{"subject":"`+w.Shop(0)+`"}`); r.Status != 422 {
		t.Errorf("revoking again = %d, want 422", r.Status)
	}
}

func TestACreatorsRevocationNamesTheCreator(t *testing.T) {
	w := start(t)
	address, got := hook(t, 200)
	w.change(map[string]any{"push_url": address})
	w.good(w.get(w.agree(map[string]any{"url": w.creatorLink("s"), "account": w.owner("1")}).Get("code")))
	w.Do("POST", "/tiktokshop/revoke", map[string]string{"subject": w.owner("1")})
	body := next(t, got).Header.Get("Body")
	w.says(`{"type":20,"creator_open_id":"`+w.owner("1")+`"`, body)
	w.says(`"cancel_time":`, body)
}

func TestAnEndIsToldDailyFromThirtyDaysBefore(t *testing.T) {
	w := start(t)
	address, got := hook(t, 200)
	w.change(map[string]any{"push_url": address})
	w.good(w.get(w.agree(map[string]any{"url": w.link("s"), "shops": []string{w.Shop(3)}, "fields": map[string]string{"days": "180"}}).Get("code")))
	w.Advance(149 * day)
	if len(got) != 0 {
		t.Fatalf("warnings after 149 days = %d, want none", len(got))
	}
	w.Advance(3*day - time.Hour)
	r := next(t, got)
	w.says(`{"type":7,`, r.Header.Get("Body"))
	w.says("Authorization of shop_id "+w.Shop(3)+" is expiring in 30 days.", r.Header.Get("Body"))
	w.says(`"expiration_time":"`, r.Header.Get("Body"))
	first := len(got) + 1
	w.Advance(40 * day)
	if n := len(got) + 1; n < 29 || n > 30 || first > 3 {
		t.Errorf("warnings in all = %d, at first %d, want one a day", n, first)
	}
}

func TestANewConsentEndsTheWarnings(t *testing.T) {
	w := start(t)
	address, got := hook(t, 200)
	w.change(map[string]any{"push_url": address})
	again := func(days string) {
		w.good(w.get(w.agree(map[string]any{"url": w.link("s"), "shops": []string{w.Shop(3)}, "fields": map[string]string{"days": days}}).Get("code")))
	}
	again("30")
	w.Advance(2 * day)
	if len(got) == 0 {
		t.Fatal("no warning came")
	}
	again("365")
	for len(got) > 0 {
		<-got
	}
	w.Advance(5 * day)
	if len(got) != 0 {
		t.Errorf("warnings after the new consent = %d, want none", len(got))
	}
}

func TestAPushIsRepeatedUnlessItIsTakenOrItsSignatureRefused(t *testing.T) {
	for status, want := range map[int]int{200: 1, 401: 1, 500: 5, 204: 5} {
		w := start(t)
		address, got := hook(t, status)
		w.change(map[string]any{"push_url": address})
		w.good(w.get(w.agree(map[string]any{"url": w.link("s"), "shops": []string{w.Shop(3)}}).Get("code")))
		w.Do("POST", "/tiktokshop/revoke", map[string]string{"subject": w.Shop(3)})
		w.Advance(16 * time.Hour)
		w.Advance(24 * time.Hour)
		if len(got) != want {
			t.Errorf("attempts at an answer of %d = %d, want %d", status, len(got), want)
		}
	}
}

func TestAShopCanHaveAnAddressOfItsOwn(t *testing.T) {
	w := start(t)
	address, got := hook(t, 200)
	pair := w.pair()
	cipher := w.cipher(pair["access_token"])
	const path = "/event/202309/webhooks"
	body := `{"address":"` + address + `","event_type":"SELLER_DEAUTHORIZATION"}`
	w.good(w.call("PUT", path, pair["access_token"], body, "shop_cipher", cipher))
	w.says(address, w.call("GET", path, pair["access_token"], "", "shop_cipher", cipher).Text)
	w.refused("no event", "98001004", w.call("PUT", path, pair["access_token"], "{}", "shop_cipher", cipher))
	w.Do("POST", "/tiktokshop/revoke", map[string]string{"subject": w.Shop(0)})
	w.says(w.Shop(0), next(t, got).Header.Get("Body"))
	other := w.shops(pair["access_token"])[0].(map[string]any)["cipher"].(string)
	w.good(w.call("DELETE", path, pair["access_token"], `{"event_type":"SELLER_DEAUTHORIZATION"}`, "shop_cipher", other)) // though nothing is set
}
