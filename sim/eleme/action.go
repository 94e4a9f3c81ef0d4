package eleme

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// tokenRule says what the token of a call must be.
type tokenRule int

const (
	merchantToken tokenRule = iota
	emptyToken              // the call is the app's own
	eitherToken             // the documents do not say
)

// action is what a call asks for.
type action struct {
	token tokenRule
	do    func(s *simulator, c apiCall) (any, failure)
}

// actions are the calls that the simulator knows, by their names.
var actions = map[string]action{
	"eleme.user.getUser":                   {merchantToken, (*simulator).getUser},
	"eleme.user.getTokenStatus":            {emptyToken, (*simulator).getTokenStatus},
	"eleme.user.getOpenUserIdByUserId":     {eitherToken, (*simulator).getOpenUserID},
	"eleme.user.authDelOperate":            {eitherToken, (*simulator).authDelOperate},
	"eleme.user.authRecoverOperate":        {eitherToken, (*simulator).authRecoverOperate},
	"eleme.market.syncMarketMessages":      {emptyToken, (*simulator).syncMarketMessages},
	"eleme.message.getNonReachedMessages":  {merchantToken, (*simulator).getNonReachedMessages},
	"eleme.message.getNonReachedOMessages": {merchantToken, (*simulator).getNonReachedOMessages},
	"eleme.msgNew.getPushFailMsg":          {emptyToken, (*simulator).getPushFailMsg},
	"eleme.msgNew.confirmPullMsg":          {emptyToken, (*simulator).confirmPullMsg},
	"eleme.shop.getShop":                   {merchantToken, (*simulator).getShop},
	"eleme.shop.updateShop":                {merchantToken, (*simulator).updateShop},
	"eleme.order.getOrder":                 {merchantToken, (*simulator).getOrder},
}

type shopAnswer struct {
	ID   json.Number `json:"id"`
	Name string      `json:"name"`
}

// getUser tells whose token it is, and which shops it covers.
func (s *simulator) getUser(c apiCall) (any, failure) {
	user := struct {
		UserID          json.Number  `json:"userId"`
		UserName        string       `json:"userName"`
		AuthorizedShops []shopAnswer `json:"authorizedShops"`
	}{json.Number(c.account), s.kit.Shops.Find(kindAccount, c.account).Name, []shopAnswer{}}
	for _, id := range s.consents[c.holder].shops {
		user.AuthorizedShops = append(user.AuthorizedShops, shopAnswer{json.Number(id), s.kit.Shops.Find(kindShop, id).Name})
	}
	return user, failure{}
}

// getTokenStatus tells whether a token of the app works. The layout of its result is not documented.
func (s *simulator) getTokenStatus(c apiCall) (any, failure) {
	if !s.options.saasPackage() {
		return nil, permissionDenied
	}
	token := c.params.Text("token")
	if token == "" {
		return nil, validationFailed
	}
	var alive bool
	var ends time.Time
	if pair := s.kit.Ledger.ByAccess(token); pair != nil && pair.App == c.app.ID {
		alive, ends = s.kit.Ledger.AccessState(pair, s.rotation(pair)) == sim.Alive, pair.ExpiresAt
	}
	if says := s.options.sandboxStatus(); c.app.Text("environment") == sandbox && says != "true" {
		alive = says == "valid"
	}
	type status struct {
		Status     any `json:"status"`
		ExpireTime any `json:"expireTime"`
	}
	if s.options.statusLayout() == "text" {
		word, end := "INVALID", any(nil)
		if alive {
			word = "VALID"
		}
		if !ends.IsZero() {
			end = ends.In(shanghai).Format(time.DateTime)
		}
		return status{word, end}, failure{}
	}
	number, end := 0, any(nil)
	if alive {
		number = 1
	}
	if !ends.IsZero() {
		end = ends.UnixMilli()
	}
	return status{number, end}, failure{}
}

func (s *simulator) getOpenUserID(c apiCall) (any, failure) {
	id := c.params.Text("userId")
	if s.consents[holder{c.app.ID, id}] == nil {
		return nil, validationFailed
	}
	return map[string]string{"openUserId": openID(c.app.ID, id)}, failure{}
}

// authDelOperate takes shops away from the app that asks. No push tells of it.
func (s *simulator) authDelOperate(c apiCall) (any, failure) {
	return s.operate(c, func(h holder, shop string) bool {
		if len(s.take(h, []string{shop})) == 0 {
			return false
		}
		s.consents[h].removed = append(s.consents[h].removed, shop)
		return true
	})
}

// authRecoverOperate gives back what authDelOperate took.
func (s *simulator) authRecoverOperate(c apiCall) (any, failure) {
	return s.operate(c, func(h holder, shop string) bool { return len(s.giveBack(h, []string{shop})) > 0 })
}

// operate does something to the shops that {"authOperateReq":{"shopIds":[…]}} names and returns those that it changed. The
// layout of the request is not documented.
func (s *simulator) operate(c apiCall, change func(h holder, shop string) bool) (any, failure) {
	ids, ok := inner(c.params, "authOperateReq")["shopIds"].([]any)
	if !ok || len(ids) == 0 {
		return nil, validationFailed
	}
	changed := []json.Number{}
	for _, id := range texts(ids) {
		shop := s.kit.Shops.Find(kindShop, id)
		if shop != nil && (c.account == "" || c.account == shop.Owner) && change(holder{c.app.ID, shop.Owner}, id) {
			changed = append(changed, json.Number(id))
		}
	}
	return map[string]any{"shopIds": changed}, failure{}
}

// inner returns an object among parameters, empty if there is none.
func inner(params sim.Settings, name string) sim.Settings {
	object, ok := params[name].(map[string]any)
	if !ok {
		return sim.Settings{}
	}
	return object
}

// texts returns the texts and numbers of a list as text.
func texts(list []any) []string {
	var all []string
	for _, item := range list {
		all = append(all, sim.Settings{"": item}.Text(""))
	}
	return slices.DeleteFunc(all, func(text string) bool { return text == "" })
}
