package tiktokshop

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// sign returns the signature of a call: the path, the parameters but sign and access_token sorted by name, and the body,
// between two secrets. Of a name that comes twice the first value counts.
func sign(secret, path string, query url.Values, body []byte) string {
	var b strings.Builder
	b.WriteString(secret + path)
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if name != "sign" && name != "access_token" {
			b.WriteString(name + query.Get(name))
		}
	}
	b.Write(body)
	b.WriteString(secret)
	return digest(secret, b.String())
}

// signPush returns what the header Authorization of a push holds.
func signPush(secret, appKey string, body []byte) string {
	return digest(secret, appKey+string(body))
}

func digest(secret, text string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}
