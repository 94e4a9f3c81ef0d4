package console_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/console/provider"
	"github.com/grantkeep/grantkeep/outbound"
	"github.com/grantkeep/grantkeep/people"
	"github.com/grantkeep/grantkeep/store"
)

// issuer is an identity provider after OpenID Connect Core: discovery, the code flow with PKCE, keys, userinfo. What a test sets
// it says of whoever comes.
type issuer struct {
	t      *testing.T
	server *httptest.Server
	key    *ecdsa.PrivateKey
	now    func() time.Time

	mu     sync.Mutex
	asked  url.Values     // the last request for a log-in
	claims map[string]any // of the ID token, over what belongs into it
	more   map[string]any // of userinfo; nil: there is no such endpoint
	signer *ecdsa.PrivateKey
	codes  map[string]url.Values
}

const ourSecret = "made-up secret of the client: % +"

func newIssuer(t *testing.T, now func() time.Time) *issuer {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{t: t, key: key, signer: key, now: now, claims: map[string]any{}, codes: map[string]url.Values{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /realm/.well-known/openid-configuration", i.discovery)
	mux.HandleFunc("GET /realm/keys", func(w http.ResponseWriter, _ *http.Request) {
		i.answer(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &i.key.PublicKey, KeyID: "one", Algorithm: "ES256", Use: "sig"}}})
	})
	mux.HandleFunc("GET /realm/authorize", i.authorize)
	mux.HandleFunc("POST /realm/token", i.token)
	mux.HandleFunc("GET /realm/userinfo", i.userinfo)
	i.server = httptest.NewServer(mux)
	t.Cleanup(i.server.Close)
	return i
}

func (i *issuer) url() string { return i.server.URL + "/realm" }

func (i *issuer) answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(body); err != nil {
		i.t.Error(err)
	}
}

func (i *issuer) discovery(w http.ResponseWriter, _ *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	about := map[string]any{
		"issuer": i.url(), "authorization_endpoint": i.url() + "/authorize", "token_endpoint": i.url() + "/token", "jwks_uri": i.url() + "/keys",
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"ES256"},
	}
	if i.more != nil {
		about["userinfo_endpoint"] = i.url() + "/userinfo"
	}
	i.answer(w, about)
}

// authorize lets whoever comes in, as if they had typed the right password.
func (i *issuer) authorize(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.asked = r.URL.Query()
	code := fmt.Sprintf("code-%d", len(i.codes))
	i.codes[code] = i.asked
	back := url.Values{"code": {code}, "state": {i.asked.Get("state")}, "iss": {i.url()}}
	http.Redirect(w, r, i.asked.Get("redirect_uri")+"?"+back.Encode(), http.StatusFound)
}

func (i *issuer) token(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	asked, known := i.codes[r.PostFormValue("code")]
	delete(i.codes, r.PostFormValue("code")) // it is good once
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	user, password, _ := r.BasicAuth()
	switch {
	case !known, base64.RawURLEncoding.EncodeToString(sum[:]) != asked.Get("code_challenge"), asked.Get("code_challenge_method") != "S256",
		r.PostFormValue("redirect_uri") != asked.Get("redirect_uri"):
		w.WriteHeader(http.StatusBadRequest)
		i.answer(w, map[string]string{"error": "invalid_grant"})
		return
	case user != "grantkeep" || password != url.QueryEscape(ourSecret):
		w.WriteHeader(http.StatusUnauthorized)
		i.answer(w, map[string]string{"error": "invalid_client"})
		return
	}
	claims := map[string]any{
		"iss": i.url(), "aud": "grantkeep", "sub": "0815", "nonce": asked.Get("nonce"), "iat": i.now().Unix(), "exp": i.now().Add(time.Minute).Unix(),
	}
	if asked.Get("max_age") == "0" {
		claims["auth_time"] = i.now().Unix()
	}
	maps.Copy(claims, i.claims)
	body, err := json.Marshal(claims)
	if err != nil {
		i.t.Error(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: i.signer, KeyID: "one"}}, nil)
	if err != nil {
		i.t.Error(err)
		return
	}
	signed, err := signer.Sign(body)
	if err != nil {
		i.t.Error(err)
		return
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		i.t.Error(err)
	}
	i.answer(w, map[string]any{"access_token": "an-access-token", "token_type": "Bearer", "expires_in": 60, "id_token": text})
}

func (i *issuer) userinfo(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if r.Header.Get("Authorization") != "Bearer an-access-token" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	i.answer(w, i.more)
}

