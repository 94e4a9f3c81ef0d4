package platform

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Params returns the parameters of a request to us: of the query for a GET, of the body for a POST, never of both. It
// refuses one in which one of the telling names, in whatever case, comes twice, also once in either place: two readers
// would take different values.
func (in Incoming) Params(telling ...string) (url.Values, error) {
	u, err := url.Parse(in.URL)
	if err != nil {
		return nil, errors.New("its address cannot be read")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, errors.New("its query cannot be read")
	}
	if in.Method != http.MethodPost {
		return query, once(telling, query)
	}
	body, err := url.ParseQuery(string(in.Body))
	if err != nil {
		return nil, errors.New("its body cannot be read")
	}
	return body, once(telling, query, body)
}

// once refuses parameters among which one of the telling names comes more than once.
func once(telling []string, places ...url.Values) error {
	seen := map[string]int{}
	for _, place := range places {
		for name, values := range place {
			seen[strings.ToLower(name)] += len(values)
		}
	}
	for _, name := range telling {
		if seen[strings.ToLower(name)] > 1 {
			return fmt.Errorf("%s comes more than once", name)
		}
	}
	return nil
}

// Query returns the query of a callback that comes by GET only, and refuses one in which one of the telling names, in
// whatever case, comes twice.
func (in Incoming) Query(telling ...string) (url.Values, error) {
	if in.Method != "" && in.Method != http.MethodGet {
		return nil, errors.New("the platform comes back with GET only")
	}
	return in.Params(telling...)
}

// WithQuery adds a pair, encoded already, to an address and leaves the rest as it is written.
func WithQuery(address, pair string) string {
	switch {
	case strings.HasSuffix(address, "?"), strings.HasSuffix(address, "&"):
		return address + pair
	case strings.Contains(address, "?"):
		return address + "&" + pair
	}
	return address + "?" + pair
}

// PlainText reports whether a code or a state can be one: printable ASCII without blanks, at most 512 characters.
func PlainText(s string) bool {
	return len(s) <= 512 && !slices.ContainsFunc([]byte(s), func(c byte) bool { return c <= ' ' || c > '~' })
}

// StateText reports whether a state can be one: any text that we may have sent, since the platform returns it as it is.
func StateText(s string) bool {
	return len(s) <= 2048 && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// Callback returns the registered callback address, or an error that names the setting.
func (a App) Callback() (string, error) {
	if a.CallbackURL == "" {
		return "", fmt.Errorf("%s: redirect_uri is empty", a.spec.Code)
	}
	return a.CallbackURL, nil
}

// Setting returns a setting that must not be empty, without blanks around it.
func (a App) Setting(name string) (string, error) {
	v := strings.TrimSpace(a.Settings[name])
	if v == "" {
		return "", fmt.Errorf("%s: %s is empty", a.spec.Code, name)
	}
	return v, nil
}
