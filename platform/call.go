package platform

import (
	"net/url"
	"slices"
	"strings"
)

// transport is the headers that belong to a connection rather than to a call. A caller who sets one of them can make
// two servers disagree about where a request ends or whom it is for.
var transport = []string{
	"connection", "content-length", "host", "keep-alive", "proxy-authorization", "proxy-connection", "te", "trailer",
	"transfer-encoding", "upgrade", "forwarded",
}

// CheckREST refuses a REST call that a caller may not make: a path with tricks ([CheckPath]), a path whose permission
// is not one of may ("grant", "app"), a reserved or transport name in query or headers, a header that would split the
// request. Every error is a *BadCall. Names are compared decoded and without regard to case.
func (f *Facts) CheckREST(call Call, may ...string) error {
	if !slices.Contains([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}, call.Method) {
		return &BadCall{Field: "method", Why: "is none of GET, HEAD, POST, PUT, PATCH, DELETE"}
	}
	if err := CheckPath(call.Path); err != nil {
		return err
	}
	switch permit := f.Permit(call.Path); {
	case call.Free:
	case permit == "never":
		return &BadCall{Field: "path", Why: "is not one that a grant may call, since Grantkeep itself asks for tokens; " + f.Callable("grant")}
	case !slices.Contains(may, permit):
		return &BadCall{Field: "path", Why: "is an operation of the " + permit + ", which this subject may not call"}
	}
	if err := f.Reserved.InCall(call); err != nil {
		return err
	}
	for name := range call.Query {
		if f.hides(name) {
			return &BadCall{Field: "query", Why: "holds a name that only Grantkeep sets, encoded twice; leave it out"}
		}
	}
	for name := range call.Header {
		if slices.Contains(transport, strings.ToLower(name)) {
			return &BadCall{Field: "headers", Why: "holds one that belongs to the connection; leave it out"}
		}
	}
	return nil
}

// hides reports whether a name, decoded once more, is reserved: a platform may decode twice.
func (f *Facts) hides(name string) bool {
	decoded, err := url.QueryUnescape(name)
	return err != nil || decoded != name && f.Reserved.Has(decoded)
}

// headerName reports whether name is one that every server reads alike. An underscore is left out: some servers take
// it for a hyphen, and then access_token is Access-Token.
func headerName(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-'
	})
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}

// CheckPath refuses a REST path that a server could read as another one: anything but an absolute path, a query or
// fragment in it, a backslash, a control character, a path parameter, a segment that is empty, "." or "..", and a
// slash, dot segment or percent sign that is hidden by encoding. It returns a *BadCall.
func CheckPath(path string) error {
	rest, ok := strings.CutPrefix(path, "/")
	if !ok {
		return &BadCall{Field: "path", Why: "must begin with a slash"}
	}
	if strings.ContainsAny(path, "?#") {
		return &BadCall{Field: "path", Why: "must not hold ? or #; parameters belong in query"}
	}
	segments := strings.Split(rest, "/")
	for i, segment := range segments {
		clean, err := url.PathUnescape(segment)
		if err != nil {
			return &BadCall{Field: "path", Why: "holds a percent sign that begins no code"}
		}
		last := i == len(segments)-1 && i > 0 // one slash at the end is harmless
		if clean == "" && !last || clean == "." || clean == ".." {
			return &BadCall{Field: "path", Why: "holds an empty or dot segment"}
		}
		if strings.ContainsAny(clean, `/\%;`) || hasControl(clean) || strings.ContainsRune(clean, '\t') {
			return &BadCall{Field: "path", Why: "holds a character that servers read differently"}
		}
	}
	return nil
}

// URL returns base with a checked path, written as given, and a query. The host cannot change: nothing is joined as text.
func (c Call) URL(base *url.URL) (string, error) {
	if err := CheckPath(c.Path); err != nil {
		return "", err
	}
	decoded, err := url.PathUnescape(c.Path)
	if err != nil {
		return "", &BadCall{Field: "path", Why: "holds a percent sign that begins no code"}
	}
	u := url.URL{Scheme: base.Scheme, Host: base.Host, Path: decoded, RawPath: c.Path, RawQuery: c.Query.Encode()}
	return u.String(), nil
}
