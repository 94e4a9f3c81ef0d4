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
		form := url.QueryEscape(text)
		m.texts = append(m.texts, text, form, strings.ReplaceAll(form, "+", "%20"), url.PathEscape(text), quoted(text, true), quoted(text, false))
	}
	m.texts = slices.DeleteFunc(m.texts, func(s string) bool { return s == "" })
	// The longest first: a secret may be part of another.
	slices.SortFunc(m.texts, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	return m
}

// Masked returns a text with secrets hidden, in each form that a request can give them.
func Masked(text string, secrets ...gk.Secret) string { return maskOf(secrets...).in(text) }

// quoted is a text as it stands between the quotes of JSON, with < > & escaped or as themselves.
func quoted(text string, html bool) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(html)
	if enc.Encode(text) != nil {
		return ""
	}
	line := strings.TrimSuffix(b.String(), "\n")
	return strings.TrimSuffix(strings.TrimPrefix(line, `"`), `"`)
}

// in returns text with the secrets hidden.
func (m mask) in(text string) string {
	for _, s := range m.texts {
		text = strings.ReplaceAll(text, s, hidden)
	}
	return text
}

// header returns the value of a header with the secrets hidden, and with them the Basic credentials, which hold the
// app's secret in another alphabet. A mask without secrets hides nothing.
func (m mask) header(name, value string) string {
	if scheme, _, ok := strings.Cut(value, " "); ok && len(m.texts) > 0 && strings.EqualFold(name, "Authorization") && strings.EqualFold(scheme, "Basic") {
		return scheme + " " + hidden
	}
	return m.in(value)
}
