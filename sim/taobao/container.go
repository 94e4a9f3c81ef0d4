package taobao

import "net/http"

// containerRefresh is the refresh of the legacy container. Its answer is not documented: it is the token endpoint's.
func (s *simulator) containerRefresh(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		s.tokenError(w, r, refusal{"", "OAUTH SERVER ERROR:" + err.Error()})
		return
	}
	app := s.kit.Apps.Find(r.Form.Get("appkey"))
	if app == nil {
		s.tokenError(w, r, refusal{"", unknownClient + r.Form.Get("appkey")})
		return
	}
	refresh, session := r.Form.Get("refresh_token"), r.Form.Get("sessionkey")
	if r.Form.Get("sign") != containerSign(app.Text("app_secret"), app.ID, refresh, session) {
		s.tokenError(w, r, refusal{"406", "sign error"})
		return
	}
	pair, no := s.refresh(app, refresh)
	s.answerPair(w, r, pair, no)
}
