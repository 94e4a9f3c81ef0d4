package shoplazza

import (
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/answer"
)

// issued is what a token answer says of the store. All of it may be missing: old documents show a shorter form.
type issued struct{ StoreID text }

// ReadIssues reads a token answer: a pair, a refusal, or neither.
func (d driver) ReadIssues(app platform.App, asked platform.Asked, reply platform.Reply) ([]platform.Issue, error) {
	if err := answer.Check(app, asked, reply, d.denied(app, asked, reply)); err != nil {
		return nil, err
	}
	fields, err := answer.Read(reply.Body)
	if err != nil {
		return nil, err
	}
	var got issued
	if raw, told := fields["store_id"]; told && got.StoreID.UnmarshalJSON(raw) != nil {
		return nil, &platform.Garbled{Why: "a field has another type than documented"}
	}
	token, err := fields.Pair("access_token", "refresh_token")
	if err != nil {
		if !fields.Has("access_token") {
			err = &platform.Garbled{
				Why:   "there is no access_token",
				Fault: d.spec.Catalogue.Local(platform.StageToken, "local:missing_access_token"),
			}
		}
		return nil, err
	}
	if token.Expires, err = expires(app, fields, answer.Start(app, asked, reply)); err != nil {
		return nil, err
	}
	issue := platform.Issue{Token: token, Scopes: fields.Fields("scope")}
	if app.Profile == partner || asked.Subject.Kind == gk.KindPartner {
		issue.Subject = partnerSubject(app)
		return []platform.Issue{issue}, nil
	}
	if err := d.checkStore(app, asked, string(got.StoreID)); err != nil {
		return nil, err
	}
	issue.Subject = d.store(asked, got, fields.Words("store_name"))
	if issue.Subject.ID != "" {
		issue.Shops = []gk.Shop{{ID: issue.Subject.ID, Host: issue.Subject.Host}}
	}
	issue.Facts = make(map[string]string)
	for _, name := range []string{"store_name", "locale"} {
		if value := fields.Words(name); value != "" {
			issue.Facts[name] = value
		}
	}
	return []platform.Issue{issue}, nil
}

// checkStore refuses an answer that names another store than the one asked about.
func (d driver) checkStore(app platform.App, asked platform.Asked, id string) error {
	if id == "" {
		return nil
	}
	if !isID(id) {
		return &platform.Garbled{Why: "store_id is not a number"}
	}
	for _, expected := range []string{asked.Subject.ID, asked.Claimed.ID} {
		if expected != "" && id != expected {
			return d.mismatch(app, asked)
		}
	}
	return nil
}

// expires returns the end of the access token: as told, else counted. The documents' example differs by a second
// between the two, so expires_at goes first.
func expires(app platform.App, fields answer.Object, start time.Time) (time.Time, error) {
	counted, lasts, err := fields.End("expires_in", answer.Seconds, start)
	if err != nil {
		return time.Time{}, err
	}
	if end, told, err := fields.End("expires_at", answer.Unix, start); err != nil || told {
		return end, err
	}
	made, told, err := fields.Moment("created_at", answer.Unix, start)
	switch {
	case err != nil:
		return time.Time{}, err
	case told && lasts:
		return made.Add(counted.Sub(start)), nil
	case lasts:
		return counted, nil
	}
	life := app.Spec().Facts.RefreshOf(app.Profile, app.Stage).AccessLife
	if life == 0 {
		return time.Time{}, nil
	}
	return start.Add(time.Duration(life)).UTC(), nil
}

// store returns whose pair it is. Its host comes from the proven callback, else from the grant, else from store_name,
// which is the host's first label. Without a store_id in the answer it is the store we asked, or unknown.
func (d driver) store(asked platform.Asked, got issued, name string) gk.Subject {
	s := gk.Subject{Kind: gk.KindShop, ID: string(got.StoreID)}
	if s.ID == "" {
		s.ID = asked.Subject.ID
	}
	if s.ID == "" {
		s.Kind = ""
	}
	for _, host := range []string{asked.Claimed.Host, asked.Subject.Host, name + d.spec.Facts.ShopSuffix} {
		if clean, err := d.spec.HostOf("store", host); err == nil {
			s.Host = clean
			break
		}
	}
	return s
}

// mismatch is an answer for another store: stored, it would give one merchant's grant to another.
func (d driver) mismatch(app platform.App, asked platform.Asked) *gk.Fault {
	f := d.spec.Catalogue.Local(platform.StageToken, "local:store_mismatch")
	f.Stage, f.Code, f.At = asked.Stage, platform.SubjectMismatch, gk.At(app.Now)
	return f
}

// isToken reports whether s can stand in a header.
func isToken(s string) bool {
	return len(s) <= 4096 && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}
