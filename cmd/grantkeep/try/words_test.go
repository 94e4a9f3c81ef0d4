package try

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var verbs = regexp.MustCompile(`%[a-z]`)

// TestWordsAreWhole: every text stands in the three languages and tells the same parts in the same order, and every text
// that the code names is there.
func TestWordsAreWhole(t *testing.T) {
	for name, text := range words {
		want := verbs.FindAllString(text.En, -1)
		for language, said := range map[string]string{"zh-CN": text.ZhCN, "zh-TW": text.ZhTW, "en": text.En} {
			if said == "" || !slices.Equal(verbs.FindAllString(said, -1), want) {
				t.Errorf("%s, %s: %q does not tell what %q tells", name, language, said, text.En)
			}
		}
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		code, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?:\.word|\.step)\("([^"]+)"`).FindAllStringSubmatch(string(code), -1) {
			if words[m[1]].En == "" {
				t.Errorf("%s names the text %q, which is none", file, m[1])
			}
		}
	}
}

// TestStepsAreToldInTheReadersLanguage tells a step and its rows in Chinese, aligned by the columns of a terminal.
func TestStepsAreToldInTheReadersLanguage(t *testing.T) {
	var out strings.Builder
	tell := &teller{w: &out, lang: "zh-CN"}
	tell.step("came.title", tell.word("granted"))
	tell.rows("whose", "shop:1", "app_key", "7", "refresh token", "")
	want := "\n1. 结果\n平台授权成功。\n   属于" + strings.Repeat(" ", 17) + "shop:1\n   app_key" + strings.Repeat(" ", 14) + "7\n"
	if out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}

func TestPasted(t *testing.T) {
	const address = "https://erp.example.org/cb?code=1&state=s"
	for _, line := range []string{address, " " + address + "\r", `"` + address + `"`, "<" + address + ">", "“" + address + "”", address + "。", "(" + address + ")"} {
		if got := pasted(line); got != address {
			t.Errorf("%q is read as %q", line, got)
		}
	}
	if got := pasted("https://erp.example.org/cb?error=access_denied&error_description=not now"); !strings.HasSuffix(got, "not%20now") {
		t.Errorf("a blank became %q", got)
	}
}
