package platformtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// world is a driver, an app of it, and the simulator that stands for the platform.
type world struct {
	t *testing.T
	d platform.Driver
	s Simulated

	shops   []shop // at least two
	app     platform.App
	secrets []string // texts that no error, signed text or list of parameters may hold
}

// shop is one shop of the ready line.
type shop struct {
	ID   string `json:"id"`
	Host string `json:"host"`
}

func open(t *testing.T, d platform.Driver, s Simulated) *world {
	t.Helper()
	if s.Client == nil {
		s.Client = &http.Client{Timeout: 20 * time.Second}
	}
	plain := *s.Client
	plain.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	s.Client = &plain
	w := &world{t: t, d: d, s: s}
	ready := w.ready()
	w.shops = ready.Shops
	settings := map[string]string{"redirect_uri": "https://hub.example.test/callback/app"}
	for name, value := range ready.Apps[0] {
		if text := settingText(value); text != "" {
			settings[name] = text
		}
	}
	app := appOf(d.Spec().Facts, settings)
	app.Now = w.clock()
	app.Endpoints = map[string]string{"authorize": ready.Base, "token": ready.Base, "api": ready.Base}
	for _, values := range app.Secrets {
		w.secrets = append(w.secrets, values[0].Reveal())
	}
	w.app = d.Spec().Open(app)
	registered := maps.Clone(ready.Apps[0])
	registered["redirect_uri"] = w.app.CallbackURL // as in the platform's console: not every link carries it
	w.control(http.MethodPost, w.path("apps"), registered)
	w.app.Token = w.ownToken()
	return w
}

// ownToken asks for the app's own token, as the engine does before a request about a merchant's grant; nil where the facts
// ask for none.
func (w *world) ownToken() *platform.Credential {
	w.t.Helper()
	if w.d.Spec().Facts.AppToken == nil {
		return nil
	}
	own := platform.Credential{Subject: gk.Subject{Kind: gk.KindApp, ID: "app"}}
	issues, err := w.refreshed(own)
	if err != nil || len(issues) != 1 || issues[0].Token.Access.Empty() {
		w.t.Fatalf("the app's own token: %d issues, %v, want one token", len(issues), err)
	}
	if i := issues[0]; i.Subject.Kind != "" && i.Subject.Kind != gk.KindApp {
		w.t.Errorf("the app's own token is one of %s", i.Subject)
	}
	own.Token = issues[0].Token
	return &own
}

// appOf makes an app of settings by the platform's names, with profile and stage among them.
func appOf(facts *platform.Facts, settings map[string]string) platform.App {
	app := platform.App{
		Settings: make(map[string]string), Secrets: make(map[string][]gk.Secret), Nonce: "00112233445566778899aabbccddeeff",
	}
	for name, value := range settings {
		switch {
		case name == "profile":
			app.Profile = value
		case name == "stage":
			app.Stage = value
		case facts.Settings[name].Secret:
			app.Secrets[name] = []gk.Secret{gk.NewSecret(value)}
		default:
			app.Settings[name] = value
		}
	}
	return app
}

// place is where a platform is and what it knows.
type place struct {
	Base  string           `json:"base"`
	Apps  []map[string]any `json:"apps"` // all settings, in clear
	Shops []shop           `json:"shops"`
}

// ready reads the ready line.
func (w *world) ready() place {
	w.t.Helper()
	text, err := json.Marshal(w.control(http.MethodGet, "/", nil)["platforms"])
	var places map[string]place
	if err == nil {
		err = json.Unmarshal(text, &places)
	}
	p := places[w.d.Spec().Code]
	if err != nil || p.Base == "" || len(p.Apps) == 0 || len(p.Shops) < 2 {
		w.t.Fatalf("the suite needs a base, an app and two shops of %s; the simulator tells %s (%v)", w.d.Spec().Code, text, err)
	}
	return p
}

func settingText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case []any:
		var texts []string
		for _, e := range v {
			texts = append(texts, settingText(e))
		}
		return strings.Join(texts, " ")
	case float64:
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprint(v)
}

// with returns the world for one case, at the simulator's time.
func (w *world) with(t *testing.T) *world {
	again := *w
	again.t = t
	again.app.Now = again.clock()
	return &again
}

// control makes a control call and returns its answer.
func (w *world) control(method, path string, body any) map[string]any {
	w.t.Helper()
	status, got := w.ask(method, path, body)
	if status >= 300 {
		w.t.Fatalf("%s %s: status %d: %v", method, path, status, got)
	}
	return got
}

