package shopeev1sim

import (
	"net/http"

	"github.com/grantkeep/grantkeep/platform/simulate"
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
	var p simulate.Page
	switch {
	case visit.shop == nil:
		p = s.loginPage()
	case !visit.known:
		p = simulate.Page{Title: "短信验证码 SMS code", Form: &simulate.Form{
			Fields:  []simulate.Field{{Name: fieldSMS, Label: "验证码 Code", Value: smsCode}},
			Buttons: []simulate.Button{{Label: "确认 Confirm"}},
		}}
	default:
		p = decidePage(visit)
	}
	if wrong != "" {
		p.Text = append([]string{wrong}, p.Text...)
	}
	s.kit.Show(w, r, p)
}

func (s *simulator) loginPage() simulate.Page {
	account := simulate.Field{Name: simulate.FieldAccount, Label: "店铺账号 Shop account"}
	for _, shop := range s.kit.Shops.All() {
		if len(account.Options) == mostChoices {
			account.Value, account.Options = account.Options[0].Value, nil
			break
		}
		account.Options = append(account.Options, simulate.Choice{Value: shop.ID, Label: shop.Name})
	}
	return simulate.Page{
		Title: "登录 Log in",
		Text:  []string{"请用店铺账号登录，不要用开发者账号。Log in with the shop's account, not with the developer's."},
		Form:  &simulate.Form{Fields: []simulate.Field{account}, Buttons: []simulate.Button{{Label: "登录 Log in"}}},
	}
}

func decidePage(visit *session) simulate.Page {
	p := simulate.Page{
		Title: "授权 Authorize app " + visit.app.ID,
		Text:  []string{"这个应用将可以管理商品、订单、物流和店铺资料。The app will manage products, orders, logistics and shop data."},
		Form: &simulate.Form{
			Fields: []simulate.Field{{
				Name: simulate.FieldShops, Label: "店铺 Shop", Many: true,
				Options: []simulate.Choice{{Value: visit.shop.ID, Label: visit.shop.Name}},
			}},
			Buttons: simulate.AgreeButtons(),
		},
	}
	if visit.cancel {
		p.Title = "取消授权 Cancel the authorization of app " + visit.app.ID
		p.Text = []string{"取消后，这个应用不能再访问店铺。The app will lose access to the shop."}
	}
	return p
}
