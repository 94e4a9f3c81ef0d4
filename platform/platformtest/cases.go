package platformtest

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

func specIsComplete(t *testing.T, w *world) {
	spec := w.d.Spec()
	f := spec.Facts
	if spec.Code != f.Code || spec.Catalogue == nil || len(spec.Catalogue.Rows()) == 0 {
		t.Fatalf("the spec of %q has the facts of %q and %d rows", spec.Code, f.Code, len(spec.Catalogue.Rows()))
	}
	_, refresher := w.d.(platform.Refresher)
	_, receiver := w.d.(platform.Receiver)
	_, inspector := w.d.(platform.Inspector)
	_, puller := w.d.(platform.Puller)
	_, census := w.d.(platform.Census)
	for _, c := range []struct {
		what       string
		fact, does bool
	}{
		{"renewal", f.Refresh.Style != platform.NoRefresh, refresher},
		{"push.pull", f.Push.Pull > 0, puller},
		{"push.census", f.Push.Census > 0, census},
	} {
		if c.fact && !c.does {
			t.Errorf("the facts have %s, the driver has not", c.what)
		}
	}
	if f.Push.Proof && !receiver {
		t.Error("push.proof without a Receiver")
	}
	if f.Push.Probe > 0 && !inspector {
		t.Error("push.probe without an Inspector")
	}
	for _, code := range f.Lookup.TokenRefused {
		found := false
		for _, row := range spec.Catalogue.Rows() {
			found = found || row.Stage == platform.StageCall && (row.Code == code || row.ID == code)
		}
		if !found {
			t.Errorf("lookup.token_refused names %q, which no row of the stage call has", code)
		}
	}
	if len(f.Page.Steps) == 0 {
		t.Error("the merchant's page has no steps")
	}
	for _, lang := range []string{"zh-CN", "zh-TW", "en"} {
		if f.Page.Account.In(lang) == "" || f.Page.Short.In(lang) == "" {
			t.Errorf("page.account or page.short has no text in %s", lang)
		}
		for i, step := range f.Page.Steps {
			if step.Title.In(lang) == "" || step.Text.In(lang) == "" {
				t.Errorf("step %d of the merchant's page has no text in %s", i+1, lang)
			}
		}
	}
}

// foreignHosts are hosts of nobody's platform.
var foreignHosts = []string{"evil.example", "evil.example:443", "127.0.0.1", "[::1]", "u@evil.example", "evil.example#x", "evil.example\n", "éxample.com"}

func foreignHostIsRefused(t *testing.T, w *world) {
	for _, host := range foreignHosts {
		if w.app.AllowsHost("https", host) {
			t.Errorf("the outbound gate lets %q through", host)
		}
		if !w.d.Spec().Facts.ShopNeeded {
			continue
		}
		foreign := gk.Subject{Kind: gk.KindShop, ID: w.shops[0].ID, Host: host}
		token := gk.Token{Access: gk.NewSecret("access-1"), Refresh: gk.NewSecret("refresh-1")}
		cred := platform.Credential{Subject: foreign, Token: token}
		_, linkErr := w.d.Link(w.app, platform.Want{State: state, Hint: foreign})
		_, exchangeErr := w.d.ExchangeRequest(w.app, platform.Callback{Code: gk.NewSecret("c0de"), Subject: foreign})
		_, signErr := w.d.Sign(w.app, cred, w.s.Call)
		entries := map[string]error{"Link": linkErr, "ExchangeRequest": exchangeErr, "Sign": signErr}
		if r, ok := w.d.(platform.Refresher); ok {
			_, entries["RefreshRequest"] = r.RefreshRequest(w.app, cred)
		}
		if i, ok := w.d.(platform.Inspector); ok {
			_, entries["InspectRequest"] = i.InspectRequest(w.app, cred, "")
		}
		if s, ok := w.d.(platform.Subscriber); ok {
			_, entries["SubscribeRequests"] = s.SubscribeRequests(w.app, cred)
		}
		for entry, err := range entries {
			if !errors.Is(err, platform.ErrForeignHost) {
				t.Errorf("%s with the host %q: error = %v, want ErrForeignHost", entry, host, err)
			}
		}
	}
}