// says sets what the issuer says of whoever comes next, beside what it has to.
func (i *issuer) says(pairs ...any) {
	i.mu.Lock()
	defer i.mu.Unlock()
	clear(i.claims)
	for n := 0; n+1 < len(pairs); n += 2 {
		i.claims[pairs[n].(string)] = pairs[n+1]
	}
}

// withProvider is a house whose people log in by an issuer.
func withProvider(t *testing.T, set func(*provider.Options)) (*house, *issuer) {
	h := &house{t: t}
	i := newIssuer(t, h.now)
	host := strings.TrimPrefix(i.server.URL, "http://")
	gate, err := outbound.New(outbound.Options{Allow: []string{host}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(gate.Close)
	h.provider = func(address string) *provider.Provider {
		o := provider.Options{
			Issuer: i.url(), ClientID: "grantkeep", ClientSecret: gk.NewSecret(ourSecret), Redirect: address + "/login/callback", Name: "Example ID",
			Roles: map[string]string{"support-desk": store.RoleSupport, "platform-team": store.RoleOperator, "root": store.RoleAdministrator}, Gate: gate, Now: h.now,
		}
		if set != nil {
			set(&o)
		}
		p, err := provider.New(o)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	h.open()
	return h, i
}

// through goes to the issuer and back, as a browser does, and returns the last answer that is not a redirect of the issuer's.
func (v *visitor) through(i *issuer, path string) answered {
	v.h.t.Helper()
	a := v.get(path)
	if a.status != http.StatusSeeOther || !strings.HasPrefix(a.to, i.url()+"/authorize?") {
		v.h.t.Fatalf("GET %s = %d to %q, want the issuer", path, a.status, a.to)
	}
	r, err := http.NewRequestWithContext(v.h.t.Context(), http.MethodGet, a.to, nil)
	if err != nil {
		v.h.t.Fatal(err)
	}
	back, err := v.web.Do(r)
	if err != nil {
		v.h.t.Fatal(err)
	}
	back.Body.Close()
	return v.get(strings.TrimPrefix(back.Header.Get("Location"), v.h.url))
}

func TestSomebodyLogsInByTheirIdentityProvider(t *testing.T) {
	h, i := withProvider(t, nil)
	v := h.visitor()
	if a := v.get("/login?next=/console/grants"); !strings.Contains(a.body, "Log in with Example ID") || !strings.Contains(a.body, `href="/login/provider?next=%2Fconsole%2Fgrants"`) {
		t.Fatalf("the log-in does not offer the provider:\n%s", a.body)
	}
	i.says("preferred_username", "Lin Mei", "groups", []string{"everybody", "support-desk", "platform-team"})
	if a := v.through(i, "/login/provider?next=/console/grants"); a.status != http.StatusSeeOther || a.to != "/console/grants" {
		t.Fatalf("coming back = %d to %q, want the page asked for", a.status, a.to)
	}
	if scopes := i.asked.Get("scope"); scopes != "openid profile email" {
		t.Errorf("the scopes asked for are %q", scopes)
	}
	p, err := h.store.PersonByName(t.Context(), "lin.mei")
	if err != nil || p.Role != store.RoleOperator || p.Password != "" || p.Subject != i.url()+" 0815" {
		t.Fatalf("the person is %+v, %v; want an operator without a password", p, err)
	}
	settings := v.get("/console/settings").body
	if strings.Contains(settings, `name="fresh"`) || !strings.Contains(settings, "identity provider") {
		t.Error("the settings offer a password to whom the provider lets in")
	}
	for _, path := range []string{"/console/settings/password", "/console/settings/code"} {
		if a := v.post(path, "fresh", secretPassword); a.status == http.StatusOK {
			t.Errorf("%s = %d, want a refusal: it would be a second way in", path, a.status)
		}
	}
	lines, err := h.store.AuditAfter(t.Context(), store.AuditFilter{Limit: 100})
	if err != nil || !slices.ContainsFunc(lines, func(e store.AuditEntry) bool {
		return e.Action == "user.login" && e.Actor == p.ID && e.Object == "provider"
	}) {
		t.Errorf("the audit has %+v, %v; want the log-in", lines, err)
	}
	// The groups of today count, up and down.
	i.says("preferred_username", "renamed", "groups", []string{"support-desk"})
	v.through(i, "/login/provider")
	if now, err := h.store.Person(t.Context(), p.ID); err != nil || now.Role != store.RoleSupport || now.Name != "lin.mei" {
		t.Errorf("after the groups changed: %+v, %v", now, err)
	}
	i.says("groups", []string{"everybody"})
	if a := h.visitor().through(i, "/login/provider"); a.to != "/login?problem=role" {
		t.Errorf("without a group that has a role: to %q", a.to)
	}
	if a := v.get("/console"); a.status != http.StatusSeeOther {
		t.Errorf("who has lost every role is still logged in elsewhere: %d", a.status)
	}
	if a := v.get("/login?problem=role"); !strings.Contains(a.body, "None of your groups") {
		t.Error("the log-in does not say why")
	}
}

func TestANameThatIsTakenIsNobodyElses(t *testing.T) {
	h, i := withProvider(t, nil)
	mine := h.person("administrator", store.RoleAdministrator)
	i.says("preferred_username", "administrator", "groups", "support-desk")
	v := h.visitor()
	if a := v.through(i, "/login/provider"); a.to != "/console" {
		t.Fatalf("logging in leads to %q", a.to)
	}
	everybody, err := h.store.People(t.Context())
	if err != nil || len(everybody) != 2 {
		t.Fatalf("there are %d people, %v; want two", len(everybody), err)
	}
	for _, p := range everybody {
		if p.ID != mine.ID && (p.Role != store.RoleSupport || !strings.HasPrefix(p.Name, "administrator.")) {
			t.Errorf("the second administrator is %+v", p)
		}
	}
	if a := v.get("/console/settings"); strings.Contains(a.body, `id="people"`) {
		t.Error("a name alone gives the pages of an administrator")
	}
}

func TestOnlyTheIssuersOwnWordForThisLoginCounts(t *testing.T) {
	h, i := withProvider(t, nil)
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(what, want string, set func(), path func(string) string) {
		t.Helper()
		i.says("groups", "root")
		i.signer = i.key
		set()
		v := h.visitor()
		h.pass(16 * time.Minute) // so that the refusals before do not slow this one down
		a := v.get("/login/provider")
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, a.to, nil)
		back, err := v.web.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		back.Body.Close()
		to := strings.TrimPrefix(back.Header.Get("Location"), h.url)
		if path != nil {
			to = path(to)
		}
		if a := v.get(to); a.status != http.StatusSeeOther || a.to != "/login?problem="+want {
			t.Errorf("%s = %d to %q, want problem=%s", what, a.status, a.to, want)
		}
		if a := v.get("/console"); a.status != http.StatusSeeOther {
			t.Errorf("%s: logged in", what)
		}
	}
	refused("another log-in's nonce", "answer", func() { i.says("groups", "root", "nonce", "another") }, nil)
	refused("another client's token", "answer", func() { i.says("groups", "root", "aud", "another") }, nil)
	refused("a token of several clients that another asked for", "answer", func() { i.says("groups", "root", "aud", []string{"grantkeep", "another"}, "azp", "another") }, nil)
	refused("a token that has ended", "answer", func() { i.says("groups", "root", "exp", h.now().Add(-time.Hour).Unix()) }, nil)
	refused("another issuer's token", "answer", func() { i.says("groups", "root", "iss", "https://evil.example") }, nil)
	refused("a stranger's signature", "answer", func() { i.signer = stranger }, nil)
	refused("nobody", "answer", func() { i.says("groups", "root", "sub", "") }, nil)
	none := func() {}
	refused("another browser's state", "stale", none, func(to string) string { return strings.Replace(to, "state=", "state=x", 1) })
	refused("an answer of another issuer", "answer", none, func(to string) string { return strings.Replace(to, "iss=", "iss=x", 1) })
	refused("a code that nobody gave", "refused", none, func(to string) string { return strings.Replace(to, "code=code-", "code=made-up-", 1) })
	refused("a refusal", "refused", none, func(to string) string { return strings.Replace(to, "code=", "error=access_denied&x=", 1) })
	h.pass(16 * time.Minute)
	if a := h.visitor().get("/login/callback?code=x&state=y"); a.to != "/login?problem=stale" {
		t.Errorf("a way back that nobody began leads to %q", a.to)
	}
	if everybody, err := h.store.People(t.Context()); err != nil || len(everybody) != 0 {
		t.Errorf("%d people were made, %v", len(everybody), err)
	}
}

func TestGroupsMayStandDeepOrInUserinfo(t *testing.T) {
	h, i := withProvider(t, func(o *provider.Options) { o.Groups = "realm_access.roles" })
	i.more = map[string]any{"sub": "0815", "email": "mei@example.com", "realm_access": map[string]any{"roles": []string{"root"}}}
	if a := h.visitor().through(i, "/login/provider"); a.to != "/console" {
		t.Fatalf("groups of userinfo: to %q", a.to)
	}
	if p, err := h.store.PersonByName(t.Context(), "mei@example.com"); err != nil || p.Role != store.RoleAdministrator {
		t.Errorf("the person is %+v, %v", p, err)
	}
	i.more["sub"] = "4711"
	if a := h.visitor().through(i, "/login/provider"); a.to != "/login?problem=answer" {
		t.Errorf("userinfo about somebody else: to %q", a.to)
	}
	if _, err := people.First(t.Context(), h.store, h.now()); err == nil {
		t.Error("a login link is made although an administrator comes in by the provider")
	}
}

func TestWhatNeedsProofAsksTheProviderForIt(t *testing.T) {
	h, i := withProvider(t, nil)
	v := h.visitor()
	i.says("groups", "root", "preferred_username", "mei")
	v.through(i, "/login/provider") // by a login at the provider that nobody knows the age of
	a := v.post("/console/settings/keys", "name", "mine", "scope", "read")
	if a.status != http.StatusSeeOther || !strings.HasPrefix(a.to, "/login?again=1") {
		t.Fatalf("a key without proof = %d to %q", a.status, a.to)
	}
	page := v.get(a.to).body
	if !strings.Contains(page, "/login/provider?again=1") || strings.Contains(page, `name="password"`) {
		t.Errorf("the page asks for a password that there is not:\n%s", page)
	}
	i.says("groups", "root", "auth_time", h.now().Add(-time.Hour).Unix())
	if a := v.through(i, "/login/provider?again=1&next=/console/settings"); a.to != "/login?next=%2Fconsole%2Fsettings&problem=old" {
		t.Errorf("a log-in of an hour ago counts as proof: to %q", a.to)
	}
	if i.asked.Get("prompt") != "login" || i.asked.Get("max_age") != "0" {
		t.Errorf("the provider was asked %v", i.asked)
	}
	i.says("groups", "root", "sub", "somebody else")
	if a := v.through(i, "/login/provider?again=1"); !strings.Contains(a.to, "problem=other") {
		t.Errorf("somebody else's proof: to %q", a.to)
	}
	i.says("groups", "root")
	if a := v.through(i, "/login/provider?again=1&next=/console/settings"); a.to != "/console/settings" {
		t.Fatalf("the proof leads to %q", a.to)
	}
	if a := v.post("/console/settings/keys", "name", "mine", "scope", "read"); a.status != http.StatusOK {
		t.Errorf("a key after the proof = %d to %q", a.status, a.to)
	}
}

func TestAProviderThatIsAwayKeepsNobodyElseOut(t *testing.T) {
	h, i := withProvider(t, nil)
	i.server.Close()
	v := h.visitor()
	if a := v.get("/login/provider"); a.status != http.StatusSeeOther || a.to != "/login?problem=away" {
		t.Errorf("a provider that is away = %d to %q", a.status, a.to)
	}
	h.person("lin", store.RoleSupport)
	if a := v.post("/login", "name", "lin", "password", secretPassword); a.status != http.StatusSeeOther {
		t.Errorf("a password meanwhile = %d", a.status)
	}
	other := newHouse(t)
	if a := other.visitor().get("/login/provider"); a.status != http.StatusNotFound {
		t.Errorf("without a provider its way = %d", a.status)
	}
}

func TestWhomTheProviderPutsOutIsOutWithinTheHour(t *testing.T) {
	h, i := withProvider(t, nil)
	v := h.visitor()
	i.says("preferred_username", "Lin Mei", "groups", []string{"support-desk"})
	v.through(i, "/login/provider")
	for range 2 { // whoever works is not put out by being idle
		h.pass(25 * time.Minute)
		if a := v.get("/console"); a.status != http.StatusOK {
			t.Fatalf("within the hour the overview = %d", a.status)
		}
	}
	h.pass(11 * time.Minute)
	if a := v.get("/console/grants"); a.to != "/login?next=%2Fconsole%2Fgrants" {
		t.Errorf("after an hour the page leads to %q, want back to the provider by way of the log-in", a.to)
	}
	if a := v.through(i, "/login/provider?next=/console/grants"); a.to != "/console/grants" {
		t.Errorf("whom the provider still knows comes to %q", a.to)
	}
}
