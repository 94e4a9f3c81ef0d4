package shopee

import (
	"strings"

	"github.com/grantkeep/grantkeep/sim"
)

// getToken exchanges a code: once, within minutes, for the subject that it was given for.
func (s *simulator) getToken(c *call) (fields, *refusal) {
	if f := c.samePartner(); f != nil {
		return nil, f
	}
	if !c.body.only("shop_id", "main_account_id") || c.body.text("code") == "" {
		return nil, paramInvalid("want code and exactly one of shop_id and main_account_id, an integer")
	}
	code := s.kit.Ledger.Code(c.body.text("code"))
	if code == nil || code.App != c.app.ID {
		return nil, s.badCode("nobody was given this code")
	}
	c.line.About(c.app.ID, code.Subject.ID)
	switch s.kit.Ledger.CodeState(code) {
	case sim.Alive, sim.Unknown, sim.Revoked:
	case sim.Spent:
		return nil, s.badCode("the code was used before")
	case sim.Expired:
		return nil, s.badCode("the code is too old")
	}
	given, ok := code.Data.(*consent)
	if !ok {
		return nil, s.badCode("this code is for another endpoint")
	}
	if id := c.body.text("shop_id"); id != "" && (code.Subject.Kind != kindShop || id != code.Subject.ID) {
		return nil, no("invalid_shop_id", "The code or shop_id is wrong, please check the code or the shop_id.", "the code was given for another subject")
	}
	if id := c.body.text("main_account_id"); id != "" && (code.Subject.Kind != kindMain || id != code.Subject.ID) {
		return nil, no("invalid_main_acount_id", "The code or main_accoount_id is wrong, please check the code or the main_account_id.", "the code was given for another subject")
	}
	s.kit.Ledger.Spend(code)
	pair := s.issueFirst(given, given.at)
	if pair == nil {
		return nil, s.badCode("the authorization ended before its code was used")
	}
	out := s.pairFields(pair)
	if code.Subject.Kind == kindMain {
		out["shop_id_list"], out["merchant_id_list"] = numbers(given.shops), numbers(given.merchants)
	}
	return out, nil
}

func (s *simulator) badCode(why string) *refusal {
	if s.options.badCode() == "error_auth" {
		return no("error_auth", "Invalid code", why)
	}
	return no("invalid_code", "The code is expired or used or invalid, please check the code.", why)
}

func (s *simulator) pairFields(p *sim.Pair) fields {
	return fields{"access_token": p.Access, "refresh_token": p.Refresh, "expire_in": s.expireIn(p)}
}

func numbers(shops []*sim.Shop) []int64 {
	ids := []int64{}
	for _, shop := range shops {
		ids = append(ids, number(shop.ID))
	}
	return ids
}

// refreshToken refreshes the pair of one subject. What the seller or the platform ended is told before anything about the
// token itself.
func (s *simulator) refreshToken(c *call) (fields, *refusal) {
	if f := c.samePartner(); f != nil {
		return nil, f
	}
	if !c.body.only(refreshSubjects...) || c.body.text("refresh_token") == "" || c.body.has("main_account_id") {
		return nil, paramInvalid("want refresh_token and exactly one of shop_id, merchant_id, supplier_id, user_id, principal_id, an integer")
	}
	kind, id := c.body.subject()
	c.line.About(c.app.ID, id)
	x := s.links.find(c.app.ID, kind, id)
	if f := s.refreshable(x, kind); f != nil {
		return nil, f
	}
	old := s.pairs[pairKey{c.body.text("refresh_token"), x.subject()}]
	if old == nil || old.App != c.app.ID || old.Refresh != c.body.text("refresh_token") {
		return nil, s.badRefresh(kind, "the refresh token is not this subject's")
	}
	pair, f := s.refresh(x, old)
	if f != nil {
		return nil, f
	}
	out := s.pairFields(pair)
	out["partner_id"], out[kind+"_id"] = number(c.app.ID), number(id)
	return out, nil
}

var refreshSubjects = []string{"shop_id", "merchant_id", "supplier_id", "user_id", "principal_id"}

func (s *simulator) refreshable(x *link, kind string) *refusal {
	switch {
	case x == nil || x.state == linkEnded:
		subject := kind
		if kind == "supplier" {
			subject = "Supplier" // the platform's own spelling
		}
		return no(kind+"_no_linked", "Partner and "+subject+" has no linked.", "the subject is not linked to this app")
	case x.state == linkExpired:
		return no(kind+"_access_expired", "Your access to "+kind+" has expired.", "the authorization is over")
	case kind == kindShop && status(x.shop) == shopBanned:
		return no("shop_banned", textBanned, "the shop is banned")
	}
	return nil
}

// refresh applies the rotation: a used refresh token is refused, or brings the same new pair again for a while.
func (s *simulator) refresh(x *link, old *sim.Pair) (*sim.Pair, *refusal) {
	kind := x.shop.Kind
	used := old.Data.(*lease)
	switch s.kit.Ledger.RefreshState(old, keep) {
	case sim.Alive, sim.Unknown, sim.Spent: // what a used one brings is told below
	case sim.Revoked:
		return nil, s.badRefresh(kind, "the refresh token died with its authorization")
	case sim.Expired:
		return nil, no("refresh_token_expired", "Your refresh_token expired.", "the refresh token is too old")
	}
	now := s.kit.Now()
	if used.next == nil {
		used.next, used.usedAt = s.issue(x, sim.Hex(32), sim.Hex(32), now), now
		return used.next, nil
	}
	if s.options.replay() == "once" || !now.Before(used.usedAt.Add(s.options.replayLife())) {
		return nil, s.badRefresh(kind, "the refresh token was used before")
	}
	return used.next, nil
}

func (s *simulator) badRefresh(kind, why string) *refusal {
	if s.options.badRefresh() == "error_auth" {
		return no("error_auth", "Invalid refresh_token.", why)
	}
	switch kind {
	case kindShop:
		return no("error_shop_refresh_token", "Your refresh token is error ,please check refresh token or shopid.", why)
	case "user":
		return no("error_user_refresh_token", "Your refresh token is error,please check refresh token or user_id.", why)
	}
	return no("error_merchant_refresh_token", "Your refresh token is error,please check refresh token or merchant_id.", why)
}

// subject returns kind and id of the first parameter that names one.
func (b body) subject() (kind, id string) {
	for _, name := range refreshSubjects {
		if b.has(name) {
			return strings.TrimSuffix(name, "_id"), b.text(name)
		}
	}
	return "", ""
}
