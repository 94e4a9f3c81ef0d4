package eleme_test

import (
	"testing"
	"time"
)

const tooOften = "temporarily_unavailable Exceed frequency limits"

func TestOneTokenCallASecond(t *testing.T) {
	w := start(t)
	w.Set("token_gap", "1h") // as the test itself takes real time
	_, refresh := w.pair(0)
	if r := w.refresh(refresh); r.failure() != tooOften {
		t.Errorf("second call = %s, want %s", r.Text, tooOften)
	}
	w.Set("gap_text", "lock")
	if r := w.refresh(refresh); r.failure() != "Unauthorized client redis distributed lock error,create person token error" {
		t.Errorf("second call = %s, want the failed lock", r.Text)
	}
	if _, other := w.pair(1); other == "" {
		t.Error("another account is limited too")
	}
	w.Advance(time.Hour)
	if r := w.refresh(refresh); r.Field("refresh_token") == "" {
		t.Errorf("call after the gap = %s, want a pair", r.Text)
	}
}

// TestTokenCallsADay counts from midnight to midnight in Shanghai.
func TestTokenCallsADay(t *testing.T) {
	w := start(t)
	w.Set("tokens_per_day", 3)
	next := w.Now().In(time.FixedZone("", 8*60*60)).AddDate(0, 0, 2)
	midnight := time.Date(next.Year(), next.Month(), next.Day(), 0, 0, 0, 0, next.Location())
	w.Do("POST", "/clock", map[string]string{"set": midnight.Add(-time.Minute).Format(time.RFC3339)})
	_, refresh := w.pair(0)
	for n := range 2 {
		r := w.refresh(refresh)
		if refresh = r.Field("refresh_token"); refresh == "" {
			t.Fatalf("refresh %d = %s", n+1, r.Text)
		}
		w.Advance(2 * time.Second)
	}
	if r := w.refresh(refresh); r.failure() != tooOften {
		t.Errorf("fourth call of the day = %s, want %s", r.Text, tooOften)
	}
	w.Do("POST", "/clock", map[string]string{"set": midnight.Format(time.RFC3339)})
	if r := w.refresh(refresh); r.Field("refresh_token") == "" {
		t.Errorf("first call of the next day = %s, want a pair", r.Text)
	}
}
