package lazada

import (
	"errors"
	"fmt"
	"mime"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/signing"
)

// signedCall is a call as somebody else signed it.
type signedCall struct {
	path   string        // without /rest
	params signing.Pairs // of query and body, as ordered there, without sign
	query  int           // how many of them stand in the query
	sign   string
}

// VerifyCall checks app key, clock and signature of a call as the platform does: the text parameters of query, form and
// multipart together, with the empty ones as bare names or left out. The error names the mistake where one of the known
// ones explains the signature.
func (d driver) VerifyCall(app platform.App, in platform.Incoming) error {
	key, err := app.Setting("app_key")
	if err != nil {
		return err
	}
	call, err := readCall(in)
	if err != nil {
		return err
	}
	for _, name := range []string{"app_key", "timestamp", "sign_method"} {
		if call.params.Get(name) == "" {
			return fmt.Errorf("%s is missing", name)
		}
	}
	if call.params.Get("app_key") != key {
		return errors.New("app_key is another app's")
	}
	if err := d.checkPlace(in.URL, call.path); err != nil {
		return err
	}
	if err := checkClock(call.params.Get("timestamp"), app.Now, time.Duration(d.spec.Facts.Limits.Clock)); err != nil {
		return err
	}
	if method := call.params.Get("sign_method"); method != "sha256" {
		return errors.New("sign_method must be sha256; the older hmac (HMAC-MD5) is no longer taken")
	}
	return signing.Verify(app, "app_secret", func(secret gk.Secret) bool {
		for _, params := range []signing.Pairs{call.params, call.params.Filled()} {
			if signing.Equal(signing.HMACUpper.Sign(call.path+params.Sorted().Joined("", ""), secret), call.sign) {
				return true
			}
		}
		return false
	}, func(secret gk.Secret) string { return explain(call, secret) }, signing.Unexplained("the secret"))
}

// checkPlace refuses a token call on a country's host and any other call on the host of tokens, where a host of the
// platform was called at all.
func (d driver) checkPlace(address, path string) error {
	u, err := url.Parse(address)
	if err != nil {
		return errors.New("the address cannot be read")
	}
	host := strings.ToLower(u.Hostname())
	ofTokens := false
	for _, e := range d.spec.Facts.Endpoints {
		ofTokens = ofTokens || host != "" && e.Bases["token"] == "https://"+host
	}
	if _, err := d.spec.Host(host); err != nil {
		return nil //nolint:nilerr // a simulator or a relay: one host serves all
	}
	switch about := strings.HasPrefix(path, "/auth/token/"); {
	case about && !ofTokens && !strings.HasSuffix(path, "OpenId"):
		return errors.New("tokens are asked for at the one host for all countries, not at a country's")
	case !about && ofTokens:
		return errors.New("calls go to the host of the shop's country, not to that of tokens")
	}
	return nil
}

// readCall collects the text parameters. Files of a multipart body are not signed; a body that is no form is refused, as
// the platform does.
func readCall(in platform.Incoming) (call signedCall, err error) {
	u, err := url.Parse(in.URL)
	if err != nil {
		return call, errors.New("the address cannot be read")
	}
	path, ok := strings.CutPrefix(u.Path, "/rest")
	if !ok || !strings.HasPrefix(path, "/") {
		return call, errors.New("the path does not begin with /rest")
	}
	call.path = path
	query, err := signing.ReadPairs(u.RawQuery)
	if err != nil {
		return call, err
	}
	more, err := bodyOf(in)
	if err != nil {
		return call, err
	}
	r, err := signing.TakeSign(query, more)
	call.params, call.query, call.sign = r.Pairs, r.Query, r.Sign
	return call, err
}

func bodyOf(in platform.Incoming) (signing.Pairs, error) {
	body := strings.TrimSpace(string(in.Body))
	if body == "" {
		return nil, nil
	}
	kind, options, err := mime.ParseMediaType(in.Header.Get("Content-Type"))
	switch {
	case err == nil && kind == "multipart/form-data":
		return signing.ReadParts(in.Body, options["boundary"])
	case err == nil && kind != "application/x-www-form-urlencoded", strings.ContainsAny(body[:1], "{["):
		return nil, errors.New("the body is no form; the platform answers IncompleteSignature to JSON: send it as the value of a parameter")
	}
	return signing.ReadPairs(string(in.Body))
}

var (
	seconds = regexp.MustCompile(`\A[0-9]{10}\z`)
	millis  = regexp.MustCompile(`\A[0-9]{13}\z`)
)

// clockOf reads a timestamp: epoch milliseconds, or text in UTC.
func clockOf(text string) (time.Time, error) {
	if millis.MatchString(text) {
		n, err := strconv.ParseInt(text, 10, 64)
		return time.UnixMilli(n), err
	}
	return time.Parse("2006-01-02T15:04:05Z", text)
}

func checkClock(text string, now time.Time, slack time.Duration) error {
	if seconds.MatchString(text) {
		return errors.New("timestamp is in epoch seconds; the platform takes milliseconds, or yyyy-MM-ddTHH:mm:ssZ in UTC")
	}
	at, err := clockOf(text)
	if err != nil {
		return errors.New("timestamp must be epoch milliseconds, or yyyy-MM-ddTHH:mm:ssZ in UTC")
	}
	return signing.Fresh("timestamp", now.Sub(at), slack)
}