func consentEndsInAGrant(t *testing.T, w *world) {
	shop := w.shops[0]
	cb := w.callback(shop)
	cred := w.exchange(cb)
	w.pause()
	if w.d.Spec().Facts.Tokens && cred.Token.Access.Empty() {
		t.Error("the issue has no access token")
	}
	if w.renewable() && w.refresh().Style == platform.Rotate && cred.Token.Refresh.Empty() {
		t.Error("the issue has no refresh token although pairs rotate")
	}
	if cred.Subject.Kind == "" {
		cred.Subject = w.inspected(cred).Subject
	}
	truth, _ := w.control(http.MethodGet, w.path("grants"), nil)["grants"].([]any)
	for _, g := range truth {
		held, _ := g.(map[string]any)
		subject, _ := held["subject"].(map[string]any)
		if subject["kind"] == cred.Subject.Kind && subject["id"] == cred.Subject.ID && (held["access"] == cred.Token.Access.Reveal() || !w.d.Spec().Facts.Tokens) {
			return
		}
	}
	t.Errorf("the driver reads a grant of %s; the simulator knows of no such one with this token: %v", cred.Subject, truth)
}

func refusalIsRead(t *testing.T, w *world) {
	in := w.consent(w.shops[0], "deny")
	if in.URL == "" {
		return // this platform brings nothing back
	}
	cb, err := w.d.ReadCallback(w.app, in)
	var bad *platform.BadCallback
	if err == nil && (cb.Fault != nil || cb.Empty) || errors.As(err, &bad) {
		return
	}
	t.Errorf("ReadCallback of the refusal %s = %+v, %v, want a fault", in.URL, cb, err)
}

func codeBuysOnce(t *testing.T, w *world) {
	cb := w.callback(w.shops[0])
	if r, err := w.d.ExchangeRequest(w.app, cb); r == nil && err == nil {
		return // there is no code here
	}
	first := w.exchange(cb)
	w.pause()
	issues, err := w.exchanged(cb)
	if w.d.Spec().Facts.Callback.CodeRepeat > 0 {
		if err != nil || len(issues) == 0 || !issues[0].Token.Access.Equal(first.Token.Access) {
			t.Errorf("a second exchange of a code that may be traded again = %d issues, %v, want the same pair", len(issues), err)
		}
		return
	}
	var fault *gk.Fault
	if !errors.As(err, &fault) || !fault.Known {
		t.Errorf("a second exchange of the same code = %d issues, %v, want a fault that the catalogue knows", len(issues), err)
	}
}

func signedCallIsAccepted(t *testing.T, w *world) {
	cred := w.grant(w.shops[0])
	if f := w.called(cred); f != nil {
		t.Fatalf("the call is refused: %v %s", f, f.Message)
	}
	calls, _ := w.control(http.MethodGet, w.path("calls"), nil)["calls"].([]any)
	if len(calls) == 0 {
		t.Fatal("the simulator has seen no request")
	}
	last, _ := calls[len(calls)-1].(map[string]any)
	if last["stage"] != platform.StageCall || last["decision"] != "accepted" {
		t.Errorf("the simulator says of the last request %v, want an accepted call", last)
	}
	if v, ok := w.d.(platform.Verifier); ok {
		r, err := w.d.Sign(w.app, cred, w.s.Call)
		if err != nil {
			t.Fatal(err)
		}
		if err := v.VerifyCall(w.app, platform.Incoming{Method: r.Method, URL: r.URL, Header: r.Header, Body: r.Body}); err != nil {
			t.Errorf("VerifyCall of our own call: %v", err)
		}
	}
	if w.d.Spec().Facts.Tokens {
		cred.Token.Access = gk.NewSecret(strings.Repeat("0", max(8, len(cred.Token.Access.Reveal()))))
		if f := w.called(cred); f == nil || !f.Known || f.Terminal {
			t.Errorf("a call with a token of nobody's = %+v, want a known fault that ends nothing", f)
		}
	}
}

