package shopeev1

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

const (
	pathAuthorize = "/api/v1/shop/auth_partner"
	pathCancel    = "/api/v1/shop/cancel_auth_partner"
)

// linkToken is the proof of a link: a plain SHA-256 over key and redirect, the redirect not encoded.
func linkToken(key, redirect string) string {
	sum := sha256.Sum256([]byte(key + redirect))
	return hex.EncodeToString(sum[:])
}

// session is one visit to the pages behind a link. Its page has a random address and lives for minutes; the link itself
// does not age.
type session struct {
	random   string
	app      *sim.App
	cancel   bool
	redirect string
	opened   time.Time
	shop     *sim.Shop // who has logged in
	known    bool      // the SMS code was right
}

func (s *simulator) openLink(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	app, redirect := s.app(q.Get("id")), q.Get("redirect")
	if app == nil {
		s.refuse(w, r, no("error_auth", "Invalid token", "no app of this host has this id"))
		return
	}
	if !hmac.Equal([]byte(q.Get("token")), []byte(linkToken(app.Text("partner_key"), redirect))) {
		s.refuse(w, r, no("error_auth", "Invalid token", "token is not the hash of key and redirect"))
		return
	}
	if to, err := url.Parse(redirect); err != nil || to.Scheme == "" || to.Host == "" {
		s.refuse(w, r, s.badParam(textParam, "the redirect is no address"))
		return
	}
	if status := app.Text("status"); status != approved {
		s.kit.Show(w, r, sim.Page{Title: "应用未通过审核 App not approved", Refusal: status})
		return
	}
	for random, old := range s.sessions {
		if s.late(old) {
			delete(s.sessions, random)
		}
	}
	visit := &session{random: sim.Hex(16), app: app, cancel: r.URL.Path == pathCancel, redirect: redirect, opened: s.kit.Now()}
	s.sessions[visit.random] = visit
	flag := "auth_shop"
	if visit.cancel {
		flag = "cancel_auth_shop"
	}
	to := url.Values{"random": {visit.random}, flag: {"True"}, "id": {app.ID}}
	http.Redirect(w, r, "/authorize?"+to.Encode(), http.StatusFound)
}

func (s *simulator) late(visit *session) bool {
	return s.kit.Now().Sub(visit.opened) >= s.options.pageLife()
}

// visit returns the session of a page; nil, and the page that says so, if there is none or it is too late.
func (s *simulator) visit(w http.ResponseWriter, r *http.Request) *session {
	visit := s.sessions[r.URL.Query().Get("random")]
	if visit == nil || s.late(visit) {
		s.overtime(w, r)
		return nil
	}
	subject := ""
	if visit.shop != nil {
		subject = visit.shop.ID
	}
	s.kit.Call(r).About(visit.app.ID, subject)
	return visit
}

func (s *simulator) overtime(w http.ResponseWriter, r *http.Request) {
	s.kit.Show(w, r, sim.Page{Title: "超时 Too late", Refusal: textOvertime, Text: []string{"请重新打开授权链接。Open the authorization link again; reloading this page does not help."}})
}

func (s *simulator) showPage(w http.ResponseWriter, r *http.Request) {
	if visit := s.visit(w, r); visit != nil {
		s.ask(w, r, visit, "")
	}
}

func (s *simulator) submitPage(w http.ResponseWriter, r *http.Request) {
	visit := s.visit(w, r)
	if visit == nil {
		return
	}
	if err := r.ParseForm(); err != nil {
		http.Error(w, "form: "+err.Error(), http.StatusBadRequest)
		return
	}
	switch {
	case visit.shop == nil:
		s.login(w, r, visit)
	case !visit.known:
		visit.known = r.PostForm.Get(fieldSMS) == smsCode
		wrong := ""
		if !visit.known {
			wrong = "验证码不正确 Wrong code. It is " + smsCode + " here."
		}
		s.ask(w, r, visit, wrong)
	default:
		s.decide(w, r, visit)
	}
}

// login takes the shop's account. A developer's account is another thing and unknown here.
func (s *simulator) login(w http.ResponseWriter, r *http.Request, visit *session) {
	visit.shop = s.shops[r.PostForm.Get(sim.FieldAccount)]
	if visit.shop == nil {
		s.ask(w, r, visit, "Your account and/or password is incorrect, please try again")
		return
	}
	s.ask(w, r, visit, "")
}

// decide does what the seller pressed, and ends the visit.
func (s *simulator) decide(w http.ResponseWriter, r *http.Request, visit *session) {
	delete(s.sessions, visit.random)
	if r.PostForm.Get(sim.FieldDecision) != sim.Approve {
		s.kit.Call(r).Refuse("the seller refused")
		if s.options.refusal() == "redirects" {
			s.sendBack(w, visit)
			return
		}
		s.kit.Show(w, r, sim.Page{Title: "没有授权 Not authorized", Text: []string{"可以关闭这个页面。You can close this page."}})
		return
	}
	shopID := "shop_id=" + visit.shop.ID
	if !visit.cancel {
		s.give(visit.app, visit.shop)
		if s.options.extraCode() {
			s.sendBack(w, visit, "code="+sim.Hex(32), shopID)
			return
		}
		s.sendBack(w, visit, shopID)
		return
	}
	if x := s.linked[linkKey{visit.app.ID, visit.shop.ID}]; x != nil && x.state == linkAlive {
		s.cancel(x)
	}
	switch s.options.cancelRedirect() {
	case "stays":
		s.kit.Show(w, r, sim.Page{Title: "已取消授权 Cancelled"})
	case "shop_id":
		s.sendBack(w, visit, shopID)
	default:
		s.sendBack(w, visit)
	}
}

// sendBack redirects the browser, with parameters after those that the redirect has of its own.
func (s *simulator) sendBack(w http.ResponseWriter, visit *session, params ...string) {
	base, fragment, hasFragment := strings.Cut(visit.redirect, "#")
	glue := "?"
	if strings.Contains(base, "?") {
		glue = "&"
	}
	if len(params) > 0 {
		base += glue + strings.Join(params, "&")
	}
	if hasFragment {
		base += "#" + fragment
	}
	w.Header().Set("Location", base)
	w.WriteHeader(http.StatusFound)
}
