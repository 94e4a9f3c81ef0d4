package sim

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// TestEveryTextOfAPageHasItsLanguages reads the texts of two languages in the simulators' code. What a platform itself says
// in Chinese begins with no blank and no sentence before Latin letters, or is not for a merchant.
func TestEveryTextOfAPageHasItsLanguages(t *testing.T) {
	files, err := filepath.Glob("*/*.go")
	if err != nil || len(files) < 50 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	literal := regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	both := regexp.MustCompile(`^ ?\p{Han}.*[\p{Han}。] ?[A-Za-z]`)
	seen := 0
	for _, file := range append(files, "page.go") {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, quoted := range literal.FindAllString(string(source), -1) {
			text, err := strconv.Unquote(quoted)
			if err != nil || !both.MatchString(text) || !strings.ContainsAny(text, " 。") || strings.Contains(text, "token") || strings.Contains(text, "taobao.") {
				continue
			}
			seen++
			if got := in(english, text); strings.ContainsFunc(got, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
				t.Errorf("%s: %q is %q in English; words.txt lacks it", file, text, got)
			}
			for _, lang := range []string{chinese, traditional} {
				if got := in(lang, text); got == text {
					t.Errorf("%s: %q is the same in %s; words.txt lacks it", file, text, lang)
				}
			}
		}
	}
	if seen < 80 {
		t.Errorf("%d texts were found, want those of all simulators", seen)
	}
}

func TestPagesFollowTheBrowsersLanguage(t *testing.T) {
	page := Page{
		Title: "登录 Log in", Text: []string{"账号 Account: 示例 Shop"},
		Form: &Form{Fields: []Field{{Label: "有效期 Validity", Options: []Choice{{"7", "7 天 days"}}}}, Buttons: AgreeButtons()},
	}
	for lang, want := range map[string][]string{
		"":      {"登录 Log in", "账号 Account: 示例 Shop", "有效期 Validity", "7 天 days", "同意授权 Agree"},
		"en":    {"Log in", "Account: 示例 Shop", "Validity", "7 days", "Agree"},
		"zh-CN": {"登录", "账号: 示例 Shop", "有效期", "7 天", "同意授权"}, "zh-TW": {"登入", "帳號: 示例 Shop", "有效期", "7 天", "同意授權"},
	} {
		p := page.translated(lang)
		got := []string{p.Title, p.Text[0], p.Form.Fields[0].Label, p.Form.Fields[0].Options[0].Label, p.Form.Buttons[0].Label}
		if strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("in %q the page says %q, want %q", lang, got, want)
		}
	}
	if page.Title != "登录 Log in" || page.Form.Buttons[0].Label != "同意授权 Agree" {
		t.Errorf("a translation changed its page: %+v", page)
	}
}

// TestRootSaysWhatItIs opens the root of a platform that has no page there, as a person does.
func TestRootSaysWhatItIs(t *testing.T) {
	kit := NewKit("toy", NewClock(), nil, "http://127.0.0.1:7", nil)
	r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1:7/", nil)
	r.Header.Set("Accept-Language", "de, en;q=0.5")
	w := httptest.NewRecorder()
	kit.Handler(nowhere{}).ServeHTTP(w, r)
	if body := w.Body.String(); w.Code != http.StatusOK || !strings.Contains(body, "A platform in a box") || !strings.Contains(body, "http://127.0.0.1:7") || !strings.Contains(body, `lang="en"`) {
		t.Errorf("GET / = %d %s", w.Code, body)
	}
	w = httptest.NewRecorder()
	kit.Handler(nowhere{}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://127.0.0.1:7/api", nil))
	if w.Code != http.StatusNotFound {
		t.Errorf("GET /api = %d, want what the platform says", w.Code)
	}
}

// nowhere is a platform that has no page anywhere.
type nowhere struct{ Simulator }

func (nowhere) ServeHTTP(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }

func (nowhere) Identify(*http.Request) Identity { return Identity{} }
