package taobao

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/signing"
)

// china is the zone of all times that the platform writes as text.
var china = time.FixedZone("GMT+8", 8*60*60)

var operationName = regexp.MustCompile(`\A[a-z][a-z0-9]*(\.[A-Za-z0-9_]+){1,9}\z`)

// Sign signs an operation of the gateway. Exactly method, app_key, timestamp, v, format and sign_method are added, and
// session where the credential has an access token; the caller's system parameters add to these or replace them, the
// identifiers and the session excepted. Blank values are neither signed nor sent.
func (d driver) Sign(app platform.App, cred platform.Credential, call platform.Call) (*platform.Request, error) {
	if !operationName.MatchString(call.Operation) {
		return nil, &platform.BadCall{Field: "operation", Why: "must be a name such as taobao.user.seller.get"}
	}
	if d.spec.Facts.Permit(call.Operation) == "never" && !call.Free {
		return nil, &platform.BadCall{Field: "operation", Why: "is Grantkeep's own, or not the platform's; it is not passed on; " + d.spec.Facts.Callable("grant")}
	}
	if len(call.Query) > 0 {
		return nil, &platform.BadCall{Field: "query", Why: "business parameters belong in params, others in system"}
	}
	if err := d.spec.Facts.Reserved.InCall(call); err != nil {
		return nil, err
	}
	business, err := d.business(call.Params)
	if err != nil {
		return nil, err
	}
	return d.gateway(app, cred.Token.Access, call.Operation, business, call.System, call.SignMethod, call.Free)
}

// business turns a JSON object into parameters: texts as they are, numbers as written, lists and objects as compact JSON.
func (d driver) business(params []byte) (signing.Pairs, error) {
	if len(params) == 0 {
		return nil, nil
	}
	members, err := platform.Members(params)
	if err != nil {
		return nil, &platform.BadCall{Field: "params", Why: err.Error()}
	}
	var fields signing.Pairs
	for _, m := range members {
		if d.spec.Facts.Reserved.Has(m.Name) {
			return nil, &platform.BadCall{Field: "params." + strings.ToLower(m.Name), Why: "is set by us; leave it out"}
		}
		text, err := parameter(m.Value)
		if err != nil {
			return nil, &platform.BadCall{Field: "params", Why: err.Error()}
		}
		fields = append(fields, signing.Pair{Name: m.Name, Value: text})
	}
	return fields, nil
}

func parameter(raw json.RawMessage) (string, error) {
	switch raw[0] {
	case '"':
		text := platform.JSONText(raw)
		if strings.ContainsRune(text, utf8.RuneError) {
			return "", errors.New("a text holds a broken character")
		}
		return text, nil
	case 'n':
		return "", nil
	case '{', '[':
		var compact bytes.Buffer
		if err := json.Compact(&compact, raw); err != nil {
			return "", errors.New("not JSON")
		}
		return compact.String(), nil
	}
	return string(raw), nil
}

// gatewayToken asks for a token by a signed call; neither secret nor redirect_uri travels.
func (d driver) gatewayToken(app platform.App, operation, name string, value gk.Secret) (*platform.Request, error) {
	return d.gateway(app, gk.Secret{}, operation, signing.Pairs{{Name: name, Value: value.Reveal()}}, nil, "", false)
}

// gateway builds and signs a POST to the gateway. All parameters travel in the body, since an address with a session in
// it would be kept by every proxy on the way.
func (d driver) gateway(app platform.App, session gk.Secret, operation string, business signing.Pairs, system url.Values, method string, free bool) (*platform.Request, error) {
	key, err := app.Setting("app_key")
	if err != nil {
		return nil, err
	}
	secret := app.Secret("app_secret")
	if secret.Empty() {
		return nil, errors.New("taobao: app_secret is empty")
	}
	for _, m := range []string{app.Settings["sign_method"], "hmac-sha256"} {
		if method == "" {
			method = m
		}
	}
	fields := signing.Pairs{
		{Name: "method", Value: operation}, {Name: "app_key", Value: key}, {Name: "session", Value: session.Reveal()},
		{Name: "timestamp", Value: app.Now.In(china).Format(time.DateTime)},
		{Name: "v", Value: "2.0"}, {Name: "format", Value: "json"}, {Name: "sign_method", Value: method},
	}
	if err := replace(&fields, system, free); err != nil {
		return nil, err
	}
	if method = fields.Get("sign_method"); !slices.Contains(methods, method) {
		return nil, &platform.BadCall{Field: "sign_method", Why: "must be md5, hmac or hmac-sha256"}
	}
	for _, p := range business {
		if slices.ContainsFunc(fields, func(f signing.Pair) bool { return strings.EqualFold(f.Name, p.Name) }) {
			return nil, &platform.BadCall{Field: "params." + strings.ToLower(p.Name), Why: "is a system parameter; name it in system or leave it out"}
		}
	}
	base, err := app.Base("api", "")
	if err != nil {
		return nil, err
	}
	base.Path = "/router/rest"
	fields = append(fields, business...).Filled().Sorted()
	text := fields.Joined("", "")
	sign := signature(method, text, secret.Reveal())
	masked := text
	if method == "md5" {
		masked = secret.String() + text + secret.String()
	}
	return &platform.Request{
		Method: http.MethodPost, URL: base.String(), Header: formHeader(), Body: []byte(append(fields, signing.Pair{Name: "sign", Value: sign}).Encode()),
		Sent: fields.Without(secretFields...).Values(), Signature: sign, SignedText: masked, Expires: app.Now.Add(time.Duration(d.spec.Facts.Limits.Clock)),
	}, nil
}

// secretFields are left out of what is remembered of a request.
var secretFields = []string{"code", "refresh_token", "client_secret", "session", "sign"}

// replace sets the system parameters that a caller names. Who calls, for whom and what stays ours.
func replace(f *signing.Pairs, system url.Values, free bool) error {
	for name, values := range system {
		if len(values) != 1 {
			return &platform.BadCall{Field: "system." + strings.ToLower(name), Why: "must have one value"}
		}
		switch {
		case strings.EqualFold(name, "sign"), !free && (strings.EqualFold(name, "access_token") || strings.EqualFold(name, "top_session")):
			return &platform.BadCall{Field: "system", Why: "holds a signature or token of its own; leave it out"}
		case slices.ContainsFunc([]string{"method", "app_key", "session"}, func(own string) bool { return strings.EqualFold(name, own) }):
			if f.Get(strings.ToLower(name)) != values[0] || name != strings.ToLower(name) {
				return &platform.BadCall{Field: "system." + strings.ToLower(name), Why: "is set by us; leave it out"}
			}
		}
		f.Set(name, values[0])
	}
	return nil
}
