package shopee

import (
	"net/http"
	"strconv"

	"github.com/grantkeep/grantkeep/sim"
)

// Fields of the pages beside those that the kit knows.
const (
	fieldSMS      = "sms_code"
	fieldValidity = "validity"
	fieldDays     = "custom_days"
	fieldMerchant = "auth_merchant"
)

// smsCode is the one that the platform's sandbox takes.
const smsCode = "123456"

// mostChoices is how many accounts the log-in page lists before it asks for a name instead.
const mostChoices = 40

// mostTicks is how many shops can be ticked one by one. Beyond, where a form would grow too long to be taken, their ids are
// asked for.
const mostTicks = 5000

// ask shows the page of a visit's step, with what was wrong about the last answer.
func (s *simulator) ask(w http.ResponseWriter, r *http.Request, visit *session, wrong string) {
	var p sim.Page
	switch visit.step {
	case stepLogin:
		p = s.loginPage()
	case stepSMS:
		p = smsPage()
	case stepDecide:
		p = s.decidePage(visit)
	}
	if wrong != "" {
		p.Text = append([]string{wrong}, p.Text...)
	}
	s.kit.Show(w, r, p)
}

func (s *simulator) loginPage() sim.Page {
	account := sim.Field{Name: sim.FieldAccount, Label: "账号 Account"}
	for _, shop := range s.kit.Shops.All() {
		if !logsIn(shop) {
			continue
		}
		if len(account.Options) == mostChoices {
			account.Value, account.Options = account.Options[0].Value, nil
			break
		}
		account.Options = append(account.Options, sim.Choice{Value: shop.ID, Label: shop.Name})
	}
	return sim.Page{
		Title: "登录 Log in",
		Text:  []string{"店铺账号授权一个店铺；主账号（Switch to Sub Account）授权多个店铺和商户。A shop account authorizes its shop, a main account many shops and merchants."},
		Form:  &sim.Form{Fields: []sim.Field{account}, Buttons: []sim.Button{{Label: "登录 Log in"}}},
	}
}

// logsIn tells accounts with a log-in page of their own from merchants and affiliate shops, which others act for.
func logsIn(shop *sim.Shop) bool {
	return shop.Kind != kindMerchant && shop.Facts.Text("sip_of") == ""
}

// login judges who may log in: shops and main accounts, of the environment that the app belongs to.
func (s *simulator) login(w http.ResponseWriter, r *http.Request, visit *session) {
	account := s.shops[r.PostForm.Get(sim.FieldAccount)]
	switch {
	case account == nil || !logsIn(account):
		s.ask(w, r, visit, "Your account and/or password is incorrect, please try again")
		return
	case account.Kind == kindSub:
		s.kit.Show(w, r, sim.Page{Title: "无法登录 Cannot log in", Refusal: "A sub-account cannot log in to the authorization page"})
		return
	case elsewhere(account, visit.app):
		s.kit.Show(w, r, sim.Page{Title: "无法登录 Cannot log in", Refusal: "Verification Failed"})
		return
	case account.Kind == kindShop && status(account) != shopNormal:
		s.kit.Show(w, r, sim.Page{Title: "店铺已停用 Shop suspended", Refusal: textBanned})
		return
	}
	visit.account, visit.step = account, stepSMS
	s.ask(w, r, visit, "")
}

// elsewhere reports whether an account that names its environment logs in for an app of the other one.
func elsewhere(account *sim.Shop, app *sim.App) bool {
	environment := account.Facts.Text("environment")
	return environment != "" && environment != app.Text("environment")
}

func smsPage() sim.Page {
	return sim.Page{
		Title: "短信验证码 SMS code",
		Form: &sim.Form{
			Fields:  []sim.Field{{Name: fieldSMS, Label: "验证码 Code", Value: smsCode}},
			Buttons: []sim.Button{{Label: "确认 Confirm"}},
		},
	}
}

func (s *simulator) confirm(w http.ResponseWriter, r *http.Request, visit *session) {
	if r.PostForm.Get(fieldSMS) != smsCode {
		s.ask(w, r, visit, "验证码不正确 Wrong code. It is "+smsCode+" here.")
		return
	}
	visit.step = stepDecide
	s.ask(w, r, visit, "")
}

func (s *simulator) decidePage(visit *session) sim.Page {
	p := sim.Page{
		Title: "授权 Authorize app " + visit.app.Title(),
		Text:  []string{"这个应用将可以管理所选店铺的商品、订单、物流和店铺资料。The app will manage products, orders, logistics and shop data."},
		Form:  &sim.Form{Buttons: sim.AgreeButtons()},
	}
	choices := sim.Field{Name: sim.FieldShops, Label: "店铺和商户 Shops and merchants", Many: true}
	merchants := false
	for _, shop := range s.within(visit.account) {
		choices.Options = append(choices.Options, sim.Choice{Value: shop.ID, Label: shop.Name + " (" + shop.Region + ")"})
		merchants = merchants || shop.Kind == kindMerchant
	}
	if len(choices.Options) > mostTicks {
		choices.Options, choices.Label = nil, "店铺和商户编号，留空为全部 Ids of shops and merchants, empty for all"
	}
	p.Form.Fields = append(p.Form.Fields, choices)
	if visit.cancel {
		p.Title = "取消授权 Cancel the authorization of app " + visit.app.Title()
		p.Text = []string{"取消后，这个应用不能再访问所选店铺。The app will lose access to them."}
		return p
	}
	if merchants {
		p.Form.Fields = append(p.Form.Fields, sim.Field{Name: fieldMerchant, Label: "Auth Merchant", Value: "yes",
			Options: []sim.Choice{{Value: "yes", Label: "授权商户 Authorize merchants too"}, {Value: "no", Label: "只授权店铺 Shops only"}}})
	}
	validity := sim.Field{Name: fieldValidity, Label: "有效期 Validity", Value: "365"}
	for _, days := range []int{7, 30, 90, 180, 365} {
		text := strconv.Itoa(days)
		validity.Options = append(validity.Options, sim.Choice{Value: text, Label: text + " 天 days"})
	}
	validity.Options = append(validity.Options, sim.Choice{Value: "custom", Label: "自定 Custom"})
	p.Form.Fields = append(p.Form.Fields, validity, sim.Field{Name: fieldDays, Label: "自定天数 Custom days (1–365)", Value: "365"})
	return p
}

// within returns the shops and merchants that an account may authorize.
func (s *simulator) within(account *sim.Shop) []*sim.Shop {
	if account.Kind == kindShop {
		return []*sim.Shop{account}
	}
	var list []*sim.Shop
	for _, shop := range s.kit.Shops.OwnedBy(account.ID) {
		if shop.Kind == kindMerchant || logsIn(shop) && status(shop) == shopNormal {
			list = append(list, shop)
		}
	}
	return list
}
