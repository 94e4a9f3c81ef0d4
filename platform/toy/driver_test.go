package toy_test

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/answer"
	"github.com/grantkeep/grantkeep/platform/signing"
)

//go:embed testdata/platform.toml
var facts []byte

//go:embed testdata/faults.csv
var faults []byte

// driver speaks the toy platform.
type driver struct{ spec *platform.Spec }

func newDriver() platform.Driver { return driver{platform.Load(facts, faults)} }

func (d driver) Spec() *platform.Spec { return d.spec }

func (d driver) Link(app platform.App, want platform.Want) (platform.Link, error) {
	base, err := app.Base("authorize", "")
	if err != nil {
		return platform.Link{}, err
	}
	query := url.Values{"state": {want.State}, "back": {app.CallbackURL}}.Encode()
	if want.Back != "" { // the platform's own page waits there for the state
		return platform.Link{URL: platform.WithQuery(want.Back, query)}, nil
	}
	base.Path, base.RawQuery = "/authorize", query
	return platform.Link{URL: base.String()}, nil
}

func (d driver) ReadCallback(app platform.App, in platform.Incoming) (platform.Callback, error) {
	if in.Method == http.MethodPost {
		return d.given(app, in)
	}
	q, err := in.Query("code", "state", "account", "error")
	if err != nil {
		return platform.Callback{}, &platform.BadCallback{Why: err.Error()}
	}
	state := q.Get("state")
	if code := q.Get("error"); code != "" {
		q := platform.Query{Stage: platform.StageAuthorize, Codes: []string{code}, Texts: []string{code}}
		return platform.Callback{State: state, Fault: d.spec.Catalogue.Fault(q, code, 0)}, nil
	}
	if q.Get("code") == "" || !platform.PlainText(q.Get("code")) {
		return platform.Callback{}, &platform.BadCallback{Why: "it lacks a code"}
	}
	subject := gk.Subject{Kind: gk.KindAccount, ID: q.Get("account")}
	return platform.Callback{State: state, Code: gk.NewSecret(q.Get("code")), Subject: subject}, nil
}

// given reads what the platform's server posts: a pair, signed, and no browser anywhere.
func (d driver) given(app platform.App, in platform.Incoming) (platform.Callback, error) {
	if strings.Contains(in.URL, "?") {
		return platform.Callback{}, &platform.BadCallback{Why: "the platform posts to an address without a query"}
	}
	if _, err := signing.HMACLower.Prove(app, string(in.Body), in.Header.Get("Sign"), "secret"); err != nil {
		return platform.Callback{}, platform.ErrForged
	}
	issues, err := d.ReadIssues(app, platform.Asked{Stage: platform.StageToken, At: app.Now}, platform.Reply{Body: in.Body})
	if err != nil {
		return platform.Callback{}, &platform.BadCallback{Why: "not a pair"}
	}
	return platform.Callback{
		Subject: issues[0].Subject, Proven: true, Tokens: issues,
		Answer: platform.Answer{Status: http.StatusOK, ContentType: "text/plain; charset=utf-8", Body: []byte("success")},
	}, nil
}

// ReadEntry reads a merchant who begins on the platform's side, and must go back there with a state.
func (d driver) ReadEntry(_ platform.App, in platform.Incoming) (platform.Entry, error) {
	q, err := in.Query("back")
	if err != nil {
		return platform.Entry{}, &platform.BadCallback{Why: err.Error()}
	}
	return platform.Entry{Hint: gk.Subject{Kind: gk.KindAccount}, Back: q.Get("back")}, nil
}

func (d driver) ask(app platform.App, grant string, token gk.Secret) (*platform.Request, error) {
	base, err := app.Base("token", "")
	if err != nil {
		return nil, err
	}
	base.Path = "/token"
	body := url.Values{"grant": {grant}, "token": {token.Reveal()}, "secret": {app.Secret("secret").Reveal()}}
	if app.Token != nil {
		body.Set("app", app.Token.Token.Access.Reveal())
	}
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	sent := url.Values{"grant": {grant}}
	return &platform.Request{Method: http.MethodPost, URL: base.String(), Header: header, Body: []byte(body.Encode()), Sent: sent}, nil
}

func (d driver) ExchangeRequest(app platform.App, cb platform.Callback) (*platform.Request, error) {
	return d.ask(app, "code", cb.Code)
}

func (d driver) RefreshRequest(app platform.App, cred platform.Credential) (*platform.Request, error) {
	if cred.Subject.Kind == gk.KindApp {
		return d.ask(app, "app", app.Secret("ticket"))
	}
	if cred.Token.Refresh.Empty() {
		return d.ask(app, "access", cred.Token.Access)
	}
	return d.ask(app, "refresh", cred.Token.Refresh)
}

