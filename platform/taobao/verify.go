package taobao

import (
	"crypto/md5"
	"crypto/sha256"
	"errors"
	"fmt"
	"mime"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/signing"
)

// signedCall is a call as somebody else signed it.
type signedCall struct {
	params signing.Pairs // of query and body, as ordered there, without sign
	query  int           // how many of them stand in the query
	body   string
	sign   string
}

// VerifyCall checks app key, clock and signature of a gateway call as the platform does: the text parameters of query,
// form and multipart together, with or without those that are blank. The error names the mistake where one of the known
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
	for _, name := range []string{"method", "app_key", "timestamp", "v", "sign_method"} {
		if call.params.Get(name) == "" {
			return fmt.Errorf("%s is missing", name)
		}
	}
	if call.params.Get("app_key") != key {
		return errors.New("app_key is another app's; sandbox and production have different keys")
	}
	if u, err := url.Parse(in.URL); err == nil && app.OtherEnvironment(u.Hostname()) {
		return errors.New("the host belongs to the other environment; sandbox and production have different keys")
	}
	if err := checkClock(call.params.Get("timestamp"), app.Now, time.Duration(d.spec.Facts.Limits.Clock)); err != nil {
		return err
	}
	method := call.params.Get("sign_method")
	if !slices.Contains(methods, method) {
		return errors.New("sign_method must be md5, hmac or hmac-sha256")
	}
	return signing.Verify(app, "app_secret", func(secret gk.Secret) bool {
		for _, params := range []signing.Pairs{call.params, call.params.Filled()} {
			if signing.Equal(recipes[method].Sign(params.Sorted().Joined("", "")+call.body, secret), call.sign) {
				return true
			}
		}
		return false
	}, func(secret gk.Secret) string { return explain(call, method, secret.Reveal()) }, unexplained(method, call.sign))
}

func unexplained(method, sign string) string {
	switch {
	case method == "hmac-sha256" && len(sign) == 2*md5.Size:
		return "sign has 32 characters, as md5 and hmac yield; sign_method says hmac-sha256, which yields 64"
	case method != "hmac-sha256" && len(sign) == 2*sha256.Size:
		return "sign has 64 characters, as hmac-sha256 yields; sign_method says " + method
	}
	return signing.Unexplained("secret and environment")
}

// readCall collects the text parameters. Files of a multipart body are not signed; a body that is no form is signed raw.
func readCall(in platform.Incoming) (call signedCall, err error) {
	u, err := url.Parse(in.URL)
	if err != nil {
		return call, errors.New("the address cannot be read")
	}
	query, err := signing.ReadPairs(u.RawQuery)
	if err != nil {
		return call, err
	}
	kind, options, err := mime.ParseMediaType(in.Header.Get("Content-Type"))
	var more signing.Pairs
	switch {
	case len(in.Body) == 0:
	case err == nil && kind == "multipart/form-data":
		more, err = signing.ReadParts(in.Body, options["boundary"])
	case err != nil || kind == "application/x-www-form-urlencoded":
		more, err = signing.ReadPairs(string(in.Body))
	default:
		call.body, err = string(in.Body), nil
	}
	if err != nil && len(in.Body) > 0 {
		return call, err
	}
	r, err := signing.TakeSign(query, more)
	call.params, call.query, call.sign = r.Pairs, r.Query, r.Sign
	return call, err
}

var (
	epochSeconds = regexp.MustCompile(`\A[0-9]{10}\z`)
	epochMillis  = regexp.MustCompile(`\A[0-9]{13}\z`)
)

// checkClock accepts the documented text in GMT+8 and epoch milliseconds, as the official Python SDK sends them.
func checkClock(text string, now time.Time, slack time.Duration) error {
	var at time.Time
	switch parsed, err := time.ParseInLocation(time.DateTime, text, china); {
	case err == nil:
		at = parsed
	case epochMillis.MatchString(text):
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return errors.New("timestamp is not a number")
		}
		at = time.UnixMilli(n)
	case epochSeconds.MatchString(text):
		return errors.New("timestamp is in epoch seconds; the platform takes yyyy-MM-dd HH:mm:ss in GMT+8, or epoch milliseconds")
	default:
		return errors.New("timestamp must be yyyy-MM-dd HH:mm:ss in GMT+8, or epoch milliseconds")
	}
	off := now.Sub(at)
	if signing.Within(off, slack) {
		return nil
	}
	if signing.Within(off-8*time.Hour, slack) {
		return errors.New("timestamp is written in UTC; the platform reads it as GMT+8")
	}
	for hours := time.Duration(-14); hours <= 14 && !epochMillis.MatchString(text); hours++ {
		if signing.Within(off-hours*time.Hour, slack) {
			return fmt.Errorf("timestamp is %s off, as if written in another time zone; the platform reads it as GMT+8", off.Round(time.Second))
		}
	}
	return signing.Fresh("timestamp", off, slack)
}
