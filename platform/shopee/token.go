package shopee

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/answer"
)

// tokenBody is the body of every token request: exactly one code or token, exactly one id.
type tokenBody struct {
	Code         string  `json:"code,omitempty"`
	ResendCode   string  `json:"resend_code,omitempty"`
	UpgradeCode  string  `json:"upgrade_code,omitempty"`
	RefreshToken string  `json:"refresh_token,omitempty"`
	PartnerID    int64   `json:"partner_id,omitempty"`
	ShopID       int64   `json:"shop_id,omitempty"`
	MerchantID   int64   `json:"merchant_id,omitempty"`
	MainAccount  int64   `json:"main_account_id,omitempty"`
	ShopIDs      []int64 `json:"shop_id_list,omitempty"`
}

// ExchangeRequest trades the callback's code. With a resend_code or an upgrade_code among the parameters it asks the
// recovery endpoints instead.
func (d driver) ExchangeRequest(app platform.App, cb platform.Callback) (*platform.Request, error) {
	partner, err := partnerID(app)
	if err != nil {
		return nil, err
	}
	if code := cb.Params.Get("resend_code"); code != "" && cb.Code.Empty() {
		return d.tokenRequest(app, "exchange", "/api/v2/public/get_token_by_resend_code", tokenBody{ResendCode: code})
	}
	if code := cb.Params.Get("upgrade_code"); code != "" && cb.Code.Empty() {
		shops, err := upgradeShops(cb)
		if err != nil {
			return nil, err
		}
		return d.tokenRequest(app, "exchange", "/api/v2/public/get_refresh_token_by_upgrade_code", tokenBody{UpgradeCode: code, ShopIDs: shops})
	}
	if cb.Code.Empty() {
		return nil, &platform.BadCall{Field: "code", Why: "the callback has none"}
	}
	body := tokenBody{Code: cb.Code.Reveal(), PartnerID: partner}
	id, ok := idNumber(cb.Subject.ID)
	switch {
	case ok && cb.Subject.Kind == gk.KindShop:
		body.ShopID = id
	case ok && cb.Subject.Kind == gk.KindMainAccount:
		body.MainAccount = id
	default:
		return nil, &platform.BadCall{Field: "shop_id", Why: "exactly one of shop_id and main_account_id is needed, as a number"}
	}
	return d.tokenRequest(app, "exchange", "/api/v2/auth/token/get", body)
}

// upgradeShops reads which v1 shops an upgrade code is for: shop_id_list, separated by commas, or shop_id.
func upgradeShops(cb platform.Callback) ([]int64, error) {
	var shops []int64
	for _, list := range append(cb.Params["shop_id_list"], cb.Params["shop_id"]...) {
		for text := range strings.SplitSeq(list, ",") {
			id, ok := idNumber(text)
			if !ok {
				return nil, &platform.BadCall{Field: "shop_id_list", Why: "is not a list of numbers"}
			}
			shops = append(shops, id)
		}
	}
	if len(shops) == 0 {
		return nil, &platform.BadCall{Field: "shop_id_list", Why: "an upgrade code needs the shops it is for"}
	}
	return shops, nil
}

// RefreshRequest spends the refresh token for a pair. A main account is no subject of a refresh: its shops and merchants
// are, each once, with the pair that they share.
func (d driver) RefreshRequest(app platform.App, cred platform.Credential) (*platform.Request, error) {
	partner, err := partnerID(app)
	if err != nil {
		return nil, err
	}
	if cred.Token.Refresh.Empty() {
		return nil, errors.New("shopee: refresh: there is no refresh token")
	}
	body := tokenBody{RefreshToken: cred.Token.Refresh.Reveal(), PartnerID: partner}
	id, ok := idNumber(cred.Subject.ID)
	switch {
	case ok && cred.Subject.Kind == gk.KindShop:
		body.ShopID = id
	case ok && cred.Subject.Kind == gk.KindMerchant:
		body.MerchantID = id
	default:
		return nil, &platform.BadCall{Field: "subject", Why: "only a shop or a merchant can be refreshed"}
	}
	return d.tokenRequest(app, "token", "/api/v2/auth/access_token/get", body)
}

