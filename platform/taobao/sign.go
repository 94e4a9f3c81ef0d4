package taobao

import (
	"crypto/md5"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform/signing"
)

// methods are the ways to sign a call, by their names in sign_method.
var methods = []string{"md5", "hmac", "hmac-sha256"}

// recipes are what the methods do: MD5 with the secret on both sides, HMAC-MD5, HMAC-SHA256.
var recipes = map[string]signing.Recipe{"md5": signing.MD5Around, "hmac": signing.HMACMD5, "hmac-sha256": signing.HMACUpper}

// signature signs a text by a method.
func signature(method, text, secret string) string {
	return recipes[method].Sign(text, gk.NewSecret(secret))
}

// digest is the upper-case hex MD5.
func digest(text string) string { return signing.Plain(md5.New, signing.UpperHex, text) }
