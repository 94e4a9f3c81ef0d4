package taobao_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestTokenAnswerHasTheDocumentedFields(t *testing.T) {
	w := start(t)
	pair := w.pair(w.Shop(0))
	for _, name := range []string{
		"expires_in", "re_expires_in", "r1_expires_in", "r2_expires_in", "w1_expires_in", "w2_expires_in",
		"expire_time", "refresh_token_valid_time", "r1_valid", "r2_valid", "w1_valid", "w2_valid",
	} {
		if _, ok := pair[name].(json.Number); !ok {
			t.Errorf("%s = %#v, want a number", name, pair[name])
		}
	}
	if token := text(pair["access_token"]); token[0] != '6' || !strings.HasSuffix(token, w.Shop(0)) || len(token) < 50 || len(token) > 65 {
		t.Errorf("access_token = %q", token)
	}
	if pair["taobao_user_id"] != w.Shop(0) || pair["taobao_user_nick"] != url.QueryEscape(w.nick(0)) || pair["token_type"] != "Bearer" {
		t.Errorf("answer = %v", pair)
	}
	if text(pair["w2_expires_in"]) != "1800" || text(pair["r2_expires_in"]) != "259200" || text(pair["re_expires_in"]) != text(pair["expires_in"]) {
		t.Errorf("windows = %v", pair)
	}
	w.Set("numbers", "string")
	w.Set("open_uid", "open_uid")
	if again := w.pair(w.Shop(0)); again["w2_expires_in"] != "1800" || again["open_uid"] != pair["taobao_open_uid"] {
		t.Errorf("answer with texts = %v", again)
	}
}

func TestLifetimesByTagAndStage(t *testing.T) {
	w := start(t)
	const year = 365 * 86400
	for _, c := range []struct {
		profile, stage             string
		expires, again, r1, r2, w2 int
	}{
		{"subscription", "online", year, year, year, 259200, 1800},
		{"subscription", "testing", 86400, 0, 1800, 0, 0},
		{"back-office", "online", year, 0, year, year, year},
		{"back-office", "testing", 86400, 0, 1800, 0, 0},
		{"xtao", "online", 86400, 0, 86400, 86400, 86400},
		{"shop-module", "online", year, 0, year, year, year},
		{"new-business", "online", year, 0, year, year, year},
	} {
		w.use(map[string]any{"app_key": "1234" + c.profile + c.stage, "profile": c.profile, "stage": c.stage})
		pair := w.pair(w.Shop(0))
		for name, want := range map[string]int{"expires_in": c.expires, "re_expires_in": c.again, "r1_expires_in": c.r1, "r2_expires_in": c.r2, "w2_expires_in": c.w2} {
			if got := seconds(t, pair[name]); got > want || got < want-5 {
				t.Errorf("%s %s: %s = %d, want %d", c.profile, c.stage, name, got, want)
			}
		}
		if r := w.refresh(pair["refresh_token"]); (r.Status == 200) != (c.again > 0) || r.Status != 200 && r.Body["error_description"] != "refresh token is invalid" {
			t.Errorf("%s %s: refresh = %d %s", c.profile, c.stage, r.Status, r.Text)
		}
	}
}

func TestCodeWorksOnceAndNotForever(t *testing.T) {
	w := start(t)
	code := w.code(w.Shop(0))
	if r := w.token("grant_type", "authorization_code", "code", code, "redirect_uri", callback+"/x"); r.Body["error_description"] != "redirect_uri is invalidate" {
		t.Errorf("exchange with another redirect_uri = %s", r.Text)
	}
	if r := w.exchange(code); r.Status != 200 {
		t.Fatalf("exchange = %d %s", r.Status, r.Text)
	}
	r := w.exchange(code)
	if r.Status != 400 || r.Body["error"] != "invalid_client" || r.Body["error_description"] != "authorize code "+code+" invalidate,please authorize again." {
		t.Errorf("second exchange = %d %s", r.Status, r.Text)
	}
	late := w.code(w.Shop(0))
	w.Advance(31 * time.Minute)
	if r := w.exchange(late); r.Body["error_description"] != "authorize code expire" {
		t.Errorf("exchange after half an hour = %s", r.Text)
	}
}

func TestTokenRequestsAreChecked(t *testing.T) {
	w := start(t)
	for want, r := range map[string]reply{
		"client_id is empty":                               w.token("client_id", "", "grant_type", "refresh_token"),
		"grant type is empty":                              w.token(),
		"the grant type unsupported":                       w.token("grant_type", "password"),
		"Can not find the client_id:9":                     w.token("client_id", "9", "grant_type", "refresh_token"),
		"client_secret is invalidate":                      w.token("client_secret", "wrong", "grant_type", "refresh_token"),
		"authorize code is empty":                          w.token("grant_type", "authorization_code"),
		"redirect_uri is empty":                            w.token("grant_type", "authorization_code", "code", "c0de", "redirect_uri", ""),
		"refresh token is empty":                           w.token("grant_type", "refresh_token"),
		"refresh token is error:broken":                    w.token("grant_type", "refresh_token", "refresh_token", "broken"),
		"refresh token is invalid":                         w.token("grant_type", "refresh_token", "refresh_token", "6101f0a9ZZc1b2d3e4f5"),
		"request method must be get/post":                  w.ask("PUT", w.Base+"/token", formType, "grant_type=refresh_token"),
		`xss chars included in params, such as <, >, ', "`: w.token("grant_type", "refresh_token", "state", "<b>"),
	} {
		if r.Status != 400 || r.Body["error_description"] != want {
			t.Errorf("answer = %d %s, want %q", r.Status, r.Text, want)
		}
	}
}

