package taobao

import (
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// vasWindow is how far back the order look-ups reach.
const vasWindow = 90 * day

// vasError is an error of the marketplace's back end.
func vasError(code, text string) *topError { return &topError{50, messages[50], code, text} }

// article checks that an app asks about its own article.
func article(op *operation) *topError {
	if op.params["article_code"] != op.app.Text("article_code") {
		return vasError("1034", "AppKey may not query this article")
	}
	return nil
}

// vasSubscribe tells until when the order of a seller runs: nothing is listed once it has ended.
func (s *simulator) vasSubscribe(op *operation) (object, *topError) {
	if e := article(op); e != nil {
		return nil, e
	}
	seller := s.account(nickOf(op.params["nick"]))
	if seller == nil {
		return nil, vasError("1000", "bad input: nick")
	}
	var found []any
	if s.ordered(seller, op.app) {
		found = append(found, object{{"item_code", op.app.Text("item_code")}, {"deadline", topTime(orderEnd(seller, op.app))}})
	}
	return object{{"article_user_subscribes", list{"article_user_subscribe", found}}}, nil
}

// sellersAsked returns the seller that a look-up names, or all of them.
func (s *simulator) sellersAsked(op *operation) []*sim.Shop {
	var sellers []*sim.Shop
	for _, shop := range s.kit.Shops.All() {
		if nick := nickOf(op.params["nick"]); shop.Parent == "" && (nick == "" || nick == shop.Name) {
			sellers = append(sellers, shop)
		}
	}
	return sellers
}

// vasOrders lists what was paid for in the last 90 days.
func (s *simulator) vasOrders(op *operation) (object, *topError) {
	if e := article(op); e != nil {
		return nil, e
	}
	var found []any
	for _, seller := range s.sellersAsked(op) {
		o := dataOf(seller).orders[op.app.ID]
		if o == nil {
			continue
		}
		for _, paid := range o.steps {
			if s.kit.Now().Sub(paid.paid) > vasWindow {
				continue
			}
			found = append(found, object{
				{"nick", seller.Name}, {"article_code", op.app.Text("article_code")}, {"item_code", op.app.Text("item_code")},
				{"order_id", paid.id}, {"biz_order_id", paid.id}, {"biz_type", paid.kind}, {"create", topTime(paid.paid)},
				{"order_cycle_start", topTime(paid.start)}, {"order_cycle_end", topTime(paid.end)}, {"total_pay_fee", "0"},
			})
		}
	}
	return object{{"article_biz_orders", list{"article_biz_order", found}}, {"total_item", len(found)}}, nil
}

// vasSubscriptions lists orders by their end: within the next 90 days, unless start_deadline and end_deadline tell.
func (s *simulator) vasSubscriptions(op *operation) (object, *topError) {
	if e := article(op); e != nil {
		return nil, e
	}
	from, err := deadline(op.params["start_deadline"], s.kit.Now().Add(-vasWindow))
	if err != nil {
		return nil, vasError("1000", "bad input: start_deadline")
	}
	to, err := deadline(op.params["end_deadline"], s.kit.Now().Add(vasWindow))
	if err != nil {
		return nil, vasError("1000", "bad input: end_deadline")
	}
	var found []any
	for _, seller := range s.sellersAsked(op) {
		o := dataOf(seller).orders[op.app.ID]
		if o == nil || o.end.Before(from) || o.end.After(to) {
			continue
		}
		if status := s.status(seller, op.app); op.params["status"] == "" || op.params["status"] == jsonText(status, false) {
			found = append(found, object{
				{"nick", seller.Name}, {"article_code", op.app.Text("article_code")}, {"item_code", op.app.Text("item_code")},
				{"deadline", topTime(o.end)}, {"status", status}, {"autosub", false}, {"expire_notice", true},
			})
		}
	}
	return object{{"article_subs", list{"article_sub", found}}, {"total_item", len(found)}}, nil
}

func deadline(text string, unless time.Time) (time.Time, error) {
	if text == "" {
		return unless, nil
	}
	return time.ParseInLocation(time.DateTime, text, gmt8)
}

// status is 1 while an order runs, then 2.
func (s *simulator) status(seller *sim.Shop, app *sim.App) int {
	if s.ordered(seller, app) {
		return 1
	}
	return 2
}

// tellService says that an order was opened or lengthened.
func (s *simulator) tellService(app *sim.App, seller *sim.Shop) {
	o := dataOf(seller).orders[app.ID]
	s.tell(app, seller, "taobao_fuwu_ServiceOpen", object{
		{"article_code", app.Text("article_code")}, {"article_name", "示例服务"}, {"item_code", app.Text("item_code")}, {"item_name", "标准版"},
		{"sub_id", o.id}, {"user_nick", seller.Name}, {"open_uid", openID(app, seller)},
		{"end_date", topTime(o.end)}, {"effect_status", s.status(seller, app)}, {"autosub", false}, {"expire_notice", true},
	})
}

// tellOrder says a step of an order: OrderCreated, OrderPaid, OrderClosed.
func (s *simulator) tellOrder(app *sim.App, seller *sim.Shop, what string, paid step) {
	s.tell(app, seller, "taobao_fuwu_"+what, object{
		{"nick", seller.Name}, {"article_code", app.Text("article_code")}, {"item_code", app.Text("item_code")},
		{"order_id", paid.id}, {"biz_order_id", paid.id}, {"biz_type", paid.kind}, {"order_cycle", "3"},
		{"order_cycle_start", topTime(paid.start)}, {"order_cycle_end", topTime(paid.end)}, {"order_status", what},
		{"fee", 0}, {"total_pay_fee", 0},
	})
}

// tellCancel says that a seller has cancelled its grant, to an app that was permitted to hear of the seller.
func (s *simulator) tellCancel(app *sim.App, seller *sim.Shop) {
	if _, ok := dataOf(seller).permits[app.ID]; !ok && s.options.permitNeeded() {
		return
	}
	o := object{{"open_id", openID(app, seller)}}
	if s.options.cancelUserID() && !is(app, "open_id_only") {
		o = append(o, field{"user_id", seller.ID})
	}
	s.tell(app, seller, "taobao_top_AuthCancel", o)
}
