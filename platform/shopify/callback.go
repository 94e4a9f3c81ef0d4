package shopify

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/answer"
	"github.com/grantkeep/grantkeep/platform/signing"
)

// telling are the parameters that may come once only. Others (ids[]) may be lists.
var telling = []string{"code", "shop", "state", "hmac", "timestamp", "host", "error", "error_description", "session", "id_token"}

// oldest is how old a signed request may be. Official SDKs allow 90 seconds or a day; a merchant who was slow is no thief.
const oldest = 24 * time.Hour

// ReadCallback reads what a merchant's browser brings to the redirect address. A refusal, if one ever comes, is believed
// without a proof: it can only end the attempt whose state it knows.
func (d driver) ReadCallback(app platform.App, in platform.Incoming) (platform.Callback, error) {
	query, err := d.query(in)
	if err != nil {
		return platform.Callback{}, err
	}
	cb := platform.Callback{State: query.Get("state"), Params: query}
	if code := query.Get("error"); code != "" && query.Get("hmac") == "" && query.Get("code") == "" {
		text := query.Get("error_description")
		cb.Fault = d.spec.Catalogue.Fault(platform.Query{Stage: platform.StageAuthorize, Codes: []string{code}, Texts: answer.NonEmpty(text)}, code, 0)
		cb.Fault.At, cb.Fault.Message = gk.At(app.Now), masked(app, cb.Fault.Message)
		return cb, nil
	}
	if err := d.prove(app, in, query); err != nil {
		return platform.Callback{}, err
	}
	if cb.Subject, err = d.claimed(query); err != nil {
		return platform.Callback{}, err
	}
	if query.Get("code") == "" || query.Get("state") == "" {
		return platform.Callback{}, d.incomplete("code or state is missing")
	}
	if !platform.PlainText(query.Get("code")) {
		return platform.Callback{}, d.incomplete("code holds a character that no code has")
	}
	cb.Code, cb.Proven = gk.NewSecret(query.Get("code")), true
	return cb, nil
}

// ReadEntry reads the signed request with which the platform opens the app: at an installation and at each opening later.
func (d driver) ReadEntry(app platform.App, in platform.Incoming) (platform.Entry, error) {
	query, err := d.query(in)
	if err != nil {
		return platform.Entry{}, err
	}
	if err := d.prove(app, in, query); err != nil {
		return platform.Entry{}, err
	}
	hint, err := d.claimed(query)
	return platform.Entry{Hint: hint, Proven: err == nil}, err
}

// query reads the parameters of a GET. A repeated one of those that tell something is refused whatever the signature
// says, since two readers would take different values.
func (d driver) query(in platform.Incoming) (url.Values, error) {
	query, err := in.Query(telling...)
	if err != nil {
		return nil, d.incomplete(err.Error())
	}
	return query, nil
}

// claimed returns the store that a proven query names.
func (d driver) claimed(query url.Values) (gk.Subject, error) {
	if query.Get("shop") == "" {
		return gk.Subject{}, d.incomplete("shop is missing")
	}
	host, err := d.spec.HostOf("store", query.Get("shop"))
	if err != nil {
		return gk.Subject{}, &platform.BadCallback{
			Why:   "shop is not a store's host under " + d.spec.Facts.ShopSuffix,
			Fault: d.spec.Catalogue.Local(platform.StageAuthorize, "local:shop_host_rejected"),
		}
	}
	return gk.Subject{Kind: gk.KindShop, Host: host}, nil
}

// prove checks the signature, then the time, which is a part of what is signed.
func (d driver) prove(app platform.App, in platform.Incoming, query url.Values) error {
	given := query.Get("hmac")
	if given == "" {
		return &platform.BadCallback{Why: "hmac is missing", Fault: d.spec.Catalogue.Local(platform.StageAuthorize, "local:hmac_missing")}
	}
	pairs := signing.Of(query).Without("hmac")
	var err error
	for _, form := range forms {
		if _, err = signing.HMACLower.Prove(app, form(pairs), given, "client_secret"); err == nil {
			return d.recent(app, query.Get("timestamp"))
		}
	}
	if why := d.mistake(app, in, pairs, given); why != "" {
		return fmt.Errorf("%w: %s", platform.ErrForged, why)
	}
	return err
}

