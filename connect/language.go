package connect

import (
	"embed"
	"io/fs"
	"net/http"
	"path"
	"sync"

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

// previewed is the language for a client that names none. Those are the chat programs that fetch a link for its card,
// and most merchants of the supported platforms read Chinese.
const previewed = "zh-CN"

var matcher = func() language.Matcher {
	tags := make([]language.Tag, len(tongues))
	for i, t := range tongues {
		tags[i] = language.MustParse(t.Code)
	}
	return language.NewMatcher(tags)
}()

// languageOf chooses the language of a page: the one in the address, else what the browser prefers. Hong Kong and Macau
// read the texts for Taiwan.
func languageOf(r *http.Request) string {
	asked := r.URL.Query().Get("lang")
	for _, t := range tongues {
		if t.Code == asked {
			return asked
		}
	}
	accepted := r.Header.Get("Accept-Language")
	if accepted == "" {
		return previewed
	}
	tags, _, err := language.ParseAcceptLanguage(accepted)
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

// loadTexts reads the embedded catalogues, once: a bundle is only read afterwards.
var loadTexts = sync.OnceValue(func() *i18n.Bundle {
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
})
