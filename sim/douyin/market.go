package douyin

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// terms are the days for which a service can be bought.
var terms = []int{365, 180, 30}

// authorize is the page of the service market on which a shop buys a tool, if it has not, and confirms it.
func (s *simulator) authorize(w http.ResponseWriter, r *http.Request) {
	app := s.ofService(r.URL.Query().Get("service_id"))
	switch {
	case app == nil || app.Text("profile") != tool:
		s.pageError(w, r, "服务不存在")
		return
	case app.Settings["offline"] == true:
		s.pageError(w, r, "该应用已下架")
		return
	case app.Text("redirect_uri") == "":
		s.pageError(w, r, "redirect_uri与应用回调地址不一致：应用没有登记回调地址")
		return
	}
	shop := s.kit.Shops.Find("shop", cmp.Or(r.PostFormValue("shop"), r.PostFormValue(sim.FieldAccount)))
	if shop == nil {
		s.kit.Show(w, r, s.logIn(r))
		return
	}
	s.kit.Call(r).About(app.ID, shop.ID)
	switch r.PostFormValue(sim.FieldDecision) {
	case sim.Approve:
		s.agreed(w, r, app, shop)
	case sim.Deny:
		s.declined(w, r, app)
	default:
		s.kit.Show(w, r, s.ask(r, app, shop))
	}
}

func (s *simulator) pageError(w http.ResponseWriter, r *http.Request, text string) {
	s.kit.Show(w, r, sim.Page{Title: "授权失败 Authorization failed", Refusal: text})
}

func (s *simulator) logIn(r *http.Request) sim.Page {
	field := sim.Field{Name: sim.FieldAccount, Label: "店铺 Shop"}
	for _, shop := range s.kit.Shops.All() {
		field.Options = append(field.Options, sim.Choice{Value: shop.ID, Label: shop.Name + " (" + shop.ID + ")"})
	}
	return sim.Page{
		Title: "登录服务市场 Log in",
		Form:  &sim.Form{Action: r.URL.RequestURI(), Fields: []sim.Field{field}, Buttons: []sim.Button{{Label: "登录 Log in"}}},
	}
}

func (s *simulator) ask(r *http.Request, app *sim.App, shop *sim.Shop) sim.Page {
	person := sim.Field{Name: "person", Label: "登录的账号 Who is logged in", Options: []sim.Choice{
		{Value: "main", Label: "主账号 Main account"}, {Value: "sub", Label: "子账号 Sub-account"},
	}}
	order := sim.Field{Name: "days", Label: "订购 Buy"}
	g := s.grants[holder{app.ID, shop.ID}]
	if g != nil && s.kit.Now().Before(g.orderEnds) {
		order.Options = append(order.Options, sim.Choice{Value: "0", Label: "已订购，不续费 Bought already"})
	}
	for _, days := range terms {
		order.Options = append(order.Options, sim.Choice{Value: strconv.Itoa(days), Label: strconv.Itoa(days) + " 天 days"})
	}
	return sim.Page{
		Title: "订购并授权 Buy and authorize",
		Text:  []string{"店铺 Shop: " + shop.Name, "应用 App: " + app.Title()},
		Form: &sim.Form{
			Action: r.URL.RequestURI(), Hidden: map[string]string{"shop": shop.ID}, Fields: []sim.Field{person, order}, Buttons: sim.AgreeButtons(),
		},
	}
}

// agreed confirms the authorization and sends the merchant to the registered callback.
func (s *simulator) agreed(w http.ResponseWriter, r *http.Request, app *sim.App, shop *sim.Shop) {
	if r.PostFormValue("person") == "sub" {
		s.pageError(w, r, "请使用主账号登录")
		return
	}
	g := s.grants[holder{app.ID, shop.ID}]
	days, err := strconv.Atoi(cmp.Or(r.PostFormValue("days"), "0"))
	if err != nil || days < 0 || days > terms[0] || days == 0 && (g == nil || !s.kit.Now().Before(g.orderEnds)) {
		s.pageError(w, r, "店铺未订购该服务")
		return
	}
	g = s.confirm(app, shop)
	s.buy(g, time.Duration(days)*day)
	s.sendBack(w, r, g, r.URL.Query()["state"])
}

// sendBack redirects to the registered callback with a code, and the state if there is one.
func (s *simulator) sendBack(w http.ResponseWriter, r *http.Request, g *grant, state []string) {
	code := s.kit.Ledger.AddCode(sim.Code{
		Code: uuid(), App: g.app.ID, Subject: subject(g.shop), Ends: s.kit.Now().Add(s.options.codeLife()), Data: g,
	})
	s.kit.Call(r).Accept("code given")
	redirect(w, r, g.app, url.Values{"code": {code.Code}, "state": state})
}

func (s *simulator) declined(w http.ResponseWriter, r *http.Request, app *sim.App) {
	if s.options.refusal() == "none" {
		s.pageError(w, r, "已取消授权")
		return
	}
	s.kit.Call(r).Refuse("access_denied")
	redirect(w, r, app, url.Values{"error": {"access_denied"}, "state": r.URL.Query()["state"]})
}

