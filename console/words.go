package console

import (
	"io/fs"
	"path"
	"strings"
	"sync"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"github.com/pelletier/go-toml/v2"
	"golang.org/x/text/language"

	"github.com/grantkeep/grantkeep/console/frame"
)

// barLabel says a bar of states in words.
func barLabel(p frame.Page, list []stateCount) string {
	parts := make([]string, 0, len(list))
	for _, s := range list {
		parts = append(parts, p.T("state."+string(s.State))+" "+frame.Count(s.N))
	}
	return strings.Join(parts, ", ")
}

// loadTexts reads the embedded files, once: a bundle is only read afterwards.
var loadTexts = sync.OnceValue(func() *i18n.Bundle {
	bundle := i18n.NewBundle(language.English)
	bundle.RegisterUnmarshalFunc("toml", toml.Unmarshal)
	names, err := fs.Glob(files, "locale/*.toml")
	if err != nil {
		panic(err)
	}
	for _, name := range names {
		data, err := files.ReadFile(name)
		if err != nil {
			panic(err)
		}
		bundle.MustParseMessageFileBytes(data, path.Base(name))
	}
	return bundle
})
