package taobao

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// method is one API of the gateway.
type method struct {
	level string   // the window of the grant that it needs: r1, r2, w1, w2; empty: it needs no grant
	needs []string // arguments that it cannot do without
	do    func(op *operation) (object, *topError)
}

// table lists the APIs. Which level the ordinary ones have is made up: four of them, so that each window has some.
func (s *simulator) table() map[string]method {
	return map[string]method{
		"taobao.time.get":  {do: s.timeGet},
		"taobao.appip.get": {do: appIP},

		"taobao.top.auth.token.create":  {needs: []string{"code"}, do: s.tokenCreate},
		"taobao.top.auth.token.refresh": {needs: []string{"refresh_token"}, do: s.tokenRefresh},
		"taobao.openuid.get":            {level: "r1", do: openUIDGet},

		"taobao.user.seller.get":      {level: "r1", needs: []string{"fields"}, do: s.sellerGet},
		"taobao.items.onsale.get":     {level: "r1", needs: []string{"fields"}, do: itemsOnSale},
		"taobao.trades.sold.get":      {level: "r2", needs: []string{"fields"}, do: tradesSold},
		"taobao.trade.fullinfo.get":   {level: "r2", needs: []string{"fields", "tid"}, do: tradeFull},
		"taobao.item.update":          {level: "w1", needs: []string{"num_iid"}, do: s.itemUpdate},
		"taobao.trade.memo.add":       {level: "w1", needs: []string{"tid", "memo"}, do: s.tradeChanged},
		"taobao.trade.postage.update": {level: "w2", needs: []string{"tid", "post_fee"}, do: s.tradeChanged},
		"taobao.trade.close":          {level: "w2", needs: []string{"tid", "close_reason"}, do: s.tradeChanged},

		"taobao.tmc.user.permit":      {level: "r1", do: s.tmcPermit},
		"taobao.tmc.user.get":         {needs: []string{"fields", "nick"}, do: s.tmcUser},
		"taobao.tmc.user.cancel":      {needs: []string{"nick"}, do: s.tmcCancel},
		"taobao.tmc.group.add":        {needs: []string{"group_name", "nicks"}, do: s.tmcGroup},
		"taobao.tmc.messages.consume": {do: s.tmcConsume},
		"taobao.tmc.messages.confirm": {do: s.tmcConfirm},

		"taobao.vas.subscribe.get": {needs: []string{"article_code", "nick"}, do: s.vasSubscribe},
		"taobao.vas.order.search":  {needs: []string{"article_code"}, do: s.vasOrders},
		"taobao.vas.subsc.search":  {needs: []string{"article_code"}, do: s.vasSubscriptions},
	}
}

func (s *simulator) timeGet(*operation) (object, *topError) {
	return object{{"time", topTime(s.kit.Now())}}, nil
}

// topTime writes a moment as the gateway does.
func topTime(t time.Time) string { return t.In(gmt8).Format(time.DateTime) }

func appIP(op *operation) (object, *topError) { return object{{"ip", op.caller}}, nil }

func (s *simulator) tokenCreate(op *operation) (object, *topError) {
	pair, no := s.exchange(op.app, op.params["code"])
	return s.tokenResult(op, pair, no)
}

func (s *simulator) tokenRefresh(op *operation) (object, *topError) {
	pair, no := s.refresh(op.app, op.params["refresh_token"])
	return s.tokenResult(op, pair, no)
}

// tokenResult is a pair as a text that holds JSON.
func (s *simulator) tokenResult(op *operation, pair *sim.Pair, no *refusal) (object, *topError) {
	if no != nil {
		return nil, s.overGateway(*no)
	}
	return object{{"token_result", jsonText(s.tokenAnswer(op.app, pair), false)}}, nil
}

func openUIDGet(op *operation) (object, *topError) {
	return object{{"open_uid", openID(op.app, op.account)}}, nil
}

// sellerGet tells who the shop of a session is. The nick is plain here.
func (s *simulator) sellerGet(op *operation) (object, *topError) {
	seller := s.mainOf(op.account)
	known := object{{"nick", seller.Name}, {"sex", "m"}, {"type", "B"}, {"status", "normal"}, {"has_shop", true}}
	if !is(op.app, "open_id_only") {
		known = append(object{{"user_id", number(seller.ID)}}, known...)
	}
	return object{{"user", only(known, op.params["fields"])}}, nil
}

// only keeps the members that a comma list names.
func only(o object, fields string) object {
	kept := object{}
	for _, f := range o {
		for name := range strings.SplitSeq(fields, ",") {
			if strings.TrimSpace(name) == f.name {
				kept = append(kept, f)
			}
		}
	}
	return kept
}

// number returns an id as a number. The simulator has made it one, or checked that it is.
func number(id string) int64 {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		panic(fmt.Sprintf("sim: taobao: id %q is no number", id))
	}
	return n
}

// bigID is larger than 2^53, as ids of the platform are in places.
const bigID = 9007199254740993

func itemsOnSale(op *operation) (object, *topError) {
	item := only(object{{"num_iid", int64(bigID)}, {"title", "示例商品"}, {"price", "9.90"}}, op.params["fields"])
	return object{{"items", list{"item", []any{item}}}, {"total_results", 1}}, nil
}

func tradesSold(op *operation) (object, *topError) {
	trade := only(object{{"tid", int64(bigID)}, {"status", "WAIT_SELLER_SEND_GOODS"}, {"payment", "9.90"}}, op.params["fields"])
	return object{{"trades", list{"trade", []any{trade}}}, {"total_results", 1}}, nil
}

func tradeFull(op *operation) (object, *topError) {
	if e := wholeNumber(op, "tid"); e != nil {
		return nil, e
	}
	return object{{"trade", only(object{{"tid", number(op.params["tid"])}, {"status", "WAIT_SELLER_SEND_GOODS"}, {"payment", "9.90"}}, op.params["fields"])}}, nil
}

// wholeNumber refuses an argument that is no positive number.
func wholeNumber(op *operation, name string) *topError {
	if n, err := strconv.ParseInt(op.params[name], 10, 64); err != nil || n <= 0 {
		return &topError{code: 41, msg: messages[41] + ":" + name}
	}
	return nil
}

func (s *simulator) itemUpdate(op *operation) (object, *topError) {
	if e := wholeNumber(op, "num_iid"); e != nil {
		return nil, e
	}
	return object{{"item", object{{"num_iid", number(op.params["num_iid"])}, {"modified", topTime(s.kit.Now())}}}}, nil
}

func (s *simulator) tradeChanged(op *operation) (object, *topError) {
	if e := wholeNumber(op, "tid"); e != nil {
		return nil, e
	}
	return object{{"trade", object{{"tid", number(op.params["tid"])}, {"modified", topTime(s.kit.Now())}}}}, nil
}

// nickOf returns a nick as an argument names it: some clients pass it on as the token answer encodes it.
func nickOf(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil && strings.Contains(text, "%") {
		return plain
	}
	return text
}