// tokenRequest posts a body with the public signature.
func (d driver) tokenRequest(app platform.App, endpoint, path string, body tokenBody) (*platform.Request, error) {
	raw, err := json.Marshal(body) //nolint:gosec // G117: a token request carries its token
	if err != nil {
		return nil, err
	}
	req, err := d.request(app, endpoint, http.MethodPost, path, platform.Credential{}, nil, raw)
	if err != nil {
		return nil, err
	}
	for name, id := range map[string]int64{"shop_id": body.ShopID, "merchant_id": body.MerchantID, "main_account_id": body.MainAccount} {
		if id != 0 {
			req.Sent.Set(name, strconv.FormatInt(id, 10))
		}
	}
	return req, nil
}

// tokenAnswer is whom the answer to a token request names. Lists of suppliers, users and principals, which the platform
// may add, name nobody whose grant we keep.
type tokenAnswer struct {
	PartnerID   platform.Int   `json:"partner_id"`
	ShopID      platform.Int   `json:"shop_id"`
	MerchantID  platform.Int   `json:"merchant_id"`
	ShopIDs     []platform.Int `json:"shop_id_list"`
	MerchantIDs []platform.Int `json:"merchant_id_list"`
	Response    *struct {      // of the upgrade only
		Shops    []platform.Int    `json:"success_shop_id_list"`
		Failures []json.RawMessage `json:"failure_list"`
	} `json:"response"`
}

// ReadIssues reads an exchange or a refresh. The answer for a main account names its shops and merchants: one issue
// each, all with the same pair, which every one of them must refresh for itself.
func (d driver) ReadIssues(app platform.App, asked platform.Asked, reply platform.Reply) ([]platform.Issue, error) {
	heard := reply
	if fields := platform.JSONObject(reply.Body); fields["access_token"] != nil && reply.Status >= 400 && reply.Status < 500 {
		heard.Status = http.StatusOK // the platform documents no statuses: what its object says counts
	}
	if err := answer.Check(app, asked, heard, d.refused(app, asked, reply)); err != nil {
		var g *platform.Garbled
		if errors.As(err, &g) && g.Fault == nil {
			g.Fault = d.Diagnose(app, asked, reply)
		}
		return nil, err
	}
	fields, err := answer.Read(reply.Body)
	if err != nil {
		return nil, err
	}
	var a tokenAnswer
	if err := json.Unmarshal(reply.Body, &a); err != nil {
		return nil, &platform.Garbled{Why: "a member has a wrong type"}
	}
	if a.Response != nil && !fields.Has("access_token") {
		return d.upgraded(app, asked, reply, fields.Object("response"), a)
	}
	token, err := d.token(app, asked, reply, fields)
	if err != nil {
		return nil, err
	}
	subjects, err := d.subjects(app, asked, a)
	if err != nil {
		return nil, err
	}
	shared := len(subjects) > 1 || asked.Claimed.Kind == gk.KindMainAccount
	issues := make([]platform.Issue, 0, len(subjects))
	for _, s := range subjects {
		issues = append(issues, platform.Issue{Subject: s, Token: token, Shared: shared})
	}
	return issues, nil
}

// refused returns the fault of a token answer that says no, nil if it does not: an error in its envelope, or a page of
// the edge, which knows the app's addresses and hosts only.
func (d driver) refused(app platform.App, asked platform.Asked, reply platform.Reply) *gk.Fault {
	if env, ok := readEnvelope(reply.Body); ok {
		if env.Error == nil || *env.Error == "" || platform.JSONObject(reply.Body) == nil {
			return nil
		}
		return d.refusal(app, asked, reply, env)
	}
	if answer.OfTheEdge(reply) && reply.Status != http.StatusTooManyRequests {
		return d.edgeRejected(asked.Stage)
	}
	return nil
}

