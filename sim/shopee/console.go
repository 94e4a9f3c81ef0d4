package shopee

import (
	"net/http"

	"github.com/grantkeep/grantkeep/sim"
)

// The console's authorization management gives codes for a developer who has lost the tokens, or comes from version 1.
// It has pages of its own, of which these are the buttons: forms with partner_id, and shop_id or main_account_id.

// recovery is what a resend code stands for.
type recovery struct{ given *consent }

// upgrade is what an upgrade code stands for.
type upgrade struct{}

func (s *simulator) giveResendCode(w http.ResponseWriter, r *http.Request) {
	app := s.kit.Apps.Find(r.PostFormValue("partner_id"))
	if app == nil {
		http.Error(w, "partner_id: no such app", http.StatusNotFound)
		return
	}
	shop, main := r.PostFormValue("shop_id"), r.PostFormValue("main_account_id")
	given := &consent{}
	for _, x := range s.links.alive(func(x *link) bool { return x.app == app }) {
		if (shop == "" || x.shop.ID != shop) && (main == "" || x.main != main) {
			continue
		}
		given.links = append(given.links, x)
		given.at = x.given
		if x.shop.Kind == kindShop {
			given.shops = append(given.shops, x.shop)
		} else {
			given.merchants = append(given.merchants, x.shop)
		}
	}
	if len(given.links) == 0 {
		http.Error(w, "shop_id, main_account_id: not linked to this app", http.StatusNotFound)
		return
	}
	code := s.addCode(app, "resend", recovery{given})
	writeJSON(w, http.StatusOK, fields{"resend_code": code})
}

func (s *simulator) giveUpgradeCode(w http.ResponseWriter, r *http.Request) {
	app := s.kit.Apps.Find(r.PostFormValue("partner_id"))
	if app == nil {
		http.Error(w, "partner_id: no such app", http.StatusNotFound)
		return
	}
	writeJSON(w, http.StatusOK, fields{"upgrade_code": s.addCode(app, "upgrade", upgrade{})})
}

func (s *simulator) addCode(app *sim.App, prefix string, data any) string {
	code := s.kit.Ledger.AddCode(sim.Code{
		Code: prefix + sim.Hex(32), App: app.ID, Data: data, Ends: s.kit.Now().Add(s.options.codeLife()),
	})
	return code.Code
}

// resend gives a new pair for a resend code: in production only.
func (s *simulator) resend(c *call) (fields, *refusal) {
	if sandbox(c.app) {
		return nil, no("error_param", textOffline, "resend codes exist in production only")
	}
	code := s.kit.Ledger.Code(c.body.text("resend_code"))
	if code == nil || code.App != c.app.ID || s.kit.Ledger.CodeState(code) != sim.Alive {
		return nil, s.badCode("the resend code is wrong, used or too old")
	}
	lost, ok := code.Data.(recovery)
	if !ok {
		return nil, s.badCode("this code is for another endpoint")
	}
	s.kit.Ledger.Spend(code)
	pair := s.issueFirst(lost.given, s.kit.Now())
	if pair == nil {
		return nil, s.badCode("the authorization has ended meanwhile")
	}
	out := s.pairFields(pair)
	if len(lost.given.shops) > 0 {
		out["shop_id_list"] = numbers(lost.given.shops)
	}
	if len(lost.given.merchants) > 0 {
		out["merchant_id_list"] = numbers(lost.given.merchants)
	}
	return out, nil
}

// upgrade trades a code for a refresh token of shops that version 1 knew. The reference has lost this endpoint, so it is
// offline unless the switch says otherwise. Every shop that exists counts as one that version 1 knew.
func (s *simulator) upgrade(c *call) (fields, *refusal) {
	if !s.options.upgrade() {
		return nil, no("error_param", textOffline, "the endpoint is history")
	}
	code := s.kit.Ledger.Code(c.body.text("upgrade_code"))
	if code == nil || code.App != c.app.ID || s.kit.Ledger.CodeState(code) != sim.Alive || code.Data != (upgrade{}) {
		return nil, s.badCode("the upgrade code is wrong, used or too old")
	}
	asked, ok := c.body["shop_id_list"].([]any)
	if !ok || len(asked) == 0 {
		return nil, paramInvalid("want shop_id_list")
	}
	given := &consent{at: s.kit.Now()}
	failed := []fields{}
	for _, item := range asked {
		id := body{"id": item}.text("id")
		shop := s.shops[id]
		if shop == nil || shop.Kind != kindShop {
			failed = append(failed, fields{"shop_id": item, "failed_reason": "partner and shop has no linked"})
			continue
		}
		given.shops = append(given.shops, shop)
		given.links = append(given.links, s.links.put(link{app: c.app, shop: shop, given: given.at, ends: s.end(given.at, 365)}))
	}
	s.kit.Ledger.Spend(code)
	out := fields{"success_shop_id_list": numbers(given.shops), "failure_list": failed}
	if pair := s.issueFirst(given, given.at); pair != nil {
		out["refresh_token"] = pair.Refresh
	}
	return out, nil
}
