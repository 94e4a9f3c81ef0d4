package lazada

import (
	"encoding/json"
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

// success is the code of a good answer, a text.
const success = "0"

var answerCode = regexp.MustCompile(`\A[A-Za-z0-9_.]{1,64}\z`)

// Sign signs a call for the host of its shop's country. Exactly app_key, timestamp, sign_method, access_token and sign are
// added: to the query of a GET, to the form of a POST. Blank values are neither signed nor sent.
func (d driver) Sign(app platform.App, cred platform.Credential, call platform.Call) (*platform.Request, error) {
	if call.Method == "" {
		call.Method = http.MethodGet
	}
	if strings.HasPrefix(call.Path, "/rest/") {
		return nil, &platform.BadCall{Field: "path", Why: "is written without /rest, as it is signed"}
	}
	if err := d.spec.Facts.CheckREST(call, "grant", "app"); err != nil {
		return nil, err
	}
	if call.Method != http.MethodGet && call.Method != http.MethodPost {
		return nil, &platform.BadCall{Field: "method", Why: "must be GET for reading or POST for writing"}
	}
	query, err := d.pairs("query", call.Query)
	if err != nil {
		return nil, err
	}
	form, err := d.form(call)
	if err != nil {
		return nil, err
	}
	for _, p := range form {
		if len(query.Get(p.Name)) > 0 {
			return nil, &platform.BadCall{Field: "body", Why: "repeats a parameter of the query"}
		}
	}
	token := cred.Token.Access
	if strings.HasPrefix(call.Path, "/auth/") {
		return d.sign(app, gk.Secret{}, "token", call, query, form) // a person's own: tokens are asked for without one
	}
	if token.Empty() {
		return nil, &platform.BadCall{Field: "token", Why: "a call needs an access token"}
	}
	country, err := d.countryOf(cred, call.Shop)
	if err != nil {
		return nil, err
	}
	if _, err := d.host(app, country); err != nil {
		return nil, err
	}
	return d.sign(app, token, country, call, query, form)
}

// sign builds the request; place is a country, or token for the host of tokens.
func (d driver) sign(app platform.App, token gk.Secret, place string, call platform.Call, query, form signing.Pairs) (*platform.Request, error) {
	fields, err := system(app, token)
	if err != nil {
		return nil, err
	}
	base, err := app.Base("token", "")
	if place != "token" {
		base, err = d.host(app, place)
	}
	if err != nil {
		return nil, err
	}
	all := append(append(append(signing.Pairs{}, fields...), query...), form...).Sorted()
	text := call.Path + all.Joined("", "")
	signature := signing.HMACUpper.Sign(text, app.Secret("app_secret"))
	fields = append(fields, signing.Pair{Name: "sign", Value: signature})
	call.Path = "/rest" + call.Path
	call.Query = nil
	r := &platform.Request{
		Method: call.Method, Header: call.Header.Clone(), Sent: url.Values{"path": {strings.TrimPrefix(call.Path, "/rest")}, "country": {place}},
		Signature: signature, SignedText: signing.HMACUpper.Masked(text), Expires: app.Now.Add(time.Duration(d.spec.Facts.Limits.Clock)),
	}
	if r.Header == nil {
		r.Header = make(http.Header)
	}
	if call.Method == http.MethodGet {
		query = append(query, fields...).Sorted()
	} else {
		r.Header.Set("Content-Type", formType)
		r.Body = []byte(append(form, fields...).Encode())
	}
	address, err := call.URL(base)
	if err != nil {
		return nil, err
	}
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	r.URL = address
	return r, nil
}

// pairs reads business parameters: each once, none of ours, no blank value.
func (d driver) pairs(field string, values url.Values) (signing.Pairs, error) {
	for name, list := range values {
		if len(list) > 1 {
			return nil, &platform.BadCall{Field: field, Why: "has a parameter twice"}
		}
		if d.spec.Facts.Reserved.Has(name) {
			return nil, &platform.BadCall{Field: field, Why: "names what only we may set (an identifier, token, time or signature); leave it out"}
		}
	}
	return signing.Of(values).Filled(), nil
}

// form reads the body of a POST. Anything but a form is refused: the platform answers IncompleteSignature to it.
func (d driver) form(call platform.Call) (signing.Pairs, error) {
	body := strings.TrimSpace(string(call.Body))
	if body == "" {
		return nil, nil
	}
	if call.Method == http.MethodGet {
		return nil, &platform.BadCall{Field: "body", Why: "belongs to a POST; the parameters of a GET stand in query"}
	}
	kind, _, _ := strings.Cut(call.Header.Get("Content-Type"), ";")
	formed := kind == "" || strings.EqualFold(strings.TrimSpace(kind), "application/x-www-form-urlencoded")
	if !formed || strings.ContainsAny(body[:1], "{[<\"") || !strings.Contains(body, "=") {
		return nil, &platform.BadCall{Field: "body", Why: "must be a form (NAME=VALUE&…); JSON and XML travel as the value of a parameter, such as payload"}
	}
	values, err := url.ParseQuery(body)
	if err != nil {
		return nil, &platform.BadCall{Field: "body", Why: "is not URL-encoded"}
	}
	return d.pairs("body", values)
}

// Diagnose reads the answer to a call, and any other answer of the platform that a person pasted. Errors come with HTTP
// status 200; the code in the body decides.
func (d driver) Diagnose(_ platform.App, asked platform.Asked, reply platform.Reply) *gk.Fault {
	if asked.Stage == "" {
		asked.Stage = platform.StageCall
	}
	obj, fault := d.refusal(asked, reply)
	if fault != nil {
		return fault
	}
	if reply.Status < 300 && (platform.JSONText(obj["code"]) == success || reply.Truncated) {
		return nil
	}
	if f := d.spec.Catalogue.Foreign(asked.Stage, reply.Body, reply.Status); f != nil {
		return f
	}
	return d.spec.Catalogue.Bare(asked, reply)
}

// refusal reads {"type","code","message","request_id"}. It returns the object, nil if the body is none, and the fault, nil
// if the body does not say no.
func (d driver) refusal(asked platform.Asked, reply platform.Reply) (map[string]json.RawMessage, *gk.Fault) {
	obj := platform.JSONObject(reply.Body)
	code, message := platform.JSONText(obj["code"]), platform.JSONText(obj["message"])
	_, typed := obj["type"]
	if obj == nil || !answerCode.MatchString(code) || code == success || message == "" && !typed {
		return obj, nil
	}
	q := platform.Query{Stage: asked.Stage, Codes: []string{code}, Sent: asked.Sent}
	if message != "" {
		q.Texts = []string{message}
	}
	fault := d.spec.Catalogue.Fault(q, code, reply.Status)
	fault.RequestID = platform.Words(platform.JSONText(obj["request_id"]))
	fault.RetryAfter = ban(message)
	return obj, fault
}

var banText = regexp.MustCompile(`(?i)\bban will last ([0-9]{1,7}) +(?:more )?second`)

// ban returns the wait that the text of a throttled call names; zero if it names none.
func ban(text string) time.Duration {
	m := banText.FindStringSubmatch(text)
	if m == nil {
		return 0
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return 0
	}
	return time.Duration(n) * time.Second
}