// token reads the pair. An incomplete pair or an end that cannot be leaves the outcome unknown: the old pair stays. One
// official sample has a moment in expire_in instead of a length.
func (d driver) token(app platform.App, asked platform.Asked, reply platform.Reply, fields answer.Object) (gk.Token, error) {
	token, err := fields.Pair("access_token", "refresh_token")
	if err != nil {
		return gk.Token{}, err
	}
	if token.Refresh.Empty() {
		return gk.Token{}, &platform.Garbled{Why: "it has no complete pair"}
	}
	at, told := answer.Start(app, asked, reply), false
	token.RefreshExpires = at.Add(time.Duration(d.spec.Facts.Refresh.RefreshLife))
	if token.Expires, told, err = fields.End("expire_in", answer.Either, at); err != nil {
		return gk.Token{}, err
	}
	if !told {
		token.Expires = at.Add(time.Duration(d.spec.Facts.Refresh.AccessLife))
	}
	if token.Expires.After(token.RefreshExpires) {
		return gk.Token{}, &platform.Garbled{Why: "expire_in is out of range"}
	}
	return token, nil
}

// subjects says whose the pair is. An answer that names somebody else than the one asked for is never a pair of theirs.
func (d driver) subjects(app platform.App, asked platform.Asked, a tokenAnswer) ([]gk.Subject, error) {
	want := asked.Subject
	if want.Kind == "" {
		want = asked.Claimed
	}
	if own := app.Settings["partner_id"]; own != "" && a.PartnerID != 0 && a.PartnerID.String() != own {
		return nil, d.spec.Catalogue.AppMismatch(asked.Stage)
	}
	named := named(a)
	if want.Kind == gk.KindMainAccount {
		if len(named) == 0 {
			f := d.spec.Catalogue.Local(platform.StageAuthorize, "hub_merchant_box_not_ticked")
			f.Stage = asked.Stage
			return nil, f
		}
		for i := range named {
			named[i].Parent = want.ID
		}
		return named, nil
	}
	switch {
	case want.Kind == "" && len(named) == 0:
		return []gk.Subject{{}}, nil // a pasted answer: nobody says whose it is
	case want.Kind == "":
		return named, nil
	case len(named) == 0:
		return []gk.Subject{want}, nil
	}
	i := slices.IndexFunc(named, want.Same)
	if i < 0 {
		return nil, d.mismatch(asked)
	}
	named[i] = want // with what we know of it
	return named, nil
}

// named lists the subjects that an answer names, none twice.
func named(a tokenAnswer) []gk.Subject {
	var all []gk.Subject
	add := func(kind string, ids ...platform.Int) {
		for _, id := range ids {
			if s := (gk.Subject{Kind: kind, ID: id.String()}); id > 0 && !slices.ContainsFunc(all, s.Same) {
				all = append(all, s)
			}
		}
	}
	add(gk.KindShop, a.ShopID)
	add(gk.KindShop, a.ShopIDs...)
	add(gk.KindMerchant, a.MerchantID)
	add(gk.KindMerchant, a.MerchantIDs...)
	return all
}

// upgraded reads the answer to an upgrade code: one refresh token for all its shops, which each must spend.
func (d driver) upgraded(app platform.App, asked platform.Asked, reply platform.Reply, fields answer.Object, a tokenAnswer) ([]platform.Issue, error) {
	if len(a.Response.Shops) == 0 && len(a.Response.Failures) > 0 {
		return nil, d.spec.Catalogue.Local(platform.StageToken, "hub_upgrade_code_failed")
	}
	refresh, err := fields.Token("refresh_token")
	if err != nil {
		return nil, err
	}
	if len(a.Response.Shops) == 0 || refresh.Empty() {
		return nil, &platform.Garbled{Why: "it has no pair"}
	}
	end := answer.Start(app, asked, reply).Add(time.Duration(d.spec.Facts.Refresh.RefreshLife))
	var issues []platform.Issue
	for _, s := range named(tokenAnswer{ShopIDs: a.Response.Shops}) {
		issues = append(issues, platform.Issue{Subject: s, Token: gk.Token{Refresh: refresh, RefreshExpires: end}, Shared: true})
	}
	return issues, nil
}

// mismatch is an answer for another subject than asked.
func (d driver) mismatch(asked platform.Asked) *gk.Fault {
	return d.spec.Catalogue.Mismatch(asked.Stage)
}
