package platform

import (
	"slices"
	"strings"
)

// InCall returns a *BadCall for the first reserved name in the query or the headers of a call, for a header that could
// split the request or be read in two ways, and for an id that no header can carry. Bodies differ too much between
// platforms to be read here.
func (r Reserved) InCall(call Call) error {
	for name := range call.Query {
		if r.Has(name) {
			return &BadCall{Field: "query", Why: "names what only we may set (an identifier, token, time or signature); leave it out"}
		}
	}
	for name, values := range call.Header {
		if r.Has(name) {
			return &BadCall{Field: "headers", Why: "names what only we may set (an identifier, token, time or signature); leave it out"}
		}
		if !headerName(name) || slices.ContainsFunc(values, unfit) {
			return &BadCall{Field: "headers", Why: "holds a character that no header may have: visible ASCII characters and blanks may stand there"}
		}
	}
	if len(call.ID) > longestID || unfit(call.ID) {
		return &BadCall{Field: "id", Why: "must be at most 128 visible ASCII characters; it goes out in a header"}
	}
	return nil
}

// longestID is how long a caller's own id of a call may be.
const longestID = 128

// unfit reports whether a text holds what no header can carry unread by all alike: a control character, also a tab, or
// anything beyond ASCII, which servers decode as they please.
func unfit(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}
