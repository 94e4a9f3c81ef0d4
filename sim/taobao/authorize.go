package taobao

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"

	"github.com/grantkeep/grantkeep/sim"
)

// loginCookie keeps a browser logged in, if the switch says so.
const loginCookie = "_tb_account"

// steps of the authorize page, told in a hidden field.
const (
	stepLogin = "login"
	stepAgree = "agree"
)

// authorize is the page on which an account logs in and agrees. Whoever has a grant that runs is sent back at once.
func (s *simulator) authorize(w http.ResponseWriter, r *http.Request) {
	link := r.URL.Query()
	if code, text := s.wrongLink(r.Method, link); text != "" {
		s.authorizeError(w, r, link, code, text)
		return
	}
	step := r.PostFormValue("step")
	if r.PostFormValue(sim.FieldDecision) == sim.Deny {
		s.authorizeError(w, r, link, accessDenied, rejected)
		return
	}
	named := r.PostFormValue(sim.FieldAccount)
	if cookie, err := r.Cookie(loginCookie); err == nil && step == "" && s.options.rememberMe() {
		named = cookie.Value
	}
	account := s.kit.Shops.Find("account", named)
	if account == nil {
		s.kit.Show(w, r, s.logIn(link))
		return
	}
	if s.options.rememberMe() {
		http.SetCookie(w, &http.Cookie{Name: loginCookie, Value: account.ID, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	}
	s.arrive(w, r, link, account, step == stepAgree)
}

// wrongLink returns the refusal that an authorization link deserves, empty if it is right.
func (s *simulator) wrongLink(method string, link url.Values) (code, text string) {
	app := s.kit.Apps.Find(link.Get("client_id"))
	redirect, kind := link.Get("redirect_uri"), link.Get("response_type")
	scheme, _, _ := strings.Cut(redirect, ":")
	switch {
	case method != http.MethodGet && method != http.MethodPost:
		return "", wrongMethod
	case hasXSS(link):
		return "", xss
	case link.Get("client_id") == "":
		return "", noClient
	case kind == "":
		return "", "response_type is empty"
	case kind != "code" && (kind != "token" || !s.options.browserFlow()):
		return "", "unsupported response type, the response type must code or token"
	case app == nil:
		return "", unknownClient + link.Get("client_id")
	case is(app, "blacklisted"):
		return "", blacklisted
	case app.Text("stage") == "draft":
		return "", notPublished
	case is(app, "no_session"):
		return "", needsNoSession
	case redirect == "" && kind == "code":
		return "", noRedirect
	case s.returnTo(link) == outOfBand:
		return "", ""
	case redirect != "" && !s.callbackMatches(app, redirect):
		return invalidClient, mismatch
	case redirect != "" && scheme != "http" && scheme != "https":
		return "", "only support http or https"
	}
	if at, err := url.Parse(s.returnTo(link)); err != nil || at.Host == "" {
		return "", wrongRedirect
	}
	return "", ""
}

// outOfBand is the address of desktop apps: the code is shown on the page.
const outOfBand = "urn:ietf:wg:oauth:2.0:oob"

// returnTo is where a link sends the seller: the browser-side flow may leave it to the registered callback.
func (s *simulator) returnTo(link url.Values) string {
	app := s.kit.Apps.Find(link.Get("client_id"))
	if app == nil {
		return link.Get("redirect_uri")
	}
	return cmp.Or(link.Get("redirect_uri"), app.Text("redirect_uri"))
}

// looks are the titles of the views.
var looks = map[string]string{"tmall": "天猫 Tmall", "wap": "手机淘宝 Taobao mobile"}

func look(link url.Values) string { return cmp.Or(looks[link.Get("view")], "淘宝网 Taobao") }

// buttons of the two pages; the platform's cancel ends the authorization on each of them.
func buttons(yes string) []sim.Button {
	return []sim.Button{
		{Name: sim.FieldDecision, Value: sim.Approve, Label: yes},
		{Name: sim.FieldDecision, Value: sim.Deny, Label: "取消 Cancel"},
	}
}

func (s *simulator) logIn(link url.Values) sim.Page {
	return sim.Page{
		Title: look(link) + " 登录 Log in",
		Form: &sim.Form{
			Action:  "/authorize?" + link.Encode(),
			Hidden:  map[string]string{"step": stepLogin},
			Fields:  []sim.Field{s.accountField("账号 Account", s.kit.Shops.All())},
			Buttons: buttons("登录 Log in"),
		},
	}
}

func (s *simulator) accountField(label string, accounts []*sim.Shop) sim.Field {
	field := sim.Field{Name: sim.FieldAccount, Label: label}
	for _, account := range accounts {
		field.Options = append(field.Options, sim.Choice{Value: account.ID, Label: account.Name + " (" + account.ID + ")"})
	}
	return field
}

// arrive goes on with an account that has logged in.
func (s *simulator) arrive(w http.ResponseWriter, r *http.Request, link url.Values, account *sim.Shop, agreed bool) {
	app := s.kit.Apps.Find(link.Get("client_id"))
	s.kit.Call(r).About(app.ID, subject(app, account).ID)
	if code, text := s.mayNot(app, account); text != "" {
		s.authorizeError(w, r, link, code, text)
		return
	}
	if !agreed && s.live(app, account) == nil {
		s.kit.Show(w, r, sim.Page{
			Title: look(link) + " 授权 Authorize",
			Text:  []string{"账号 Account: " + account.Name, "应用 App: " + app.Title()},
			Form: &sim.Form{
				Action:  "/authorize?" + link.Encode(),
				Hidden:  map[string]string{"step": stepAgree, sim.FieldAccount: account.ID},
				Buttons: buttons("授权 Authorize"),
			},
		})
		return
	}
	g := s.begin(app, account)
	if link.Get("response_type") == "token" {
		s.sendToken(w, r, link, s.issue(app, account, g))
		return
	}
	code := s.kit.Ledger.AddCode(sim.Code{
		Code: sim.Random(24) + sim.Digits(8), App: app.ID, Subject: subject(app, account),
		Redirect: link.Get("redirect_uri"), Ends: s.kit.Now().Add(s.options.codeLife()), Data: account,
	})
	s.kit.Call(r).Accept("code given")
	if link.Get("redirect_uri") == outOfBand {
		s.kit.Show(w, r, sim.Page{Title: "授权成功 Authorized", Text: []string{"code: " + code.Code}})
		return
	}
	s.sendBack(w, r, link, object{{"code", code.Code}}, true)
}

// sendBack redirects to the app.
func (s *simulator) sendBack(w http.ResponseWriter, r *http.Request, link url.Values, back object, withState bool) {
	at, err := url.Parse(s.returnTo(link))
	if err != nil {
		panic(err) // wrongLink has parsed it
	}
	if link.Has("state") && withState {
		back = append(back, field{"state", link.Get("state")})
	}
	parts := []string{}
	if at.RawQuery != "" {
		parts = append(parts, at.RawQuery)
	}
	for _, f := range back {
		// The platform writes blanks as %20.
		parts = append(parts, f.name+"="+strings.ReplaceAll(url.QueryEscape(f.value.(string)), "+", "%20"))
	}
	at.RawQuery = strings.Join(parts, "&")
	http.Redirect(w, r, at.String(), http.StatusFound)
}

// authorizeError tells why an authorization is refused: on the platform's own page, or at the callback.
func (s *simulator) authorizeError(w http.ResponseWriter, r *http.Request, link url.Values, code, text string) {
	where := s.options.authorizeErrors()
	trusted := code != notBound && text != mismatch && !strings.HasPrefix(text, boundTo) && text != blacklisted
	if where == "documented" && code != invalidClient && code != accessDenied || where == "page" {
		trusted = false
	}
	if _, wrong := s.wrongLink(http.MethodGet, link); trusted && wrong == "" && s.returnTo(link) != outOfBand {
		s.kit.Call(r).Refuse("%s", strings.TrimSpace(code+" "+text))
		s.sendBack(w, r, link, object{{"error", cmp.Or(code, s.options.otherError())}, {"error_description", text}}, s.options.errorState())
		return
	}
	if code != "" && code != invalidClient && code != accessDenied {
		text = code + ": " + text // a page error has a number
	}
	s.kit.Show(w, r, sim.Page{Status: http.StatusBadRequest, Title: "授权失败 Authorization failed", Refusal: text})
}

// logOff ends the browser's log-in. The grants live on.
func (s *simulator) logOff(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("view") != "wap" {
		http.SetCookie(w, &http.Cookie{Name: loginCookie, Path: "/", MaxAge: -1})
	}
	link := r.URL.Query()
	app := s.kit.Apps.Find(link.Get("client_id"))
	at, err := url.Parse(link.Get("redirect_uri"))
	if app != nil && err == nil && at.Host != "" && s.callbackMatches(app, at.String()) && (at.Scheme == "http" || at.Scheme == "https") {
		http.Redirect(w, r, at.String(), http.StatusFound)
		return
	}
	s.kit.Show(w, r, sim.Page{Title: "已退出 Logged off", Text: []string{"授权不受影响。The grants live on."}})
}
