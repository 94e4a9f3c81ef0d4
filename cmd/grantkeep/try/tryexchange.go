package try

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/explain"
	"github.com/grantkeep/grantkeep/offline"
	"github.com/grantkeep/grantkeep/outbound"
	"github.com/grantkeep/grantkeep/platform"
)

// tried is what a trial brought, as JSON: what `parse` prints, with the platform before it.
type tried struct {
	Platform    string `json:"platform"`
	Environment string `json:"environment"`
	offline.Meaning
	Reach []reach `json:"reach,omitempty"` // what the platform says that the tokens open
}

// reach is the platform's own answer to whose a token is.
type reach struct {
	Subject gk.Subject     `json:"subject"`
	Shops   []gk.Shop      `json:"shops,omitempty"`
	Ceiling gk.Time        `json:"authorization_expires_at"`
	Scopes  []string       `json:"scopes,omitempty"`
	Fault   *explain.Fault `json:"fault,omitempty"`
}

// mostLooks is how many of the tokens of one consent the platform is asked about.
const mostLooks = 5

// exchange trades the callback for tokens, once, and shows what came.
func (t *trial) exchange(ctx context.Context, cb platform.Callback) (tried, error) {
	app := t.open()
	result := tried{Platform: t.driver.Spec().Code, Environment: t.environment}
	t.tell.callback(cb)
	issues := cb.Tokens
	if len(issues) == 0 {
		asked := platform.Asked{Stage: platform.StageToken, Claimed: cb.Subject, At: app.Now}
		reply, err := t.trade(ctx, app, cb, &asked)
		if err != nil {
			return result, err
		}
		if result.Meaning, err = t.meaning(app, asked, reply, cb); err != nil {
			return result, err
		}
		if len(result.Issued) > 0 {
			if issues, err = t.driver.ReadIssues(app, asked, reply); err != nil {
				return result, err
			}
		}
	}
	if len(issues) > 0 {
		result.Issued = nil
		for _, i := range issues {
			result.Issued = append(result.Issued, offline.Show(i))
		}
	}
	t.tell.meaning(result.Meaning)
	t.look(ctx, issues, &result)
	if !t.reveal {
		for i := range result.Issued {
			result.Issued[i].Access, result.Issued[i].Refresh = masked(result.Issued[i].Access), masked(result.Issued[i].Refresh)
		}
	}
	t.tell.end(result)
	return result, nil
}

// trade sends the exchange. Where the callback is the permission itself nothing is sent, and the reply is empty.
func (t *trial) trade(ctx context.Context, app platform.App, cb platform.Callback, asked *platform.Asked) (platform.Reply, error) {
	req, err := t.driver.ExchangeRequest(app, cb)
	if err != nil {
		return platform.Reply{}, err
	}
	if req == nil {
		t.tell.step("exchange.title", t.tell.word("exchange.none"))
		return platform.Reply{}, nil
	}
	t.tell.step("exchange.title", t.tell.word("exchange"))
	t.tell.request(app, req, cb.Code)
	asked.Sent = req.Sent
	reply, err := t.send(ctx, app, req)
	if err != nil {
		return reply, err
	}
	t.tell.say("%s", t.tell.word("answered", reply.Status, cmp.Or(reply.Header.Get("Content-Type"), t.tell.word("no type"))))
	return reply, nil
}

// send sends one request of a driver through the gate, once.
func (t *trial) send(ctx context.Context, app platform.App, r *platform.Request) (platform.Reply, error) {
	req, err := http.NewRequestWithContext(ctx, r.Method, r.URL, bytes.NewReader(r.Body))
	if err != nil {
		return platform.Reply{}, platform.ErrForeignHost // never the address: it may hold a token
	}
	for name, values := range r.Header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	a, err := t.gate.Send(ctx, req, outbound.Policy{Allow: app.AllowsHost, Timeout: time.Minute, Once: true})
	if err != nil {
		return platform.Reply{}, err
	}
	return platform.Reply{Status: a.Status, Header: a.Header, Body: platform.Readable(a.Body), Truncated: a.Truncated, Received: time.Now().UTC(), Sent: r.Sent}, nil
}

// meaning reads the answer. A token that names nobody is told so by look, which asks the platform.
func (t *trial) meaning(app platform.App, asked platform.Asked, reply platform.Reply, cb platform.Callback) (offline.Meaning, error) {
	asked.Subject = cb.Subject
	if cb.Subject.Kind == "" {
		asked.Subject = gk.Subject{}
	}
	return offline.Parse(t.driver, app, asked, reply)
}

// look asks the platform what the tokens open, where it has such a question.
func (t *trial) look(ctx context.Context, issues []platform.Issue, result *tried) {
	ins, ok := t.driver.(platform.Inspector)
	if !ok || len(issues) == 0 {
		return
	}
	t.tell.step("reach.title", t.tell.word("reach"))
	for i, issue := range issues {
		if i == mostLooks {
			t.tell.say("%s", t.tell.word("more", len(issues)-mostLooks))
			return
		}
		app := t.open()
		cred := platform.Credential{Subject: issue.Subject, Token: issue.Token, Shops: issue.Shops, Scopes: issue.Scopes, Facts: issue.Facts}
		in, err := t.inspect(ctx, ins, app, cred)
		if err != nil {
			t.tell.say("It could not be asked: %v. The token itself stands.", err)
			continue
		}
		r := reach{Subject: in.Subject, Shops: in.Shops, Ceiling: gk.At(in.Ceiling), Scopes: in.Scopes}
		if in.Fault != nil {
			r.Fault = explain.Describe(t.driver, app, in.Fault)
		}
		if r.Subject.Kind == "" {
			r.Subject = issue.Subject
		}
		if i < len(result.Issued) && result.Issued[i].Subject.ID == "" {
			result.Issued[i].Subject = r.Subject
		}
		result.Reach = append(result.Reach, r)
		t.tell.reach(r)
	}
}

func (t *trial) inspect(ctx context.Context, ins platform.Inspector, app platform.App, cred platform.Credential) (platform.Inspection, error) {
	req, err := ins.InspectRequest(app, cred, "")
	if err != nil {
		return platform.Inspection{}, err
	}
	if req == nil {
		return platform.Inspection{}, errors.New("the platform has no such question for this kind of grant")
	}
	reply, err := t.send(ctx, app, req)
	if err != nil {
		return platform.Inspection{}, err
	}
	in, _, err := ins.ReadInspection(app, cred, reply)
	return in, err
}

// masked shows so much of a token that two can be told apart, and no more.
func masked(token string) string {
	const shown = 4
	if len(token) < 4*shown {
		if token == "" {
			return ""
		}
		return "…"
	}
	return token[:shown] + "…"
}
