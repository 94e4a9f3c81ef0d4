package toy_test

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
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
	if want.Back != "" { // the platform's own page waits there for the state
		return platform.Link{URL: want.Back + "?" + url.Values{"state": {want.State}, "back": {app.CallbackURL}}.Encode()}, nil
	}
	base.Path, base.RawQuery = "/authorize", url.Values{"state": {want.State}, "back": {app.CallbackURL}}.Encode()
	return platform.Link{URL: base.String()}, nil
}

func (d driver) ReadCallback(app platform.App, in platform.Incoming) (platform.Callback, error) {
	if in.Method == http.MethodPost {
		return d.given(app, in)
	}
	u, err := url.Parse(in.URL)
	if err != nil {
		return platform.Callback{}, &platform.BadCallback{Why: "not an address"}
	}
	q := u.Query()
	subject := gk.Subject{Kind: gk.KindAccount, ID: q.Get("account")}
	return platform.Callback{State: q.Get("state"), Code: gk.NewSecret(q.Get("code")), Subject: subject}, nil
}

// given reads what the platform's server posts: a pair, signed, and no browser anywhere.
func (d driver) given(app platform.App, in platform.Incoming) (platform.Callback, error) {
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
	u, err := url.Parse(in.URL)
	if err != nil {
		return platform.Entry{}, &platform.BadCallback{Why: "not an address"}
	}
	return platform.Entry{Hint: gk.Subject{Kind: gk.KindAccount}, Back: u.Query().Get("back")}, nil
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

func (d driver) RenewRequest(app platform.App, cred platform.Credential) (*platform.Request, error) {
	if cred.Subject.Kind == gk.KindApp {
		return d.ask(app, "app", app.Secret("ticket"))
	}
	if cred.Token.Refresh.Empty() {
		return d.ask(app, "access", cred.Token.Access)
	}
	return d.ask(app, "refresh", cred.Token.Refresh)
}

// said is every answer of the platform.
type said struct {
	Error, Access, Refresh, Account string
	Left                            int64
	Same                            bool
	Shops                           []string
}

func (d driver) read(asked platform.Asked, reply platform.Reply) (said, error) {
	var s said
	if reply.Truncated || reply.Status >= http.StatusInternalServerError || json.Unmarshal(reply.Body, &s) != nil {
		return s, platform.ErrGarbage
	}
	if s.Error != "" {
		return s, d.spec.Catalogue.Fault(platform.Query{Stage: asked.Stage, Codes: []string{s.Error}, Texts: []string{s.Error}, Sent: asked.Sent}, s.Error, reply.Status)
	}
	return s, nil
}

func (d driver) ReadIssues(_ platform.App, asked platform.Asked, reply platform.Reply) ([]platform.Issue, error) {
	s, err := d.read(asked, reply)
	if err != nil {
		return nil, err
	}
	i := platform.Issue{Same: s.Same}
	if s.Account != "" { // an app's own token is nobody's
		i.Subject = gk.Subject{Kind: gk.KindAccount, ID: s.Account}
	}
	i.Token.Access, i.Token.Refresh = gk.NewSecret(s.Access), gk.NewSecret(s.Refresh)
	if s.Left > 0 {
		i.Token.Expires = asked.At.Add(time.Duration(s.Left) * time.Second)
	}
	return []platform.Issue{i}, nil
}

func (d driver) Sign(app platform.App, cred platform.Credential, call platform.Call) (*platform.Request, error) {
	base, err := app.Base("api", "")
	if err != nil {
		return nil, err
	}
	base.Path = call.Path
	return &platform.Request{Method: call.Method, URL: base.String(), Header: http.Header{"Token": {cred.Token.Access.Reveal()}}}, nil
}

func (d driver) Diagnose(_ platform.App, asked platform.Asked, reply platform.Reply) *gk.Fault {
	var s said
	if json.Unmarshal(reply.Body, &s) != nil || s.Error == "" {
		return nil //nolint:nilerr // what is no JSON of the platform says no fault
	}
	return d.spec.Catalogue.Fault(platform.Query{Stage: asked.Stage, Codes: []string{s.Error}, Texts: []string{s.Error}, Sent: asked.Sent}, s.Error, reply.Status)
}

func (d driver) InspectRequest(app platform.App, cred platform.Credential, _ string) (*platform.Request, error) {
	return d.Sign(app, cred, platform.Call{Method: http.MethodGet, Path: "/me"})
}

func (d driver) ReadInspection(app platform.App, cred platform.Credential, reply platform.Reply) (platform.Inspection, string, error) {
	asked := platform.Asked{Stage: platform.StageCall, Subject: cred.Subject}
	in := platform.Inspection{Subject: cred.Subject, Alive: new(bool)}
	if in.Fault = d.Diagnose(app, asked, reply); in.Fault != nil {
		return in, "", nil //nolint:nilerr // a refused token is what was asked about
	}
	s, err := d.read(asked, reply)
	if err != nil {
		return platform.Inspection{}, "", err
	}
	*in.Alive, in.Subject.Kind, in.Subject.ID = true, gk.KindAccount, s.Account
	for _, id := range s.Shops {
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
