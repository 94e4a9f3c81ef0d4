package platform_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/grantkeep/grantkeep/platform"
)

func TestWordsHoldNothingThatADatabaseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"某某旗舰店":                   "某某旗舰店",
		"a\x00b\r\nc\x7fd\u0085e": "abcde",
		"cut \xff":                "cut �",
		"":                        "",
	} {
		if got := platform.Words(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
	if got := platform.Words(strings.Repeat("店", 200_000)); utf8.RuneCountInString(got) > 501 {
		t.Errorf("a name of %d characters was kept", utf8.RuneCountInString(got))
	}
}

func TestAFaultsMessageHoldsNoControlCharacter(t *testing.T) {
	c, err := platform.ReadCatalogue("toy", platform.Lookup{}, []byte(strings.Join([]string{
		"platform", "stage", "code", "description_pattern", "when", "example", "action", "terminal_for_connection",
		"cause_zh_cn", "cause_zh_tw", "cause_en", "remedy_zh_cn", "remedy_zh_tw", "remedy_en", "source",
	}, ",")+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	f := c.Fault(platform.Query{Stage: platform.StageCall, Texts: []string{"no\x00\r\n such shop"}}, "a\x00\nb", 400)
	if f.Message != "no such shop" || f.Code != "ab" {
		t.Errorf("message %q, code %q", f.Message, f.Code)
	}
}
