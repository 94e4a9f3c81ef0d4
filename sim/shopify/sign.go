package shopify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// signQuery returns the hmac of a query, lowercase hex, over what the form (doc, pct, plus) makes of its parameters.
func signQuery(secret, form string, query url.Values) string {
	return hex.EncodeToString(digest(secret, []byte(signedText(form, query))))
}

// signedText writes all parameters but the hmac, sorted by name.
func signedText(form string, query url.Values) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if name == "hmac" {
			continue
		}
		parts = append(parts, written(form, name, query[name])...)
	}
	return strings.Join(parts, "&")
}

var (
	docName  = strings.NewReplacer("%", "%25", "&", "%26", "=", "%3D")
	docValue = strings.NewReplacer("%", "%25", "&", "%26")
)

func written(form, name string, values []string) []string {
	if form == "doc" {
		value := values[0]
		if list, ok := strings.CutSuffix(name, "[]"); ok {
			name, value = list, `["`+strings.Join(values, `", "`)+`"]`
		}
		return []string{docName.Replace(name) + "=" + docValue.Replace(value)}
	}
	var parts []string
	for _, value := range values {
		parts = append(parts, percent(form, name)+"="+percent(form, value))
	}
	return parts
}

// percent encodes all but letters, digits and * - . _; a blank is %20, or + in the form plus.
func percent(form, text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		switch {
		case c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || strings.IndexByte("*-._", c) >= 0:
			b.WriteByte(c)
		case c == ' ' && form == "plus":
			b.WriteByte('+')
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// signBody returns the hmac of a webhook: base64 over the raw body.
func signBody(secret string, body []byte) string {
	return base64.StdEncoding.EncodeToString(digest(secret, body))
}

func digest(secret string, text []byte) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(text)
	return mac.Sum(nil)
}

// claims are those of an ID token, in the order in which the platform writes them.
type claims struct {
	Issuer    string `json:"iss"`
	Dest      string `json:"dest"`
	Audience  string `json:"aud"`
	Subject   string `json:"sub"`
	Expires   int64  `json:"exp"`
	NotBefore int64  `json:"nbf"`
	IssuedAt  int64  `json:"iat"`
	ID        string `json:"jti"`
	Session   string `json:"sid"`
}

const jwtHeader = `{"alg":"HS256","typ":"JWT"}`

// signToken writes an ID token.
func signToken(secret string, c claims) string {
	body, err := json.Marshal(c)
	if err != nil {
		panic(err) // texts and numbers always marshal
	}
	enc := base64.RawURLEncoding
	text := enc.EncodeToString([]byte(jwtHeader)) + "." + enc.EncodeToString(body)
	return text + "." + enc.EncodeToString(digest(secret, []byte(text)))
}

var errToken = errors.New("the ID token is none, or not signed by the app's secret")

// openToken reads an ID token that one of the secrets signed.
func openToken(secrets []string, token string) (claims, error) {
	var c claims
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return c, errToken
	}
	enc := base64.RawURLEncoding
	got, err := enc.DecodeString(parts[2])
	if err != nil {
		return c, errToken
	}
	for _, secret := range secrets {
		if !hmac.Equal(got, digest(secret, []byte(parts[0]+"."+parts[1]))) {
			continue
		}
		body, err := enc.DecodeString(parts[1])
		if err == nil {
			err = json.Unmarshal(body, &c)
		}
		return c, err
	}
	return c, errToken
}
