package offline

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/explain"
	"github.com/grantkeep/grantkeep/platform"
)

// Meaning is what an answer says: exactly one of Issued, OK, Fault and Unknown is set.
type Meaning struct {
	Issued  []Issued       `json:"issued,omitempty"`
	OK      bool           `json:"ok,omitempty"`
	Fault   *explain.Fault `json:"fault,omitempty"`
	Unknown bool           `json:"unknown,omitempty"` // of a token request: neither pair nor refusal
	Why     string         `json:"why,omitempty"`
}

// Issued is one issue as JSON. It holds tokens in clear; whoever prints it hides what must be hidden.
type Issued struct {
	Subject       gk.Subject         `json:"subject"`
	Access        string             `json:"access"`
	Refresh       string             `json:"refresh"`
	Expires       gk.Time            `json:"expires_at"`
	RefreshExpiry gk.Time            `json:"refresh_token_expires_at"`
	Ceiling       gk.Time            `json:"authorization_expires_at"`
	Windows       map[string]gk.Time `json:"windows"`
	Scopes        []string           `json:"scopes"`
	Facts         map[string]any     `json:"facts"` // texts, and warnings: a list of what is remarkable

	Shops []gk.Shop `json:"shops,omitempty"` // what the token reaches, where the answer tells
	Final bool      `json:"final,omitempty"` // it cannot be refreshed
}

// Parse reads an answer of the stage that asked names: token, refresh or call.
func Parse(d platform.Driver, app platform.App, asked platform.Asked, reply platform.Reply) (Meaning, error) {
	switch asked.Stage {
	case platform.StageCall:
		f := d.Diagnose(app, asked, reply)
		if f == nil {
			return Meaning{OK: true}, nil
		}
		if platform.IsFirewall(reply.Body) && reply.Status >= 400 {
			return Meaning{Fault: explain.Explain(d, app, explain.Question{Stage: asked.Stage, Status: reply.Status, Body: reply.Body})}, nil
		}
		return Meaning{Fault: explain.Describe(d, app, f)}, nil
	case platform.StageToken, platform.StageRefresh:
	default:
		return Meaning{}, fmt.Errorf("stage %q is none of token, refresh, call", asked.Stage)
	}
	issues, err := d.ReadIssues(app, asked, reply)
	var fault *gk.Fault
	switch {
	case errors.As(err, &fault) && (fault.Row == platform.RowEdgeRefused || fault.Row == platform.RowEdgeLimit):
		// The API has said nothing, and a person who pastes a page cannot know who in between made it.
		return Meaning{Unknown: true, Why: edge(reply.Status)}, nil
	case errors.As(err, &fault):
		return Meaning{Fault: explain.Describe(d, app, fault)}, nil
	case errors.Is(err, platform.ErrGarbage):
		return Meaning{Unknown: true, Why: err.Error() + inside(d, app, asked, reply)}, nil
	case err != nil:
		return Meaning{}, err
	}
	m := Meaning{Issued: make([]Issued, 0, len(issues))}
	for _, i := range issues {
		if i.Subject.Kind == "" && len(issues) == 1 {
			i.Subject = asked.Subject // the answer names nobody: whose it is, only the one who asked can say
		}
		if i.Subject.ID == "" && d.Spec().Facts.TokenNames {
			return Meaning{Unknown: true, Why: "the answer names nobody whose token it is; name the subject to say so"}, nil
		}
		m.Issued = append(m.Issued, Show(i))
	}
	return m, nil
}

// inside says which error stands in an answer that this platform cannot have given: another platform's, or a proxy's.
func inside(d platform.Driver, app platform.App, asked platform.Asked, reply platform.Reply) string {
	f := d.Spec().Catalogue.Foreign(asked.Stage, reply.Body, reply.Status)
	if f == nil || reply.Truncated {
		return ""
	}
	said := explain.Describe(d, app, f) // hides what looks like a token
	words := strings.Trim(said.Code+": "+said.Message, ": ")
	return "; it holds an error in another form than this platform's: " + words
}

// edge says what a 4xx status at a token address means that came with a page, plain words or nothing.
func edge(status int) string {
	why := fmt.Sprintf("status %d and no answer of the API: the platform's edge refused the request before it reached the API", status)
	if status == http.StatusTooManyRequests {
		why += "; there were too many requests, so wait before the next one"
	}
	return why
}

// Show returns an issue as JSON shows it, with its tokens in clear.
func Show(i platform.Issue) Issued {
	out := Issued{
		Subject: i.Subject, Access: i.Token.Access.Reveal(), Refresh: i.Token.Refresh.Reveal(),
		Expires: second(i.Token.Expires), RefreshExpiry: second(i.Token.RefreshExpires), Ceiling: second(i.Ceiling),
		Windows: make(map[string]gk.Time), Scopes: i.Scopes, Facts: make(map[string]any),
		Shops: i.Shops, Final: i.Final,
	}
	if len(i.Shops) == 1 && i.Shops[0].ID == i.Subject.ID && i.Shops[0].Region == "" {
		out.Shops = nil // it is the subject, which stands above
	}
	for name, value := range i.Facts {
		out.Facts[name] = value
	}
	if len(i.Warnings) > 0 {
		out.Facts["warnings"] = i.Warnings
	}
	for name, end := range i.Token.Windows {
		out.Windows[name] = second(end)
	}
	if out.Scopes == nil {
		out.Scopes = []string{}
	}
	return out
}

// second drops what no platform tells: ends are whole seconds.
func second(t time.Time) gk.Time { return gk.At(t.Truncate(time.Second)) }
