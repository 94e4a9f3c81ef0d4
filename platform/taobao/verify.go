package taobao

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/grantkeep/grantkeep/platform"
)

// signedCall is a call as somebody else signed it.
type signedCall struct {
	params form // of query and body, as ordered there, without sign
	query  int  // how many of them stand in the query
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
		if call.params.get(name) == "" {
			return fmt.Errorf("%s is missing", name)
		}
	}
	if call.params.get("app_key") != key {
		return errors.New("app_key is another app's; sandbox and production have different keys")
	}
	if u, err := url.Parse(in.URL); err == nil && app.OtherEnvironment(u.Hostname()) {
		return errors.New("the host belongs to the other environment; sandbox and production have different keys")
	}
	if err := checkClock(call.params.get("timestamp"), app.Now, time.Duration(d.spec.Facts.Limits.Clock)); err != nil {
		return err
	}
	method := call.params.get("sign_method")
	if !slices.Contains(methods, method) {
		return errors.New("sign_method must be md5, hmac or hmac-sha256")
	}
	if len(app.Secrets["app_secret"]) == 0 {
		return errors.New("taobao: app_secret is empty")
	}
	why := ""
	for _, secret := range app.Secrets["app_secret"] {
		for _, params := range []form{call.params, call.params.filled()} {
			want := signature(method, params.sorted().joined()+call.body, secret.Reveal())
			if subtle.ConstantTimeCompare([]byte(want), []byte(call.sign)) == 1 {
				return nil
			}
		}
		if why == "" {
			why = explain(call, method, secret.Reveal())
		}
	}
	if why == "" {
		return fmt.Errorf("sign: %w: %s", platform.ErrForged, unexplained(method, call.sign))
	}
	return errors.New(why)
}

func unexplained(method, sign string) string {
	switch {
	case method == "hmac-sha256" && len(sign) == 2*md5.Size:
		return "sign has 32 characters, as md5 and hmac yield; sign_method says hmac-sha256, which yields 64"
	case method != "hmac-sha256" && len(sign) == 2*sha256.Size:
		return "sign has 64 characters, as hmac-sha256 yields; sign_method says " + method
	}
	return "the signature fits none of the known mistakes; compare secret and environment, and the text that was signed"
}

// readCall collects the text parameters. Files of a multipart body are not signed; a body that is no form is signed raw.
func readCall(in platform.Incoming) (call signedCall, err error) {
	u, err := url.Parse(in.URL)
	if err != nil {
		return call, errors.New("the address cannot be read")
	}
	if call.params, err = ordered(u.RawQuery); err != nil {
		return call, err
	}
	call.query = len(call.params)
	kind, options, err := mime.ParseMediaType(in.Header.Get("Content-Type"))
	var more form
	switch {
	case len(in.Body) == 0:
	case err == nil && kind == "multipart/form-data":
		more, err = parts(in.Body, options["boundary"])
	case err != nil || kind == "application/x-www-form-urlencoded":
		more, err = ordered(string(in.Body))
	default:
		call.body, err = string(in.Body), nil
	}
	if err != nil && len(in.Body) > 0 {
		return call, err
	}
	call.params = append(call.params, more...)
	seen := make(map[string]bool)
	for _, p := range call.params {
		if seen[p.name] {
			return call, fmt.Errorf("a parameter stands there twice: %q", p.name)
		}
		seen[p.name] = true
	}
	call.sign = call.params.get("sign")
	if call.sign == "" {
		return call, errors.New("sign is missing")
	}
	for i, p := range call.params {
		if p.name == "sign" {
			call.params = slices.Delete(call.params, i, i+1)
			if i < call.query {
				call.query--
			}
			break
		}
	}
	return call, nil
}

// ordered reads a query or form without losing the order.
func ordered(text string) (form, error) {
	var f form
	for pair := range strings.SplitSeq(text, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		n, errN := url.QueryUnescape(name)
		v, errV := url.QueryUnescape(value)
		if errN != nil || errV != nil {
			return nil, errors.New("a parameter is not URL-encoded; a percent sign in a value must be written %25")
		}
		f = append(f, field{n, v})
	}
	return f, nil
}

// parts reads the text parts of a multipart body.
func parts(body []byte, boundary string) (form, error) {
	var f form
	r := multipart.NewReader(bytes.NewReader(body), boundary)
	for {
		p, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return f, nil
		}
		if err != nil {
			return nil, errors.New("the multipart body cannot be read")
		}
		if p.FileName() != "" {
			continue
		}
		value, err := io.ReadAll(p)
		if err != nil {
			return nil, errors.New("the multipart body cannot be read")
		}
		f = append(f, field{p.FormName(), string(value)})
	}
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
	if within(off, slack) {
		return nil
	}
	if within(off-8*time.Hour, slack) {
		return errors.New("timestamp is written in UTC; the platform reads it as GMT+8")
	}
	for hours := time.Duration(-14); hours <= 14 && !epochMillis.MatchString(text); hours++ {
		if within(off-hours*time.Hour, slack) {
			return fmt.Errorf("timestamp is %s off, as if written in another time zone; the platform reads it as GMT+8", off.Round(time.Second))
		}
	}
	if off > 0 {
		return fmt.Errorf("timestamp is %s old; at most %s are allowed", off.Round(time.Second), slack)
	}
	return fmt.Errorf("timestamp lies %s ahead; at most %s are allowed", (-off).Round(time.Second), slack)
}

func within(d, slack time.Duration) bool { return -slack <= d && d <= slack }
