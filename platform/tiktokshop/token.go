package tiktokshop

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/answer"
	"github.com/grantkeep/grantkeep/platform/signing"
)

// ExchangeRequest trades the callback's code.
func (d driver) ExchangeRequest(app platform.App, cb platform.Callback) (*platform.Request, error) {
	code := cb.Code.Reveal()
	if code == "" || code == none {
		return nil, errors.New("tiktokshop: exchange: code is empty")
	}
	return tokenRequest(app, "exchange", exchangePath, signing.Pairs{{Name: "auth_code", Value: code}, {Name: "grant_type", Value: "authorized_code"}})
}

// RefreshRequest spends the refresh token. The authorization's end does not move by it.
func (d driver) RefreshRequest(app platform.App, cred platform.Credential) (*platform.Request, error) {
	refresh := cred.Token.Refresh.Reveal()
	if refresh == "" {
		return nil, errors.New("tiktokshop: refresh: refresh_token is empty")
	}
	return tokenRequest(app, "token", refreshPath, signing.Pairs{{Name: "refresh_token", Value: refresh}, {Name: "grant_type", Value: "refresh_token"}})
}

// tokenRequest asks with everything in the address, the secret too: POST is not served. It is neither signed nor timed.
func tokenRequest(app platform.App, endpoint, path string, pairs signing.Pairs) (*platform.Request, error) {
	key, secret, err := keyed(app)
	if err != nil {
		return nil, err
	}
	base, err := app.Base(endpoint, "")
	if err != nil {
		return nil, err
	}
	base.Path = path
	base.RawQuery = append(signing.Pairs{{Name: "app_key", Value: key}, {Name: "app_secret", Value: secret.Reveal()}}, pairs...).Encode()
	return &platform.Request{
		Method: http.MethodGet, URL: base.String(), Header: http.Header{"Accept": {"application/json"}},
		Sent: url.Values{"app_key": {key}, "grant_type": {pairs.Get("grant_type")}},
	}, nil
}

// warnedAhead is how long before the end of an authorization the platform itself begins to warn.
const warnedAhead = 30 * 24 * time.Hour

// ReadIssues reads a token answer. The end of the refresh token is that of the authorization: no refresh moves it, so it is
// the ceiling and never a reason to refresh.
func (d driver) ReadIssues(app platform.App, asked platform.Asked, reply platform.Reply) ([]platform.Issue, error) {
	heard := reply
	if e := readEnvelope(reply.Body); e.ok && e.code == success && reply.Status >= 400 && reply.Status < 500 {
		heard.Status = http.StatusOK // the code counts, whatever the status
	}
	if err := answer.Check(app, asked, heard, d.denied(app, asked, reply)); err != nil {
		return nil, err
	}
	outer, err := answer.Read(reply.Body)
	if err != nil {
		return nil, err
	}
	fields := outer.Object("data")
	token, err := fields.Pair("access_token", "refresh_token")
	if err != nil {
		if !fields.Has("access_token") {
			err = &platform.Garbled{Why: "there is no access_token", Fault: d.spec.Catalogue.Local(platform.StageToken, "local:missing_access_token")}
		}
		return nil, err
	}
	at := answer.Start(app, asked, reply)
	if token.Expires, err = d.accessEnd(fields, at); err != nil {
		return nil, err
	}
	issue := platform.Issue{Token: token, Scopes: scopes(fields), Facts: make(map[string]string)}
	if issue.Ceiling, err = ceiling(fields, at); err != nil {
		return nil, err
	}
	for _, name := range []string{"user_type", "seller_name", "seller_base_region"} {
		if value := fields.Words(name); value != "" {
			issue.Facts[name] = value
		}
	}
	if issue.Subject, err = d.whose(app, asked, outer, fields); err != nil {
		return nil, err
	}
	issue.Warnings = remarks(app, asked, issue, at)
	return []platform.Issue{issue}, nil
}

// unstated reports whether a member holds the zero that stands for an end that is not stated.
func unstated(fields answer.Object, name string) bool {
	return !fields.Has(name) || platform.JSONText(fields[name]) == "0"
}

// accessEnd reads a moment, in spite of the member's name; a small number is read as seconds left.
func (d driver) accessEnd(fields answer.Object, at time.Time) (time.Time, error) {
	const name = "access_token_expire_in"
	if unstated(fields, name) {
		return at.Add(time.Duration(d.spec.Facts.Refresh.AccessLife)).UTC(), nil
	}
	end, _, err := fields.End(name, answer.Either, at)
	return end, err
}

// ceiling reads the end of the authorization. Those of creators have none, which the platform writes as zero or as a year
// far ahead.
func ceiling(fields answer.Object, at time.Time) (time.Time, error) {
	const name = "refresh_token_expire_in"
	if unstated(fields, name) {
		return time.Time{}, nil
	}
	end, _, err := fields.End(name, answer.Either, at)
	if errors.Is(err, answer.ErrFar) {
		return time.Time{}, nil
	}
	return end, err
}

// scopes reads the granted scopes; an answer without the member says nothing of them.
func scopes(fields answer.Object) []string {
	for _, name := range []string{"granted_scopes", "granted_permissions"} {
		if list := texts(fields[name]); len(list) > 0 {
			return list
		}
	}
	return nil
}

// whose reads the account. An answer for another one than asked is never issued.
func (d driver) whose(app platform.App, asked platform.Asked, outer, fields answer.Object) (gk.Subject, error) {
	id := platform.JSONText(fields["open_id"])
	switch {
	case id == "" && asked.Subject.ID == "":
		return gk.Subject{}, &platform.Garbled{Why: "there is no open_id: the answer names nobody"}
	case id == "":
		return asked.Subject, nil
	case !platform.PlainText(id):
		return gk.Subject{}, &platform.Garbled{Why: "open_id holds a character that no id has"}
	}
	for _, expected := range []gk.Subject{asked.Subject, asked.Claimed} {
		if expected.ID != "" && expected.Kind == gk.KindAccount && expected.ID != id {
			stage := asked.Stage
			if stage != platform.StageRefresh {
				stage = platform.StageToken
			}
			f := d.spec.Catalogue.Local(stage, "local:subject_differs")
			f.Stage, f.Code, f.At = asked.Stage, platform.SubjectMismatch, gk.At(app.Now)
			f.RequestID = outer.Words("request_id")
			return gk.Subject{}, f
		}
	}
	return gk.Subject{
		Kind: gk.KindAccount, ID: id, Name: fields.Words("seller_name"), Region: fields.Words("seller_base_region"),
	}, nil
}

// remarks lists what is remarkable about a good pair.
func remarks(app platform.App, asked platform.Asked, issue platform.Issue, at time.Time) []string {
	var all []string
	if asked.Stage == platform.StageToken && len(issue.Scopes) > 0 && lacks(app.Scopes(), issue.Scopes) {
		all = append(all, "local:scope_reduced")
	}
	if asked.Stage == platform.StageRefresh && !issue.Ceiling.IsZero() && issue.Ceiling.Before(at.Add(warnedAhead)) {
		all = append(all, "local:authorization_expiring")
	}
	return all
}
