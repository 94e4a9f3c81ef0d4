package shopeev1

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/signing"
)

// callPath is a whole path of the API: lower-case, no empty, dotted or encoded segment, no slash at the end.
var callPath = regexp.MustCompile(`\A/api/v1(/[a-z0-9_]+)+\z`)

// Sign signs a call for a shop or, with subject partner, for the app itself. On this platform the body says whom a call
// is for, and the app's key opens every shop: so the body is read strictly before it is signed.
func (d driver) Sign(app platform.App, cred platform.Credential, call platform.Call) (*platform.Request, error) {
	permit := "grant"
	switch cred.Subject.Kind {
	case gk.KindPartner:
		permit = "app"
	case gk.KindShop:
		if call.Shop != "" && call.Shop != cred.Subject.ID {
			return nil, &platform.BadCall{Field: "shop", Why: "is not the grant's"}
		}
	default:
		return nil, &platform.BadCall{Field: "subject", Why: "must be a shop or the partner"}
	}
	switch {
	case call.Operation != "" || len(call.Params) > 0:
		return nil, &platform.BadCall{Field: "operation", Why: "calls of this platform have a method and a path"}
	case call.Method != http.MethodPost:
		return nil, &platform.BadCall{Field: "method", Why: "must be POST"}
	case len(call.Query) > 0:
		return nil, &platform.BadCall{Field: "query", Why: "calls of this platform have none: all parameters stand in the body"}
	case !callPath.MatchString(call.Path):
		return nil, &platform.BadCall{Field: "path", Why: "must be a whole lower-case path from /api/v1/, without query, encoding or slash at the end"}
	}
	if err := d.spec.Facts.CheckREST(call, permit); err != nil {
		return nil, err
	}
	if call.Free {
		return d.post(app, call.Path, call.Header, call.Body, url.Values{})
	}
	return d.request(app, call.Path, cred, call.Header, call.Body)
}

// request builds a signed POST with the caller's body, completed.
func (d driver) request(app platform.App, path string, cred platform.Credential, header http.Header, body []byte) (*platform.Request, error) {
	body, sent, err := complete(app, cred, body)
	if err != nil {
		return nil, err
	}
	return d.post(app, path, header, body, sent)
}

