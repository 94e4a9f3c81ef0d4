package shoplazza

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// signQuery returns the hmac of a query: lowercase hex over key=value, sorted by key and joined with &. The values are as
// decoded, unless encoded asks for the way of an official SDK.
func signQuery(secret string, query map[string]string, encoded bool) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(query)) {
		value := query[name]
		if encoded {
			name, value = url.QueryEscape(name), url.QueryEscape(value)
		}
		parts = append(parts, name+"="+value)
	}
	return hex.EncodeToString(digest(secret, []byte(strings.Join(parts, "&"))))
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

// signed returns an address with a query and its hmac laid over the query it has.
func signed(address, secret string, query map[string]string, encoded bool) (string, error) {
	at, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	values := at.Query()
	all := map[string]string{}
	for name := range values {
		all[name] = values.Get(name)
	}
	maps.Copy(all, query)
	all["hmac"] = signQuery(secret, all, encoded)
	for name, value := range all {
		values.Set(name, value)
	}
	at.RawQuery = values.Encode()
	return at.String(), nil
}
