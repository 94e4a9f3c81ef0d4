package lazada

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
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
	why := ""
	_, err = signing.Prove(app, func(secret gk.Secret) bool {
		for _, params := range []signing.Pairs{call.params, call.params.Filled()} {
			if signing.Equal(signing.HMACUpper.Sign(call.path+params.Sorted().Joined("", ""), secret), call.sign) {
				return true
			}
		}
		if why == "" {
			why = explain(call, secret)
		}
		return false
	}, "app_secret")
	switch {
	case errors.Is(err, platform.ErrForged) && why != "":
		return errors.New(why)
	case errors.Is(err, platform.ErrForged):
		return fmt.Errorf("%w: the signature fits none of the known mistakes; compare the secret, and the text that was signed", platform.ErrForged)
	}
	return err
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
	if call.params, err = ordered(u.RawQuery); err != nil {
		return call, err
	}
	call.query = len(call.params)
	more, err := bodyOf(in)
	if err != nil {
		return call, err
	}
	all := append(call.params, more...)
	seen := make(map[string]bool)
	call.params = nil
	for i, p := range all {
		if seen[p.Name] {
			return call, fmt.Errorf("a parameter stands there twice: %q", p.Name)
		}
		seen[p.Name] = true
		if p.Name != "sign" {
			call.params = append(call.params, p)
			continue
		}
		call.sign = p.Value
		if i < call.query {
			call.query--
		}
	}
	if call.sign == "" {
		return call, errors.New("sign is missing")
	}
	return call, nil
}

func bodyOf(in platform.Incoming) (signing.Pairs, error) {
	body := strings.TrimSpace(string(in.Body))
	if body == "" {
		return nil, nil
	}
	kind, options, err := mime.ParseMediaType(in.Header.Get("Content-Type"))
	switch {
	case err == nil && kind == "multipart/form-data":
		return parts(in.Body, options["boundary"])
	case err == nil && kind != "application/x-www-form-urlencoded", strings.ContainsAny(body[:1], "{["):
		return nil, errors.New("the body is no form; the platform answers IncompleteSignature to JSON: send it as the value of a parameter")
	}
	return ordered(string(in.Body))
}

// ordered reads a query or form without losing the order.
func ordered(text string) (signing.Pairs, error) {
	var p signing.Pairs
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
		p = append(p, signing.Pair{Name: n, Value: v})
	}
	return p, nil
}

// parts reads the text parts of a multipart body.
func parts(body []byte, boundary string) (signing.Pairs, error) {
	var all signing.Pairs
	r := multipart.NewReader(bytes.NewReader(body), boundary)
	for {
		p, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return all, nil
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
		all = append(all, signing.Pair{Name: p.FormName(), Value: string(value)})
	}
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
	switch off := now.Sub(at); {
	case off > slack:
		return fmt.Errorf("timestamp is %s old; at most %s are allowed", off.Round(time.Second), slack)
	case off < -slack:
		return fmt.Errorf("timestamp lies %s ahead; at most %s are allowed", (-off).Round(time.Second), slack)
	}
	return nil
}