// refusal returns the object of an answer, nil where it is none, and the fault, nil where it does not say no.
func (d driver) refusal(asked platform.Asked, reply platform.Reply) (answer.Object, *gk.Fault) {
	obj := answer.Object(platform.JSONObject(reply.Body))
	code := platform.JSONText(obj["error"])
	if code == "" {
		return obj, nil
	}
	q := platform.Query{Stage: asked.Stage, Codes: []string{code}, Texts: []string{code}, Sent: asked.Sent}
	return obj, d.spec.Catalogue.Fault(q, code, reply.Status)
}

func (d driver) ReadIssues(app platform.App, asked platform.Asked, reply platform.Reply) ([]platform.Issue, error) {
	obj, fault := d.refusal(asked, reply)
	if err := answer.Check(app, asked, reply, fault); err != nil {
		return nil, err
	}
	i := platform.Issue{Same: string(obj["same"]) == "true"}
	if id := obj.Words("account"); id != "" { // an app's own token is nobody's
		i.Subject = gk.Subject{Kind: gk.KindAccount, ID: id, Name: obj.Words("name")}
	}
	var err error
	if i.Token, err = obj.Pair("access_token", "refresh_token"); err != nil {
		return nil, err
	}
	if i.Token.Expires, _, err = obj.End("expires_in", answer.Seconds, answer.Start(app, asked, reply)); err != nil {
		return nil, err
	}
	return []platform.Issue{i}, nil
}

func (d driver) Sign(app platform.App, cred platform.Credential, call platform.Call) (*platform.Request, error) {
	if err := d.spec.Facts.CheckREST(call, "grant"); err != nil {
		return nil, err
	}
	base, err := app.Base("api", "")
	if err != nil {
		return nil, err
	}
	address, err := call.URL(base)
	if err != nil {
		return nil, err
	}
	header := call.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	header.Set("Token", cred.Token.Access.Reveal())
	return &platform.Request{Method: call.Method, URL: address, Header: header, Body: call.Body}, nil
}

func (d driver) Diagnose(_ platform.App, asked platform.Asked, reply platform.Reply) *gk.Fault {
	if asked.Stage == "" {
		asked.Stage = platform.StageCall
	}
	obj, fault := d.refusal(asked, reply)
	if fault != nil || obj.Has("account") && reply.Status < http.StatusMultipleChoices {
		return fault
	}
	if f := d.spec.Catalogue.Foreign(asked.Stage, reply.Body, reply.Status); f != nil {
		return f
	}
	return d.spec.Catalogue.Bare(asked, reply)
}

func (d driver) InspectRequest(app platform.App, cred platform.Credential, _ string) (*platform.Request, error) {
	return d.Sign(app, cred, platform.Call{Method: http.MethodGet, Path: "/me"})
}

func (d driver) ReadInspection(app platform.App, cred platform.Credential, reply platform.Reply) (platform.Inspection, string, error) {
	asked := platform.Asked{Stage: platform.StageCall, Subject: cred.Subject}
	in := platform.Inspection{Subject: cred.Subject, Alive: new(bool)}
	obj, fault := d.refusal(asked, reply)
	if d.spec.TokenRefused(fault) { // a refused token is what was asked about
		in.Fault = fault
		return in, "", nil
	}
	if err := answer.Check(app, asked, reply, fault); err != nil {
		return platform.Inspection{}, "", err
	}
	*in.Alive, in.Subject.Kind, in.Subject.ID = true, gk.KindAccount, obj.Words("account")
	var shops []string
	if err := json.Unmarshal(obj["shops"], &shops); err != nil {
		return platform.Inspection{}, "", &platform.Garbled{Why: "shops is no list of ids"}
	}
	for _, id := range shops {
		in.Shops = append(in.Shops, gk.Shop{ID: id})
	}
	return in, "", nil
}

func (d driver) Receive(app platform.App, in platform.Incoming) (platform.Delivery, error) {
	match, err := signing.HMACLower.Prove(app, string(in.Body), in.Header.Get("Sign"), "secret")
	if err != nil {
		return platform.Delivery{}, err
	}
	kind, shop, _ := strings.Cut(string(in.Body), " ")
	sum := sha256.Sum256(in.Body)
	n := platform.Notice{Kind: kind, Shops: []string{shop}, At: app.Now, Dedup: hex.EncodeToString(sum[:])}
	if kind == platform.NoticeTicket {
		n.Shops, n.Secrets = nil, map[string]gk.Secret{"ticket": gk.NewSecret(shop)}
	}
	return platform.Delivery{Notices: []platform.Notice{n}, Matched: match.String()}, nil
}
