package douyin

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/signing"
)

// mistake is one way to sign wrongly: what to tell, the text and the recipe that were used.
type mistake struct {
	why, text string
	recipe    signing.Recipe
}

// explain returns the first known mistake that yields the signature; empty if none does.
func explain(c signedCall, secret gk.Secret) string {
	recipe := recipes[c.method]
	sign := strings.ToLower(strings.TrimSpace(c.sign))
	for _, m := range mistakes(c, recipe) {
		if got := m.recipe.Sign(m.text, secret); signing.Equal(strings.ToLower(got), sign) || m.recipe.Write == signing.Base64 && signing.Equal(got, c.sign) {
			return m.why
		}
	}
	if trimmed := strings.TrimSpace(secret.Reveal()); trimmed != secret.Reveal() {
		if signing.Equal(recipe.Sign(c.text(c.params), gk.NewSecret(trimmed)), sign) {
			return "the secret was used without the blank or line end that stands in the app's setting"
		}
	}
	for _, end := range []string{"\n", "\r\n", " "} {
		if signing.Equal(recipe.Sign(c.text(c.params), gk.NewSecret(secret.Reveal()+end)), sign) {
			return "the secret has a blank or a line end behind it"
		}
	}
	return byLength(c)
}

func byLength(c signedCall) string {
	switch {
	case c.method == "md5" && len(c.sign) == 2*sha256.Size:
		return "sign has 64 characters, as hmac-sha256 yields; sign_method says md5, or nothing, which means md5"
	case c.method == "hmac-sha256" && len(c.sign) == 2*md5.Size:
		return "sign has 32 characters, as md5 yields; sign_method says hmac-sha256, which yields 64"
	}
	return ""
}

// text is the text of the call over a param_json.
func (c signedCall) text(params string) string {
	return signedText(c.key, c.operation, params, c.timestamp)
}

func mistakes(c signedCall, recipe signing.Recipe) []mistake {
	right := c.text(c.params)
	other, name := signing.MD5AroundLower, "md5"
	if c.method == "md5" {
		other, name = signing.HMACAround, "hmac-sha256"
	}
	list := []mistake{
		{"the digest is in upper case, or blanks stand around it; the platform compares lower-case hex", right, recipe},
		{"signed with " + name + ", but sign_method says " + c.method + " (nothing means md5)", right, other},
		{"the digest is base64; the platform compares lower-case hex", right, with(recipe, true, true, signing.Base64)},
		{"the secret stands at neither end of the text; it belongs at both", right, with(recipe, false, false, recipe.Write)},
		{"the secret stands in front only; it belongs at both ends", right, with(recipe, true, false, recipe.Write)},
		{"the secret stands at the end only; it belongs at both ends", right, with(recipe, false, true, recipe.Write)},
	}
	for _, params := range c.accepted() {
		for _, v := range c.variants(params) {
			list = append(list, mistake{v.why, v.text, recipe})
		}
	}
	return list
}

func with(r signing.Recipe, before, after bool, w signing.Writing) signing.Recipe {
	r.Before, r.After, r.Write = before, after, w
	return r
}

type variant struct{ why, text string }