func credentialTellsWhoseItIs(t *testing.T, w *world) {
	if _, ok := w.d.(platform.Inspector); !ok {
		return
	}
	cred := w.grant(w.shops[0])
	in := w.inspected(cred)
	if in.Alive != nil && !*in.Alive {
		t.Errorf("a fresh credential is not alive: %v", in.Fault)
	}
	if in.Subject.ID != "" && !in.Subject.Same(cred.Subject) {
		t.Errorf("the inspection names %s, the issue %s", in.Subject, cred.Subject)
	}
}

func refreshWorks(t *testing.T, w *world) {
	if !w.renewable() {
		return
	}
	cred := w.grant(w.shops[0])
	issues, err := w.refreshed(cred)
	if err != nil || len(issues) == 0 {
		t.Fatalf("ReadIssues of a renewal = %d issues, %v", len(issues), err)
	}
	i := issues[0]
	if i.Subject.Kind != "" && !i.Subject.Same(cred.Subject) {
		t.Errorf("the renewal is for %s, want %s", i.Subject, cred.Subject)
	}
	if w.refresh().Style == platform.Rotate && (i.Token.Access.Equal(cred.Token.Access) || i.Token.Refresh.Equal(cred.Token.Refresh)) {
		t.Error("pairs rotate here, yet a renewal brought a token again")
	}
	if i.Token.Access.Empty() || !i.Token.Expires.IsZero() && !i.Token.Expires.After(w.app.Now) {
		t.Errorf("the new pair ends at %v, which is past", i.Token.Expires)
	}
	cred.Token = i.Token
	if f := w.called(cred); f != nil {
		t.Errorf("a call with the new pair is refused: %v %s", f, f.Message)
	}
	w.pause()
}

func spentTokenIsRefused(t *testing.T, w *world) {
	if !w.renewable() || w.refresh().Style != platform.Rotate || w.refresh().AfterLostAnswer != platform.Once {
		return
	}
	cred := w.grant(w.shops[0])
	if _, err := w.refreshed(cred); err != nil {
		t.Fatal(err)
	}
	w.pause()
	issues, err := w.refreshed(cred)
	var fault *gk.Fault
	if !errors.As(err, &fault) || !fault.Known {
		t.Errorf("a renewal with a spent token = %d issues, %v, want a fault that the catalogue knows", len(issues), err)
	}
	w.pause()
}

func garbageIsNoRefusal(t *testing.T, w *world) {
	if !w.renewable() {
		return
	}
	cred := w.grant(w.shops[0])
	for _, name := range []string{"garbage", "status-503"} {
		w.control(http.MethodPost, w.path("faults"), map[string]any{"fault": name, "match": map[string]string{"stage": platform.StageRefresh}})
		if _, err := w.refreshed(cred); !errors.Is(err, platform.ErrGarbage) {
			t.Errorf("a renewal answered by %s: error = %v, want ErrGarbage", name, err)
		}
		w.control(http.MethodDelete, w.path("faults"), nil)
	}
	if issues, err := w.refreshed(cred); err != nil || len(issues) == 0 {
		t.Errorf("the renewal after it = %d issues, %v, want a pair: nothing was spent", len(issues), err)
	}
	w.pause()
}