// ask is control for a call that may be refused.
func (w *world) ask(method, path string, body any) (status int, got map[string]any) {
	w.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	r, err := http.NewRequest(method, w.s.Control+path, bytes.NewReader(text))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := w.s.Client.Do(r)
	if err != nil {
		w.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatalf("%s %s: %v", method, path, err)
	}
	if len(bytes.TrimSpace(answer)) > 0 {
		if err := json.Unmarshal(answer, &got); err != nil {
			w.t.Fatalf("%s %s answers %q", method, path, answer)
		}
	}
	return resp.StatusCode, got
}

// path is the control path of this platform.
func (w *world) path(call string) string { return "/" + w.d.Spec().Code + "/" + call }

func (w *world) clock() time.Time {
	w.t.Helper()
	text, _ := w.control(http.MethodGet, "/clock", nil)["now"].(string)
	now, err := gk.ParseTime(text)
	if err != nil {
		w.t.Fatalf("GET /clock: now is %q", text)
	}
	return now
}

// pause moves the clock on by what the facts ask for between two token requests of a subject.
func (w *world) pause() {
	w.t.Helper()
	gap := time.Duration(w.d.Spec().Facts.Limits.TokenCalls.Gap) + time.Second
	w.control(http.MethodPost, "/clock", map[string]string{"advance": gap.String()})
	w.app.Now = w.clock()
}

// send sends a request of the driver once, after looking at what it must never do.
func (w *world) send(r *platform.Request, err error) platform.Reply {
	w.t.Helper()
	reply, err := w.try(r, err)
	if err != nil {
		w.t.Fatalf("%s %s: %v", r.Method, r.URL, err)
	}
	return reply
}

