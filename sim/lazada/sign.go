package lazada

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// mostForm is how much of a form is kept in memory.
const mostForm = 16 << 20

var errBody = errors.New("the body is no form")

// readParams merges the parameters of query and form. Files in a form are not among them.
func readParams(r *http.Request) (url.Values, error) {
	params := r.URL.Query()
	if r.Method == http.MethodGet || r.ContentLength == 0 {
		return params, nil
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err != nil:
		return params, errBody
	case kind == "multipart/form-data":
		err = r.ParseMultipartForm(mostForm)
	case kind == "application/x-www-form-urlencoded":
		err = r.ParseForm()
	default:
		err = errBody
	}
	for name, all := range r.PostForm {
		params[name] = all
	}
	return params, err
}

// signedText is the path and all parameters but sign, sorted by name; without says that empty ones are left out.
func signedText(path string, params url.Values, without bool) string {
	var b strings.Builder
	b.WriteString(path)
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if value := params.Get(name); name != "sign" && !(without && strings.TrimSpace(value) == "") {
			b.WriteString(name + value)
		}
	}
	return b.String()
}

// sign returns the signature of a text, in capitals.
func sign(secret, text string) string { return strings.ToUpper(digest(sha256.New, secret, text)) }

// signMD5 is how older documents sign: sign_method hmac.
func signMD5(secret, text string) string { return strings.ToUpper(digest(md5.New, secret, text)) }

// signPush returns what the header Authorization of a push holds.
func signPush(secret, appKey string, body []byte) string {
	return digest(sha256.New, secret, appKey+string(body))
}

func digest(of func() hash.Hash, secret, text string) string {
	mac := hmac.New(of, []byte(secret))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}
