package shopee

import (
	"net/http"
	"net/url"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// session is one visit to the authorization pages. Its page has a random address and lives for minutes; only the link
// itself opens another.
type session struct {
	random   string
	app      *sim.App
	cancel   bool
	redirect string
	state    string
	opened   time.Time
	step     step
	account  *sim.Shop // who has logged in
}

type step int

const (
	stepLogin step = iota
	stepSMS
	stepDecide
)

// openLink is the fixed page with unsigned parameters, for authorizing and for cancelling.
func (s *simulator) openLink(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	app, f := s.unsigned(q)
	if f == nil {
		f = s.linkable(app, q.Get("redirect_uri"))
	}
	if f != nil {
		s.refuse(w, r, f)
		return
	}
	s.open(w, r, session{app: app, cancel: r.URL.Path == "/cancel_auth", redirect: q.Get("redirect_uri"), state: q.Get("state")})
}

func (s *simulator) unsigned(q url.Values) (*sim.App, *refusal) {
	id := q.Get("partner_id")
	switch {
	case id == "":
		return nil, no("error_param", "There is no partner_id in query.", "no partner_id in the link")
	case !s.inRange(id):
		return nil, no("error_param", "Partner_id is invalid, should be an integer between 0 and 4294967295.", "partner_id is no such integer")
	case q.Get("auth_type") != "seller":
		return nil, paramInvalid("auth_type is not seller, the one that this simulator knows")
	case q.Get("response_type") != "code":
		return nil, paramInvalid("response_type is not code")
	}
	app := s.kit.Apps.Find(id)
	if app == nil {
		return nil, s.stranger()
	}
	return app, nil
}

// signedLink is the link whose sign covers path and timestamp but not the redirect.
func (s *simulator) signedLink(w http.ResponseWriter, r *http.Request) {
	app, f := s.signed(r, "")
	redirect := r.URL.Query().Get("redirect")
	if f == nil {
		f = s.linkable(app, redirect)
	}
	if f != nil {
		s.refuse(w, r, f)
		return
	}
	s.open(w, r, session{app: app, cancel: r.URL.Path == pathCancel, redirect: redirect})
}

// linkable checks what both forms of the link have in common.
func (s *simulator) linkable(app *sim.App, redirect string) *refusal {
	switch app.Text("status") {
	case appDeleted:
		return no("error_auth", "The App is deleted, and you'll be unable to make any API call.", "the app is deleted")
	case appFrozen:
		return no("partner_frozen", "The partner is frozen.", "the partner is frozen")
	case appAuthRestricted, appSuspended:
		return no("error_auth", textRestricted, "the app may not be authorized")
	}
	to, err := url.Parse(redirect)
	if err != nil || to.Scheme == "" || to.Host == "" {
		return paramInvalid("the redirect is no address")
	}
	if !sameDomain(app, redirect) {
		return no("error_param", textDomain, "the redirect's domain is not the declared one")
	}
	return nil
}

func (s *simulator) open(w http.ResponseWriter, r *http.Request, visit session) {
	if visit.app.Text("status") == appDeveloping && !sandbox(visit.app) {
		s.kit.Show(w, r, sim.Page{Title: "应用未上线 App not online", Refusal: appDeveloping})
		return
	}
	visit.random, visit.opened = sim.Hex(16), s.kit.Now()
	for random, old := range s.sessions {
		if s.late(old) {
			delete(s.sessions, random)
		}
	}
	s.sessions[visit.random] = &visit
	flag := "auth_shop"
	if visit.cancel {
		flag = "cancel_auth_shop"
	}
	to := url.Values{"random": {visit.random}, flag: {"True"}, "id": {visit.app.ID}}
	http.Redirect(w, r, "/authorize?"+to.Encode(), http.StatusFound)
}

func (s *simulator) late(visit *session) bool {
	return s.kit.Now().Sub(visit.opened) >= s.options.pageLife()
}

// visit returns the session of a page, nil if there is none or it is too late.
func (s *simulator) visit(r *http.Request) *session {
	visit := s.sessions[r.URL.Query().Get("random")]
	if visit == nil || s.late(visit) {
		return nil
	}
	s.kit.Call(r).About(visit.app.ID, accountID(visit))
	return visit
}

func accountID(visit *session) string {
	if visit.account == nil {
		return ""
	}
	return visit.account.ID
}

func (s *simulator) overtime(w http.ResponseWriter, r *http.Request) {
	s.kit.Show(w, r, sim.Page{Title: "超时 Too late", Refusal: textOvertime, Text: []string{"请重新打开授权链接。Open the authorization link again; reloading this page does not help."}})
}

// showPage asks the next question of a visit.
func (s *simulator) showPage(w http.ResponseWriter, r *http.Request) {
	visit := s.visit(r)
	if visit == nil {
		s.overtime(w, r)
		return
	}
	s.ask(w, r, visit, "")
}

// submitPage takes an answer of the seller.
func (s *simulator) submitPage(w http.ResponseWriter, r *http.Request) {
	visit := s.visit(r)
	if visit == nil {
		s.overtime(w, r)
		return
	}
	if err := r.ParseForm(); err != nil {
		http.Error(w, "form: "+err.Error(), http.StatusBadRequest)
		return
	}
	switch visit.step {
	case stepLogin:
		s.login(w, r, visit)
	case stepSMS:
		s.confirm(w, r, visit)
	default:
		s.decide(w, r, visit)
	}
}
