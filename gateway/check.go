package gateway

import (
	"net/http"
	"slices"
	"strings"

	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/platform"
)

// check refuses a call that no grant, or no app, may make, whatever its platform's driver would say: an operation of the whole app or
// of Grantkeep itself, a name in the system parameters that is ours, a header that could make the platform see another
// request than we do. Every error is a *platform.BadCall.
func check(use keeper.Use, call platform.Call) error {
	f := use.Driver.Spec().Facts
	name, field := call.Path, "path"
	if f.Style == "operation" {
		name, field = call.Operation, "operation"
	}
	permit, own := f.Permit(name), "grant"
	if use.OfApp {
		own = "app"
	}
	switch {
	case name == "" && field == "operation":
		return &platform.BadCall{Field: field, Why: "is missing; calls of this platform are {\"operation\",\"params\"}, " + f.Callable(own)}
	case name == "":
		return &platform.BadCall{Field: field, Why: "is missing; calls of this platform are {\"method\",\"path\"}, " + f.Callable(own)}
	case permit == "grant" && use.OfApp:
		return &platform.BadCall{Field: field, Why: "is not one of the app's own operations, or concerns one merchant: send it to POST /v1/grants/ID/call"}
	case permit == "grant", permit == "app" && use.OfApp:
	case permit == "app":
		return &platform.BadCall{Field: field, Why: "is an operation of the whole app, or one that nobody has listed as a merchant's: " +
			"it is never signed for a grant. Send it to POST /v1/apps/ID/call with a key of scope app_call; if it does belong " +
			"to a merchant's token, add its prefix to the file named by serve --operations"}
	default:
		return &platform.BadCall{Field: field, Why: "is Grantkeep's own, or not the platform's; it is not passed on; " + f.Callable(own)}
	}
	for name := range call.System {
		if f.Reserved.Has(name) {
			return &platform.BadCall{Field: "system", Why: "names what only we may set (an identifier, token, time or signature); leave it out"}
		}
	}
	if err := f.Reserved.InCall(call); err != nil {
		return err
	}
	for name := range call.Header {
		if !passes(name) {
			return &platform.BadCall{Field: "headers", Why: "holds one that is not passed on to a platform; leave it out"}
		}
	}
	return nil
}

// requestHeaders are the headers of a caller that reach a platform. It is a list of what may pass, since servers obey
// many that change whom or what a request is for (X-Original-URL, X-HTTP-Method-Override, X-Forwarded-Host).
var requestHeaders = []string{
	"Accept", "Accept-Language", "Content-Type", "Content-Language", "Content-Disposition", "Content-Md5", "Digest",
	"Content-Digest", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range", "Range",
	"Idempotency-Key", "Prefer", "X-Request-Id", "Traceparent", "Tracestate",
}

// passes reports whether a caller's header is passed on.
func passes(name string) bool {
	return slices.ContainsFunc(requestHeaders, func(h string) bool { return strings.EqualFold(h, name) })
}

// passable returns the headers that are passed on, under their canonical names.
func passable(h http.Header) http.Header {
	out := make(http.Header, len(h))
	for name, values := range h {
		if passes(name) {
			out[http.CanonicalHeaderKey(name)] = append(out[http.CanonicalHeaderKey(name)], values...)
		}
	}
	return out
}
