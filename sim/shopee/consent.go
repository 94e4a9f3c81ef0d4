package shopee

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// consent is what a code stands for: what a seller has agreed to at one moment.
type consent struct {
	shops, merchants []*sim.Shop
	links            []*link
	at               time.Time
}

// decide does what the seller pressed, and ends the visit.
func (s *simulator) decide(w http.ResponseWriter, r *http.Request, visit *session) {
	if r.PostForm.Get(sim.FieldDecision) != sim.Approve {
		s.declined(w, r, visit)
		return
	}
	chosen := s.chosen(r.PostForm, visit)
	if len(chosen) == 0 {
		s.ask(w, r, visit, "请选择店铺 Choose at least one.")
		return
	}
	if visit.cancel {
		s.cancelled(w, r, visit, chosen)
		return
	}
	days, ok := validity(r.PostForm)
	if !ok {
		s.ask(w, r, visit, "请选择 1 到 365 天 Choose from 1 to 365 days.")
		return
	}
	delete(s.sessions, visit.random)
	given := s.give(visit, chosen, days)
	code := s.kit.Ledger.AddCode(sim.Code{
		Code: sim.Hex(32), App: visit.app.ID, Redirect: visit.redirect, Data: given,
		Subject: sim.Subject{Kind: visit.account.Kind, ID: visit.account.ID},
		Ends:    s.kit.Now().Add(s.options.codeLife()),
	})
	name := "shop_id"
	if visit.account.Kind == kindMain {
		name = "main_account_id"
	}
	s.sendBack(w, r, visit, "code="+code.Code, name+"="+visit.account.ID)
}

// chosen returns what the seller ticked, in the order of the page. Merchants need the tick at Auth Merchant as well.
func (s *simulator) chosen(form url.Values, visit *session) []*sim.Shop {
	offered := s.within(visit.account)
	ticked := map[string]bool{}
	for _, ids := range form[sim.FieldShops] {
		for _, id := range strings.FieldsFunc(ids, func(r rune) bool { return r == ',' || r == ' ' }) {
			ticked[id] = true
		}
	}
	all := len(offered) > mostTicks && len(ticked) == 0
	var list []*sim.Shop
	for _, shop := range offered {
		if !all && !ticked[shop.ID] {
			continue
		}
		if shop.Kind == kindMerchant && !visit.cancel && form.Get(fieldMerchant) != "yes" {
			continue
		}
		list = append(list, shop)
	}
	return list
}

func validity(form url.Values) (days int, ok bool) {
	text := form.Get(fieldValidity)
	if text == "custom" {
		text = form.Get(fieldDays)
	}
	days, err := strconv.Atoi(text)
	return days, err == nil && days >= 1 && days <= 365
}

// living returns the links of a consent that are neither ended nor replaced by a later one.
func (c *consent) living() []*link {
	return slices.DeleteFunc(slices.Clone(c.links), func(x *link) bool {
		return x.state != linkAlive || !x.given.Equal(c.at)
	})
}

// give links an app with shops, their affiliates, and merchants, and tells the app by push 1.
func (s *simulator) give(visit *session, chosen []*sim.Shop, days int) *consent {
	now := s.kit.Now()
	given := &consent{at: now}
	main := ""
	if visit.account.Kind == kindMain {
		main = visit.account.ID
	}
	add := func(shop *sim.Shop) {
		given.links = append(given.links, s.links.put(link{app: visit.app, shop: shop, main: main, given: now, ends: s.end(now, days)}))
	}
	for _, shop := range chosen {
		add(shop)
		if shop.Kind == kindMerchant {
			given.merchants = append(given.merchants, shop)
			continue
		}
		given.shops = append(given.shops, shop)
		for _, affiliate := range s.affiliates[shop.ID] {
			add(affiliate)
		}
	}
	s.pushGiven(visit.app, given, main)
	return given
}

func (s *simulator) cancelled(w http.ResponseWriter, r *http.Request, visit *session, chosen []*sim.Shop) {
	delete(s.sessions, visit.random)
	for _, shop := range chosen {
		if x := s.links.find(visit.app.ID, shop.Kind, shop.ID); x != nil && x.state == linkAlive {
			s.finish(x, linkEnded, userCancel(x))
		}
	}
	switch s.options.cancelRedirect() {
	case "stays":
		s.kit.Show(w, r, sim.Page{Title: "已取消授权 Cancelled"})
	case "shop_id":
		s.sendBack(w, r, visit, "shop_id="+chosen[0].ID)
	default:
		s.sendBack(w, r, visit)
	}
}

// declined ends a visit of a seller who refuses. No error callback is documented.
func (s *simulator) declined(w http.ResponseWriter, r *http.Request, visit *session) {
	delete(s.sessions, visit.random)
	s.kit.Call(r).Refuse("the seller refused")
	if s.options.refusal() == "redirects" {
		s.sendBack(w, r, visit)
		return
	}
	s.kit.Show(w, r, sim.Page{Title: "没有授权 Not authorized", Text: []string{"可以关闭这个页面。You can close this page."}})
}

// sendBack redirects the browser, with parameters after those that the redirect has of its own.
func (s *simulator) sendBack(w http.ResponseWriter, r *http.Request, visit *session, params ...string) {
	if visit.state != "" {
		params = append(params, "state="+url.QueryEscape(visit.state))
	}
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
