package connect

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strconv"

	"github.com/grantkeep/grantkeep/consent"
)

// signed adds to a return address when the result was shown (gk_at, unix seconds) and a signature (gk_sig), so that the
// vendor can believe it without asking. What is signed is the path and the query as the vendor's server gets them, up
// to &gk_sig=, which always comes last. An app without a return key gets the address as it is.
func signed(back string, o consent.Outcome) string {
	u, err := url.Parse(back)
	if back == "" || o.ReturnKey.Empty() || err != nil {
		return back
	}
	q := u.Query()
	q.Set("gk_at", strconv.FormatInt(o.At.Unix(), 10))
	q.Del("gk_sig")
	u.RawQuery = q.Encode()
	mac := hmac.New(sha256.New, []byte(o.ReturnKey.Reveal()))
	mac.Write([]byte(u.RequestURI()))
	u.RawQuery += "&gk_sig=" + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	return u.String()
}