func redirect(w http.ResponseWriter, r *http.Request, app *sim.App, back url.Values) {
	at, err := url.Parse(app.Text("redirect_uri"))
	if err != nil || at.Host == "" {
		http.Error(w, "the app's registered callback is no address", http.StatusBadRequest)
		return
	}
	values := at.Query()
	for name, all := range back {
		if len(all) > 0 {
			values.Set(name, all[0])
		}
	}
	at.RawQuery = values.Encode()
	http.Redirect(w, r, at.String(), http.StatusFound)
}

// market is a shop's back office with what it bought, and the vendor's console.
func (s *simulator) market(w http.ResponseWriter, r *http.Request) {
	s.kit.Show(w, r, s.marketPage(""))
}

func (s *simulator) marketPage(said string) sim.Page {
	shops := sim.Field{Name: "shop", Label: "店铺 Shop"}
	for _, shop := range s.kit.Shops.All() {
		shops.Options = append(shops.Options, sim.Choice{Value: shop.ID, Label: shop.Name + " (" + shop.ID + ")"})
	}
	apps := sim.Field{Name: "app", Label: "应用 App"}
	for _, app := range s.kit.Apps.All() {
		apps.Options = append(apps.Options, sim.Choice{Value: app.ID, Label: app.Title()})
	}
	page := sim.Page{Title: "授权管理 Authorizations", Form: &sim.Form{
		Fields: []sim.Field{shops, apps},
		Buttons: []sim.Button{
			{Name: "do", Value: "use", Label: "使用 Use"},
			{Name: "do", Value: "buy", Label: "续订 30 天 Buy 30 days"},
			{Name: "do", Value: "confirm", Label: "确认自用应用 Confirm an app of one's own"},
			{Name: "do", Value: "cancel", Label: "取消授权 Cancel"},
			{Name: "do", Value: "order", Label: "模拟下单 Place an order"},
			{Name: "do", Value: "probe", Label: "检测消息地址 Probe the message address"},
		},
	}}
	if said != "" {
		page.Text = []string{said}
	}
	return page
}

func (s *simulator) actInMarket(w http.ResponseWriter, r *http.Request) {
	app, shop := s.kit.Apps.Find(r.PostFormValue("app")), s.kit.Shops.Find("shop", r.PostFormValue("shop"))
	if app == nil || shop == nil {
		s.kit.Show(w, r, s.marketPage("请选择店铺和应用。Choose a shop and an app."))
		return
	}
	s.kit.Call(r).About(app.ID, shop.ID)
	g := s.grants[holder{app.ID, shop.ID}]
	said := "完成。Done."
	switch do := r.PostFormValue("do"); {
	case do == "confirm" && app.Text("profile") == selfUse:
		s.confirm(app, shop)
	case do == "probe":
		s.probe(app)
	case g == nil || s.stateOf(g) != normal || do == "confirm":
		said = "没有授权。There is no authorization."
	case do == "use" && app.Text("redirect_uri") != "":
		s.sendBack(w, r, g, nil) // nobody asked for it: there is no state
		return
	case do == "buy" && app.Text("profile") == tool:
		s.buy(g, 30*day)
	case do == "cancel":
		s.cancel(g)
	case do == "order":
		s.pushOrder(g)
	default:
		said = "不适用。This does not apply."
	}
	s.kit.Show(w, r, s.marketPage(said))
}

// ladder are the waits before the repeats of a push.
var ladder = []time.Duration{time.Minute, 5 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour}

// message is one of several in a push. Its data is JSON inside a text.
type message struct {
	Tag  string `json:"tag"`
	ID   string `json:"msg_id"`
	Data string `json:"data"`
}

// push sends messages to an app: taken is an answer of 200 with code 0.
func (s *simulator) push(app *sim.App, about string, messages ...message) {
	address := app.Text("push_url")
	if address == "" {
		return
	}
	body, err := json.Marshal(messages)
	if err != nil {
		panic(err) // texts always marshal
	}
	header := http.Header{}
	header.Set("Content-Type", "application/json")
	header["app-id"] = []string{app.ID}
	s.kit.Pushes.Send(sim.Push{
		App: app.ID, Subject: about, URL: address, Header: header, Body: body, Ladder: ladder,
		OK: func(status int, body []byte) bool {
			var answer struct{ Code any }
			return status == http.StatusOK && json.Unmarshal(body, &answer) == nil && (answer.Code == 0.0 || answer.Code == "0")
		},
		Stamp: func(p *sim.Push, _ time.Time) {
			way := cmp.Or(app.Text("push_algorithm"), byMD5)
			if way != byMD5 {
				p.Header.Set("sign-method", way)
			}
			p.Header.Set("event-sign", signPush(way, secrets(app)[0], app.ID, p.Body))
		},
	})
}

// probe is what the platform sends when an address is set.
func (s *simulator) probe(app *sim.App) {
	s.push(app, "", message{Tag: "0", ID: "0", Data: s.kit.Now().In(china).Format(time.RFC3339)})
}

// pushOrder tells of an order and of its payment, in one request.
func (s *simulator) pushOrder(g *grant) {
	order := sim.Digits(15)
	data := `{"shop_id":` + g.shop.ID + `,"p_id":"` + order + `","note":"茶"}`
	s.push(g.app, g.shop.ID,
		message{Tag: "100", ID: order + ":100", Data: data}, message{Tag: "101", ID: order + ":101", Data: data})
}
