package shopee_test

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
	for name, life := range map[string]string{
		"code_life": "20m", "access_life": "1h", "refresh_life": "2h", "access_overlap": "0", "replay_life": "1m", "page_life": "10m",
	} {
		w.Set(name, life)
	}
	page := w.Base + w.ask("GET", w.link(), "", "").Header.Get("Location")
	code := w.agree(map[string]any{"shops": []string{w.Shop(0)}}).Get("code")
	w.Advance(9 * time.Minute)
	if r := w.ask("GET", page, "", ""); !strings.Contains(r.Text, `name="account"`) {
		t.Errorf("the page within page_life = %s", r.Text)
	}
	w.Advance(6 * time.Minute)
	first := w.exchange(code, "shop_id", w.Shop(0))
	if left, err := first.Body["expire_in"].(json.Number).Int64(); err != nil || left < 2690 || left > 2700 {
		t.Fatalf("an exchange within code_life = %s, want access_life from the consent on", first.Text)
	}
	second := w.refresh(first.Body["refresh_token"], "shop_id", w.Shop(0))
	if second.Body["expire_in"] != json.Number("3600") {
		t.Errorf("refresh = %s, want a token of access_life", second.Text)
	}
	if r := w.info(w.Shop(0), text(first.Body, "access_token")); r.code() != "error_auth Invalid access_token." {
		t.Errorf("the old access token without an overlap = %s", r.Text)
	}
	w.Advance(time.Minute)
	if r := w.refresh(first.Body["refresh_token"], "shop_id", w.Shop(0)); r.code() != "error_auth Invalid refresh_token." {
		t.Errorf("a used refresh token after replay_life = %s", r.Text)
	}
	w.Advance(2 * time.Hour)
	if r := w.refresh(second.Body["refresh_token"], "shop_id", w.Shop(0)); r.code() != "refresh_token_expired Your refresh_token expired." {
		t.Errorf("a refresh after refresh_life = %s", r.Text)
	}
}

func TestToleranceOfSignedTimesIsASwitch(t *testing.T) {
	for tolerance, want := range map[string]string{"5m": "error_param Timestamp is expired.", "10m": ""} {
		w := start(t)
		w.Set("timestamps", "strict")
		w.Set("timestamp_tolerance", tolerance)
		address := w.signed("/api/v2/public/get_shops_by_partner", "", "", "")
		w.Advance(6 * time.Minute)
		if r := w.ask("GET", address, "", ""); r.code() != want {
			t.Errorf("timestamp_tolerance %s: six minutes late = %s, want %q", tolerance, r.Text, want)
		}
	}
}

func TestLargeIDsAreASwitch(t *testing.T) {
	w := start(t)
	const large = "4294967296"
	w.Do("POST", "/shopee/shops", map[string]any{"id": large})
	pair := w.pair(large, "365")
	for taken, want := range map[bool]string{
		true: "", false: "error_param shop_id is invalid, should be an integer between 0 and 4294967295.",
	} {
		w.Set("large_ids", taken)
		if r := w.info(large, text(pair, "access_token")); r.code() != want {
			t.Errorf("large_ids %v: a call of shop %s = %s, want %q", taken, large, r.Text, want)
		}
	}
}

func TestContentTypeOfPushesIsASwitch(t *testing.T) {
	w := start(t)
	came := make(chan []string, 9)
	hook := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			t.Error(err)
		}
		came <- r.Header["Content-Type"]
	}))
	defer hook.Close()
	w.Do("POST", "/shopee/apps", map[string]string{"partner_id": w.Setting("partner_id"), "push_url": hook.URL})
	for _, kind := range []string{"application/json", "text/plain", "none"} {
		w.Set("push_content_type", kind)
		w.pair(w.Shop(0), "365")
		select {
		case got := <-came:
			if sent := strings.Join(got, ","); sent != kind && (kind != "none" || sent != "") {
				t.Errorf("push_content_type %s: %q", kind, got)
			}
		case <-time.After(5 * time.Second):
			t.Fatalf("push_content_type %s: no push", kind)
		}
	}
}
