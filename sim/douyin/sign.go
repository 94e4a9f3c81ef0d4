package douyin

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
)

// Ways to sign.
const (
	byMD5  = "md5"
	byHMAC = "hmac-sha256"
)

// signedText is what a call's signature covers: its parameters between two secrets. The access token and the way to sign
// are not among them.
func signedText(secret, appKey, method, param, timestamp string) string {
	return secret + "app_key" + appKey + "method" + method + "param_json" + param + "timestamp" + timestamp + "v2" + secret
}

// digest signs a text. What is called MD5 has no key: the secret stands in the text.
func digest(way, secret, text string) string {
	if way == byHMAC {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(text))
		return hex.EncodeToString(mac.Sum(nil))
	}
	sum := md5.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}

// signPush returns what the header event-sign of a push holds.
func signPush(way, secret, appKey string, body []byte) string {
	return digest(way, secret, appKey+string(body)+secret)
}

// Escapes of sorted texts.
var (
	htmlEscapes = strings.NewReplacer("&", `\u0026`, "<", `\u003c`, ">", `\u003e`)
	gsonEscapes = strings.NewReplacer("&", `\u0026`, "<", `\u003c`, ">", `\u003e`, "=", `\u003d`, "'", `\u0027`)
)

// texts returns what a signature may cover of a body, by the name of a form: raw, sorted, html, gson, any.
func texts(form, body string) []string {
	sorted := compact(body)
	all := map[string]string{"raw": body, "sorted": sorted, "html": htmlEscapes.Replace(sorted), "gson": gsonEscapes.Replace(sorted)}
	if form == "any" {
		return []string{all["raw"], all["sorted"], all["html"], all["gson"]}
	}
	if form != "raw" {
		return []string{all["raw"], all[form]}
	}
	return []string{all["raw"]}
}

// compact writes a JSON text with its names sorted at every level, without blanks; numbers stay as they are.
func compact(body string) string {
	var value any
	d := json.NewDecoder(strings.NewReader(body))
	d.UseNumber()
	if d.Decode(&value) != nil {
		return body
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(value) != nil {
		return body
	}
	return strings.TrimSuffix(b.String(), "\n")
}
