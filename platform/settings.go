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
	switch s.Type {
	case "text":
		if s.Digits && strings.ContainsFunc(text, func(r rune) bool { return r < '0' || r > '9' }) {
			return bad("holds something else than the digits 0 to 9, of which alone the platform makes it; copy it again")
		}
		if !s.Secret && strings.ContainsFunc(text, unicode.IsSpace) {
			return bad("holds a blank in its middle; copy it again")
		}
	case "int":
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n <= 0 || strconv.FormatInt(n, 10) != text {
			return bad("is not a whole number above zero")
		}
		if s.Max > 0 && n > s.Max {
			return bad(fmt.Sprintf("is above %d, the platform's largest; an id of another API of the platform is none", s.Max))
		}
	case "url":
		u, err := url.Parse(text)
		switch {
		case strings.Contains(text, "#"):
			return bad("holds a fragment (#), which no server ever sees; leave it out")
		case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
			return bad("is not a whole address such as https://hub.example.org/callback")
		case u.User != nil:
			return bad("holds a user name; leave it out")
		}
	case "choice":
		if !slices.Contains(s.Choices, text) {
			text = strings.ToLower(text)
		}
		if !slices.Contains(s.Choices, text) {
			return bad("is none of " + strings.Join(s.Choices, ", "))
		}
	case "time":
		if _, err := gk.ParseTime(text); err != nil {
			return bad("is neither RFC 3339 nor unix seconds")
		}
	case "bool":
		if text != "true" && text != "false" {
			return bad("is neither true nor false")
		}
	}
	return text, nil
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
	raw := s.adminLabel(TrimSetting(text))
	if u, err := url.Parse(raw); err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" {
		if u.User != nil || u.Port() != "" {
			return "", &BadSetting{"shop", "carries a port or a user name; only the shop's own host is needed"}
		}
		raw = u.Host
	} else if host, path, ok := strings.Cut(raw, "/"); ok && (path == "" || path == "admin" || strings.HasPrefix(path, "admin/")) {
		raw = host
	}
	suffix := s.Facts.ShopSuffix
	if raw != "" && !strings.ContainsAny(raw, "./\\@:#?% ") && suffix != "" {
		raw += suffix
	}
	host, err := s.Host(raw)
	if err != nil || suffix != "" && !strings.HasSuffix(host, suffix) {
		if strings.Contains(raw, ".") && suffix != "" && !strings.HasSuffix(strings.ToLower(raw), suffix) {
			return "", &BadSetting{"shop", "is not a host that ends in " + suffix + "; a custom domain does not work here"}
		}
		return "", &BadSetting{"shop", "may hold letters, digits and hyphens only, then " + suffix}
	}
	return host, nil
}
