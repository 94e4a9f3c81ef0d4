package platform_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/platform"
)

func TestIntIsStrict(t *testing.T) {
	for text, want := range map[string]platform.Int{`12`: 12, `"12"`: 12, `null`: 0, `""`: 0, `-1`: -1, `9223372036854775807`: 9223372036854775807} {
		var n platform.Int
		if err := json.Unmarshal([]byte(text), &n); err != nil || n != want {
			t.Errorf("Int of %s = %d, %v, want %d", text, n, err, want)
		}
	}
	for _, text := range []string{`1.0`, `1e3`, `9223372036854775808`, `-9223372036854775808`, `"+1"`, `" 1"`, `true`, `[]`, `"x"`} {
		var n platform.Int
		if err := json.Unmarshal([]byte(text), &n); err == nil {
			t.Errorf("Int of %s = %d, want an error", text, n)
		}
	}
}

func TestReservedInCall(t *testing.T) {
	r := platform.Reserved{Names: []string{"sign", "Authorization"}}
	for name, call := range map[string]platform.Call{
		"query":      {Query: url.Values{"Sign": {""}}},
		"header":     {Header: http.Header{"authorization": {"x"}}},
		"line break": {Header: http.Header{"X": {"a\r\nb"}}},
	} {
		if err := r.InCall(call); err == nil {
			t.Errorf("%s: InCall = nil, want a BadCall", name)
		}
	}
	if err := r.InCall(platform.Call{Query: url.Values{"signature": {"1"}}, Header: http.Header{"Accept": {"*/*"}}}); err != nil {
		t.Errorf("InCall of a clean call = %v", err)
	}
}

func TestPauseAfter(t *testing.T) {
	f := &platform.Facts{
		Refresh: platform.Refresh{Zone: "Asia/Singapore"},
		Limits:  platform.Limits{Pause: map[string]string{"day": "midnight", "minute": "1h"}},
	}
	at := time.Date(2026, 1, 1, 14, 30, 0, 0, time.UTC) // 22:30 in Singapore
	for code, want := range map[string]time.Duration{"day": 90 * time.Minute, "minute": time.Hour, "other": 0} {
		if got := f.PauseAfter(code, at); got != want {
			t.Errorf("PauseAfter(%q) = %v, want %v", code, got, want)
		}
	}
}