// try is send for a request whose answer may be lost.
func (w *world) try(r *platform.Request, err error) (platform.Reply, error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatalf("the driver refuses to build a request: %v", err)
	}
	u, err := url.Parse(r.URL)
	if err != nil || !w.app.AllowsHost(u.Scheme, u.Host) {
		w.t.Fatalf("the driver builds %s, which the outbound gate refuses", r.URL)
	}
	w.tellsNothing("the signed text", r.SignedText)
	w.tellsNothing("the parameters sent", r.Sent.Encode())
	req, err := http.NewRequest(r.Method, r.URL, bytes.NewReader(r.Body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header = r.Header.Clone()
	if req.Header == nil {
		req.Header = make(http.Header)
	}
	resp, err := w.s.Client.Do(req)
	if err != nil {
		return platform.Reply{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return platform.Reply{}, err
	}
	return platform.Reply{Status: resp.StatusCode, Header: resp.Header, Body: body, Received: w.app.Now, Sent: r.Sent}, nil
}

// tellsNothing fails if a text holds a secret of the app.
func (w *world) tellsNothing(what, text string) {
	w.t.Helper()
	for _, secret := range w.secrets {
		if len(secret) >= 8 && (strings.Contains(text, secret) || strings.Contains(text, url.QueryEscape(secret))) {
			w.t.Errorf("%s holds a secret of the app", what)
		}
	}
}

const state = "kJ9f2c-Zq_0123456789abcdefghijklmnopqrstuvw"

// link builds the link for a shop.
func (w *world) link(shop shop) platform.Link {
	w.t.Helper()
	want := platform.Want{State: state}
	if w.d.Spec().Facts.ShopNeeded {
		want.Hint = gk.Subject{Kind: gk.KindShop, Host: shop.Host}
	}
	link, err := w.d.Link(w.app, want)
	if err != nil {
		w.t.Fatalf("Link: %v", err)
	}
	w.tellsNothing("the link", link.URL)
	w.tellsNothing("the link's signed text", link.SignedText)
	return link
}

// consent plays the merchant and returns what the browser brings back; without an address where the platform ends with
// a page of its own.
func (w *world) consent(shop shop, decision string) platform.Incoming {
	w.t.Helper()
	order := map[string]any{"url": w.link(shop).URL, "shops": []string{shop.ID}, "decision": decision}
	maps.Copy(order, w.s.Consent)
	_, got := w.ask(http.MethodPost, w.path("consent"), order)
	callback, _ := got["callback"].(string)
	return platform.Incoming{Method: http.MethodGet, URL: callback, Header: make(http.Header)}
}

// callback is a shop's consent, read.
func (w *world) callback(shop shop) platform.Callback {
	w.t.Helper()
	in := w.consent(shop, "approve")
	if in.URL == "" {
		w.t.Fatalf("the consent of shop %s brings no callback", shop.ID)
	}
	cb, err := w.d.ReadCallback(w.app, in)
	if err != nil || cb.Fault != nil || cb.Empty {
		w.t.Fatalf("ReadCallback of %s = %+v, %v, want a consent", in.URL, cb, err)
	}
	if w.d.Spec().Facts.Callback.StateIn != "none" && cb.State != state {
		w.t.Errorf("the callback's state is %q, want the link's", cb.State)
	}
	return cb
}

// exchange trades a callback for a credential.
func (w *world) exchange(cb platform.Callback) platform.Credential {
	w.t.Helper()
	issues, err := w.exchanged(cb)
	if err != nil || len(issues) == 0 {
		w.t.Fatalf("ReadIssues of an exchange = %d issues, %v", len(issues), err)
	}
	return credential(issues[0], cb.Subject)
}

func (w *world) exchanged(cb platform.Callback) ([]platform.Issue, error) {
	w.t.Helper()
	r, err := w.d.ExchangeRequest(w.app, cb)
	asked := platform.Asked{Stage: platform.StageToken, At: w.app.Now, Claimed: cb.Subject}
	if r == nil && err == nil {
		return w.d.ReadIssues(w.app, asked, platform.Reply{})
	}
	reply := w.send(r, err)
	asked.Sent = r.Sent
	return w.d.ReadIssues(w.app, asked, reply)
}

func credential(i platform.Issue, claimed gk.Subject) platform.Credential {
	if i.Subject.Host == "" {
		i.Subject.Host = claimed.Host
	}
	return platform.Credential{Subject: i.Subject, Token: i.Token, Shops: i.Shops, Scopes: i.Scopes, Facts: i.Facts}
}

// refreshed asks for a new pair.
func (w *world) refreshed(cred platform.Credential) ([]platform.Issue, error) {
	w.t.Helper()
	r, err := w.d.(platform.Refresher).RefreshRequest(w.app, cred)
	reply := w.send(r, err)
	return w.d.ReadIssues(w.app, platform.Asked{Stage: platform.StageRefresh, Subject: cred.Subject, Sent: r.Sent, At: w.app.Now}, reply)
}

// called makes the suite's call for a credential.
func (w *world) called(cred platform.Credential) *gk.Fault {
	w.t.Helper()
	r, err := w.d.Sign(w.app, cred, w.s.Call)
	reply := w.send(r, err)
	return w.d.Diagnose(w.app, platform.Asked{Stage: platform.StageCall, Subject: cred.Subject, Sent: r.Sent, At: w.app.Now}, reply)
}

// grant is a fresh credential of a shop.
func (w *world) grant(shop shop) platform.Credential {
	w.t.Helper()
	cred := w.exchange(w.callback(shop))
	if cred.Subject.Kind == "" {
		in := w.inspected(cred)
		cred.Subject, cred.Shops = in.Subject, in.Shops
	}
	w.pause()
	return cred
}

// inspected asks whose a credential is, through all pages.
func (w *world) inspected(cred platform.Credential) platform.Inspection {
	w.t.Helper()
	inspector, ok := w.d.(platform.Inspector)
	if !ok {
		w.t.Fatal("an issue without a subject needs an Inspector")
	}
	var all platform.Inspection
	for n, page := 0, ""; n == 0 || page != ""; n++ {
		r, err := inspector.InspectRequest(w.app, cred, page)
		in, next, err := inspector.ReadInspection(w.app, cred, w.send(r, err))
		if err != nil {
			w.t.Fatalf("ReadInspection, page %q: %v", page, err)
		}
		if n == 0 {
			all = in
		}
		all.Shops = slices.Concat(all.Shops, in.Shops)
		all.Scopes = slices.Concat(all.Scopes, in.Scopes)
		if page = next; n > 50 {
			w.t.Fatal("the inspection does not end")
		}
	}
	return all
}

// renewable reports whether grants of this app can be refreshed by asking.
func (w *world) renewable() bool {
	_, ok := w.d.(platform.Refresher)
	return ok && w.refresh().Style != platform.NoRefresh
}

func (w *world) refresh() platform.Refresh {
	return w.d.Spec().Facts.RefreshOf(w.app.Profile, w.app.Stage)
}