func endedGrantIsDead(t *testing.T, w *world) {
	if !w.d.Spec().Facts.Tokens {
		return
	}
	cred := w.grant(w.shops[1])
	w.control(http.MethodPost, w.path("revoke"), map[string]string{"subject": cred.Subject.ID})
	if f := w.called(cred); f == nil || !f.Known {
		t.Errorf("a call after the merchant ended the grant = %+v, want a known fault", f)
	}
	if i, ok := w.d.(platform.Inspector); ok {
		r, err := i.InspectRequest(w.app, cred, "")
		in, _, err := i.ReadInspection(w.app, cred, w.send(r, err))
		if err != nil || in.Alive == nil || *in.Alive {
			t.Errorf("ReadInspection after the end = %+v, %v, want not alive", in, err)
		}
	}
}

// pushPatience is how long, in real time, a push may take that the simulator sends at once: a busy machine is slow.
const pushPatience = 2 * time.Minute

func pushOfAnEndIsGenuine(t *testing.T, w *world) {
	receiver, ok := w.d.(platform.Receiver)
	push := w.d.Spec().Facts.Push
	if !ok || push.Subscribe == "" || push.Pull > 0 || w.s.EndUnsaid != "" {
		return // it does not push, not about this, or messages about grants are fetched
	}
	came := make(chan platform.Incoming, 16)
	hub := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			came <- platform.Incoming{Method: r.Method, URL: "http://" + r.Host + r.URL.String(), Header: r.Header, Body: body}
		}
	}))
	defer hub.Close()
	w.app.PushURL = hub.URL + "/push/app"
	w.app.Settings["push_url"] = w.app.PushURL
	settings := maps.Clone(w.ready().Apps[0])
	settings["push_url"], settings["redirect_uri"] = w.app.PushURL, w.app.CallbackURL
	w.control(http.MethodPost, w.path("apps"), settings)
	cred := w.grant(w.shops[0])
	if s, ok := w.d.(platform.Subscriber); ok {
		requests, err := s.SubscribeRequests(w.app, cred)
		if err != nil {
			t.Fatalf("SubscribeRequests: %v", err)
		}
		for _, r := range requests {
			if reply := w.send(r, nil); reply.Status >= 300 {
				t.Fatalf("the subscription is answered by %d %s", reply.Status, reply.Body)
			}
		}
	}
	if _, ok := w.d.(platform.Inspector); ok && len(cred.Shops) == 0 {
		cred.Shops = w.inspected(cred).Shops // a push may name a shop of the grant only
	}
	w.control(http.MethodPost, w.path("revoke"), map[string]string{"subject": cred.Subject.ID})
	for {
		select {
		case in := <-came:
			delivery, err := receiver.Receive(w.app, in)
			if err != nil {
				t.Fatalf("Receive of %s %v: %v", in.Body, in.Header, err)
			}
			if slices.ContainsFunc(delivery.Notices, func(n platform.Notice) bool { return ends(n, cred) }) {
				refusesForgery(t, w, receiver, in)
				return
			}
		case <-time.After(pushPatience):
			t.Fatalf("no push says that %s ended", cred.Subject)
		}
	}
}

// ends reports whether a notice says that a grant, or a shop of it, is over.
func ends(n platform.Notice, cred platform.Credential) bool {
	return n.Kind == platform.NoticeRevoked && (slices.ContainsFunc(n.Subjects, func(s gk.Subject) bool {
		return s.Same(cred.Subject) || s.ID == "" && s.Host == cred.Subject.Host
	}) || len(n.Subjects) == 0 && slices.ContainsFunc(cred.Shops, func(s gk.Shop) bool { return slices.Contains(n.Shops, s.ID) }))
}

// refusesForgery changes one character of a genuine push.
func refusesForgery(t *testing.T, w *world, receiver platform.Receiver, in platform.Incoming) {
	t.Helper()
	in.Body = bytes.Clone(in.Body)
	if i := bytes.IndexAny(in.Body, "0123456789"); i >= 0 {
		in.Body[i] = '0' + (in.Body[i]-'0'+1)%10
	} else {
		in.Body = append(in.Body, 'x')
	}
	if delivery, err := receiver.Receive(w.app, in); err == nil {
		t.Errorf("a changed push is accepted: %+v", delivery.Notices)
	}
}