// recent refuses a signed request that is older than a day, or of another day to come.
func (d driver) recent(app platform.App, text string) error {
	at, err := strconv.ParseInt(text, 10, 64)
	switch {
	case text == "":
		return d.incomplete("timestamp is missing")
	case err != nil || at <= 0 || at > 1<<40:
		return d.incomplete("timestamp is not a number of seconds")
	}
	if off := app.Now.Sub(time.Unix(at, 0)).Abs(); off > oldest {
		return &platform.BadCallback{
			Why:   "timestamp is " + off.Round(time.Second).String() + " away from our clock: it may be a replay",
			Fault: d.spec.Catalogue.Local(platform.StageAuthorize, "local:timestamp_old"),
		}
	}
	return nil
}

func (d driver) incomplete(why string) error {
	return &platform.BadCallback{Why: why, Fault: d.spec.Catalogue.Local(platform.StageAuthorize, "local:callback_incomplete")}
}

// forms are the texts that may be signed. They differ for values outside letters, digits and - . _ only, and the documents
// do not say which one the platform uses, so each is tried. A plain join of decoded values is none of them: it lets one
// value pass for two parameters.
var forms = []func(signing.Pairs) string{documented, percent, plus}

// documented is the form of the older documents and the official Python SDK: decoded, with the few characters escaped
// that would let a value pass for a parameter, and lists as one value.
func documented(p signing.Pairs) string {
	values := strings.NewReplacer("%", "%25", "&", "%26")
	names := strings.NewReplacer("%", "%25", "&", "%26", "=", "%3D")
	lists := map[string][]string{}
	for _, pair := range p {
		if name, ok := strings.CutSuffix(pair.Name, "[]"); ok {
			lists[name] = append(lists[name], `"`+pair.Value+`"`)
		}
	}
	var q signing.Pairs
	for _, pair := range p {
		name, ok := strings.CutSuffix(pair.Name, "[]")
		if !ok {
			q = append(q, signing.Pair{Name: names.Replace(pair.Name), Value: values.Replace(pair.Value)})
			continue
		}
		if list := lists[name]; list != nil {
			q = append(q, signing.Pair{Name: names.Replace(name), Value: values.Replace("[" + strings.Join(list, ", ") + "]")})
			delete(lists, name)
		}
	}
	return q.Sorted().Joined("=", "&")
}

// formSafe turns Go's escapes into those of a browser's form, which newer official SDKs sign.
var formSafe = strings.NewReplacer("%2A", "*", "~", "%7E")

// plus is the form of the official JavaScript SDK 13 and the Ruby SDK.
func plus(p signing.Pairs) string {
	var q signing.Pairs
	for _, pair := range p {
		q = append(q, signing.Pair{Name: formSafe.Replace(url.QueryEscape(pair.Name)), Value: formSafe.Replace(url.QueryEscape(pair.Value))})
	}
	return q.Joined("=", "&")
}

// percent is the form of the official JavaScript SDK since 14: a blank is %20.
func percent(p signing.Pairs) string { return strings.ReplaceAll(plus(p), "+", "%20") }

// mistake names what was signed instead; empty if nothing usual explains it.
func (d driver) mistake(app platform.App, in platform.Incoming, p signing.Pairs, given string) string {
	made := func(r signing.Recipe, text, sign string) bool {
		_, err := r.Prove(app, text, sign, "client_secret")
		return err == nil
	}
	arrived := asWritten(in.URL)
	for _, form := range forms {
		switch text := form(p); {
		case made(signing.HMACLower, text, strings.ToLower(given)):
			return "hmac is in capitals: lower-case hex is wanted"
		case made(signing.HMACBase64, text, given), made(signing.HMACBase64, text, strings.ReplaceAll(given, " ", "+")):
			return "hmac is base64, as webhooks have it: requests with a query have lower-case hex"
		}
	}
	for _, m := range []struct{ text, why string }{
		{p.Joined("=", "&"), "hmac is made over values without their escapes: % and & in a value are signed as %25 and %26"},
		{p.Joined("=", ""), "hmac is made without the separator &, as for an app proxy"},
		{arrived.Without("hmac").Joined("=", "&"), "hmac is made over the parameters as they arrived: sort them by name"},
		{arrived.Joined("=", "&"), "hmac is made over a text that holds hmac itself"},
	} {
		if made(signing.HMACLower, m.text, given) {
			return m.why
		}
	}
	for i := range p {
		rest := append(append(signing.Pairs{}, p[:i]...), p[i+1:]...)
		for _, form := range forms {
			if made(signing.HMACLower, form(rest), given) {
				return "the parameter " + platform.Words(p[i].Name) + " was added after signing, or left out of what was signed"
			}
		}
	}
	return ""
}

// asWritten returns the decoded parameters of an address in the order in which they stand there.
func asWritten(address string) signing.Pairs {
	_, query, _ := strings.Cut(address, "?")
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