func TestParametersMayStandInTheQuery(t *testing.T) {
	w := start(t)
	query := url.Values{"grant_type": {"authorization_code"}, "code": {w.code(w.Shop(0))}, "client_id": {w.key()}, "client_secret": {w.secret()}, "redirect_uri": {callback}}
	if r := w.ask("POST", w.Base+"/token?"+query.Encode(), "", ""); r.Status != 200 {
		t.Errorf("exchange = %d %s", r.Status, r.Text)
	}
}

func TestTheEndStandsStill(t *testing.T) {
	w := start(t)
	w.use(map[string]any{"app_key": "12345678", "profile": "back-office"})
	first := w.pair(w.Shop(0))
	w.Advance(26 * time.Minute)
	second := w.pair(w.Shop(0))
	if first["expire_time"] != second["expire_time"] || first["access_token"] == second["access_token"] {
		t.Errorf("ends %v and %v, want the same end and another token", first["expire_time"], second["expire_time"])
	}
	if gone := seconds(t, first["expires_in"]) - seconds(t, second["expires_in"]); gone < 26*60 || gone > 26*60+5 {
		t.Errorf("expires_in went down by %d s in 26 minutes", gone)
	}
	if r := w.call("taobao.openuid.get", "session", text(first["access_token"])); r.refused() != "" {
		t.Errorf("first token after the second = %s", r.Text)
	}
	w.Set("old_access", "dies")
	if r := w.call("taobao.openuid.get", "session", text(first["access_token"])); r.refused() != "27 invalid-sessionkey" {
		t.Errorf("first token where later ones end it = %s", r.Text)
	}
}

func TestRefreshReArmsTheWindowsUpToTheOrdersEnd(t *testing.T) {
	w := start(t)
	ends := time.Now().Add(10 * 24 * time.Hour).UTC().Format(time.RFC3339)
	w.Do("POST", "/taobao/shops", map[string]any{"id": w.Shop(0), "order_end": ends})
	first := w.pair(w.Shop(0))
	sensitive := func(pair map[string]any) string {
		return w.call("taobao.trade.close", "session", text(pair["access_token"]), "tid", "1", "close_reason", "x").refused()
	}
	if got := sensitive(first); got != "" {
		t.Errorf("sensitive write at once = %s", got)
	}
	w.Advance(31 * time.Minute)
	if got := sensitive(first); got != "53 isv.w2-security-authorize-invalid" {
		t.Errorf("sensitive write after 31 minutes = %s", got)
	}
	w.Advance(8 * 24 * time.Hour)
	if got := w.call("taobao.trades.sold.get", "session", text(first["access_token"]), "fields", "tid").refused(); got != "53 isv.r2-security-authorize-invalid" {
		t.Errorf("sensitive read after eight days = %s", got)
	}
	second := w.refresh(first["refresh_token"]).Body
	if text(second["expire_time"]) != text(first["expire_time"]) || text(second["r2_valid"]) != text(second["expire_time"]) {
		t.Errorf("refresh = %v, want the order's end %v for the pair and for r2", second, first["expire_time"])
	}
	if got := sensitive(second); got != "" {
		t.Errorf("sensitive write after the refresh = %s", got)
	}
	w.Advance(2 * 24 * time.Hour)
	if got := w.call("taobao.openuid.get", "session", text(second["access_token"])).refused(); got != "27 invalid-sessionkey" {
		t.Errorf("call after the order's end = %s", got)
	}
	w.Do("POST", "/taobao/shops", map[string]any{"id": w.Shop(0), "order": "renew"})
	if got := w.call("taobao.openuid.get", "session", text(second["access_token"])).refused(); got != "27 invalid-sessionkey" {
		t.Errorf("old token after ordering again = %s", got)
	}
	w.pair(w.Shop(0))
}

func TestRefreshesAreCountedAndSingle(t *testing.T) {
	w := start(t)
	w.Set("refreshes_a_day", 2)
	w.Do("POST", "/clock", map[string]any{"set": time.Now().Add(24*time.Hour).UTC().Format("2006-01-02") + "T04:00:00Z"})
	pair := w.pair(w.Shop(0))
	first := text(pair["refresh_token"])
	for range 2 {
		r := w.refresh(pair["refresh_token"])
		if r.Status != 200 {
			t.Fatalf("refresh = %d %s", r.Status, r.Text)
		}
		pair = r.Body
	}
	if r := w.refresh(first); r.Body["error_description"] != "refresh token is invalid" {
		t.Errorf("used refresh token = %s", r.Text)
	}
	if r := w.refresh(pair["refresh_token"]); r.Body["error_description"] != "refresh times limit exceed" {
		t.Errorf("third refresh of a day = %s", r.Text)
	}
	w.Advance(12 * time.Hour) // past midnight, GMT+8
	w.Set("single_use_refresh", false)
	if r := w.refresh(first); r.Status != 200 {
		t.Errorf("used refresh token where it works again = %d %s", r.Status, r.Text)
	}
}

func TestOpenIDApps(t *testing.T) {
	w := start(t)
	w.use(map[string]any{"app_key": "12345678", "open_id_only": true})
	pair := w.pair(w.Shop(0))
	if _, ok := pair["taobao_user_id"]; ok || text(pair["taobao_open_uid"]) == "" || strings.Contains(text(pair["taobao_user_nick"]), url.QueryEscape(w.nick(0))) {
		t.Errorf("answer = %v, want no number, an open id and a nick that tells nothing", pair)
	}
}
