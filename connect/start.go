package connect

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/platform"
)

// longestForm is how much of a posted connect form is read, in bytes.
const longestForm = 16 << 10

// startPage is the page behind a link.
type startPage struct {
	page
	Title, Under, Button string // ids of texts
	Safe                 string // id of the text about the password
	NotNeeded            bool   // everything is well: the button is not what the merchant should press
	Account              string // which account to log in with
	Steps                []stepText
	Until                string // last day of the link
	AskShop              bool
	Replaces             bool   // what runs at present is cut off by another consent
	Period               string // id of the text that says which period to choose; empty: there is no choice
	Typed                string // what the merchant typed
	Mistake              string // id of the text that says what is wrong with it
	Paste                bool   // the merchant pastes a token
	Token, Where         string // what the platform calls it, and where it is found
	BadToken             string // id of the text that says what is wrong with it
}

// stepText is one step on the platform's page, in the page's language.
type stepText struct{ Title, Text string }

// start shows what a link is for. It changes nothing.
func (p *pages) start(w http.ResponseWriter, r *http.Request) error {
	visit, err := p.consent.Visit(r.Context(), r.PathValue("secret"))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Security-Policy", policy(formSources(visit.App)))
	return p.show(r.Context(), w, http.StatusOK, start(newStartPage(p.pageFor(r), visit)))
}

// press sends the browser to the platform's page, with a cookie by which the callback will know it.
func (p *pages) press(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, longestForm)
	if err := r.ParseForm(); err != nil {
		return &badRequest{err}
	}
	secret, shop := r.PathValue("secret"), r.PostForm.Get("shop")
	press := func() (consent.Pressed, error) { return p.consent.Press(r.Context(), secret, shop) }
	if r.PostForm.Has("token") {
		press = func() (consent.Pressed, error) {
			return p.consent.Paste(r.Context(), secret, shop, r.PostForm.Get("token"))
		}
	}
	pressed, err := press()
	var invalid *gk.Invalid
	if errors.As(err, &invalid) && (invalid.Field == "shop" || invalid.Field == "token") {
		return p.askAgain(w, r, secret, shop, invalid.Field)
	}
	if err != nil {
		return err
	}
	pressed.CookieValue += linkMark + secret
	p.leave(w, pressed)
	return nil
}

// askAgain shows the start page with what the merchant typed and why it does not do. A token is not shown again.
func (p *pages) askAgain(w http.ResponseWriter, r *http.Request, secret, shop, field string) error {
	visit, err := p.consent.Visit(r.Context(), secret)
	if err != nil {
		return err
	}
	s := newStartPage(p.pageFor(r), visit)
	s.Typed = shop
	if field == "token" {
		s.BadToken = "m.paste.bad"
	} else {
		s.Mistake = mistake(shop, visit.Spec.Facts.ShopSuffix)
	}
	w.Header().Set("Content-Security-Policy", policy(formSources(visit.App)))
	return p.show(r.Context(), w, http.StatusUnprocessableEntity, start(s))
}

// mistake names the text that tells a merchant why an address was refused.
func mistake(typed, suffix string) string {
	typed = strings.ToLower(strings.TrimSpace(typed))
	switch {
	case typed == "":
		return "m.host.empty"
	case strings.Contains(typed, ".") && !strings.HasSuffix(typed, suffix):
		return "m.host.custom"
	}
	return "m.host.bad"
}

// leave sets the browser's cookie and sends it to the platform.
func (p *pages) leave(w http.ResponseWriter, pressed consent.Pressed) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // G124: Secure is off on plain http only, which only loopback may have
		Name: pressed.CookieName, Value: pressed.CookieValue, Path: "/", MaxAge: int(pressed.CookieLife / time.Second),
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: p.secure(),
	})
	seeOther(w, pressed.URL)
}

