package desk

import (
	"net/http"

	"golang.org/x/text/language"
)

// Tongue is a language of the pages, with its name in itself.
type Tongue struct{ Code, Name string }

// Tongues lists the languages; the first is what a browser gets that asks for none of them.
var Tongues = []Tongue{{"en", "English"}, {"zh-CN", "简体中文"}, {"zh-TW", "繁體中文"}}

var matcher = func() language.Matcher {
	tags := make([]language.Tag, len(Tongues))
	for i, t := range Tongues {
		tags[i] = language.MustParse(t.Code)
	}
	return language.NewMatcher(tags)
}()

// Known reports whether a text is a language of the pages.
func Known(lang string) bool {
	for _, t := range Tongues {
		if t.Code == lang {
			return true
		}
	}
	return false
}

// languageOf chooses the language of a page: the person's own, else what the browser prefers. Hong Kong and Macau read the
// texts for Taiwan.
func languageOf(r *http.Request, chosen string) string {
	for _, lang := range []string{r.URL.Query().Get("lang"), chosen} {
		if Known(lang) {
			return lang
		}
	}
	tags, _, err := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	if err != nil {
		return Tongues[0].Code
	}
	// One at a time: given all at once, the matcher takes the zh behind zh-HK for the better match.
	for _, tag := range tags {
		if _, i, confidence := matcher.Match(tag); confidence != language.No {
			return Tongues[i].Code
		}
	}
	return Tongues[0].Code
}
