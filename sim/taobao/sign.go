package taobao

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
)

// signatures returns every signature that proves a call: clients differ in what they do with parameters that hold
// nothing (the bare name is signed, or the parameter left out) or that begin with @ (some leave them out).
func signatures(secret string, params map[string]string, body string) []string {
	var all []string
	for _, leave := range []func(value string) bool{
		func(string) bool { return false },
		func(value string) bool { return strings.TrimSpace(value) == "" },
		func(value string) bool { return strings.HasPrefix(value, "@") },
	} {
		all = append(all, digest(params["sign_method"], secret, signedText(params, leave)+body))
	}
	return all
}

// signedText joins names and values, sorted by name, but for the signature itself and what is to be left out.
func signedText(params map[string]string, leave func(value string) bool) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if name != "sign" && !leave(params[name]) {
			b.WriteString(name + params[name])
		}
	}
	return b.String()
}

// digest signs a text, in upper-case hexadecimal digits; empty for a method that does not exist.
func digest(method, secret, text string) string {
	switch method {
	case "md5":
		return upperMD5(secret + text + secret)
	case "hmac":
		mac := hmac.New(md5.New, []byte(secret))
		mac.Write([]byte(text))
		return strings.ToUpper(hex.EncodeToString(mac.Sum(nil)))
	case "hmac-sha256":
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(text))
		return strings.ToUpper(hex.EncodeToString(mac.Sum(nil)))
	}
	return ""
}

// containerSign signs a refresh of the legacy container: the secret stands at the end only.
func containerSign(secret, appKey, refresh, session string) string {
	return upperMD5("appkey" + appKey + "refresh_token" + refresh + "sessionkey" + session + secret)
}

func upperMD5(text string) string {
	sum := md5.Sum([]byte(text))
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}
