package platform

import "strings"

// InCall returns a *BadCall for the first reserved name in the query or the headers of a call, and for a header that
// could split the request. Bodies differ too much between platforms to be read here.
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
		if strings.ContainsAny(name+strings.Join(values, ""), "\r\n\x00") {
			return &BadCall{Field: "headers", Why: "holds a line break or a NUL"}
		}
	}
	return nil
}
