package eleme

import (
	"crypto/md5"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/signing"
)

// signedCall is a call as somebody else signed it.
type signedCall struct {
	operation, token string
	values           []value // of metas and params, canonical, as ordered in the body
	raw              []value // the same as they stand in the body
	metas            int     // how many of them are metas
	timestamp        string
	signature        string
}

// VerifyCall checks app key, clock and signature of an envelope as the platform does: it decodes the values and encodes
// them again. The error names the mistake where one of the known ones explains the signature.
func (d driver) VerifyCall(app platform.App, in platform.Incoming) error {
	key, err := app.Setting("app_key")
	if err != nil {
		return err
	}
	call, gotKey, err := readCall(in.Body)
	if err != nil {
		return err
	}
	if gotKey != key {
		return errors.New("metas.app_key is another app's; sandbox and production have different keys")
	}
	if u, err := url.Parse(in.URL); err == nil && app.OtherEnvironment(u.Hostname()) {
		return errors.New("the host belongs to the other environment; sandbox and production have different keys")
	}
	if err := checkClock(call.timestamp, app.Now, time.Duration(d.spec.Facts.Limits.Clock)); err != nil {
		return err
	}
	if len(call.signature) != 2*md5.Size {
		return fmt.Errorf("signature: %w: signature has %d characters; an MD5 in hex has 32", platform.ErrForged, len(call.signature))
	}
	return signing.Verify(app, "app_secret", func(secret gk.Secret) bool {
		for _, joined := range []string{sortedPairs(call.values), sortedNames(call.values)} {
			if signing.Equal(digest(call.operation+call.token+joined+secret.Reveal()), call.signature) {
				return true
			}
		}
		return false
	}, func(secret gk.Secret) string { return explain(call, secret.Reveal()) }, signing.Unexplained("secret and environment"))
}

// readCall reads the envelope and returns its app key beside it.
func readCall(body []byte) (call signedCall, key string, err error) {
	members, err := platform.Members(body)
	if err != nil {
		return call, "", fmt.Errorf("the body cannot be read: %w", err)
	}
	m := make(map[string]json.RawMessage, len(members))
	for _, member := range members {
		m[member.Name] = member.Value
	}
	for _, name := range []string{"nop", "id", "action", "token", "metas", "params", "signature"} {
		if m[name] == nil {
			return call, "", fmt.Errorf("the envelope has no %s", name)
		}
	}
	if v := platform.JSONText(m["nop"]); v != "1.0.0" {
		return call, "", errors.New(`nop must be "1.0.0"`)
	}
	metas, err := platform.Members(m["metas"])
	if err != nil {
		return call, "", errors.New("metas is not an object")
	}
	params, err := platform.Members(m["params"])
	if err != nil {
		return call, "", errors.New("params is not an object; without parameters it is {}, never [] or null")
	}
	call.operation, call.token, call.signature = platform.JSONText(m["action"]), platform.JSONText(m["token"]), platform.JSONText(m["signature"])
	call.metas = len(metas)
	for _, member := range append(metas, params...) {
		text, err := canonical(member.Value)
		if err != nil {
			return call, "", fmt.Errorf("params: %w", err)
		}
		call.values = append(call.values, value{member.Name, text})
		call.raw = append(call.raw, value{member.Name, string(member.Value)})
	}
	meta := platform.JSONObject(m["metas"])
	call.timestamp = platform.JSONText(meta["timestamp"])
	return call, platform.JSONText(meta["app_key"]), nil
}

// checkClock accepts seconds, as documented, and milliseconds, as the Java and Python SDKs send them.
func checkClock(timestamp string, now time.Time, slack time.Duration) error {
	at, ok := time.Time{}, false
	if digits.MatchString(timestamp) {
		at, ok = moment(timestamp)
	}
	if !ok {
		return errors.New("metas.timestamp must be unix seconds (10 digits) or milliseconds (13 digits)")
	}
	return signing.Fresh("metas.timestamp", now.Sub(at), slack)
}