// formSources is where the start page's form may lead. Browsers apply form-action to every redirect behind a form, and
// a platform's first page sends a merchant on to log-in hosts that its documents do not name: naming the first host
// alone leaves a button that does nothing. So any host of https is let through. What that gives up is small: a foreign
// form would have to get past templ's escaping, and the page has nothing to put into it. A simulator on plain http is
// named by the app's endpoints.
func formSources(app gk.App) string {
	sources := []string{"'self'", "https:"}
	for _, origin := range slices.Sorted(maps.Values(app.Endpoints)) {
		if strings.HasPrefix(origin, "http://") {
			sources = append(sources, strings.TrimSuffix(origin, "/"))
		}
	}
	return strings.Join(slices.Compact(sources), " ")
}

// newStartPage chooses the words of a start page.
func newStartPage(p page, v consent.Visit) startPage {
	facts := v.Spec.Facts
	p = p.about(v.App, v.Spec)
	p.Switch, p.HasForm = true, true
	p.Owner, p.Ref = v.Authorization.Owner, v.Authorization.Number()
	p.Shop = v.Authorization.Shop
	p.Minutes = int(time.Duration(facts.Link.Finish) / time.Minute)
	s := startPage{Title: "m.start.title", Under: "m.start.under", Button: "m.start.go", Safe: "m.start.safe", AskShop: v.AskShop, Replaces: v.Replaces}
	s.Until = dateIn(v.Spec, v.Authorization.ExpiresAt)
	switch {
	case v.Authorization.Kind == gk.KindCancel:
		s.Title, s.Under, s.Button, s.Safe = "m.cancel.title", "m.cancel.under", "m.cancel.go", "m.cancel.safe"
	case v.Paste:
		s.Title, s.Under, s.Button, s.Safe = "m.start.title", "m.paste.under", "m.paste.go", "m.paste.safe"
		s.Paste, s.Token, s.Where = true, p.set(facts.Paste.Label.In(p.Lang)), p.set(facts.Paste.Help.In(p.Lang))
		p.Minutes = 0
	case v.Grant != nil:
		p.Shop = subjectName(v.Grant.Subject)
		p.Date = dateIn(v.Spec, ended(v.Grant))
		s.Title, s.Under = "m.again.title", againText(v.Grant)
		if s.NotNeeded = s.Under == "m.again.notneeded"; !s.NotNeeded {
			s.describe(p, facts.Page)
			s.Period = periodText(facts.Link)
		}
	default:
		s.describe(p, facts.Page)
		s.Period = periodText(facts.Link)
	}
	p.Days = int(time.Duration(facts.Link.Longest) / (24 * time.Hour))
	s.page = p
	return s
}

// describe fills in what awaits the merchant on the platform's page.
func (s *startPage) describe(p page, facts platform.PageFacts) {
	s.Account = p.set(facts.Account.In(p.Lang))
	for _, step := range facts.Steps {
		s.Steps = append(s.Steps, stepText{p.set(step.Title.In(p.Lang)), p.set(step.Text.In(p.Lang))})
	}
}

// periodText says which period to choose where the merchant chooses it: whoever takes a week is back in a week.
func periodText(link platform.LinkFacts) string {
	switch {
	case !link.Chooses:
		return ""
	case link.Longest >= platform.Duration(24*time.Hour):
		return "m.period.days"
	}
	return "m.period"
}

// againText says how the grant to reconnect stands.
func againText(g *gk.Grant) string {
	switch {
	case g.State == gk.Expired && !ended(g).IsZero():
		return "m.again.under"
	case g.State == gk.Active && g.Renewable && g.Fault == nil:
		return "m.again.notneeded"
	}
	return "m.again.plain"
}

// ended is the last moment at which a grant was good: the end of the authorization, as the merchant was told, where
// the platform names one, else the token's.
func ended(g *gk.Grant) time.Time {
	if !g.Ceiling.IsZero() {
		return g.Ceiling
	}
	return g.Expires
}

// subjectName is what people call a subject.
func subjectName(s gk.Subject) string {
	switch {
	case s.Name != "":
		return s.Name
	case s.Host != "":
		return s.Host
	}
	return s.ID
}
