package sim

import (
	_ "embed" // words.txt
	"net/http"
	"slices"
	"strings"
)

//go:embed words.txt
var wordList string

// Languages of the pages. A reader who names none reads the first and the last side by side, as the texts stand in the code.
const (
	chinese     = "zh-CN"
	traditional = "zh-TW"
	english     = "en"
)

// translators turn texts of two languages into one.
var translators = func() map[string]*strings.Replacer {
	type word struct {
		both  string
		texts [3]string
	}
	var words []word
	for line := range strings.Lines(wordList) {
		parts := strings.Split(strings.TrimSpace(line), " | ")
		if len(parts) != 3 {
			continue // a remark
		}
		texts := [3]string(parts)
		words = append(words, word{texts[0] + " " + texts[2], texts}, word{texts[0] + texts[2], texts})
	}
	slices.SortStableFunc(words, func(a, b word) int { return len(b.both) - len(a.both) }) // the longest that fits is meant
	made := map[string]*strings.Replacer{}
	for i, lang := range []string{chinese, traditional, english} {
		var pairs []string
		for _, w := range words {
			pairs = append(pairs, w.both, w.texts[i])
		}
		made[lang] = strings.NewReplacer(pairs...)
	}
	return made
}()

// in returns a text in a language; without one, as it stands.
func in(lang, text string) string {
	if t := translators[lang]; t != nil {
		return t.Replace(text)
	}
	return text
}

// languageOf is the first language of a browser that the pages have; empty: it names none.
func languageOf(r *http.Request) string {
	header := r.Header.Get("Accept-Language")
	for name := range strings.SplitSeq(header, ",") {
		name, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(name)), ";")
		switch {
		case name == "zh-tw", name == "zh-hk", name == "zh-mo", strings.HasPrefix(name, "zh-hant"):
			return traditional
		case name == "zh", strings.HasPrefix(name, "zh-"):
			return chinese
		case name == "en", strings.HasPrefix(name, "en-"):
			return english
		}
	}
	if header != "" && header != "*" {
		return english
	}
	return ""
}

// translated is a page in a language.
func (p Page) translated(lang string) Page {
	if lang == "" {
		return p
	}
	p.Title, p.Refusal = in(lang, p.Title), in(lang, p.Refusal)
	p.Text = slices.Clone(p.Text)
	for i, text := range p.Text {
		p.Text[i] = in(lang, text)
	}
	if p.Form == nil {
		return p
	}
	form := *p.Form
	form.Fields, form.Buttons = slices.Clone(form.Fields), slices.Clone(form.Buttons)
	for i := range form.Fields {
		f := &form.Fields[i]
		f.Label, f.Options = in(lang, f.Label), slices.Clone(f.Options)
		for j := range f.Options {
			f.Options[j].Label = in(lang, f.Options[j].Label)
		}
	}
	for i := range form.Buttons {
		form.Buttons[i].Label = in(lang, form.Buttons[i].Label)
	}
	p.Form = &form
	return p
}