// variants are other texts that people sign.
func (c signedCall) variants(params string) []variant {
	plain := c.text(params)
	list := []variant{
		{"access_token was signed as well; it is not part of the text", "access_token" + c.token + plain},
		{"sign_method was signed as well; it is not part of the text", strings.Replace(plain, "timestamp"+c.timestamp, "sign_method"+c.method+"timestamp"+c.timestamp, 1)},
		{"both access_token and sign_method were signed; neither is part of the text",
			"access_token" + c.token + strings.Replace(plain, "timestamp"+c.timestamp, "sign_method"+c.method+"timestamp"+c.timestamp, 1)},
		{"param_json is missing in the signed text", "app_key" + c.key + "method" + c.operation + "timestamp" + c.timestamp + "v2"},
		{"method and v are missing in the signed text; only requests of the platform to the vendor (SPI) are signed so",
			"app_key" + c.key + "param_json" + params + "timestamp" + c.timestamp},
		{"the parts are joined with = and &; they follow each other without separators",
			"app_key=" + c.key + "&method=" + c.operation + "&param_json=" + params + "&timestamp=" + c.timestamp + "&v=2"},
		{"the method was signed with slashes; it is signed with dots", signedText(c.key, strings.ReplaceAll(c.operation, ".", "/"), params, c.timestamp)},
		{"all characters beyond ASCII are escaped in the signed text, but not in the body", c.text(ascii(params))},
		{"blanks stand behind commas and colons in the signed param_json; it is compact", c.text(spaced(params))},
		{"null values were left out of the signed param_json; they stay", c.text(withoutNulls(params))},
	}
	if at, err := clockOf(c.timestamp); err == nil {
		for _, form := range []string{
			strconv.FormatInt(at.Unix(), 10), strconv.FormatInt(at.UnixMilli(), 10), at.In(china).Format("2006-01-02 15:04:05"),
		} {
			if form != c.timestamp {
				list = append(list, variant{"the timestamp was signed in another form than sent; sign the text that is sent", signedText(c.key, c.operation, params, form)})
			}
		}
	}
	return list
}

// ascii escapes what lies beyond ASCII, as json.dumps does by default.
func ascii(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r > 0xffff:
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		case r > '~':
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// spaced writes a blank behind each comma and colon between values.
func spaced(text string) string {
	var b strings.Builder
	inside, escaped := false, false
	for _, r := range text {
		b.WriteRune(r)
		switch {
		case escaped:
			escaped = false
		case inside && r == '\\':
			escaped = true
		case r == '"':
			inside = !inside
		case !inside && (r == ',' || r == ':'):
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// withoutNulls leaves out the outer members that are null.
func withoutNulls(text string) string {
	members, err := platform.Members([]byte(text))
	if err != nil {
		return text
	}
	var parts []string
	for _, m := range members {
		if string(m.Value) != "null" {
			name, err := json.Marshal(m.Name)
			if err != nil {
				return text
			}
			parts = append(parts, string(name)+":"+string(m.Value))
		}
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// pushMistake says what differs where the signature of a push does not fit.
func pushMistake(app platform.App, key, algorithm string, in platform.Incoming, forged error) error {
	given := in.Header.Get("event-sign")
	why := ""
	switch {
	case len(app.Secrets["app_secret"]) == 0:
		return forged
	case given == "":
		why = "the header event-sign is missing"
	case algorithm == "md5" && len(given) == 2*sha256.Size, algorithm != "md5" && len(given) == 2*md5.Size:
		why = "event-sign has the length of the other algorithm; see the setting push_algorithm"
	}
	for _, secret := range app.Secrets["app_secret"] {
		recipe := pushRecipes[algorithm]
		body := string(in.Body)
		for _, m := range []mistake{
			{"event-sign is in upper case, or blanks stand around it; it is lower-case hex", key + body, recipe},
			{"the app key is missing in the signed text", body, recipe},
			{"the secret is missing in the signed text", key + body, with(recipe, false, false, recipe.Write)},
			{"the body was changed at its ends after it was signed: the raw body is signed", key + strings.TrimSpace(body), recipe},
		} {
			if why == "" && signing.Equal(strings.ToLower(m.recipe.Sign(m.text, secret)), strings.ToLower(strings.TrimSpace(given))) {
				why = m.why
			}
		}
		for _, text := range rewritten(body) {
			if why == "" && signing.Equal(recipe.Sign(key+text, secret), given) {
				why = "the body was serialised again after it was signed: the raw body is signed"
			}
		}
	}
	if why == "" {
		return forged
	}
	return fmt.Errorf("%w: %s", platform.ErrForged, why)
}

// rewritten returns a body as other programs write the same JSON: without blanks, and with one behind commas and colons.
func rewritten(body string) []string {
	var b bytes.Buffer
	if json.Compact(&b, []byte(body)) != nil {
		return nil
	}
	return []string{b.String(), spaced(b.String()), ascii(b.String())}
}
