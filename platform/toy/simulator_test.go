package toy_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
)

// simulator is the toy platform: one account with two shops.
type simulator struct {
	*httptest.Server

	mu              sync.Mutex
	made            int
	code            string
	access, refresh string // of the living pair
	shops           []string
	same            bool // a refresh brings the pair that was sent
	asked           []string
	traded          string // the code of before, which brings the same pair again
	ticket, app     string // what the platform pushed, and the app's own token
	apps            int    // requests for the app's own token
	secret          string // of the app
	lose            int    // so many answers to token requests are cut off
}

const account = "acc-1"

func startSimulator(t *testing.T) *simulator {
	t.Helper()
	s := &simulator{shops: []string{"shop-1", "shop-2"}, ticket: "ticket-1", secret: secret}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

// ServeHTTP is the platform.
func (s *simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch r.URL.Path {
	case "/authorize":
		q := r.URL.Query()
		s.made++
		s.code = fmt.Sprintf("code-%d", s.made)
		back := url.Values{"code": {s.code}, "state": {q.Get("state")}, "account": {account}}
		http.Redirect(w, r, q.Get("back")+"?"+back.Encode(), http.StatusFound)
	case "/token":
		s.token(w, r)
	case "/me":
		if r.Header.Get("Token") != s.access || len(s.shops) == 0 {
			s.say(w, said{Error: "gone"})
			return
		}
		s.say(w, said{Account: account, Shops: s.shops})
	}
}

func (s *simulator) token(w http.ResponseWriter, r *http.Request) {
	grant, token := r.PostFormValue("grant"), r.PostFormValue("token")
	if grant == "app" {
		s.own(w, token)
		return
	}
	s.asked = append(s.asked, grant)
	if s.app == "" || r.PostFormValue("app") != s.app {
		s.say(w, said{Error: "app"})
		return
	}
	want := map[string]string{"code": s.code, "refresh": s.refresh, "access": s.access}[grant]
	if s.lose > 0 {
		s.lose--
		defer panic(http.ErrAbortHandler)
	}
	if grant == "code" && token != "" && token == s.traded {
		s.say(w, said{Access: s.access, Refresh: s.refresh, Account: account, Left: 4 * 3600})
		return
	}
	if token == "" || token != want || r.PostFormValue("secret") != s.secret {
		s.say(w, said{Error: "spent"})
		return
	}
	same := grant == "refresh" && s.same
	if !same {
		s.traded, s.code = s.code, ""
		s.mint()
	}
	s.say(w, said{Access: s.access, Refresh: s.refresh, Account: account, Left: 4 * 3600, Same: same})
}

// own gives the app's own token for the ticket that was pushed.
func (s *simulator) own(w http.ResponseWriter, ticket string) {
	if s.apps++; ticket != s.ticket {
		s.say(w, said{Error: "ticket"})
		return
	}
	s.made++
	s.app = fmt.Sprintf("app-%d", s.made)
	s.say(w, said{Access: s.app, Left: 2 * 3600})
}

// mint makes the pair that lives from here on, and ends the one before.
func (s *simulator) mint() {
	s.made++
	s.access, s.refresh = fmt.Sprintf("access-%d", s.made), fmt.Sprintf("refresh-%d", s.made)
}

func (s *simulator) say(w http.ResponseWriter, a said) {
	_ = json.NewEncoder(w).Encode(a) // a client that hung up is told nothing
}

// leave takes a shop out of the account.
func (s *simulator) leave(shop string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shops = slices.DeleteFunc(s.shops, func(id string) bool { return id == shop })
}

// turn sets the switch for the same pair.
func (s *simulator) turn(same bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.same = same
}

// cut has so many answers to token requests be lost on their way.
func (s *simulator) cut(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lose = n
}

// grants tells which kinds of token request came.
func (s *simulator) grants() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

// issue gives a token outside of any authorization, as an old one that somebody kept, and returns it.
func (s *simulator) issue() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mint()
	s.refresh = ""
	return s.access
}

// living returns the access token that the platform accepts.
func (s *simulator) living() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.access
}

// rotate has the platform accept another ticket, and the app's own token end.
func (s *simulator) rotate(ticket string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ticket, s.app = ticket, ""
}

// ownAsked counts the requests for the app's own token.
func (s *simulator) ownAsked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.apps
}

// appToken returns the app's own token that the platform accepts.
func (s *simulator) appToken() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.app
}

// accept has the platform take another secret of the app.
func (s *simulator) accept(secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secret = secret
}
