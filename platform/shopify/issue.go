package shopify

import (
	"slices"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/answer"
)

// ReadIssues reads a token answer: a pair, a token without an end, a refusal, or neither. No answer says whose it is: the
// store is the one whose host was asked.
func (d driver) ReadIssues(app platform.App, asked platform.Asked, reply platform.Reply) ([]platform.Issue, error) {
	if err := answer.Check(app, asked, reply, d.denied(app, asked, reply)); err != nil {
		return nil, err
	}
	fields, err := answer.Read(reply.Body)
	if err != nil {
		return nil, err
	}
	if fields.Has("associated_user") || fields.Has("associated_user_scope") {
		f := d.spec.Catalogue.Local(platform.StageToken, "local:online_token")
		f.Stage, f.At = asked.Stage, gk.At(app.Now)
		return nil, f
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
	if err := d.ends(app, asked, fields, answer.Start(app, asked, reply), &token); err != nil {
		return nil, err
	}
	issue := platform.Issue{Subject: whose(asked), Token: token, Scopes: scopesOf(fields)}
	if issue.Subject.ID != "" {
		issue.Shops = []gk.Shop{{ID: issue.Subject.ID, Host: issue.Subject.Host}}
	}
	issue.Warnings = remarks(app, asked, issue)
	return []platform.Issue{issue}, nil
}

// ends reads when the tokens end. A life that is left out is that of the facts: an answer to a refresh without one has
// been seen. Only a token that came alone, to whoever may hold such a one, has no end.
func (d driver) ends(app platform.App, asked platform.Asked, fields answer.Object, start time.Time, token *gk.Token) error {
	facts := d.spec.Facts.RefreshOf(app.Profile, app.Stage)
	end, told, err := fields.End("expires_in", answer.Seconds, start)
	if err != nil {
		return err
	}
	token.Expires = end
	alone := token.Refresh.Empty() && asked.Stage != platform.StageRefresh && app.Profile != organisation
	if !told && !alone && facts.AccessLife > 0 {
		token.Expires = start.Add(time.Duration(facts.AccessLife)).UTC()
	}
	if token.Refresh.Empty() {
		return nil
	}
	end, told, err = fields.End("refresh_token_expires_in", answer.Seconds, start)
	if err != nil {
		return err
	}
	token.RefreshExpires = end
	if !told && facts.RefreshLife > 0 {
		token.RefreshExpires = start.Add(time.Duration(facts.RefreshLife)).UTC()
	}
	return nil
}

// whose returns the store that was asked, its host alone where its number is not known yet.
func whose(asked platform.Asked) gk.Subject {
	if asked.Subject.Kind != "" || asked.Subject.Host != "" {
		s := asked.Subject
		if s.ID == "" {
			s.Kind = ""
		}
		return s
	}
	return storeOf(asked.Claimed.ID, asked.Claimed.Host)
}

// scopesOf reads the granted scopes, a list with commas.
func scopesOf(fields answer.Object) []string {
	return strings.FieldsFunc(fields.Words("scope"), func(r rune) bool { return r == ',' || r == ' ' })
}

// remarks lists what is remarkable about a good answer to an exchange.
func remarks(app platform.App, asked platform.Asked, issue platform.Issue) []string {
	if asked.Stage != platform.StageToken {
		return nil
	}
	var all []string
	if expiring(app) && issue.Token.Refresh.Empty() && issue.Token.Expires.IsZero() {
		all = append(all, "local:not_expiring")
	}
	if lacks(app.Scopes(), issue.Scopes) {
		all = append(all, "local:scope_reduced")
	}
	return all
}

// lacks reports whether a wanted scope was not granted. Whoever may write may read, so the answer leaves read_x out.
func lacks(wanted, granted []string) bool {
	return slices.ContainsFunc(wanted, func(scope string) bool {
		writes := strings.Replace(scope, "read_", "write_", 1)
		return !slices.Contains(granted, scope) && !slices.Contains(granted, writes)
	})
}
