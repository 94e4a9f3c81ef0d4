package offline

import (
	"cmp"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	gk "github.com/grantkeep/grantkeep"
)

// hidden stands for a value that is not shown.
const hidden = "***"

// mask hides secrets in texts, in each form that a request can give them.
type mask struct{ texts []string }

// maskOf hides the given secrets; empty ones are left out.
func maskOf(secrets ...gk.Secret) mask {
	var m mask
	for _, s := range secrets {
		text := s.Reveal()
		if text == "" {
			continue
		}
		quoted, err := json.Marshal(text)
		if err != nil {
			quoted = []byte(`""`)
		}
		m.texts = append(m.texts, text, url.QueryEscape(text), url.PathEscape(text), strings.Trim(string(quoted), `"`))
	}
	m.texts = slices.DeleteFunc(m.texts, func(s string) bool { return s == "" })
	// The longest first: a secret may be part of another.
	slices.SortFunc(m.texts, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	return m
}

// in returns text with the secrets hidden.
func (m mask) in(text string) string {
	for _, s := range m.texts {
		text = strings.ReplaceAll(text, s, hidden)
	}
	return text
}

// header returns the value of a header with the secrets hidden, and with them the Basic credentials, which hold the
// app's secret in another alphabet.
func (m mask) header(name, value string) string {
	if scheme, _, ok := strings.Cut(value, " "); ok && strings.EqualFold(name, "Authorization") && strings.EqualFold(scheme, "Basic") {
		return scheme + " " + hidden
	}
	return m.in(value)
}
