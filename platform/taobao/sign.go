package taobao

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// methods are the ways to sign a call, by their names in sign_method.
var methods = []string{"md5", "hmac", "hmac-sha256"}

// signature signs a text: upper-case hex of MD5 with the secret on both sides, HMAC-MD5 or HMAC-SHA256.
func signature(method, text, secret string) string {
	switch method {
	case "md5":
		return digest(secret + text + secret)
	case "hmac":
		mac := hmac.New(md5.New, []byte(secret))
		mac.Write([]byte(text))
		return strings.ToUpper(hex.EncodeToString(mac.Sum(nil)))
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return strings.ToUpper(hex.EncodeToString(mac.Sum(nil)))
}

// digest is the upper-case hex MD5.
func digest(text string) string {
	sum := md5.Sum([]byte(text))
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}
