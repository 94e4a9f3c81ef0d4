package answer_test

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/answer"
)

// FuzzATokenAnswer asks of any body: what is read out of it can be stored, sent in a header and planned by, and all else
// is an unknown outcome.
func FuzzATokenAnswer(f *testing.F) {
	for _, body := range []string{
		`{"access_token":"At_1","refresh_token":"Rt_1","expires_in":14400}`,
		`{"access_token":"a\r\nb","refresh_token":"\u0000","expires_in":-1}`,
		`{"access_token":"a","expires_in":1e18}`, `{"access_token":"a","expires_in":"NaN"}`,
		`{"access_token":"a","access_token":"b"}`, `{"access_token":1}`, `{"expires_in":1796054400000}`, `[]`, `{`, "",
	} {
		f.Add([]byte(body), int64(1796040000))
	}
	f.Fuzz(func(t *testing.T, body []byte, at int64) {
		from := time.Unix(at%(1<<33), 0)
		o, err := answer.Read(body)
		if err != nil {
			if !errors.Is(err, platform.ErrGarbage) {
				t.Fatalf("an error that is no unknown outcome: %v", err)
			}
			return
		}
		pair, err := o.Pair("access_token", "refresh_token")
		if err != nil && !errors.Is(err, platform.ErrGarbage) {
			t.Fatalf("an error that is no unknown outcome: %v", err)
		}
		for _, text := range []string{pair.Access.Reveal(), pair.Refresh.Reveal()} {
			if len(text) > 4096 || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
				t.Fatalf("a token that no header can carry: %q", text)
			}
		}
		for _, form := range []answer.Form{answer.Seconds, answer.Unix, answer.Millis, answer.Either} {
			end, told, err := o.End("expires_in", form, from)
			if err != nil && (!errors.Is(err, platform.ErrGarbage) || !end.IsZero()) {
				t.Fatalf("%s with %v", end, err)
			}
			if err == nil && told && (end.After(from.Add(answer.Longest)) || end.IsZero()) {
				t.Fatalf("an end at %s, asked at %s", end, from)
			}
		}
		if words := o.Words("store_name"); !utf8.ValidString(words) || strings.ContainsRune(words, 0) {
			t.Fatalf("a name that no database stores: %q", words)
		}
	})
}
