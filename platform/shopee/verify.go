package shopee

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// signedNames are the parameters that a signature covers or carries.
var signedNames = []string{"partner_id", "timestamp", "sign", "access_token", "shop_id", "merchant_id"}

// VerifyCall checks identifiers, time and signature of a call as the platform does, in the order in which its messages
// come, and names the first difference. For a wrong signature it tries what people get wrong.
func (d driver) VerifyCall(app platform.App, in platform.Incoming) error {
	u, err := url.Parse(in.URL)
	if err != nil {
		return &platform.BadCall{Field: "url", Why: "cannot be read"}
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return &platform.BadCall{Field: "query", Why: "cannot be read: encode each value once"}
	}
	for _, name := range signedNames {
		if len(q[name]) > 1 {
			return &platform.BadCall{Field: name, Why: "comes more than once"}
		}
	}
	partner, err := checkPartner(app, q)
	if err != nil {
		return err
	}
	at, err := d.checkTime(app, q)
	if err != nil {
		return err
	}
	if q.Get("sign") == "" {
		return &platform.BadCall{Field: "sign", Why: "is missing in the query"}
	}
	if app.OtherEnvironment(u.Hostname()) {
		return &platform.BadCall{Field: "host", Why: "belongs to the other environment: its partner_id and key are other ones"}
	}
	if !callPath.MatchString(u.Path) || u.RawPath != "" {
		return &platform.BadCall{Field: "path", Why: "must be lower-case, begin with /api/v2/, and have no encoding and no slash at its end"}
	}
	b := base{partner: partner, path: u.Path, at: at}
	if d.spec.Facts.Permit(u.Path) == "grant" {
		if err := d.checkKind(u.Path, q); err != nil {
			return err
		}
		if b, err = withIdentity(b, q); err != nil {
			return err
		}
	}
	for _, key := range app.Secrets["partner_key"] {
		if same(digest(key, b.text()), q.Get("sign")) {
			return nil
		}
	}
	why, known := explain(app, in, u, q, b)
	if !known {
		return fmt.Errorf("%w: %w", platform.ErrForged, &platform.BadCall{Field: "sign", Why: why})
	}
	return &platform.BadCall{Field: "sign", Why: why}
}

func same(a, b string) bool { return hmac.Equal([]byte(a), []byte(b)) }

func checkPartner(app platform.App, q url.Values) (int64, error) {
	partner, err := partnerID(app)
	if err != nil {
		return 0, err
	}
	switch given := q.Get("partner_id"); {
	case given == "":
		return 0, &platform.BadCall{Field: "partner_id", Why: "is missing in the query, where it belongs for POST too"}
	case given != strconv.FormatInt(partner, 10):
		return 0, &platform.BadCall{Field: "partner_id", Why: "is not this app's: is it of the other environment?"}
	}
	return partner, nil
}

// checkTime reads the timestamp and compares it with the moment of the check.
func (d driver) checkTime(app platform.App, q url.Values) (time.Time, error) {
	text := q.Get("timestamp")
	if text == "" {
		return time.Time{}, &platform.BadCall{Field: "timestamp", Why: "is missing in the query"}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return time.Time{}, &platform.BadCall{Field: "timestamp", Why: "is not a whole number of seconds"}
	}
	if n >= 100_000_000_000 {
		return time.Time{}, &platform.BadCall{Field: "timestamp", Why: "is in milliseconds: seconds are wanted"}
	}
	at := time.Unix(n, 0)
	limit := time.Duration(d.spec.Facts.Limits.Clock)
	switch off := at.Sub(app.Now); {
	case off < -limit:
		return time.Time{}, &platform.BadCall{Field: "timestamp", Why: "is expired: the clock is " + (-off).Round(time.Second).String() + " behind, " + limit.String() + " are allowed"}
	case off > limit:
		return time.Time{}, &platform.BadCall{Field: "timestamp", Why: "lies ahead: the clock is " + off.Round(time.Second).String() + " fast, " + limit.String() + " are allowed"}
	}
	return at, nil
}

// checkKind refuses an id of another kind than the path takes.
func (d driver) checkKind(path string, q url.Values) error {
	for kind, other := range map[string]string{gk.KindShop: "merchant_id", gk.KindMerchant: "shop_id"} {
		if d.spec.Facts.KindOf(path) == kind && q.Has(other) && !q.Has(kind+"_id") {
			return &platform.BadCall{Field: other, Why: "does not belong here: this is a path of " + kind + "s, which takes " + kind + "_id and a " + kind + "'s token"}
		}
	}
	return nil
}

