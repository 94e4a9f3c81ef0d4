package platform

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	gk "github.com/grantkeep/grantkeep"
)

// BadSetting is a setting that cannot be one: Name is its field, Why says what is wrong without its value.
type BadSetting struct{ Name, Why string }

// Error returns field and reason.
func (b *BadSetting) Error() string { return b.Name + " " + b.Why }

// TrimSetting removes what copying leaves around a setting: blanks, line ends, a byte order mark, zero-width spaces.
func TrimSetting(text string) string {
	return strings.TrimFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || r == '\ufeff' || r >= '\u200b' && r <= '\u200d' || r == 0
	})
}

// ReadSetting reads one setting as the API, the pages and the shell take it: trimmed, a choice in lower case. A value
// that cannot be right is a *BadSetting; an empty one is not looked at, since whether it is needed depends on the step.
func (f *Facts) ReadSetting(name, text string) (string, error) {
	s := f.Settings[name]
	text = TrimSetting(text)
	bad := func(why string) (string, error) { return "", &BadSetting{name, why} }
	if text == "" {
		return "", nil
	}
	if s.Type != "list" && strings.ContainsFunc(text, unicode.IsControl) || !utf8.ValidString(text) {
		return bad("holds a control character, such as a line end in its middle; copy it again")
	}
	if s.Type == "choice" && !slices.Contains(s.Choices, text) {
		text = strings.ToLower(text)
	}
	if check := forms[s.Type]; check != nil {
		if why := check(s, text); why != "" {
			return bad(why)
		}
	}
	return text, nil
}

// forms says for each type of setting what is wrong with a value, empty if nothing is. A list has no form.
var forms = map[string]func(s Setting, text string) string{
	"text": badText, "int": badInt, "url": badURL, "choice": badChoice, "time": badTime, "bool": badBool,
}

func badText(s Setting, text string) string {
	switch {
	case s.Digits && strings.ContainsFunc(text, func(r rune) bool { return r < '0' || r > '9' }):
		return "holds something else than the digits 0 to 9, of which alone the platform makes it; copy it again"
	case !s.Secret && strings.ContainsFunc(text, unicode.IsSpace):
		return "holds a blank in its middle; copy it again"
	}
	return ""
}

func badInt(s Setting, text string) string {
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil || n <= 0 || strconv.FormatInt(n, 10) != text:
		return "is not a whole number above zero"
	case s.Max > 0 && n > s.Max:
		return fmt.Sprintf("is above %d, the platform's largest; an id of another API of the platform is none", s.Max)
	}
	return ""
}

func badURL(_ Setting, text string) string {
	u, err := url.Parse(text)
	switch {
	case strings.Contains(text, "#"):
		return "holds a fragment (#), which no server ever sees; leave it out"
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return "is not a whole address such as https://hub.example.org/callback"
	case u.User != nil:
		return "holds a user name; leave it out"
	}
	return ""
}

func badChoice(s Setting, text string) string {
	if !slices.Contains(s.Choices, text) {
		return "is none of " + strings.Join(s.Choices, ", ")
	}
	return ""
}

func badTime(_ Setting, text string) string {
	if _, err := gk.ParseTime(text); err != nil {
		return "is neither RFC 3339 nor unix seconds"
	}
	return ""
}

func badBool(_ Setting, text string) string {
	if text != "true" && text != "false" {
		return "is neither true nor false"
	}
	return ""
}

// adminLabel returns the label that the address of a shop's admin names, where the platform's own host shows every
// admin; any other text as it is.
func (s *Spec) adminLabel(text string) string {
	rest, ok := strings.CutPrefix(strings.TrimPrefix(text, "https://"), s.Facts.ShopAdmin)
	if s.Facts.ShopAdmin == "" || !ok {
		return text
	}
	label, _, _ := strings.Cut(rest, "/")
	label, _, _ = strings.Cut(label, "?")
	return label
}

// ShopHost reads what a person calls their shop (a label, a host, or the whole address of its admin) and returns the
// host that the facts allow, or an error that says which kind of mistake it is and what form is wanted.
func (s *Spec) ShopHost(text string) (string, error) {
	raw, ok := hostIn(s.adminLabel(TrimSetting(text)))
	if !ok {
		return "", &BadSetting{"shop", "carries a port or a user name; only the shop's own host is needed"}
	}
	suffix := s.Facts.ShopSuffix
	if raw != "" && !strings.ContainsAny(raw, "./\\@:#?% ") {
		raw += suffix
	}
	host, err := s.Host(raw)
	switch {
	case err == nil && strings.HasSuffix(host, suffix):
		return host, nil
	case suffix != "" && strings.Contains(raw, ".") && !strings.HasSuffix(strings.ToLower(raw), suffix):
		return "", &BadSetting{"shop", "is not a host that ends in " + suffix + "; a custom domain does not work here"}
	}
	return "", &BadSetting{"shop", "may hold letters, digits and hyphens only, then " + suffix}
}

// hostIn takes the host out of an address that was copied from a browser, with or without its scheme; any other text it
// returns as it is. ok is false for an address with a port or a user name.
func hostIn(raw string) (host string, ok bool) {
	if u, err := url.Parse(raw); err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" {
		return u.Host, u.User == nil && u.Port() == ""
	}
	if host, path, found := strings.Cut(raw, "/"); found && (path == "" || path == "admin" || strings.HasPrefix(path, "admin/")) {
		return host, true
	}
	return raw, true
}
