package douyin

import (
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/answer"
)

const (
	opCreate  = "token.create"
	opRefresh = "token.refresh"
)

// kindOfShop is the auth_subject_type of a shop; other kinds are warehouses, carriers, suppliers and the like.
const kindOfShop = "SHOP"

// factKind is the fact that keeps the auth_subject_type of a subject.
const factKind = "auth_subject_type"

// subOf is what the id of a sub-account's grant ends in: its token is another one than its shop's.
const subOf = ":sub"

var digits = regexp.MustCompile(`\A[0-9]{1,20}\z`)

// ExchangeRequest trades a code, which may be traded again within its life.
func (d driver) ExchangeRequest(app platform.App, cb platform.Callback) (*platform.Request, error) {
	if cb.Code.Empty() {
		return nil, errors.New("douyin: exchange: the callback has no code")
	}
	return d.gateway(app, "exchange", gk.Secret{}, opCreate, object{"code": cb.Code.Reveal(), "grant_type": "authorization_code"}.text(), "")
}

// RefreshRequest sends a refresh token where there is one. A self-use app needs none: it asks for the living pair of a
// shop, for its first one and when the access token has ended. The shop is always named, since without it the platform
// answers for the one that authorized first.
func (d driver) RefreshRequest(app platform.App, cred platform.Credential) (*platform.Request, error) {
	if app.Profile == selfUse && (cred.Token.Refresh.Empty() || over(cred.Token.Expires, app.Now)) {
		return d.ask(app, cred)
	}
	if cred.Token.Refresh.Empty() {
		return nil, errors.New("douyin: refresh: there is no refresh token (tokens without one are for the profile self_use)")
	}
	return d.gateway(app, "token", gk.Secret{}, opRefresh, object{"grant_type": "refresh_token", "refresh_token": cred.Token.Refresh.Reveal()}.text(), "")
}

func over(end, now time.Time) bool { return !end.IsZero() && !end.After(now) }

// ask builds a self-use app's own request for the token of a subject.
func (d driver) ask(app platform.App, cred platform.Credential) (*platform.Request, error) {
	id := strings.TrimSuffix(cred.Subject.ID, subOf)
	if !platform.PlainText(id) || id == "" {
		return nil, errors.New("douyin: obtain: subject.id is missing; without it the platform answers for the shop that authorized first")
	}
	fields := object{"code": "", "grant_type": "authorization_self"}
	if kind := cred.Facts[factKind]; kind != "" && kind != kindOfShop {
		fields["auth_id"], fields["auth_subject_type"] = id, kind
	} else if !digits.MatchString(id) {
		return nil, errors.New("douyin: obtain: subject.id is no shop's number")
	} else {
		fields["shop_id"] = id
	}
	if app.Stage == "testing" {
		fields["test_shop"] = "1"
	}
	return d.gateway(app, "token", gk.Secret{}, opCreate, fields.text(), "")
}

// ReadIssues reads the answer to token.create and token.refresh.
func (d driver) ReadIssues(app platform.App, asked platform.Asked, reply platform.Reply) ([]platform.Issue, error) {
	obj, fault := d.refusal(app, asked, reply)
	if err := answer.Check(app, asked, reply, fault); err != nil {
		return nil, d.explained(asked, reply, err)
	}
	data := answer.Object(obj).Object("data")
	if !enveloped(obj) || !data.Has("access_token") {
		code := platform.JSONText(obj["code"])
		return nil, &platform.Garbled{
			Why:   "neither a token nor a refusal",
			Fault: d.spec.Catalogue.Fault(platform.Query{Stage: asked.Stage, Codes: []string{code}}, code, reply.Status),
		}
	}
	issue, err := d.readIssue(app, data, answer.Start(app, asked, reply))
	if err != nil {
		return nil, err
	}
	switch {
	case issue.Subject.ID == "" && asked.Stage == platform.StageRefresh:
		issue.Subject = asked.Subject
	case issue.Subject.ID != "" && asked.Subject.ID != "" && !issue.Subject.Same(asked.Subject):
		return nil, d.spec.Catalogue.Mismatch(asked.Stage)
	}
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

// readIssue reads the fields of a pair. The refresh token's end is counted from the making of the pair, which no field
// tells: an access token always lives the same time, so its end says when the pair was made, also where an early refresh
// returned the same one.
func (d driver) readIssue(app platform.App, data answer.Object, at time.Time) (platform.Issue, error) {
	issue := platform.Issue{Subject: subject(data), Facts: facts(data), Scopes: data.Fields("scope")}
	var err error
	if issue.Token, err = data.Pair("access_token", "refresh_token"); err != nil {
		return issue, err
	}
	refresh := d.spec.Facts.RefreshOf(app.Profile, app.Stage)
	end, told, err := data.End("expires_in", answer.Either, at)
	if err != nil {
		return issue, err
	}
	if !told {
		end = at.Add(time.Duration(refresh.AccessLife))
	}
	issue.Token.Expires = end
	if !issue.Token.Refresh.Empty() {
		made := end.Add(-time.Duration(refresh.AccessLife))
		if made.After(at) {
			made = at
		}
		issue.Token.RefreshExpires = made.Add(time.Duration(refresh.RefreshLife)).UTC()
	}
	return issue, nil
}

// subject reads who agreed: a shop, or the authority of another kind where there is no shop.
func subject(data answer.Object) gk.Subject {
	id := platform.JSONText(data["shop_id"])
	if !digits.MatchString(id) || strings.Trim(id, "0") == "" || !shopKind(data) {
		id = data.Words("authority_id")
	}
	if id == "" || strings.Trim(id, "0") == "" {
		return gk.Subject{}
	}
	s := gk.Subject{Kind: gk.KindShop, ID: id, Name: data.Words("shop_name")}
	if platform.JSONText(data["token_type"]) == "1" {
		s.Parent, s.ID = id, id+subOf
	}
	return s
}

func shopKind(data answer.Object) bool {
	kind := data.Words("auth_subject_type")
	return kind == "" || kind == kindOfShop
}

// facts keeps what later requests need: the kind of subject, and which business a shop is of.
func facts(data map[string]json.RawMessage) map[string]string {
	kept := make(map[string]string)
	for _, name := range []string{factKind, "shop_biz_type"} {
		if text := answer.Object(data).Words(name); text != "" {
			kept[name] = text
		}
	}
	if len(kept) == 0 {
		return nil
	}
	return kept
}
