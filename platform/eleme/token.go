package eleme

import (
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/answer"
)

// ReadIssues reads an answer of /token. It names no subject, so a code exchange yields an issue without one; a refresh
// stays with the subject it was asked for.
func (d driver) ReadIssues(app platform.App, asked platform.Asked, reply platform.Reply) ([]platform.Issue, error) {
	obj, fault := d.refusal(asked, reply)
	if err := answer.Check(app, asked, reply, fault); err != nil {
		return nil, err
	}
	fields := answer.Object(obj)
	token, err := fields.Pair("access_token", "refresh_token")
	if err != nil {
		return nil, err
	}
	if token.Expires, _, err = fields.End("expires_in", answer.Seconds, answer.Start(app, asked, reply)); err != nil {
		return nil, err
	}
	issue := platform.Issue{Token: token, Scopes: fields.Fields("scope")}
	if asked.Stage == platform.StageRefresh {
		issue.Subject = asked.Subject
	} else if trace := fields.Words("trace_id"); trace != "" {
		issue.Facts = map[string]string{"trace_id": trace} // of the consent; one of each refresh would be noise
	}
	return []platform.Issue{issue}, nil
}
