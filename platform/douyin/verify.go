package douyin

import (
	"encoding/json"
	"errors"
	"fmt"
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
	key, operation, timestamp string
	method                    string // of signing; md5 where none is named
	params                    string // param_json as it was sent
	token                     string
	sign                      string
}

// VerifyCall checks app key, clock and signature of a gateway call as the platform does: over the body as it was sent,
// else over the body sorted and compact, in the three ways in which the platform's own SDKs escape it.
func (d driver) VerifyCall(app platform.App, in platform.Incoming) error {
	key, err := app.Setting("app_key")
	if err != nil {
		return err
	}
	call, err := readCall(in)
	if err != nil {
		return err
	}
	if call.key != key {
		return errors.New("app_key is another app's; sandbox and production have different keys")
	}
	if u, err := url.Parse(in.URL); err == nil && app.OtherEnvironment(u.Hostname()) {
		return errors.New("the host belongs to the other environment; sandbox and production have different keys")
	}
	if err := checkClock(call.timestamp, app.Now, time.Duration(d.spec.Facts.Limits.Clock)); err != nil {
		return err
	}
	recipe, ok := recipes[call.method]
	if !ok {
		return errors.New("sign_method must be md5 or hmac-sha256; without it the platform takes md5")
	}
	return signing.Verify(app, "app_secret", func(secret gk.Secret) bool {
		for _, params := range call.accepted() {
			if signing.Equal(recipe.Sign(signedText(call.key, call.operation, params, call.timestamp), secret), call.sign) {
				return true
			}
		}
		return false
	}, func(secret gk.Secret) string { return explain(call, secret) }, signing.Unexplained("secret and environment"))
}

// Characters that SDKs of the platform escape in param_json.
const (
	htmlEscapes = "&<>"
	gsonEscapes = "&<>='"
)

// accepted returns the texts of param_json that a signature may cover.
func (c signedCall) accepted() []string {
	texts := []string{c.params}
	for _, escaped := range []string{"", htmlEscapes, gsonEscapes} {
		if text, err := canonical(json.RawMessage(strings.TrimSpace(c.params)), escaped); err == nil && c.params != "" {
			texts = append(texts, text)
		}
	}
	return texts
}

// readCall reads query and body. Older clients put param_json into the query too; the body goes before it.
func readCall(in platform.Incoming) (call signedCall, err error) {
	u, err := url.Parse(in.URL)
	if err != nil {
		return call, errors.New("the address cannot be read")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return call, errors.New("the query is not URL-encoded; a percent sign in a value must be written %25")
	}
	for name, values := range query {
		if len(values) > 1 {
			return call, fmt.Errorf("a parameter stands there twice: %q", name)
		}
	}
	for _, name := range []string{"app_key", "method", "timestamp", "v", "sign"} {
		if query.Get(name) == "" {
			return call, fmt.Errorf("%s is missing in the query", name)
		}
	}
	call = signedCall{
		key: query.Get("app_key"), operation: query.Get("method"), timestamp: query.Get("timestamp"), method: query.Get("sign_method"),
		params: string(in.Body), token: query.Get("access_token"), sign: query.Get("sign"),
	}
	if v := query.Get("v"); v != "2" {
		return call, errors.New("v must be 2")
	}
	if path := "/" + strings.ReplaceAll(call.operation, ".", "/"); u.Path != "" && u.Path != "/" && strings.TrimSuffix(u.Path, "/") != path {
		return call, errors.New("the path is not the method with its dots as slashes")
	}
	if call.method == "" {
		call.method = "md5"
	}
	if strings.TrimSpace(call.params) == "" {
		call.params = query.Get("param_json")
	}
	if call.params == "" {
		call.params = "{}"
	}
	if _, err := platform.Members([]byte(call.params)); err != nil {
		return call, fmt.Errorf("param_json is %w", err)
	}
	return call, nil
}

var epoch = regexp.MustCompile(`\A([0-9]{10}|[0-9]{13})\z`)

// clockOf reads a timestamp: epoch seconds, epoch milliseconds, or text in Chinese time.
func clockOf(text string) (time.Time, error) {
	if epoch.MatchString(text) {
		n, err := strconv.ParseInt(text, 10, 64)
		if err == nil && len(text) == 13 {
			return time.UnixMilli(n), nil
		}
		return time.Unix(n, 0), err
	}
	return time.ParseInLocation(time.DateTime, text, china)
}

func checkClock(text string, now time.Time, slack time.Duration) error {
	at, err := clockOf(text)
	if err != nil {
		return errors.New("timestamp must be epoch seconds, epoch milliseconds, or yyyy-MM-dd HH:mm:ss in GMT+8")
	}
	off := now.Sub(at)
	if !epoch.MatchString(text) && !signing.Within(off, slack) && signing.Within(off-8*time.Hour, slack) {
		return errors.New("timestamp is written in UTC; the platform reads it as GMT+8")
	}
	return signing.Fresh("timestamp", off, slack)
}
