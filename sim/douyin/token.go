package douyin

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

const generate = "50001:dop.token-generate-failed:"

// create gives the pair of an authorization: the one that lives, or another if none does.
func (s *simulator) create(w http.ResponseWriter, r *http.Request, a ask) {
	if a.app.Settings["forbidden"] == true {
		s.refuse(w, r, generate+"app-forbidden", "应用被禁用", "")
		return
	}
	switch a.params.Text("grant_type") {
	case "":
		s.refuse(w, r, "40001:isv.parameter-missing", "缺少必填参数", "grant_type is missing")
	case "authorization_code":
		s.byCode(w, r, a)
	case "authorization_self":
		s.bySelf(w, r, a)
	default:
		s.refuse(w, r, generate+"grant-type-invalid", "grant_type无效", "grant_type "+a.params.Text("grant_type"))
	}
}

// byCode exchanges a code, which within its life can be done again: it brings the pair that lives.
func (s *simulator) byCode(w http.ResponseWriter, r *http.Request, a ask) {
	text := a.params.Text("code")
	code := s.kit.Ledger.Code(text)
	state := s.kit.Ledger.CodeState(code)
	switch {
	case text == "":
		s.refuse(w, r, "40001:isv.parameter-missing", "缺少必填参数", "code is missing")
	case code == nil || code.App != a.app.ID:
		s.refuse(w, r, generate+"code-invalid", "授权码无效", "the code is unknown, or of another app")
	case !s.kit.Now().Before(code.Ends):
		s.refuse(w, r, generate+"code-expired", "授权码已过期", "the code has expired")
	case state == sim.Spent && s.options.code() == "once":
		s.refuse(w, r, generate+"code-invalid", "授权码无效", "the code was used")
	case s.stateOf(code.Data.(*grant)) != normal:
		s.refuse(w, r, "90000:isp.unknown-error", "授权码对应的授权关系不存在", "the authorization has ended")
	default:
		s.kit.Ledger.Spend(code)
		s.give(w, r, code.Data.(*grant))
	}
}

// bySelf gives an app of a merchant's own the pair of a shop that has confirmed it. Without a subject that is the shop
// which did so first.
func (s *simulator) bySelf(w http.ResponseWriter, r *http.Request, a ask) {
	if a.app.Text("profile") != selfUse {
		s.refuse(w, r, "40003:isv.authorization-type-invalid", "授权类型不正确", "a tool of the market has no authorization_self")
		return
	}
	id, kind := a.params.Text("shop_id"), "SHOP"
	if a.params.Text("auth_id") != "" {
		id, kind = a.params.Text("auth_id"), a.params.Text("auth_subject_type")
	}
	g := s.grants[holder{a.app.ID, id}]
	switch {
	case a.params.Text("test_shop") == "1":
		if g = s.testShop(a.app); g == nil {
			s.refuse(w, r, generate+"no-authorization", "店铺未授权", "there is no test shop")
			return
		}
	case id == "":
		g = s.first(a.app)
	}
	if g == nil || s.stateOf(g) != normal || id != "" && kindOf(g.shop) != kind {
		s.refuse(w, r, generate+"no-authorization", "店铺未授权", "no such subject has confirmed the app")
		return
	}
	s.give(w, r, g)
}

// testShop is the authorization of the test shop, which needs no confirmation.
func (s *simulator) testShop(app *sim.App) *grant {
	for _, shop := range s.kit.Shops.All() {
		if shop.Facts["test"] == true {
			return s.confirm(app, shop)
		}
	}
	return nil
}

func (s *simulator) give(w http.ResponseWriter, r *http.Request, g *grant) {
	if code, text, why := s.trouble(g); code != "" {
		s.refuse(w, r, code, text, why)
		return
	}
	p := s.live(g)
	if p == nil {
		p = s.makePair(g, nil)
	}
	s.answer(w, r, p)
}

// refresh brings the same pair, or in the last hour and afterwards a new one.
func (s *simulator) refresh(w http.ResponseWriter, r *http.Request, a ask) {
	text := a.params.Text("refresh_token")
	switch {
	case text == "":
		s.refuse(w, r, "40001:isv.parameter-missing", "缺少必填参数", "refresh_token is missing")
		return
	case a.params.Text("grant_type") != "refresh_token":
		s.refuse(w, r, generate+"grant-type-invalid", "grant_type无效", "grant_type is not refresh_token")
		return
	case a.app.Settings["forbidden"] == true:
		s.refuse(w, r, generate+"app-forbidden", "应用被禁用", "")
		return
	}
	p := s.kit.Ledger.ByRefresh(text)
	if p == nil {
		s.refuse(w, r, "50002:isv.business-failed:31009", "token不存在", "the refresh token is unknown")
		return
	}
	if p.App != a.app.ID {
		s.refuse(w, r, generate+"token-invalid", "refresh_token无效", "the refresh token is of another app")
		return
	}
	if code, text, why := s.trouble(of(p).grant); code != "" {
		s.refuse(w, r, code, text, why)
		return
	}
	switch s.refreshState(p) {
	case sim.Alive:
	case sim.Expired:
		s.refuse(w, r, generate+"token-expired", "refresh_token已过期", "the refresh token has expired")
		return
	default:
		s.refuse(w, r, generate+"token-invalid", "refresh_token无效", "the refresh token was replaced or revoked")
		return
	}
	next := s.refreshed(p)
	if s.options.concurrent() && !of(p).collided {
		of(p).collided = true
		s.refuse(w, r, "50002:isv.business-failed:31012", "刷新token失败，有并发请求", "another refresh runs at the same time")
		return
	}
	s.answer(w, r, next)
}

// answer writes a pair. No member tells when the refresh token ends.
func (s *simulator) answer(w http.ResponseWriter, r *http.Request, p *sim.Pair) {
	g := of(p).grant
	left := int64(p.ExpiresAt.Sub(s.kit.Now().Truncate(time.Second)) / time.Second)
	if s.options.expiresIn() == "moment" {
		left = p.ExpiresAt.Unix()
	}
	var id any = json.Number(g.shop.ID)
	if s.options.shopID() == "text" {
		id = g.shop.ID
	}
	data := map[string]any{
		"access_token": p.Access, "expires_in": left, "refresh_token": p.Refresh, "scope": "SCOPE", "shop_id": id, "shop_name": g.shop.Name,
		"authority_id": g.shop.ID, "auth_subject_type": kindOf(g.shop), "encrypt_operator": "", "operator_name": "", "shop_biz_type": 0,
		"toutiao_id": "", "token_type": 0,
	}
	if kindOf(g.shop) != "SHOP" {
		data["shop_id"] = 0
	}
	s.kit.Call(r).About(p.App, g.shop.ID)
	s.kit.Call(r).Accept("pair given, generation %d", p.Generation)
	s.success(w, data)
}
