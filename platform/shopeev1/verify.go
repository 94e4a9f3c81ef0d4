package shopeev1

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// VerifyCall checks method, identifiers, time and signature of a call as the platform does, and names the first
// difference. For a wrong signature it tries what people get wrong.
func (d driver) VerifyCall(app platform.App, in platform.Incoming) error {
	partner, err := partnerID(app)
	if err != nil {
		return err
	}
	if in.Method != http.MethodPost {
		return &platform.BadCall{Field: "method", Why: "must be POST"}
	}
	u, err := url.Parse(in.URL)
	if err != nil || u.Host == "" {
		return &platform.BadCall{Field: "url", Why: "must be whole: the signature covers scheme and host"}
	}
	if app.OtherEnvironment(u.Hostname()) {
		return &platform.BadCall{Field: "host", Why: "belongs to the other environment: its partner_id and key are other ones"}
	}
	got := in.Header.Values("Authorization")
	if len(got) != 1 || got[0] == "" {
		return &platform.BadCall{Field: "authorization", Why: "the header must be there once"}
	}
	for _, key := range app.Secrets["partner_key"] {
		if same(digest(key, in.URL+"|"+string(in.Body)), got[0]) {
			return d.checkBody(app, partner, in.Body)
		}
	}
	if err := d.checkBody(app, partner, in.Body); err != nil {
		return err
	}
	why, known := explain(app, in, u, got[0])
	if !known {
		return fmt.Errorf("%w: %w", platform.ErrForged, &platform.BadCall{Field: "authorization", Why: why})
	}
	return &platform.BadCall{Field: "authorization", Why: why}
}

func same(a, b string) bool { return hmac.Equal([]byte(a), []byte(b)) }

// checkBody checks the identifiers and the time in a body.
func (d driver) checkBody(app platform.App, partner int64, body []byte) error {
	members, err := platform.Members(body)
	if err != nil {
		return &platform.BadCall{Field: "body", Why: err.Error()}
	}
	number := func(name string) (n int64, found bool, err error) {
		for _, m := range members {
			if m.Name == name {
				n, err := strconv.ParseInt(string(m.Value), 10, 64)
				return n, true, err
			}
		}
		return 0, false, nil
	}
	switch n, found, err := number("partner_id"); {
	case !found:
		return &platform.BadCall{Field: "partner_id", Why: "is missing in the body"}
	case err != nil:
		return &platform.BadCall{Field: "partner_id", Why: "is not a whole number (without quotes)"}
	case n != partner:
		return &platform.BadCall{Field: "partner_id", Why: "is not this app's: is it of the other environment?"}
	}
	if _, _, err := number("shopid"); err != nil {
		return &platform.BadCall{Field: "shopid", Why: "is not a whole number (without quotes)"}
	}
	n, found, err := number("timestamp")
	limit := time.Duration(d.spec.Facts.Limits.Clock)
	switch off := time.Unix(n, 0).Sub(app.Now); {
	case !found:
		return &platform.BadCall{Field: "timestamp", Why: "is missing in the body"}
	case err != nil:
		return &platform.BadCall{Field: "timestamp", Why: "is not a whole number of seconds (without quotes)"}
	case n >= 100_000_000_000:
		return &platform.BadCall{Field: "timestamp", Why: "is in milliseconds: seconds are wanted"}
	case off < -limit:
		return &platform.BadCall{Field: "timestamp", Why: "is expired: the clock is " + (-off).Round(time.Second).String() + " behind, " + limit.String() + " are allowed"}
	case off > limit:
		return &platform.BadCall{Field: "timestamp", Why: "lies ahead: the clock is " + off.Round(time.Second).String() + " fast, " + limit.String() + " are allowed"}
	}
	return nil
}

// mistake is a text that somebody may have signed instead, and what to do about it.
type mistake struct{ text, why string }

// explain finds what was signed instead of address, vertical bar and body.
func explain(app platform.App, in platform.Incoming, u *url.URL, got string) (why string, known bool) {
	right := in.URL + "|" + string(in.Body)
	for _, key := range app.Secrets["partner_key"] {
		sum := digest(key, right)
		if same(sum, strings.ToLower(got)) {
			return "is in capitals: lower-case hex is wanted", true
		}
		if _, after, ok := strings.Cut(got, " "); ok && same(sum, after) {
			return "has a word before the signature: the header holds the hex alone", true
		}
		if raw, err := hex.DecodeString(key.Reveal()); err == nil && same(digest(gk.NewSecret(string(raw)), right), got) {
			return "is made with the key decoded from hex: use its characters as they stand", true
		}
		if plain := sha256.Sum256([]byte(key.Reveal() + right)); same(hex.EncodeToString(plain[:]), got) {
			return "is a plain SHA-256, which links use: calls want HMAC-SHA256", true
		}
		for _, m := range mistakes(in, u) {
			if m.text != right && same(digest(key, m.text), got) {
				return m.why, true
			}
		}
	}
	if len(got) != 2*sha256.Size {
		return "has " + strconv.Itoa(len(got)) + " characters: a lower-case hex HMAC-SHA256 has 64", false
	}
	return "differs, and none of the usual mistakes explains it: check the key, the address with its scheme, and that the bytes signed are the bytes sent", false
}

func mistakes(in platform.Incoming, u *url.URL) []mistake {
	body := string(in.Body)
	swapped := *u
	swapped.Scheme = map[string]string{"http": "https", "https": "http"}[u.Scheme]
	all := []mistake{
		{in.URL + body, "is made without the vertical bar between address and body"},
		{swapped.String() + "|" + body, "is made over the other scheme: http and https give different signatures"},
		{u.Host + u.RequestURI() + "|" + body, "is made over an address without its scheme"},
		{u.RequestURI() + "|" + body, "is made over the path: the whole address is wanted"},
		{in.URL + "/|" + body, "is made over an address with a slash at its end"},
		{in.URL + "|", "is made without the body"},
		{in.URL, "is made over the address alone"},
		{body, "is made over the body alone"},
		{in.URL + "|" + body + "\n", "is made over a body that ends in a line break"},
		{in.URL + "|" + strings.TrimSpace(body), "is made over a trimmed body: the exact bytes count"},
	}
	var compact bytes.Buffer
	if json.Compact(&compact, in.Body) == nil {
		all = append(all, mistake{in.URL + "|" + compact.String(), "is made over the body without its blanks: the exact bytes count"})
		spaced := strings.NewReplacer(`":`, `": `, `,"`, `, "`).Replace(compact.String())
		all = append(all, mistake{in.URL + "|" + spaced, "is made over the body with blanks that were not sent: the exact bytes count"})
	}
	return all
}
