package toy_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// The app, and the account that the tests of the engine connect.
const (
	appKey  = "toy-1"
	account = "acc-1"
)

// simulator is the toy platform in a box: two accounts of two shops each. It shares nothing with the driver.
type simulator struct {
	*sim.Running
	URL string

	t    *testing.T
	kit  *sim.Kit
	same func() bool // a refresh brings the pair that was sent

	asked []string        // the kinds of token request that came
	left  map[string]bool // shops that went away
	own   string          // the app's own token that is accepted
	apps  int             // requests for it
}

// startSimulator runs the platform for an app of a profile.
func startSimulator(t *testing.T, profile string) *simulator {
	t.Helper()
	s := &simulator{t: t, left: map[string]bool{}}
	var rows []sim.Row
	for _, r := range newDriver().Spec().Catalogue.Rows() {
		rows = append(rows, sim.Row{Stage: r.Stage, Code: r.Code, Pattern: r.PatternText, When: r.When, Example: r.Example, Action: string(r.Action)})
	}
	maker := func(kit *sim.Kit, _ []sim.Row) sim.Simulator {
		s.build(kit)
		s.put(sim.Settings{"profile": profile})
		return s
	}
	running, err := sim.Start(t.Context(), sim.Options{Platforms: []sim.Platform{{Name: "toy", New: maker, Rows: rows}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := running.Close(); err != nil {
			t.Error(err)
		}
	})
	s.Running, s.URL = running, running.Base("toy")
	return s
}

func (s *simulator) build(kit *sim.Kit) {
	s.kit = kit
	s.same = kit.Options.Bool("same", false, "A refresh brings the pair that was sent.")
	kit.Faults.At(
		sim.Address{Path: "/authorize", Stages: []string{"authorize"}},
		sim.Address{Path: "/token", Stages: []string{"token", "refresh"}},
		sim.Address{Path: "/me", Stages: []string{"call"}},
		sim.Address{Path: "/me/", Stages: []string{"call"}},
	)
	for owner, shops := range map[string][]string{account: {"shop-1", "shop-2"}, "acc-2": {"shop-3", "shop-4"}} {
		kit.Shops.Add(sim.Shop{ID: owner, Kind: "account", Name: owner})
		for _, id := range shops {
			kit.Shops.Add(sim.Shop{ID: id, Kind: "shop", Name: id, Owner: owner})
		}
	}
}

// put sets settings of the app over what it has.
func (s *simulator) put(settings sim.Settings) *sim.App {
	app := s.kit.Apps.Find(appKey)
	if app == nil {
		app = s.kit.Apps.Put(appKey, sim.Settings{"key": appKey, "secret": secret, "ticket": "ticket-1"})
	}
	return s.kit.Apps.Put(app.ID, settings)
}

func (s *simulator) app() *sim.App { return s.kit.Apps.Find(appKey) }

func (s *simulator) AddApp(settings sim.Settings) (*sim.App, error) {
	if settings.Text("key") != appKey {
		return nil, errors.New("this platform has one app: " + appKey)
	}
	return s.put(settings), nil
}

func (s *simulator) AddShops(sim.ShopOrder) (sim.ShopsMade, error) {
	return sim.ShopsMade{}, errors.New("this platform has the shops that it has")
}

// Revoke ends what an account gave, and names one of its shops in a message to the app.
func (s *simulator) Revoke(subject string) error {
	s.kit.Ledger.Revoke(appKey, holder(subject))
	for _, shop := range s.kit.Shops.OwnedBy(subject)[:1] {
		body := "revoked " + shop.ID
		mac := hmac.New(sha256.New, []byte(s.app().Text("secret")))
		mac.Write([]byte(body))
		header := http.Header{"Sign": {hex.EncodeToString(mac.Sum(nil))}}
		s.kit.Pushes.Send(sim.Push{App: appKey, Subject: subject, URL: s.app().Text("push_url"), Header: header, Body: []byte(body)})
	}
	return nil
}

func holder(account string) sim.Subject { return sim.Subject{Kind: "account", ID: account} }

func (s *simulator) Identify(r *http.Request) sim.Identity {
	id := sim.Identity{App: appKey}
	switch {
	case r.URL.Path == "/authorize":
		id.Stage = "authorize"
	case r.URL.Path == "/token" && r.PostFormValue("grant") == "code":
		id.Stage = "token"
	case r.URL.Path == "/token":
		id.Stage = "refresh"
	case r.URL.Path == "/me" || strings.HasPrefix(r.URL.Path, "/me/"):
		id.Stage = "call"
	}
	return id
}

// Say refuses a request: a page by sending the merchant back, anything else with an object.
func (s *simulator) Say(w http.ResponseWriter, r *http.Request, row sim.Row) {
	if r.URL.Path == "/authorize" {
		s.back(w, r, url.Values{"error": {row.Code}})
		return
	}
	s.kit.Call(r).Refuse("%s", row.Code)
	s.answer(w, map[string]any{"error": row.Code})
}

func (s *simulator) refuse(w http.ResponseWriter, r *http.Request, code string) {
	s.Say(w, r, sim.Row{Code: code})
}

func (s *simulator) answer(w http.ResponseWriter, members map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(members) // a client that hung up is told nothing
}

// back sends the merchant's browser to the app.
func (s *simulator) back(w http.ResponseWriter, r *http.Request, with url.Values) {
	with.Set("state", r.URL.Query().Get("state"))
	http.Redirect(w, r, r.URL.Query().Get("back")+"?"+with.Encode(), http.StatusFound)
}

// ServeHTTP is the platform.
func (s *simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch s.Identify(r).Stage {
	case "authorize":
		s.authorize(w, r)
	case "token", "refresh":
		s.token(w, r)
	case "call":
		s.call(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (s *simulator) authorize(w http.ResponseWriter, r *http.Request) {
	who := r.PostFormValue(sim.FieldAccount)
	switch {
	case r.PostFormValue(sim.FieldDecision) == sim.Deny:
		s.back(w, r, url.Values{"error": {"denied"}})
	case who == "":
		choices := []sim.Choice{{Value: account, Label: "One"}, {Value: "acc-2", Label: "Two"}}
		fields := []sim.Field{{Name: sim.FieldAccount, Options: choices}}
		s.kit.Show(w, r, sim.Page{Title: "Agree", Form: &sim.Form{Fields: fields, Buttons: sim.AgreeButtons()}})
	default:
		code := s.kit.Ledger.AddCode(sim.Code{Code: sim.Random(12), App: appKey, Subject: holder(who), Ends: s.kit.Now().Add(10 * time.Minute)})
		s.back(w, r, url.Values{"code": {code.Code}, "account": {who}})
	}
}

// rotation is what a refresh does to the pair before. The profile once lets the access token live on for a while.
func (s *simulator) rotation() sim.Rotation {
	if s.app().Text("profile") == "once" {
		return sim.Rotation{Overlap: 200 * time.Minute}
	}
	return sim.Rotation{}
}

func (s *simulator) token(w http.ResponseWriter, r *http.Request) {
	grant, token := r.PostFormValue("grant"), r.PostFormValue("token")
	if r.PostFormValue("secret") != s.app().Text("secret") {
		s.refuse(w, r, "secret")
		return
	}
	if grant == "app" {
		s.giveOwn(w, r, token)
		return
	}
	s.asked = append(s.asked, grant)
	switch ledger := s.kit.Ledger; {
	case s.own == "" || r.PostFormValue("app") != s.own:
		s.refuse(w, r, "app")
	case grant == "code":
		s.trade(w, r, ledger.Code(token))
	case grant == "access" && ledger.AccessState(ledger.ByAccess(token), s.rotation()) == sim.Alive:
		s.give(w, s.mint(ledger.ByAccess(token).Subject))
	case grant == "refresh" && ledger.RefreshState(ledger.ByRefresh(token), s.rotation()) == sim.Alive:
		s.refresh(w, ledger.ByRefresh(token))
	default:
		s.refuse(w, r, "spent")
	}
}

// trade gives the pair of a code, and the same one again as long as the code lives and nothing came after it.
func (s *simulator) trade(w http.ResponseWriter, r *http.Request, code *sim.Code) {
	switch s.kit.Ledger.CodeState(code) {
	case sim.Alive:
		s.kit.Ledger.Spend(code)
		pair := s.mint(code.Subject)
		code.Data = pair
		s.give(w, pair)
	case sim.Spent:
		if pair, ok := code.Data.(*sim.Pair); ok && s.kit.Ledger.Latest(appKey, code.Subject) == pair {
			s.give(w, pair)
			return
		}
		s.refuse(w, r, "spent")
	default:
		s.refuse(w, r, "spent")
	}
}

func (s *simulator) refresh(w http.ResponseWriter, pair *sim.Pair) {
	if s.same() {
		s.answer(w, s.members(pair, true))
		return
	}
	s.give(w, s.mint(pair.Subject))
}

// mint makes the pair that lives from here on, and ends the one before.
func (s *simulator) mint(subject sim.Subject) *sim.Pair {
	now := s.kit.Now()
	return s.kit.Ledger.Issue(sim.Pair{
		App: appKey, Subject: subject, Access: sim.Random(12), Refresh: sim.Random(12),
		ExpiresAt: now.Add(4 * time.Hour), RefreshExpiresAt: now.Add(90 * 24 * time.Hour),
	})
}

func (s *simulator) give(w http.ResponseWriter, pair *sim.Pair) { s.answer(w, s.members(pair, false)) }

func (s *simulator) members(pair *sim.Pair, same bool) map[string]any {
	left := int64(pair.ExpiresAt.Sub(s.kit.Now()).Round(time.Second) / time.Second)
	return map[string]any{
		"access_token": pair.Access, "refresh_token": pair.Refresh, "account": pair.Subject.ID, "expires_in": left, "same": same,
	}
}

// giveOwn gives the app's own token for the ticket that was pushed.
func (s *simulator) giveOwn(w http.ResponseWriter, r *http.Request, ticket string) {
	if s.apps++; ticket != s.app().Text("ticket") {
		s.refuse(w, r, "ticket")
		return
	}
	s.own = sim.Random(12)
	s.answer(w, map[string]any{"access_token": s.own, "expires_in": 2 * 3600})
}

func (s *simulator) call(w http.ResponseWriter, r *http.Request) {
	pair := s.kit.Ledger.ByAccess(r.Header.Get("Token"))
	if s.kit.Ledger.AccessState(pair, s.rotation()) != sim.Alive {
		s.refuse(w, r, "gone")
		return
	}
	var shops []string
	for _, shop := range s.kit.Shops.OwnedBy(pair.Subject.ID) {
		if !s.left[shop.ID] {
			shops = append(shops, shop.ID)
		}
	}
	if len(shops) == 0 {
		s.refuse(w, r, "gone")
		return
	}
	s.kit.Ledger.Use(pair)
	s.kit.Call(r).Accept("")
	s.answer(w, map[string]any{"account": pair.Subject.ID, "shops": shops})
}

// do changes the platform, or looks at it, while it rests.
func (s *simulator) do(f func()) { s.kit.Do(f) }

// leave takes a shop out of its account.
func (s *simulator) leave(shop string) { s.do(func() { s.left[shop] = true }) }

// set sets settings of the app, as in the platform's console.
func (s *simulator) set(settings sim.Settings) { s.do(func() { s.put(settings) }) }

// rotate has the platform accept another ticket, and the app's own token end.
func (s *simulator) rotate(ticket string) {
	s.do(func() {
		s.put(sim.Settings{"ticket": ticket})
		s.own = ""
	})
}

// grants tells which kinds of token request came.
func (s *simulator) grants() (asked []string) {
	s.do(func() { asked = slices.Clone(s.asked) })
	return asked
}

// issue gives an access token outside of any authorization, as an old one that somebody kept, and returns it.
func (s *simulator) issue() (access string) {
	s.do(func() {
		pair := s.kit.Ledger.Issue(sim.Pair{App: appKey, Subject: holder(account), Access: sim.Random(12), ExpiresAt: s.kit.Now().Add(4 * time.Hour)})
		access = pair.Access
	})
	return access
}

// living returns the access token of the account that the platform accepts.
func (s *simulator) living() (access string) {
	s.do(func() { access = s.kit.Ledger.Latest(appKey, holder(account)).Access })
	return access
}

// ownAsked counts the requests for the app's own token.
func (s *simulator) ownAsked() (n int) {
	s.do(func() { n = s.apps })
	return n
}

// ownToken returns the app's own token that the platform accepts.
func (s *simulator) ownToken() (token string) {
	s.do(func() { token = s.own })
	return token
}

// control makes a control call and returns what its answer says under a name.
func (s *simulator) control(path, body, name string) string {
	s.t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, s.Control()+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }() // only read from
	var said map[string]any
	if err := json.NewDecoder(res.Body).Decode(&said); err != nil || res.StatusCode != http.StatusOK {
		s.t.Fatalf("%s %s: status %d, %v, %v", path, body, res.StatusCode, said, err)
	}
	text, _ := said[name].(string)
	return text
}

// agree acts as the merchant of the account and returns the address to which the platform sends the browser.
func (s *simulator) agree(link string) string {
	s.t.Helper()
	order, err := json.Marshal(map[string]any{"url": link, "account": account})
	if err != nil {
		s.t.Fatal(err)
	}
	return s.control("/toy/consent", string(order), "callback")
}
