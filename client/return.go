package client

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
)

// NewReturnKey makes the key that signs an app's return addresses, in place of the one before. It is in the answer and
// nowhere else.
func (c *Client) NewReturnKey(ctx context.Context, app string) (gk.Secret, error) {
	var out struct {
		Key string `json:"return_key"`
	}
	err := c.Call(ctx, http.MethodPost, "/v1/apps/"+escape(app)+"/return-key", nil, nil, &out)
	return gk.NewSecret(out.Key), err
}

// Return is the result of an authorization as a merchant's browser brings it to the vendor.
type Return struct {
	Authorization string
	Status        string    // completed or failed
	At            time.Time // when the result was shown
	Confirm       gk.Secret // the one-time code, where one was wanted
}

// ErrReturn is the error of a return address that must not be believed.
var ErrReturn = errors.New("client: the return address is not signed with this key, or too old")

// VerifyReturn reads a return address, which is the request's URI (r.URL.RequestURI() or r.RequestURI), and believes it if
// the app's return key has signed it at most longest ago. Who brings it is another question: compare the
// authorization with the one that you began for the user who is logged in.
func VerifyReturn(uri string, key gk.Secret, now time.Time, longest time.Duration) (Return, error) {
	text, sig, ok := cutLast(uri, "&gk_sig=")
	given, err := base64.RawURLEncoding.DecodeString(sig)
	mac := hmac.New(sha256.New, []byte(key.Reveal()))
	mac.Write([]byte(text))
	if !ok || err != nil || key.Empty() || !hmac.Equal(given, mac.Sum(nil)) {
		return Return{}, ErrReturn
	}
	u, err := url.ParseRequestURI(text)
	if err != nil {
		return Return{}, ErrReturn
	}
	q := u.Query()
	at, err := strconv.ParseInt(q.Get("gk_at"), 10, 64)
	if age := now.Sub(time.Unix(at, 0)); err != nil || age > longest || age < -time.Minute {
		return Return{}, ErrReturn
	}
	return Return{
		Authorization: q.Get("authorization"), Status: q.Get("status"), At: time.Unix(at, 0).UTC(), Confirm: gk.NewSecret(q.Get("gk_confirm")),
	}, nil
}

func cutLast(text, mark string) (before, after string, ok bool) {
	i := strings.LastIndex(text, mark)
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+len(mark):], true
}