// post builds a signed POST whose body is not touched.
func (d driver) post(app platform.App, path string, header http.Header, body []byte, sent url.Values) (*platform.Request, error) {
	key := app.Secret("partner_key")
	if key.Empty() {
		return nil, errors.New("shopeev1: partner_key is empty")
	}
	u, err := app.Base("api", "")
	if err != nil {
		return nil, err
	}
	u.Path = path
	text := u.String() + "|" + string(body)
	sum := digest(key, text)
	req := &platform.Request{
		Method: http.MethodPost, URL: u.String(), Header: http.Header{}, Body: body, Sent: sent, Signature: sum, SignedText: text,
		Expires: app.Now.Add(time.Duration(d.spec.Facts.Limits.Clock)),
	}
	for name, values := range header {
		req.Header[http.CanonicalHeaderKey(name)] = slices.Clone(values)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", sum)
	return req, nil
}

// digest is the lower-case hex HMAC-SHA256 of a text. The key is used as text, although it looks like hex.
func digest(key gk.Secret, text string) string { return signing.HMACLower.Sign(text, key) }

// identifiers are the members that say who calls for whom and when, in the order in which they are added.
var identifiers = []string{"partner_id", "shopid", "timestamp"}

// complete adds the identifiers that a body lacks, at its beginning, and leaves every other byte as the caller wrote it.
// One that is there must be ours, written as a number, once and in its one spelling: a parser at the other end that folds
// case or takes the first of two would otherwise see another shop than we do.
func complete(app platform.App, cred platform.Credential, body []byte) ([]byte, url.Values, error) {
	partner, err := partnerID(app)
	if err != nil {
		return nil, nil, err
	}
	ours := map[string]int64{"partner_id": partner, "timestamp": app.Now.Unix()}
	sent := url.Values{"partner_id": {strconv.FormatInt(partner, 10)}}
	if cred.Subject.Kind == gk.KindShop {
		id, ok := idNumber(cred.Subject.ID)
		if !ok {
			return nil, nil, &platform.BadCall{Field: "subject", Why: "its id is not a number"}
		}
		ours["shopid"] = id
		sent.Set("shopid", cred.Subject.ID)
	}
	if len(bytes.TrimSpace(body)) == 0 {
		body = []byte("{}")
	}
	members, err := platform.Members(body)
	if err != nil {
		return nil, nil, &platform.BadCall{Field: "body", Why: err.Error()}
	}
	present := map[string]bool{}
	for _, m := range members {
		if err := checkMember(m, ours); err != nil {
			return nil, nil, err
		}
		present[m.Name] = true
	}
	var missing []string
	for _, name := range identifiers {
		if id, ok := ours[name]; ok && !present[name] {
			missing = append(missing, `"`+name+`":`+strconv.FormatInt(id, 10))
		}
	}
	if len(missing) == 0 {
		return body, sent, nil
	}
	head, rest, _ := bytes.Cut(body, []byte("{"))
	added := strings.Join(missing, ",")
	if len(members) > 0 {
		added += ","
	}
	return slices.Concat(head, []byte("{"+added), rest), sent, nil
}

// checkMember refuses an identifier that is not ours, and every other spelling of one.
func checkMember(m platform.Member, ours map[string]int64) error {
	if slices.Contains(identifiers, m.Name) {
		id, ok := ours[m.Name]
		if ok && string(m.Value) == strconv.FormatInt(id, 10) {
			return nil
		}
		return &platform.BadCall{Field: m.Name, Why: "is not ours: leave it out, and it is filled in"}
	}
	name := strings.ReplaceAll(strings.TrimSpace(m.Name), "_", "")
	for _, id := range []string{"partnerid", "shopid", "timestamp"} {
		if strings.EqualFold(name, id) {
			return &platform.BadCall{Field: "body", Why: "holds another spelling of partner_id, shopid or timestamp"}
		}
	}
	return nil
}

// envelope is what a refusal has. Old endpoints spell msg, some message, some send no text at all.
type envelope struct {
	Error     string `json:"error"`
	Msg       string `json:"msg"`
	Message   string `json:"message"`
	RequestID string `json:"request_id"`

	Description string `json:"error_description"` // of other platforms
}

// readEnvelope reports whether a body is a JSON object with readable outer members.
func readEnvelope(body []byte) (envelope, bool) {
	var e envelope
	if !bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) || json.Unmarshal(body, &e) != nil {
		return envelope{}, false
	}
	return e, true
}

// Diagnose reads an answer. A success has no error; the HTTP status is 200 in most refusals.
func (d driver) Diagnose(app platform.App, asked platform.Asked, reply platform.Reply) *gk.Fault {
	env, ok := readEnvelope(reply.Body)
	if env.Error == "" || env.Description != "" && env.Msg == "" && env.Message == "" {
		if f := d.spec.Catalogue.Foreign(asked.Stage, reply.Body, reply.Status); f != nil {
			return f
		}
	}
	text := string(bytes.TrimSpace(reply.Body))
	switch {
	case ok && env.Error != "":
		return d.refusal(app, asked, reply, env)
	case reply.Status >= 300:
		return d.spec.Catalogue.Fault(platform.Query{Stage: asked.Stage}, "http:"+strconv.Itoa(reply.Status), reply.Status)
	case ok:
		return nil
	case reply.Status == 0 && text != "": // a text that a person pasted
		return d.spec.Catalogue.Fault(platform.Query{Stage: asked.Stage, Texts: []string{text}}, "", 0)
	case d.spec.Catalogue.PageInstead(asked.Stage, reply) != nil:
		return d.spec.Catalogue.PageInstead(asked.Stage, reply)
	case strings.HasPrefix(text, "<"):
		return d.spec.Catalogue.Fault(platform.Query{Stage: asked.Stage}, "http:"+strconv.Itoa(reply.Status), reply.Status)
	}
	return nil
}

// refusal looks an error up; its message decides between equal codes.
func (d driver) refusal(app platform.App, asked platform.Asked, reply platform.Reply, env envelope) *gk.Fault {
	text := env.Msg
	if text == "" {
		text = env.Message
	}
	q := platform.Query{Stage: asked.Stage, Codes: []string{env.Error}, Texts: []string{text}, Sent: asked.Sent}
	f := d.spec.Catalogue.Fault(q, env.Error, reply.Status)
	f.RequestID = env.RequestID
	if row := d.spec.Catalogue.Row(f.Row); row != nil {
		at := reply.Received
		if at.IsZero() {
			at = app.Now
		}
		f.RetryAfter = d.spec.Facts.PauseAfter(row.Code, at)
	}
	return f
}
