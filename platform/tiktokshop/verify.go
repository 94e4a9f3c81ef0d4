package tiktokshop

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/signing"
)

// VerifyCall checks identifiers, time and signature of a call as the platform does: app_key before the signature. For a
// wrong signature it tries what people get wrong.
func (d driver) VerifyCall(app platform.App, in platform.Incoming) error {
	u, err := url.Parse(in.URL)
	if err != nil {
		return bad("url", "cannot be read")
	}
	if to := d.spec.Facts.Retired[strings.ToLower(u.Hostname())]; to != "" {
		return bad("host", "is one that the platform has retired; use "+to)
	}
	if u.Host != "" && !app.AllowsHost(u.Scheme, u.Host) {
		return bad("host", "is none of the platform's")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return bad("query", "cannot be read: encode each value once")
	}
	if err := checkQuery(app, query); err != nil {
		return err
	}
	if err := d.timely(app, query.Get("timestamp")); err != nil {
		return err
	}
	if query.Get("sign") == "" {
		return bad("sign", "is missing in the query")
	}
	right := signedText(u.EscapedPath(), query, in.Header.Get("Content-Type"), in.Body)
	decoded := signedText(u.Path, query, in.Header.Get("Content-Type"), in.Body)
	for _, text := range []string{right, decoded} {
		if _, err := recipe.Prove(app, text, query.Get("sign"), "app_secret"); err == nil {
			return nil
		}
	}
	if app.Secret("app_secret").Empty() {
		return bad("app_secret", "is empty: nothing can be compared")
	}
	why, known := explain(app, in, u, query)
	if !known {
		return fmt.Errorf("%w: %w", platform.ErrForged, bad("sign", why))
	}
	return bad("sign", why)
}

// checkQuery refuses what the platform would read otherwise than the caller, and the key of another app.
func checkQuery(app platform.App, query url.Values) error {
	for name, values := range query {
		if len(values) > 1 {
			return bad(name, "comes more than once: only its first value would be signed")
		}
	}
	key, err := app.Setting("app_key")
	if err != nil {
		return err
	}
	switch given := query.Get("app_key"); {
	case given == "":
		return bad("app_key", "is missing in the query")
	case given == app.Settings["service_id"]:
		return bad("app_key", "is the service_id, which links need: calls want the app_key")
	case given != key:
		return bad("app_key", "is another app's")
	}
	return nil
}

func bad(field, why string) error { return &platform.BadCall{Field: field, Why: why} }

// timely compares a timestamp with the moment of the check. Little is allowed ahead of the platform's clock.
func (d driver) timely(app platform.App, text string) error {
	bad := func(why string) error { return &platform.BadCall{Field: "timestamp", Why: why} }
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case text == "":
		return bad("is missing in the query")
	case err != nil || n < 0:
		return bad("is not a whole number of seconds")
	case n >= 100_000_000_000:
		return bad("is in milliseconds: seconds are wanted")
	}
	behind, ahead := time.Duration(d.spec.Facts.Limits.Clock), time.Duration(d.spec.Facts.Limits.ClockAhead)
	switch off := time.Unix(n, 0).Sub(app.Now); {
	case off < -behind:
		return bad("is expired: the clock is " + (-off).Round(time.Second).String() + " behind, " + behind.String() + " are allowed")
	case off > ahead:
		return bad("lies ahead: the clock is " + off.Round(time.Second).String() + " fast, " + ahead.String() + " are allowed")
	}
	return nil
}

// explain finds what was signed instead of the right text.
func explain(app platform.App, in platform.Incoming, u *url.URL, query url.Values) (why string, known bool) {
	given, mediaType := query.Get("sign"), in.Header.Get("Content-Type")
	made := func(r signing.Recipe, text, sign string) bool {
		_, err := r.Prove(app, text, sign, "app_secret")
		return err == nil
	}
	right := signedText(u.EscapedPath(), query, mediaType, in.Body)
	upper := recipe
	upper.Write = signing.Base64
	plain := signing.Recipe{Hash: sha256.New, Before: true, After: true}
	switch {
	case made(recipe, right, strings.ToLower(given)):
		return "is in capitals: lower-case hex is wanted", true
	case made(upper, right, given):
		return "is base64: lower-case hex is wanted", true
	case made(plain, right, given):
		return "is a plain SHA-256: HMAC-SHA256 with the secret as its key is wanted", true
	case made(signing.HMACLower, right, given):
		return "is made without the secret around the text: it stands in front and behind, and is the key too", true
	}
	for _, r := range []signing.Recipe{signing.HMACAfter, {Hash: sha256.New, Key: true, Before: true}} {
		if made(r, right, given) {
			return "is made with the secret on one side of the text: it stands in front and behind", true
		}
	}
	for _, m := range mistakes(in, u, query, mediaType) {
		if m.text != right && made(recipe, m.text, given) {
			return m.why, true
		}
	}
	if len(given) != 2*sha256.Size {
		return "has " + strconv.Itoa(len(given)) + " characters: a lower-case hex HMAC-SHA256 has 64", false
	}
	return "differs, and none of the usual mistakes explains it: check the secret, and that path, sorted parameters and body are joined in this order", false
}

