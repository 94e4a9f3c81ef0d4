package lazada

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/answer"
	"github.com/grantkeep/grantkeep/platform/signing"
)

const (
	pathCreate  = "/auth/token/create"
	pathRefresh = "/auth/token/refresh"
)

// formType is the type of a form as the platform's own SDKs name it.
const formType = "application/x-www-form-urlencoded;charset=utf-8"

// ExchangeRequest trades a code, which works once.
func (d driver) ExchangeRequest(app platform.App, cb platform.Callback) (*platform.Request, error) {
	if cb.Code.Empty() {
		return nil, errors.New("lazada: exchange: the callback has no code")
	}
	return d.tokenRequest(app, "exchange", pathCreate, signing.Pair{Name: "code", Value: cb.Code.Reveal()})
}

// RefreshRequest sends a refresh token. It starts the life of the access token anew, never its own.
func (d driver) RefreshRequest(app platform.App, cred platform.Credential) (*platform.Request, error) {
	if cred.Token.Refresh.Empty() {
		return nil, errors.New("lazada: refresh: there is no refresh token")
	}
	return d.tokenRequest(app, "token", pathRefresh, signing.Pair{Name: "refresh_token", Value: cred.Token.Refresh.Reveal()})
}

// tokenRequest builds a signed POST whose parameters all travel in the body.
func (d driver) tokenRequest(app platform.App, endpoint, path string, value signing.Pair) (*platform.Request, error) {
	fields, err := system(app, gk.Secret{})
	if err != nil {
		return nil, err
	}
	base, err := app.Base(endpoint, "")
	if err != nil {
		return nil, err
	}
	base.Path = "/rest" + path
	fields = append(fields, value).Sorted()
	text := path + fields.Joined("", "")
	sign := signing.HMACUpper.Sign(text, app.Secret("app_secret"))
	return &platform.Request{
		Method: http.MethodPost, URL: base.String(), Header: http.Header{"Content-Type": {formType}},
		Body: []byte(append(fields, signing.Pair{Name: "sign", Value: sign}).Encode()), Sent: url.Values{"path": {path}, "app_key": {fields.Get("app_key")}},
		Signature: sign, SignedText: signing.HMACUpper.Masked(text), Expires: app.Now.Add(time.Duration(d.spec.Facts.Limits.Clock)),
	}, nil
}

// system returns the parameters that every signed request has, but for the signature itself.
func system(app platform.App, token gk.Secret) (signing.Pairs, error) {
	key, err := app.Setting("app_key")
	if err != nil {
		return nil, err
	}
	if app.Secret("app_secret").Empty() {
		return nil, errors.New("lazada: app_secret is empty")
	}
	fields := signing.Pairs{
		{Name: "app_key", Value: key}, {Name: "sign_method", Value: "sha256"},
		{Name: "timestamp", Value: strconv.FormatInt(app.Now.UnixMilli(), 10)},
	}
	if !token.Empty() {
		fields = append(fields, signing.Pair{Name: "access_token", Value: token.Reveal()})
	}
	return fields, nil
}

// ReadIssues reads the answer to either request: one pair for one seller, or for an account of several.
func (d driver) ReadIssues(app platform.App, asked platform.Asked, reply platform.Reply) ([]platform.Issue, error) {
	obj, fault := d.refusal(asked, reply)
	if err := answer.Check(app, asked, reply, fault); err != nil {
		return nil, d.explained(asked, reply, err)
	}
	fields := answer.Object(obj)
	if platform.JSONText(fields["code"]) != success {
		return nil, &platform.Garbled{Why: "neither a token nor a refusal"}
	}
	issue := platform.Issue{Scopes: fields.Fields("scope")}
	var err error
	if issue.Token, err = fields.Pair("access_token", "refresh_token"); err != nil {
		return nil, err
	}
	if err := d.readEnds(app, asked, &issue, fields, answer.Start(app, asked, reply)); err != nil {
		return nil, err
	}
	all, err := sellers(fields)
	if err != nil {
		return nil, err
	}
	issue.Subject = subject(fields, all)
	if !belongs(asked.Subject, issue.Subject, all) {
		return nil, d.spec.Catalogue.Mismatch(asked.Stage)
	}
	if asked.Subject.ID != "" && (asked.Stage == platform.StageRefresh || issue.Subject.ID == "") {
		issue.Subject = asked.Subject
	}
	issue.Shops, issue.Facts = shops(all, asked.Stage), facts(fields, all)
	return []platform.Issue{issue}, nil
}

// explained adds the catalogue's row to an answer that is a page: it says what is done about it.
func (d driver) explained(asked platform.Asked, reply platform.Reply, err error) error {
	var garbled *platform.Garbled
	if errors.As(err, &garbled) && garbled.Fault == nil && platform.IsPage(reply.Body) {
		q := platform.Query{Stage: asked.Stage, Texts: []string{d.spec.Catalogue.Cut(string(reply.Body))}}
		garbled.Fault = d.spec.Catalogue.Fault(q, "", reply.Status)
	}
	return err
}

// readEnds reads how long both tokens live. What is left of the refresh token counts down from the consent to an end that
// no refresh moves: it is the end of the authorization too. A life that the answer leaves out is assumed for the token,
// never for the authorization.
func (d driver) readEnds(app platform.App, asked platform.Asked, issue *platform.Issue, fields answer.Object, at time.Time) error {
	refresh := d.spec.Facts.RefreshOf(app.Profile, app.Stage)
	end, told, err := fields.End("expires_in", answer.Seconds, at)
	if err != nil {
		return err
	}
	if !told {
		end = at.Add(time.Duration(refresh.AccessLife)).UTC()
	}
	issue.Token.Expires = end
	left, told, err := fields.Left("refresh_expires_in")
	switch {
	case err != nil:
		return err
	case told && left == 0:
		issue.Final = true
	case told:
		issue.Token.RefreshExpires = at.Add(left).UTC()
		issue.Ceiling = issue.Token.RefreshExpires
	case !issue.Token.Refresh.Empty():
		issue.Token.RefreshExpires = at.Add(time.Duration(refresh.RefreshLife)).UTC()
	}
	return nil
}
