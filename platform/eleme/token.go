package eleme

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// longestLife is the longest life of a token that is believed. The longest recorded is 30 days.
const longestLife = 10 * 365 * 24 * time.Hour

// ReadIssues reads an answer of /token. It names no subject, so a code exchange yields an issue without one; a renewal
// stays with the subject it was asked for.
func (d driver) ReadIssues(_ platform.App, asked platform.Asked, reply platform.Reply) ([]platform.Issue, error) {
	obj, fault := d.refusal(asked, reply)
	if err := d.unreadable(asked, obj, fault, reply); err != nil {
		return nil, err
	}
	if fault != nil {
		return nil, fault
	}
	at := asked.At
	if at.IsZero() {
		at = reply.Received
	}
	issue := platform.Issue{Token: gk.Token{
		Access: gk.NewSecret(platform.JSONText(obj["access_token"])), Refresh: gk.NewSecret(platform.JSONText(obj["refresh_token"])),
	}}
	if issue.Token.Access.Empty() {
		return nil, &platform.Garbled{Why: "neither a token nor a refusal"}
	}
	if raw := obj["expires_in"]; raw != nil {
		life, ok := seconds(raw)
		if !ok {
			return nil, &platform.Garbled{Why: "expires_in is not a length of time that a token can have"}
		}
		issue.Token.Expires = at.Add(life)
	}
	if scope := platform.JSONText(obj["scope"]); scope != "" {
		issue.Scopes = strings.Fields(scope)
	}
	if asked.Stage == platform.StageRefresh {
		issue.Subject = asked.Subject
	} else if trace := platform.JSONText(obj["trace_id"]); trace != "" {
		issue.Facts = map[string]string{"trace_id": trace} // of the consent; one of each renewal would be noise
	}
	return []platform.Issue{issue}, nil
}

// unreadable returns the error for a token answer that is neither pair nor refusal. A redirect is never followed: the
// address is wrong, which is a refusal all the same.
func (d driver) unreadable(asked platform.Asked, obj map[string]json.RawMessage, fault *gk.Fault, reply platform.Reply) error {
	switch {
	case reply.Status >= 500:
		return &platform.Garbled{Why: "HTTP status " + strconv.Itoa(reply.Status), Fault: fault}
	case reply.Status >= 300 && reply.Status < 400:
		redirect := d.spec.Catalogue.Fault(platform.Query{Stage: asked.Stage}, "http:"+strconv.Itoa(reply.Status), reply.Status)
		redirect.Action = gk.FixConfig
		return redirect
	case reply.Truncated:
		return &platform.Garbled{Why: "the answer is cut off"}
	case obj == nil && d.spec.Catalogue.EdgeRefusal(asked.Stage, reply) != nil:
		return d.spec.Catalogue.EdgeRefusal(asked.Stage, reply)
	case obj == nil:
		return &platform.Garbled{Why: "the answer is not a JSON object"}
	case fault == nil && reply.Status >= 400:
		return &platform.Garbled{Why: "HTTP status " + strconv.Itoa(reply.Status) + " without an error"}
	}
	return nil
}

// seconds reads a life in whole seconds, a number or its text.
func seconds(raw json.RawMessage) (time.Duration, bool) {
	n, err := strconv.ParseInt(platform.JSONText(raw), 10, 64)
	if err != nil || n <= 0 || n > int64(longestLife/time.Second) {
		return 0, false
	}
	return time.Duration(n) * time.Second, true
}
