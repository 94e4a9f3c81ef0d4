package eleme

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

var operationName = regexp.MustCompile(`\A[A-Za-z][A-Za-z0-9_.]{0,127}\z`)

// Sign writes and signs the envelope of an operation. Operations that the facts list get an empty token, whatever the
// credential: the platform refuses them otherwise. So do all of the app's own when they are signed for a grant.
func (d driver) Sign(app platform.App, cred platform.Credential, call platform.Call) (*platform.Request, error) {
	if !operationName.MatchString(call.Operation) {
		return nil, &platform.BadCall{Field: "operation", Why: "must be a name such as eleme.user.getUser"}
	}
	if len(call.System) > 0 || len(call.Query) > 0 {
		return nil, &platform.BadCall{Field: "system", Why: "the platform takes nothing beside params"}
	}
	if err := d.spec.Facts.Reserved.InCall(call); err != nil {
		return nil, err
	}
	permit := d.spec.Facts.Permit(call.Operation)
	if permit == "never" && !call.Free {
		return nil, &platform.BadCall{Field: "operation", Why: "moves the whole app or other shops, so it is not passed on"}
	}
	if len(call.Params) == 0 {
		call.Params = []byte("{}")
	}
	params, err := platform.Members(call.Params)
	if err != nil {
		return nil, &platform.BadCall{Field: "params", Why: err.Error()}
	}
	for _, p := range params {
		if d.spec.Facts.Reserved.Has(p.Name) {
			return nil, &platform.BadCall{Field: "params." + strings.ToLower(p.Name), Why: "is set by us; leave it out"}
		}
	}
	token := cred.Token.Access
	switch {
	case d.spec.Facts.EmptyToken(call.Operation), permit == "app" && !call.Free:
		token = gk.Secret{}
	case token.Empty() && permit == "grant":
		return nil, &platform.BadCall{Field: "token", Why: "this operation needs an access token"}
	}
	return d.envelope(app, token, call.Operation, params, call.ID)
}

// envelope encodes every value once, signs that text and sends that same text.
func (d driver) envelope(app platform.App, token gk.Secret, operation string, params []platform.Member, id string) (*platform.Request, error) {
	key, err := app.Setting("app_key")
	if err != nil {
		return nil, err
	}
	secret := app.Secret("app_secret")
	if secret.Empty() {
		return nil, errors.New("eleme: app_secret is empty")
	}
	base, err := app.Base("api", "")
	if err != nil {
		return nil, err
	}
	base.Path = "/api/v1/"

	metas := []value{{"app_key", quoted(key)}, {"timestamp", strconv.FormatInt(app.Now.Unix(), 10)}}
	values := make([]value, 0, len(params))
	for _, p := range params {
		text, err := canonical(p.Value)
		if err != nil {
			return nil, &platform.BadCall{Field: "params", Why: err.Error()}
		}
		values = append(values, value{p.Name, text})
	}
	signed := operation + token.Reveal() + sortedPairs(append(metas, values...))
	signature := digest(signed + secret.Reveal())
	if id == "" {
		id = strings.ToUpper(app.Nonce) + "|" + strconv.FormatInt(app.Now.UnixMilli(), 10)
	}
	body := fmt.Sprintf(`{"nop":"1.0.0","id":%s,"action":%s,"token":%s,"metas":%s,"params":%s,"signature":%s}`,
		quoted(id), quoted(operation), quoted(token.Reveal()), jsonObject(metas), jsonObject(values), quoted(signature))
	header := http.Header{}
	header.Set("Content-Type", "application/json; charset=utf-8")
	header.Set("Accept", "application/json")
	header.Set("X-Eleme-Requestid", id)
	return &platform.Request{
		Method: http.MethodPost, URL: base.String(), Header: header, Body: []byte(body),
		Sent: url.Values{"action": {operation}, "id": {id}}, Signature: signature,
		SignedText: signed + secret.String(), Expires: app.Now.Add(time.Duration(d.spec.Facts.Limits.Clock)),
	}, nil
}

func jsonObject(values []value) string {
	parts := make([]string, len(values))
	for i, v := range values {
		parts[i] = quoted(v.name) + ":" + v.text
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// Diagnose reads the answer to a call, and any other answer of the platform that a person pasted. The body decides; the
// HTTP status of a refused call is not documented.
func (d driver) Diagnose(_ platform.App, asked platform.Asked, reply platform.Reply) *gk.Fault {
	if asked.Stage == "" {
		asked.Stage = platform.StageCall
	}
	obj, fault := d.refusal(asked, reply)
	if fault != nil {
		return fault
	}
	if f := d.spec.Catalogue.Foreign(asked.Stage, reply.Body, reply.Status); f != nil {
		return f
	}
	if f := d.spec.Catalogue.EdgeRefusal(asked.Stage, reply); f != nil {
		return f
	}
	if f := d.spec.Catalogue.PageInstead(asked.Stage, reply); f != nil {
		return f
	}
	if reply.Status < 300 && (obj != nil || reply.Truncated) {
		return nil
	}
	code := platform.StatusCode(reply.Status)
	return d.spec.Catalogue.Fault(platform.Query{Stage: asked.Stage, Codes: []string{code}, Sent: asked.Sent}, code, reply.Status)
}

// saidNo reads code and words of a refusal; both are empty where the object does not say no.
func saidNo(obj map[string]json.RawMessage) (code, text string) {
	_, hasResult := obj["result"]
	_, hasError := obj["error"]
	inner := platform.JSONObject(obj["error"])
	switch {
	case inner != nil:
		code, text = platform.JSONText(inner["code"]), platform.JSONText(inner["message"])
	case !hasError && !hasResult && obj["access_token"] == nil:
		code, text = platform.JSONText(obj["name"]), platform.JSONText(obj["message"])
		if bare := platform.JSONText(obj["code"]); code == "" && text != "" && len(obj) <= 4 {
			code = bare // the error object of a call, without its wrapper
		}
	default:
		code, text = platform.JSONText(obj["error"]), platform.JSONText(obj["error_description"])
	}
	if text == "" && code != "" {
		text = platform.JSONText(obj["message"])
	}
	return code, text
}

// refusal reads the three shapes in which the platform says no: {"error","error_description"} of /token,
// {"error":{"code","message"}} of calls, and {"name","message"} of the gateway before them. It returns the object, nil if
// the body is none, and the fault, nil if the body does not say no.
func (d driver) refusal(asked platform.Asked, reply platform.Reply) (map[string]json.RawMessage, *gk.Fault) {
	obj := platform.JSONObject(reply.Body)
	if obj == nil {
		return nil, nil
	}
	code, text := saidNo(obj)
	if code == "" && text == "" {
		return obj, nil
	}
	q := platform.Query{Stage: asked.Stage, Codes: []string{code}, Sent: asked.Sent}
	if text != "" {
		q.Texts = []string{text}
	}
	fault := d.spec.Catalogue.Fault(q, code, reply.Status)
	for _, name := range []string{"trace_id", "id", "request_id"} {
		if fault.RequestID == "" {
			fault.RequestID = platform.JSONText(obj[name])
		}
	}
	if fault.Action == gk.Backoff && (asked.Stage == platform.StageToken || asked.Stage == platform.StageRefresh) {
		fault.RetryAfter = time.Duration(d.spec.Facts.Limits.TokenCalls.Gap)
	}
	return obj, fault
}
