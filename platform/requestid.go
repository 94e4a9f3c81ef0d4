package platform

import (
	"encoding/json"
	"slices"
)

// longestRequestID is what is taken of a request id; the longest that we know has 55 characters.
const longestRequestID = 100

// RequestIDOf returns by which id a platform calls an answer of its own, good or bad, as its support asks for it; empty: it
// names none. It stands in the body, beside whatever the answer holds, or in a header.
func RequestIDOf(r Reply) string {
	var obj map[string]json.RawMessage
	id := ""
	if json.Unmarshal(r.Body, &obj) == nil { // the answers that are no JSON name theirs in a header, if anywhere
		id = firstPart(obj, requestNames)
	}
	for name, values := range r.Header {
		if id == "" && len(values) > 0 && slices.Contains(requestHeaders, plainName(name)) {
			id = values[0]
		}
	}
	if id = Words(id); len(id) > longestRequestID {
		return ""
	}
	return id
}

// requestHeaders are the headers in which platforms name a request, in lower case and without hyphens.
var requestHeaders = []string{"xrequestid", "requestid", "xttlogid", "eagleeyetraceid"}
