package lazada_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestAnEndIsToldOfEachSellerInTheLastTwoDays(t *testing.T) {
	w := start(t)
	address, got := hook(t, 200)
	w.app(map[string]any{"push_url": address, "stage": "testing"})
	w.pair(w.Shop(0), w.Shop(2))
	w.Advance(27 * day)
	if len(got) != 0 {
		t.Fatalf("pushes after 27 days = %d, want none", len(got))
	}
	w.Advance(day + time.Hour)
	r := <-got
	mac := hmac.New(sha256.New, []byte(w.Setting("app_secret")))
	mac.Write([]byte(w.Setting("app_key") + r.Header.Get("Body")))
	if want := hex.EncodeToString(mac.Sum(nil)); r.Header.Get("Authorization") != want {
		t.Errorf("Authorization = %s, want %s", r.Header.Get("Authorization"), want)
	}
	w.says(`{"seller_id":"null","message_type":8,"data":{"app_key":"`+w.Setting("app_key")+`","auth_expiry_time":`, r.Header.Get("Body"))
	w.says(`"seller_id":"`+strings.TrimPrefix(w.Shop(0), "sg:")+`"},`, r.Header.Get("Body"))
	w.says(`"site":"lazada_sg"}`, r.Header.Get("Body"))
	w.says(`"site":"lazada_th"}`, next(t, got))
	w.Advance(10 * day)
	if n := len(got); n != 2 {
		t.Errorf("further pushes = %d, want one more day of two sellers", n)
	}
}

func TestAnotherConsentEndsTheWarnings(t *testing.T) {
	w := start(t)
	address, got := hook(t, 200)
	w.app(map[string]any{"push_url": address, "stage": "testing"})
	w.pair(w.Shop(3))
	w.Advance(20 * day)
	w.pair(w.Shop(3))
	w.Advance(15 * day)
	if len(got) != 0 {
		t.Errorf("pushes = %d, want none", len(got))
	}
}

func TestStatesOrdersAndTheTestMessage(t *testing.T) {
	w := start(t)
	address, got := hook(t, 200)
	w.change(map[string]any{"push_url": address})
	w.act("close", w.Shop(3))
	w.Advance(time.Minute)
	if len(got) != 0 {
		t.Fatal("a push came without a consent")
	}
	w.act("normal", w.Shop(3))
	pair := w.pair(w.Shop(3))
	w.act("close", w.Shop(3))
	w.says(`"message_type":13,"data":{"status":"close"}`, next(t, got))
	w.refused("closed store", "SellerNotActive", w.seller("vn", pair["access_token"]))
	w.act("normal", w.Shop(3))
	w.says(`"data":{"status":"normal"}`, next(t, got))
	w.act("order", w.Shop(3))
	body := next(t, got)
	_, text, _ := strings.Cut(body, `"timestamp":`)
	ms, err := strconv.ParseInt(strings.Split(text, ",")[0], 10, 64)
	if err != nil || time.UnixMilli(ms).Sub(w.Now()).Abs() > time.Minute {
		t.Errorf("order = %s, want its time in milliseconds", body)
	}
	w.act("verify", w.Shop(3))
	w.says(`"test":"true"`, next(t, got))
}

func TestPushingStopsWhenHalfFails(t *testing.T) {
	w := start(t)
	address, got := hook(t, 500)
	w.change(map[string]any{"push_url": address})
	w.pair(w.Shop(3))
	w.act("order", w.Shop(3))
	w.Advance(7 * time.Hour)
	if n := len(got); n != 11 {
		t.Errorf("attempts = %d, want them to stop after ten failures", n)
	}
	w.act("push_on", w.Shop(3))
	w.act("order", w.Shop(3))
	w.Advance(time.Minute)
	if n := len(got); n != 12 {
		t.Errorf("attempts after pushing was switched on = %d, want one more", n)
	}
}
