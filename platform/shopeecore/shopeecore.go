// Package shopeecore is what the drivers of Shopee's Open API v1 and v2 share: the app's number, the keyed digest over a
// base string, and pushes, which both versions sign alike over the registered address.
package shopeecore

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// Number reads an id: digits only, without leading zeros, above zero, within int64. The platform documents 32 bits and
// sends longer ones.
func Number(text string) (int64, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil && n > 0 && strconv.FormatInt(n, 10) == text
}

// PartnerID returns the app's id on the platform, as the whole number that bodies carry.
func PartnerID(app platform.App) (int64, error) {
	n, ok := Number(app.Settings["partner_id"])
	if !ok {
		return 0, fmt.Errorf("%s: the setting partner_id must be a whole number", app.Spec().Code)
	}
	return n, nil
}

// PushText is what a push's signature covers: the address registered in the console, a vertical bar and the raw body.
func PushText(address string, body []byte) string { return address + "|" + string(body) }

// PushSignature returns the one signature of a push; an error that wraps platform.ErrForged says what is missing.
func PushSignature(app platform.App, header http.Header) (string, error) {
	got := header.Values("Authorization")
	if len(got) != 1 || got[0] == "" {
		return "", fmt.Errorf("%s: push: %w: the header Authorization must be there once", app.Spec().Code, platform.ErrForged)
	}
	if app.PushURL == "" {
		return "", fmt.Errorf("%s: push: %w: push_url is empty, and pushes are signed over it", app.Spec().Code, platform.ErrForged)
	}
	return got[0], nil
}

// consoleTest reports whether a push is the one by which the console tries an address before it saves it, which comes
// before anybody can have entered the push key that the console makes. It says nothing, so it may be answered unproven;
// once a key is known it is proven like every other.
func consoleTest(app platform.App, body []byte) bool {
	if slices.ContainsFunc(app.Secrets["push_key"], func(key gk.Secret) bool { return !key.Empty() }) {
		return false
	}
	push, data := platform.JSONObject(body), platform.JSONObject(platform.JSONObject(body)["data"])
	return string(push["code"]) == "0" && data["verify_info"] != nil && len(data) == 1
}