// mistake is a text that somebody may have signed instead, and what to do about it.
type mistake struct{ text, why string }

func mistakes(in platform.Incoming, u *url.URL, query url.Values, mediaType string) []mistake {
	path, body := u.EscapedPath(), string(in.Body)
	pairs := signing.Of(query).Without(unsigned...)
	joined := pairs.Joined("", "")
	if multipart(mediaType) {
		return []mistake{{path + joined + body, "is made over a multipart body, which is left out"}}
	}
	with := func(name string) string {
		if value := in.Header.Get(tokenName); name == "access_token" && query.Get(name) == "" && value != "" {
			return append(signing.Pairs{{Name: name, Value: value}}, pairs...).Sorted().Joined("", "")
		}
		return signing.Of(query).Without("sign").Joined("", "")
	}
	escaped := func(p signing.Pairs) string {
		text := ""
		for _, pair := range p {
			text += pair.Name + url.QueryEscape(pair.Value)
		}
		return text
	}
	all := []mistake{
		{u.Scheme + "://" + u.Host + path + joined + body, "is made over the whole address: the path alone is wanted"},
		{path + "?" + u.RawQuery + body, "is made over path and query as they are written: join sorted names and values without ? = &"},
		{strings.TrimPrefix(path, "/") + joined + body, "is made over a path that does not begin with a slash"},
		{path + "/" + joined + body, "is made over a path that ends in a slash"},
		{joined + body, "is made without the path, which stands first"},
		{path + joined, "is made without the body, whose exact bytes stand last"},
		{path + body + joined, "is made with the body in front of the parameters: it stands last"},
		{path + with("access_token") + body, "is made over access_token too, which is left out"},
		{path + pairs.Joined("=", "&") + body, "is made with = and & between names and values: join them without any"},
		{path + pairs.Joined("=", "") + body, "is made with = between names and values: join them without any"},
		{path + pairs.Joined("", "&") + body, "is made with & between the parameters: join them without any"},
		{path + escaped(pairs) + body, "is made over encoded values: sign them decoded, encode them in the address only"},
		{path + strings.ReplaceAll(escaped(pairs), "+", "%20") + body, "is made over encoded values: sign them decoded, encode them in the address only"},
		{path + asWritten(u.RawQuery).Without(unsigned...).Joined("", "") + body, "is made over the parameters as they stand in the address: sort them by name"},
		{path + folded(pairs).Joined("", "") + body, "is made over parameters sorted without regard to case: sort by bytes, capitals first"},
		{path + pairs.Filled().Joined("", "") + body, "is made without the parameters whose value is empty: their names are signed"},
		{path + strings.Replace(joined, query.Get("timestamp"), query.Get("timestamp")+"000", 1) + body, "is made over milliseconds, the query has seconds"},
	}
	for _, name := range []string{"shop_cipher", "category_asset_cipher", "shop_id", "version"} {
		if query.Has(name) {
			all = append(all, mistake{path + pairs.Without(name).Joined("", "") + body, "is made without " + name + ", which is signed like any other parameter"})
		}
	}
	for _, form := range append(forms(in.Body), body+"\n", strings.TrimSpace(body)) {
		all = append(all, mistake{path + joined + form, "is made over the body in another form than sent: sign the exact bytes"})
	}
	if len(in.Body) == 0 {
		all = append(all, mistake{path + joined + "{}", "is made over {} although nothing is sent"})
	}
	return all
}

// folded sorts without regard to case.
func folded(p signing.Pairs) signing.Pairs {
	low := make(signing.Pairs, 0, len(p))
	for _, pair := range p {
		low = append(low, signing.Pair{Name: strings.ToLower(pair.Name), Value: pair.Name + pair.Value})
	}
	low = low.Sorted()
	for i := range low {
		low[i].Name = ""
	}
	return low
}

// asWritten returns the decoded parameters of a query in the order in which they stand there.
func asWritten(query string) signing.Pairs {
	var p signing.Pairs
	for part := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(part, "=")
		n, nameErr := url.QueryUnescape(name)
		v, valueErr := url.QueryUnescape(value)
		if nameErr == nil && valueErr == nil {
			p = append(p, signing.Pair{Name: n, Value: v})
		}
	}
	return p
}

// forms are other ways to write a JSON body: compact, with blanks, with sorted names or escaped slashes; none for a body
// that is no JSON.
func forms(body []byte) []string {
	var compact bytes.Buffer
	if json.Compact(&compact, body) != nil {
		return nil
	}
	one := compact.String()
	var v any
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var sorted bytes.Buffer
	enc := json.NewEncoder(&sorted)
	enc.SetEscapeHTML(false)
	if dec.Decode(&v) != nil || enc.Encode(v) != nil {
		return []string{one}
	}
	spaced := strings.NewReplacer(`":`, `": `, `,"`, `, "`)
	return []string{
		one, strings.TrimSpace(sorted.String()), spaced.Replace(one), spaced.Replace(strings.TrimSpace(sorted.String())), strings.ReplaceAll(one, "/", `\/`),
	}
}