func withIdentity(b base, q url.Values) (base, error) {
	shop, merchant, token := q.Get("shop_id"), q.Get("merchant_id"), q.Get("access_token")
	switch {
	case token == "":
		return b, &platform.BadCall{Field: "access_token", Why: "is missing in the query"}
	case shop != "" && merchant != "":
		return b, &platform.BadCall{Field: "shop_id", Why: "and merchant_id come both: send one of them, or the platform answers a wrong sign"}
	case shop == "" && merchant == "":
		return b, &platform.BadCall{Field: "shop_id", Why: "is missing in the query (merchant APIs: merchant_id)"}
	}
	b.token, b.id = gk.NewSecret(token), shop+merchant
	if _, ok := idNumber(b.id); !ok {
		return b, &platform.BadCall{Field: "shop_id", Why: "or merchant_id is not a whole number"}
	}
	return b, nil
}

// mistake is a text that somebody may have signed instead, and what to do about it.
type mistake struct{ text, why string }

// explain finds what was signed instead of the right text.
func explain(app platform.App, in platform.Incoming, u *url.URL, q url.Values, b base) (why string, known bool) {
	got, right := q.Get("sign"), b.text()
	for _, key := range app.Secrets["partner_key"] {
		if same(digest(key, right), strings.ToLower(got)) {
			return "is in capitals: lower-case hex is wanted", true
		}
		if raw, err := hex.DecodeString(key.Reveal()); err == nil && same(digest(gk.NewSecret(string(raw)), right), got) {
			return "is made with the key decoded from hex: use its characters as they stand", true
		}
		for _, text := range []string{key.Reveal() + right, right + key.Reveal()} {
			if sum := sha256.Sum256([]byte(text)); same(hex.EncodeToString(sum[:]), got) {
				return "is a plain SHA-256: HMAC-SHA256 with the key is wanted", true
			}
		}
		for _, m := range mistakes(in, u, b) {
			if m.text != right && same(digest(key, m.text), got) {
				return m.why, true
			}
		}
	}
	for _, key := range app.Secrets["push_key"] {
		if same(digest(key, right), got) {
			return "is made with the push key: calls want the partner key", true
		}
	}
	if len(got) != 2*sha256.Size {
		return "has " + strconv.Itoa(len(got)) + " characters: a lower-case hex HMAC-SHA256 has 64", false
	}
	return "differs, and none of the usual mistakes explains it: check the key, and that partner_id, path, timestamp" +
		", access_token and id are joined in this order", false
}

func mistakes(in platform.Incoming, u *url.URL, b base) []mistake {
	partner, at, token := strconv.FormatInt(b.partner, 10), strconv.FormatInt(b.at.Unix(), 10), b.token.Reveal()
	parts := []string{partner, b.path, at}
	if token != "" {
		parts = append(parts, token, b.id)
	}
	path := func(p string) string { return partner + p + at + token + b.id }
	all := []mistake{
		{path(u.Scheme + "://" + u.Host + u.Path), "is made over the whole address: the path alone is wanted"},
		{path(u.RequestURI()), "is made over the path with its query: leave the query out"},
		{path(u.Path + "/"), "is made over a path that ends in a slash"},
		{path(strings.TrimPrefix(u.Path, "/")), "is made over a path that does not begin with a slash"},
		{path(strings.TrimPrefix(u.Path, "/api/v2")), "is made over a part of the path: it begins at /api/v2/"},
		{partner + b.path + at + "000" + token + b.id, "is made over milliseconds, the query has seconds"},
		{path(u.Path) + string(in.Body), "is made over the body too: v2 leaves it out"},
		{in.URL + "|" + string(in.Body), "is made by the recipe of v1 (address, vertical bar, body)"},
	}
	for _, wrong := range []string{"/api/v2/auth/token/get", "/api/v2/auth/access_token/get", "/api/v2/shop/auth_partner", "/api/v2/shop/cancel_auth_partner"} {
		all = append(all, mistake{path(wrong), "is made over another path than the one called"})
	}
	for _, between := range []string{"|", "&", ",", " ", "\n", "-", "_", ":"} {
		all = append(all, mistake{strings.Join(parts, between), "is made with separators: join the parts without any"})
	}
	if token == "" {
		return all
	}
	all = append(all,
		mistake{partner + b.path + at, "is made as for a public API: append access_token and the id"},
		mistake{partner + b.path + at + token, "is made without the id: append it after access_token"},
		mistake{partner + b.path + at + b.id, "is made without access_token: put it before the id"},
		mistake{partner + b.path + at + url.QueryEscape(token) + b.id, "is made over the encoded access_token: sign it as it is, encode it in the query only"},
		mistake{partner + b.path + at + b.id + token, orderWhy},
	)
	sorted := slices.Clone(parts)
	slices.Sort(sorted)
	all = append(all, mistake{strings.Join(sorted, ""), orderWhy})
	for _, swap := range [][]int{{1, 0, 2, 3, 4}, {0, 2, 1, 3, 4}, {0, 1, 3, 2, 4}, {0, 1, 3, 4, 2}, {0, 1, 4, 2, 3}, {0, 4, 1, 2, 3}} {
		text := ""
		for _, i := range swap {
			text += parts[i]
		}
		all = append(all, mistake{text, orderWhy})
	}
	return all
}

const orderWhy = "is made in another order: partner_id, path, timestamp, access_token, id"
