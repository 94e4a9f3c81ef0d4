package apps

import (
	"net/url"
	"slices"
	"strings"

	gk "github.com/grantkeep/grantkeep"
)

// CheckReturnTo is asked when a return address is stored and again when it is used.
func CheckReturnTo(app gk.App, returnTo string) error {
	if returnTo == "" {
		return nil
	}
	u, err := url.Parse(returnTo)
	if err != nil || u.User != nil || u.Host == "" || !printableASCII(returnTo) || !web(u) {
		return gk.BadInput("return_to", "is not an https address (plain http only on loopback)")
	}
	same := func(text string) bool {
		o, err := url.Parse(text)
		return err == nil && origin(o) == origin(u)
	}
	if !slices.ContainsFunc(app.ReturnOrigins, same) {
		return gk.BadInput("return_to", "lies on none of the app's return_origins")
	}
	return nil
}

// origin is an address's scheme, host and port as browsers compare them: in lower case, a scheme's own port left out.
func origin(u *url.URL) string {
	host, scheme := strings.ToLower(u.Host), strings.ToLower(u.Scheme)
	if own := map[string]string{"https": ":443", "http": ":80"}[scheme]; own != "" {
		host = strings.TrimSuffix(host, own)
	}
	return scheme + "://" + host
}
