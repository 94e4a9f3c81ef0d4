package lazada

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// tokenCall serves the two token calls: signed as every call, without access_token.
func (s *simulator) tokenCall(w http.ResponseWriter, r *http.Request, app *sim.App, path string, params url.Values) {
	if path == createPath {
		s.create(w, r, app, params)
		return
	}
	s.refresh(w, r, app, params)
}

func (s *simulator) create(w http.ResponseWriter, r *http.Request, app *sim.App, params url.Values) {
	code := s.kit.Ledger.Code(params.Get("code"))
	state := s.kit.Ledger.CodeState(code)
	switch {
	case params.Get("code") == "":
		s.refuse(w, r, "MissingParameter", missing, "code is missing")
	case state != sim.Alive || code.App != app.ID:
		s.refuse(w, r, "InvalidCode", "Invalid authorization code", "the code is "+stateWord(state)+", or of another app")
	default:
		s.kit.Ledger.Spend(code)
		g := code.Data.(*grant)
		s.begin(g)
		s.answer(w, r, s.issue(g, code.Subject, ""))
		s.warn(g)
	}
}

func (s *simulator) refresh(w http.ResponseWriter, r *http.Request, app *sim.App, params url.Values) {
	const illegal = "The specified refresh token is invalid or expired"
	p := s.kit.Ledger.ByRefresh(params.Get("refresh_token"))
	state := s.refreshState(p)
	switch {
	case params.Get("refresh_token") == "":
		s.refuse(w, r, "MissingParameter", missing, "refresh_token is missing")
	case p == nil || p.App != app.ID:
		s.refuse(w, r, "IllegalRefreshToken", illegal, "the refresh token is unknown, or of another app")
	case of(p).market:
		s.refuse(w, r, "AUTH_TYPE_UNSUPPORTED", "appkey can only be authorized by market, not support refresh", "a local seller who subscribed")
	case !of(p).ends.After(s.kit.Now()):
		s.refuse(w, r, "IllegalRefreshToken", illegal, "the time for refreshing is over")
	case state != sim.Alive:
		s.refuse(w, r, "IllegalRefreshToken", illegal, "the refresh token is "+stateWord(state))
	default:
		g := of(p)
		p.Data.(*pairData).refreshed = true
		if s.options.refreshLife() == "renewed" {
			g.ends = s.kit.Now().Truncate(time.Second).Add(s.refreshFor(app))
		}
		text := ""
		if s.options.newRefresh() == "same" {
			text = p.Refresh
		}
		s.answer(w, r, s.issue(g, p.Subject, text))
	}
}

// answer writes a pair, the seconds that are left of it, and its sellers.
func (s *simulator) answer(w http.ResponseWriter, r *http.Request, p *sim.Pair) {
	g := of(p)
	now := s.kit.Now().Truncate(time.Second)
	left := func(end time.Time) any {
		seconds := max(0, int64(end.Sub(now)/time.Second))
		if s.options.expiresType() == "text" {
			return strconv.FormatInt(seconds, 10)
		}
		return seconds
	}
	a := map[string]any{
		"access_token": p.Access, "refresh_token": p.Refresh, "expires_in": left(p.ExpiresAt), "refresh_expires_in": left(g.ends),
		"country": s.country("cb"), "account": g.account.Name, "account_id": g.account.ID, "account_platform": "seller_center",
		"code": "0", "request_id": requestID(),
	}
	if g.market || s.refreshFor(g.app) == 0 {
		a["refresh_expires_in"] = left(time.Time{})
	}
	if len(g.shops) == 1 {
		a["country"] = s.country(g.shops[0].Region)
	}
	if s.options.accountID() == "null" {
		a["account_id"] = nil
	}
	s.listSellers(a, g, s.kit.Call(r).Stage == "refresh")
	s.kit.Call(r).About(p.App, p.Subject.ID)
	s.kit.Call(r).Accept("pair given, generation %d", p.Generation)
	writeJSON(w, http.StatusOK, a)
}

// listSellers adds the sellers of a grant in one of the forms that were seen.
func (s *simulator) listSellers(a map[string]any, g *grant, refreshed bool) {
	list, byCountry := []any{}, map[string]any{}
	for _, shop := range g.shops {
		var id any = sellerID(shop)
		if s.options.idType() == "number" {
			id = json.Number(sellerID(shop))
		}
		one := map[string]any{"country": s.country(shop.Region), "user_id": id, "seller_id": id, "short_code": shop.Facts.Text("short_code")}
		list = append(list, one)
		byCountry[s.country(shop.Region)] = one
	}
	switch form := s.options.infoForm(); {
	case form == "object":
		a["country_user_info"] = byCountry
	case form == "user_info" && len(list) == 1:
		a["user_info"] = list[0]
	case refreshed:
		a["country_user_info_list"] = list
	default:
		a["country_user_info"] = list
	}
}

func (s *simulator) country(code string) string {
	if s.options.countryCase() == "upper" {
		return strings.ToUpper(code)
	}
	return code
}
