package douyin

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/signing"
)

// success is the code of a good answer.
const success = "10000"

var (
	operationName = regexp.MustCompile(`\A[A-Za-z][A-Za-z0-9_]{0,63}(\.[A-Za-z0-9_]{1,64}){1,5}\z`)
	answerCode    = regexp.MustCompile(`\A[0-9]{1,9}\z`)
)

// Sign signs an operation of the gateway. Operations of the app carry no token, whoever they are signed for.
func (d driver) Sign(app platform.App, cred platform.Credential, call platform.Call) (*platform.Request, error) {
	if !operationName.MatchString(call.Operation) {
		return nil, &platform.BadCall{Field: "operation", Why: "must be a name such as order.searchList"}
	}
	if len(call.System) > 0 || len(call.Query) > 0 {
		return nil, &platform.BadCall{Field: "system", Why: "the platform takes nothing beside params"}
	}
	if err := d.spec.Facts.Reserved.InCall(call); err != nil {
		return nil, err
	}
	permit := d.spec.Facts.Permit(call.Operation)
	if permit == "never" && !call.Free {
		return nil, &platform.BadCall{Field: "operation", Why: "is Grantkeep's own; it is not passed on"}
	}
	if len(call.Params) == 0 {
		call.Params = []byte("{}")
	}
	members, err := platform.Members(call.Params)
	if err != nil {
		return nil, &platform.BadCall{Field: "params", Why: err.Error()}
	}
	for _, m := range members {
		if d.spec.Facts.Reserved.Has(m.Name) && !call.Free {
			return nil, &platform.BadCall{Field: "params." + strings.ToLower(m.Name), Why: "is set by us; leave it out"}
		}
	}
	params, err := canonical(json.RawMessage(strings.TrimSpace(string(call.Params))), "")
	if err != nil {
		return nil, &platform.BadCall{Field: "params", Why: err.Error()}
	}
	token := cred.Token.Access
	switch {
	case d.spec.Facts.EmptyToken(call.Operation), permit == "app" && !call.Free:
		token = gk.Secret{}
	case token.Empty() && permit == "grant":
		return nil, &platform.BadCall{Field: "token", Why: "this operation needs an access token"}
	}
	return d.gateway(app, "api", token, call.Operation, params, call.SignMethod)
}

// gateway builds and signs a POST of params, which are canonical: what is signed is what is sent.
func (d driver) gateway(app platform.App, endpoint string, token gk.Secret, operation, params, method string) (*platform.Request, error) {
	key, err := app.Setting("app_key")
	if err != nil {
		return nil, err
	}
	secret := app.Secret("app_secret")
	if secret.Empty() {
		return nil, errors.New("douyin: app_secret is empty")
	}
	if method == "" {
		method = defaultMethod
	}
	recipe, ok := recipes[method]
	if !ok {
		return nil, &platform.BadCall{Field: "sign_method", Why: "must be md5 or hmac-sha256"}
	}
	base, err := app.Base(endpoint, "")
	if err != nil {
		return nil, err
	}
	timestamp := strconv.FormatInt(app.Now.Unix(), 10)
	text := signedText(key, operation, params, timestamp)
	signature := recipe.Sign(text, secret)
	var query signing.Pairs
	if !token.Empty() {
		query = append(query, signing.Pair{Name: "access_token", Value: token.Reveal()})
	}
	query = append(query, signing.Pairs{
		{Name: "app_key", Value: key}, {Name: "method", Value: operation}, {Name: "sign", Value: signature},
		{Name: "sign_method", Value: method}, {Name: "timestamp", Value: timestamp}, {Name: "v", Value: "2"},
	}...)
	base.Path, base.RawQuery = "/"+strings.ReplaceAll(operation, ".", "/"), query.Encode()
	return &platform.Request{
		Method: http.MethodPost, URL: base.String(), Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(params),
		Sent:      url.Values{"method": {operation}, "app_key": {key}},
		Signature: signature, SignedText: recipe.Masked(text), Expires: app.Now.Add(time.Duration(d.spec.Facts.Limits.Clock)),
	}, nil
}

// Diagnose reads the answer to a call, and any other answer of the platform that a person pasted. Errors come with HTTP
// status 200; the code in the body decides.
func (d driver) Diagnose(app platform.App, asked platform.Asked, reply platform.Reply) *gk.Fault {
	if asked.Stage == "" {
		asked.Stage = platform.StageCall
	}
	obj, fault := d.refusal(app, asked, reply)
	if fault != nil {
		return fault
	}
	if reply.Status < 300 && (enveloped(obj) || reply.Truncated) {
		return nil
	}
	if f := d.spec.Catalogue.Foreign(asked.Stage, reply.Body, reply.Status); f != nil {
		return f
	}
	return d.spec.Catalogue.Bare(asked, reply)
}

// enveloped reports whether an object is the platform's own good answer, of today's form or of the one before.
func enveloped(obj map[string]json.RawMessage) bool {
	return platform.JSONText(obj["code"]) == success || platform.JSONText(obj["err_no"]) == "0"
}

// refusal reads {"code","msg","sub_code","sub_msg","log_id"}, where code is a number, and the older {"err_no","message"}.
// It returns the object, nil if the body is none, and the fault, nil if the body does not say no.
func (d driver) refusal(app platform.App, asked platform.Asked, reply platform.Reply) (map[string]json.RawMessage, *gk.Fault) {
	obj := platform.JSONObject(reply.Body)
	if obj == nil {
		return nil, nil
	}
	code, msg := platform.JSONText(obj["code"]), platform.JSONText(obj["msg"])
	if code == "" && obj["err_no"] != nil {
		code = platform.JSONText(obj["err_no"])
	}
	if msg == "" {
		msg = platform.JSONText(obj["message"])
	}
	if !answerCode.MatchString(code) || code == success || code == "0" {
		return obj, nil
	}
	sub := platform.JSONText(obj["sub_code"])
	shown, codes := code, []string{code, "old:" + code}
	if sub != "" {
		// The new codes 30001 and 30002 mean something else than the old ones: a sub-code tells them apart.
		shown, codes = code+":"+sub, []string{code + ":" + sub, code}
	}
	q := platform.Query{Stage: asked.Stage, Codes: codes, Sent: asked.Sent}
	for _, text := range []string{platform.JSONText(obj["sub_msg"]), msg} {
		if text != "" {
			q.Texts = append(q.Texts, text)
		}
	}
	fault := d.spec.Catalogue.Fault(q, shown, reply.Status)
	if !fault.Known && obj["msg"] == nil && obj["err_no"] == nil && sub == "" {
		// A number that the catalogue has not, beside members that no form of this platform has, is another platform's.
		if foreign := d.spec.Catalogue.Foreign(asked.Stage, reply.Body, reply.Status); foreign != nil {
			return obj, foreign
		}
	}
	fault.RequestID = platform.Words(platform.JSONText(obj["log_id"]))
	fault.RetryAfter = d.spec.Facts.PauseAfter(shown, app.Now)
	return obj, fault
}
