package shopeev1

import (
	"net/http"

	"github.com/grantkeep/grantkeep/sim"
)

// fieldSMS is the field of the SMS code; smsCode the one that test shops get.
const (
	fieldSMS = "sms_code"
	smsCode  = "123456"
)

// mostChoices is how many accounts the log-in page lists before it asks for a name instead.
const mostChoices = 40

// ask shows the next page of a visit, with what was wrong about the last answer.
func (s *simulator) ask(w http.ResponseWriter, r *http.Request, visit *session, wrong string) {
	var p sim.Page
	switch {
	case visit.shop == nil:
		p = s.loginPage()
	case !visit.known:
		p = sim.Page{Title: "短信验证码 SMS code", Form: &sim.Form{
			Fields:  []sim.Field{{Name: fieldSMS, Label: "验证码 Code", Value: smsCode}},
			Buttons: []sim.Button{{Label: "确认 Confirm"}},
		}}
	default:
		p = decidePage(visit)
	}
	if wrong != "" {
		p.Text = append([]string{wrong}, p.Text...)
	}
	s.kit.Show(w, r, p)
}

func (s *simulator) loginPage() sim.Page {
	account := sim.Field{Name: sim.FieldAccount, Label: "店铺账号 Shop account"}
	for _, shop := range s.kit.Shops.All() {
		if len(account.Options) == mostChoices {
			account.Value, account.Options = account.Options[0].Value, nil
			break
		}
		account.Options = append(account.Options, sim.Choice{Value: shop.ID, Label: shop.Name})
	}
	return sim.Page{
		Title: "登录 Log in",
		Text:  []string{"请用店铺账号登录，不要用开发者账号。Log in with the shop's account, not with the developer's."},
		Form:  &sim.Form{Fields: []sim.Field{account}, Buttons: []sim.Button{{Label: "登录 Log in"}}},
	}
}

func decidePage(visit *session) sim.Page {
	p := sim.Page{
		Title: "授权 Authorize app " + visit.app.Title(),
		Text:  []string{"这个应用将可以管理商品、订单、物流和店铺资料。The app will manage products, orders, logistics and shop data."},
		Form: &sim.Form{
			Fields: []sim.Field{{
				Name: sim.FieldShops, Label: "店铺 Shop", Many: true,
				Options: []sim.Choice{{Value: visit.shop.ID, Label: visit.shop.Name}},
			}},
			Buttons: sim.AgreeButtons(),
		},
	}
	if visit.cancel {
		p.Title = "取消授权 Cancel the authorization of app " + visit.app.Title()
		p.Text = []string{"取消后，这个应用不能再访问店铺。The app will lose access to the shop."}
	}
	return p
}
