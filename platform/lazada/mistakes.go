package lazada

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
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
	given := strings.ToUpper(strings.TrimSpace(c.sign))
	for _, m := range mistakes(c) {
		got := m.recipe.Sign(m.text, secret)
		if signing.Equal(strings.ToUpper(got), given) || m.recipe.Write == signing.Base64 && signing.Equal(got, c.sign) {
			return m.why
		}
	}
	right := c.path + c.params.Filled().Sorted().Joined("", "")
	for _, other := range []string{strings.TrimSpace(secret.Reveal()), secret.Reveal() + "\n", secret.Reveal() + "&"} {
		if other != secret.Reveal() && signing.Equal(signing.HMACUpper.Sign(right, gk.NewSecret(other)), given) {
			return "the secret was used with or without a blank, line end or & that the app's setting does not have"
		}
	}
	if len(c.sign) == 2*md5.Size {
		return "sign has 32 characters, as HMAC-MD5 yields; sign_method sha256 yields 64"
	}
	return ""
}

func mistakes(c signedCall) []mistake {
	filled := c.params.Filled()
	right := c.path + filled.Sorted().Joined("", "")
	base64 := signing.HMACUpper
	base64.Write = signing.Base64
	list := []mistake{
		{"the digest is in lower case, or blanks stand around it; the platform compares upper-case hex", right, signing.HMACUpper},
		{"the digest is base64; the platform compares upper-case hex", right, base64},
		{"a plain digest with the secret on both sides was used; sign_method sha256 is an HMAC",
			right, signing.Recipe{Hash: sha256.New, Before: true, After: true, Write: signing.UpperHex}},
		{"the secret is part of the text as well; for HMAC it is the key only",
			right, signing.Recipe{Hash: sha256.New, Key: true, Before: true, After: true, Write: signing.UpperHex}},
		{"signed with HMAC-MD5; sign_method sha256 is HMAC-SHA256", right, signing.HMACMD5},
	}
	for _, v := range variants(c, filled) {
		list = append(list, mistake{v.why, v.text, signing.HMACUpper})
	}
	return list
}

type variant struct{ why, text string }

// variants are other texts that people sign.
func variants(c signedCall, f signing.Pairs) []variant {
	folded := slices.Clone(f)
	slices.SortStableFunc(folded, func(a, b signing.Pair) int { return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	each := func(change func(string) string) string {
		g := slices.Clone(f)
		for i := range g {
			g[i].Value = change(g[i].Value)
		}
		return c.path + g.Sorted().Joined("", "")
	}
	sorted := f.Sorted()
	list := []variant{
		{"the API path is missing in front of the parameters", sorted.Joined("", "")},
		{"the path was signed with /rest; it is signed without", "/rest" + c.path + sorted.Joined("", "")},
		{"the path was signed without its leading slash", strings.TrimPrefix(c.path, "/") + sorted.Joined("", "")},
		{"the path was signed with a slash at its end", c.path + "/" + sorted.Joined("", "")},
		{"the parameters are not sorted; sort them by the byte order of their names", c.path + f.Joined("", "")},
		{"the parameters are sorted without regard to case; sort by byte order, upper case before lower", c.path + folded.Joined("", "")},
		{"the parameters are sorted by name and value together; sort by name alone", c.path + f.SortedWhole("").Joined("", "")},
		{"values are URL-encoded in the signed text; sign them raw", each(url.QueryEscape)},
		{"values are URL-encoded in the signed text; sign them raw", each(signing.Escape)},
		{"the parameters are joined with = and &; names and values follow each other without separators", c.path + sorted.Joined("=", "&")},
		{"the parameters are joined with =; names and values follow each other without separators", c.path + sorted.Joined("=", "")},
		{"the parameters are joined with &; names and values follow each other without separators", c.path + sorted.Joined("", "&")},
		{"the path and the parameters are joined with ?; they follow each other", c.path + "?" + sorted.Joined("=", "&")},
	}
	for _, name := range []string{"access_token", "sign_method", "timestamp", "app_key", "partner_id"} {
		list = append(list, variant{name + " is missing in the signed text; every text parameter is signed", c.path + f.Without(name).Sorted().Joined("", "")})
	}
	if at, err := clockOf(c.params.Get("timestamp")); err == nil {
		for _, other := range []string{strconv.FormatInt(at.UnixMilli(), 10), strconv.FormatInt(at.Unix(), 10), at.UTC().Format("2006-01-02T15:04:05Z")} {
			list = append(list, variant{"the timestamp was signed in another form than sent; sign the text that is sent",
				each(func(v string) string { return strings.Replace(v, c.params.Get("timestamp"), other, 1) })})
		}
	}
	return append(list,
		variant{"only the parameters of the query were signed; sign those of the body as well", c.path + c.params[:c.query].Filled().Sorted().Joined("", "")},
		variant{"only the parameters of the body were signed; sign those of the query as well", c.path + c.params[c.query:].Filled().Sorted().Joined("", "")})
}

// pushMistake says what differs where the signature of a push does not fit.
func pushMistake(app platform.App, key string, in platform.Incoming, forged error) error {
	given := in.Header.Get("Authorization")
	if len(app.Secrets["app_secret"]) == 0 {
		return forged
	}
	if given == "" {
		return fmt.Errorf("%w: the header Authorization is missing", platform.ErrForged)
	}
	body := string(in.Body)
	texts := []variant{
		{"the digest is in upper case, has a prefix, or blanks stand around it; it is bare lower-case hex", key + body},
		{"the app key is missing in front of the body", body},
		{"the body was changed at its ends after it was signed: the raw body is signed", key + strings.TrimSpace(body)},
		{"the body was changed at its ends after it was signed: the raw body is signed", key + strings.TrimSpace(body) + "\n"},
	}
	for _, text := range rewritten(body) {
		texts = append(texts, variant{"the body was serialised again after it was signed: the raw body is signed", key + text})
	}
	bare := given[strings.LastIndex(strings.TrimSpace(given), " ")+1:]
	bare = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(bare, "sha256=")))
	for _, secret := range app.Secrets["app_secret"] {
		for _, v := range texts {
			if signing.Equal(signing.HMACLower.Sign(v.text, secret), bare) {
				return fmt.Errorf("%w: %s", platform.ErrForged, v.why)
			}
			if base64 := (signing.Recipe{Hash: sha256.New, Key: true, Write: signing.Base64}); signing.Equal(base64.Sign(v.text, secret), strings.TrimSpace(given)) {
				return fmt.Errorf("%w: the digest is base64; it is lower-case hex", platform.ErrForged)
			}
		}
	}
	return forged
}

// rewritten returns a body as other programs write the same JSON: without blanks, and with one behind commas and colons.
func rewritten(body string) []string {
	var b bytes.Buffer
	if json.Compact(&b, []byte(body)) != nil {
		return nil
	}
	compact := b.String()
	var spaced strings.Builder
	inside, escaped := false, false
	for _, r := range compact {
		spaced.WriteRune(r)
		switch {
		case escaped:
			escaped = false
		case inside && r == '\\':
			escaped = true
		case r == '"':
			inside = !inside
		case !inside && (r == ',' || r == ':'):
			spaced.WriteByte(' ')
		}
	}
	return []string{compact, spaced.String()}
}
