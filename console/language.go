package console

import (
	"embed"
	"io/fs"
	"net/http"
	"path"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"github.com/pelletier/go-toml/v2"
	"golang.org/x/text/language"
)

//go:embed locale/*.toml
var catalogues embed.FS

// tongue is a language of the pages, with its name in itself.
type tongue struct{ Code, Name string }

// tongues lists the languages; the first is what a browser gets that asks for none of them.
var tongues = []tongue{{"en", "English"}, {"zh-CN", "简体中文"}, {"zh-TW", "繁體中文"}}

var matcher = func() language.Matcher {
	tags := make([]language.Tag, len(tongues))
	for i, t := range tongues {
		tags[i] = language.MustParse(t.Code)
	}
	return language.NewMatcher(tags)
}()

// known reports whether a text is a language of the pages.
func known(lang string) bool {
	for _, t := range tongues {
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
		if known(lang) {
			return lang
		}
	}
	tags, _, err := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	if err != nil {
		return tongues[0].Code
	}
	// One at a time: given all at once, the matcher takes the zh behind zh-HK for the better match.
	for _, tag := range tags {
		if _, i, confidence := matcher.Match(tag); confidence != language.No {
			return tongues[i].Code
		}
	}
	return tongues[0].Code
}

// loadTexts reads the embedded catalogues.
func loadTexts() *i18n.Bundle {
	bundle := i18n.NewBundle(language.English)
	bundle.RegisterUnmarshalFunc("toml", toml.Unmarshal)
	files, err := fs.Glob(catalogues, "locale/*.toml")
	if err != nil {
		panic(err)
	}
	for _, name := range files {
		data, err := catalogues.ReadFile(name)
		if err != nil {
			panic(err)
		}
		bundle.MustParseMessageFileBytes(data, path.Base(name))
	}
	return bundle
}
