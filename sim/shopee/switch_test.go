package shopee_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestLivesAreSwitches(t *testing.T) {
	w := start(t)
	for name, life := range map[string]string{
		"code_life": "20m", "access_life": "1h", "refresh_life": "6h", "access_overlap": "30m", "replay_life": "40m", "page_life": "10m",
	} {
		w.Set(name, life)
	}
	page := w.ask("GET", w.link(), "", "")
	w.Advance(9 * time.Minute)
	if r := w.ask("GET", w.Base+page.Header.Get("Location"), "", ""); strings.Contains(r.Text, "operation overtime") {
		t.Errorf("the page within page_life = %s", r.Text)
	}
	q := w.agree(map[string]any{"shops": []string{w.Shop(0)}})
	w.Advance(15 * time.Minute)
	first := w.exchange(q.Get("code"), "shop_id", w.Shop(0))
	if left, err := first.Body["expire_in"].(json.Number).Int64(); first.code() != "" || err != nil || left < 2690 || left > 2700 {
		t.Fatalf("exchange within code_life = %s, want an hour from the consent", first.Text)
	}
	second := w.refresh(first.Body["refresh_token"], "shop_id", w.Shop(0))
	w.Advance(29 * time.Minute)
	if r := w.info(w.Shop(0), text(first.Body, "access_token")); r.code() != "" {
		t.Errorf("the old token within access_overlap = %s", r.Text)
	}
	if r := w.refresh(first.Body["refresh_token"], "shop_id", w.Shop(0)); r.Body["access_token"] != second.Body["access_token"] {
		t.Errorf("a replay within replay_life = %s, want the same pair", r.Text)
	}
	w.Advance(12 * time.Minute)
	if r := w.refresh(first.Body["refresh_token"], "shop_id", w.Shop(0)); r.code() == "" {
		t.Errorf("a replay after replay_life = %s, want a refusal", r.Text)
	}
	w.Advance(6 * time.Hour)
	if r := w.refresh(second.Body["refresh_token"], "shop_id", w.Shop(0)); !strings.HasPrefix(r.code(), "refresh_token_expired") {
		t.Errorf("a refresh after refresh_life = %s", r.Text)
	}
}

func TestToleranceOfTimestampsIsASwitch(t *testing.T) {
	w := start(t)
	w.Do("POST", "/shopee/options", map[string]any{"timestamps": "strict"})
	token := text(w.pair(w.Shop(0), "365"), "access_token")
	info := func(off time.Duration) reply {
		const path = "/api/v2/shop/get_shop_info"
		at := strconv.FormatInt(w.Now().Add(off).Unix(), 10)
		q := url.Values{"partner_id": {w.Setting("partner_id")}, "timestamp": {at}, "access_token": {token}, "shop_id": {w.Shop(0)}}
		q.Set("sign", hash(w.Setting("partner_key"), w.Setting("partner_id")+path+at+token+w.Shop(0)))
		return w.ask("GET", w.Base+path+"?"+q.Encode(), "", "")
	}
	for tolerance, minutes := range map[string]int{"5m": 5, "30m": 30} {
		w.Set("timestamp_tolerance", tolerance)
		within, beyond := time.Duration(minutes-1)*time.Minute, time.Duration(minutes+1)*time.Minute
		for _, off := range []time.Duration{within, -within} {
			if r := info(off); r.code() != "" {
				t.Errorf("timestamp_tolerance %s: off by %v = %s", tolerance, off, r.Text)
			}
		}
		for _, off := range []time.Duration{beyond, -beyond} {
			if r := info(off); r.code() == "" {
				t.Errorf("timestamp_tolerance %s: off by %v was taken", tolerance, off)
			}
		}
	}
}

func TestContentTypeOfPushesIsASwitch(t *testing.T) {
	w := start(t)
	got := make(chan []string, 10)
	hook := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		got <- r.Header.Values("Content-Type")
		rw.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(hook.Close)
	w.Do("POST", "/shopee/apps", map[string]string{"partner_id": w.Setting("partner_id"), "push_url": hook.URL})
	for kind, want := range map[string]string{"application/json": "application/json", "text/plain": "text/plain", "none": ""} {
		w.Set("push_content_type", kind)
		w.pair(w.Shop(0), "365")
		select {
		case sent := <-got:
			if strings.Join(sent, "") != want {
				t.Errorf("push_content_type %s: %q", kind, sent)
			}
		case <-time.After(5 * time.Minute):
			t.Fatalf("push_content_type %s: no push", kind)
		}
	}
}

func TestLargeIDsMayBeRefused(t *testing.T) {
	w := start(t)
	for _, taken := range []bool{true, false} {
		w.Set("large_ids", taken)
		r := w.info("4294967296", "none")
		if refused := strings.HasPrefix(r.code(), "error_param"); refused == taken {
			t.Errorf("large_ids %v: %s", taken, r.Text)
		}
	}
}
