package taobao

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/grantkeep/grantkeep/sim"
)

// fragmentOrder is the order of the browser-side answer, as recorded. The state stands before the signature.
var fragmentOrder = []string{
	"access_token", "token_type", "expires_in", "refresh_token", "re_expires_in", "r1_expires_in", "r2_expires_in",
	"taobao_user_id", "taobao_user_nick", "sub_taobao_user_id", "sub_taobao_user_nick", "w1_expires_in", "w2_expires_in",
}

// sendToken redirects with the token in the fragment, signed with the app's secret.
func (s *simulator) sendToken(w http.ResponseWriter, r *http.Request, link url.Values, p *sim.Pair) {
	app := s.kit.Apps.Find(p.App)
	told := map[string]string{}
	for _, f := range s.tokenAnswer(app, p) {
		told[f.name] = fmt.Sprint(f.value)
	}
	for _, name := range []string{"taobao_user_nick", "sub_taobao_user_nick"} {
		plain, err := url.QueryUnescape(told[name])
		if err != nil {
			panic(err) // encodeNick has written it
		}
		told[name] = plain
	}
	signed := map[string]string{"state": link.Get("state")}
	var parts []string
	for _, name := range fragmentOrder {
		if told[name] == "" {
			continue
		}
		signed[name] = told[name]
		parts = append(parts, name+"="+url.QueryEscape(told[name]))
	}
	secret := app.Text("app_secret")
	sign := upperMD5(secret + signedText(signed, func(string) bool { return false }) + secret)
	parts = append(parts, "state="+url.QueryEscape(link.Get("state")), "top_sign="+sign)
	s.kit.Call(r).Accept("pair issued to the browser")
	w.Header().Set("Location", s.returnTo(link)+"#"+strings.Join(parts, "&"))
	w.WriteHeader(http.StatusFound)
}
