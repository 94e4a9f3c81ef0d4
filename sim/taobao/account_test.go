package taobao_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestSubAccountsComeAfterTheMainAccount(t *testing.T) {
	w := start(t)
	made := w.Do("POST", "/taobao/shops", map[string]any{"sub_account_of": w.Shop(0), "name": "小王", "allowed": false})
	sub := text(at(made["shops"].([]any)[0], "id"))
	if !strings.HasPrefix(sub, w.Shop(0)+":") {
		t.Fatalf("sub-account = %v", made)
	}
	refused := func() string {
		back, page := w.consent(w.link(), sub, "approve")
		return back.Get("error") + " " + back.Get("error_description") + page
	}
	if got := refused(); got != "access_denied parent account should authorize in web way first." {
		t.Errorf("before the main account = %q", got)
	}
	main := w.pair(w.Shop(0))
	if got := refused(); got != "access_denied parent account forbid this sub account to access app." {
		t.Errorf("without being allowed = %q", got)
	}
	w.Do("POST", "/taobao/shops", map[string]any{"id": sub, "allowed": true})
	pair := w.pair(sub)
	if pair["taobao_user_id"] != w.Shop(0) || w.Shop(0)+":"+text(pair["sub_taobao_user_id"]) != sub || pair["sub_taobao_user_nick"] != url.QueryEscape(w.nick(0)+":小王") {
		t.Errorf("answer = %v", pair)
	}
	r := w.call("taobao.item.update", "session", text(pair["access_token"]), "num_iid", "1")
	if sub := text(at(r.Body, "error_response", "sub_msg")); r.refused() != "12" || sub != "该子帐号无此操作权限taobao.item.update, 请通过主帐号设置开通相应权限（应用）!" {
		t.Errorf("call that is forbidden = %s", r.Text)
	}
	w.Do("POST", "/taobao/shops", map[string]any{"id": sub, "forbidden_apis": ""})
	if r := w.call("taobao.item.update", "session", text(pair["access_token"]), "num_iid", "1"); r.refused() != "" {
		t.Errorf("call that is allowed = %s", r.Text)
	}
	w.Do("POST", "/taobao/revoke", map[string]string{"subject": w.Shop(0)})
	for name, p := range map[string]map[string]any{"main": main, "sub": pair} {
		if got := w.call("taobao.openuid.get", "session", text(p["access_token"])).refused(); got != "27 invalid-sessionkey" {
			t.Errorf("%s after the main account's end = %s", name, got)
		}
	}
	if got := refused(); got != "access_denied parent account forbidden" {
		t.Errorf("after the main account's end = %q", got)
	}
	w.use(map[string]any{"sub_accounts": false})
	if got := refused(); got != " subuser can't access" {
		t.Errorf("app without sub-accounts = %q", got)
	}
}

func TestCancelIsTold(t *testing.T) {
	w := start(t)
	pair := w.pair(w.Shop(0))
	valid := func() any {
		return at(w.call("taobao.tmc.user.get", "fields", "is_valid", "nick", w.nick(0)).Body, "tmc_user_get_response", "tmc_user", "is_valid")
	}
	if r := w.call("taobao.tmc.user.permit", "session", text(pair["access_token"])); at(r.Body, "tmc_user_permit_response", "is_success") != true {
		t.Fatalf("permit = %s", r.Text)
	}
	if valid() != true {
		t.Errorf("is_valid = %v, want true", valid())
	}
	w.Do("POST", "/taobao/revoke", map[string]string{"subject": w.Shop(0)})
	if valid() != false {
		t.Errorf("is_valid = %v, want false", valid())
	}
	if r := w.refresh(pair["refresh_token"]); r.Body["error_description"] != "refresh token is invalid" {
		t.Errorf("refresh = %s", r.Text)
	}
	for range 2 { // it comes again until it is confirmed
		found := w.messages()
		if len(found) != 1 || found[0]["topic"] != "taobao_top_AuthCancel" {
			t.Fatalf("messages = %v", found)
		}
		told := jsonObject(t, found[0]["content"])
		if told["user_id"] != w.Shop(0) || told["open_id"] != pair["taobao_open_uid"] || text(found[0]["user_id"]) != w.Shop(0) {
			t.Errorf("message = %v", found[0])
		}
	}
	w.call("taobao.tmc.messages.confirm", "s_message_ids", text(w.messages()[0]["id"]))
	if left := w.messages(); len(left) != 0 {
		t.Errorf("messages left = %v", left)
	}
}

func TestMessagesNeedAPermitAndRest(t *testing.T) {
	w := start(t)
	w.pair(w.Shop(0))
	w.Do("POST", "/taobao/revoke", map[string]string{"subject": w.Shop(0)})
	if found := w.messages(); len(found) != 0 {
		t.Errorf("messages without a permit = %v", found)
	}
	w.Set("tmc_permit_needed", false)
	w.Set("redelivery", "10m")
	w.pair(w.Shop(1))
	w.Do("POST", "/taobao/revoke", map[string]string{"subject": w.Shop(1)})
	for i, want := range []int{1, 0} {
		if found := w.messages(); len(found) != want {
			t.Errorf("fetch %d = %v, want %d", i+1, found, want)
		}
	}
	w.Advance(10 * time.Minute)
	if found := w.messages(); len(found) != 1 {
		t.Errorf("fetch after ten minutes = %v, want it again", found)
	}
}

func TestGroups(t *testing.T) {
	w := start(t)
	w.Set("tmc_permit_needed", false)
	w.call("taobao.tmc.group.add", "group_name", "mine", "nicks", w.nick(0))
	w.pair(w.Shop(0))
	w.Do("POST", "/taobao/revoke", map[string]string{"subject": w.Shop(0)})
	if found := w.messages(); len(found) != 0 {
		t.Errorf("messages of the default group = %v", found)
	}
	r := w.call("taobao.tmc.messages.consume", "group_name", "mine")
	if listed, _ := at(r.Body, "tmc_messages_consume_response", "messages", "tmc_message").([]any); len(listed) != 1 {
		t.Errorf("messages of the group = %s", r.Text)
	}
	if got := w.call("taobao.tmc.group.add", "group_name", "default2", "nicks", w.nick(0)).refused(); got != "41" {
		t.Errorf("group that begins with default = %s, want 41", got)
	}
}

func TestOrders(t *testing.T) {
	w := start(t)
	article := text(w.App["article_code"])
	pair := w.pair(w.Shop(0))
	deadline := func() string {
		r := w.call("taobao.vas.subscribe.get", "article_code", article, "nick", w.nick(0))
		listed, ok := at(r.Body, "vas_subscribe_get_response", "article_user_subscribes", "article_user_subscribe").([]any)
		if !ok {
			t.Fatalf("subscribe.get = %s", r.Text)
		}
		if len(listed) == 0 {
			return ""
		}
		return text(at(listed[0], "deadline"))
	}
	w.Do("POST", "/taobao/shops", map[string]any{"id": w.Shop(0), "order_end": "2031-01-31T16:00:00Z"})
	if deadline() != "2031-02-01 00:00:00" {
		t.Errorf("deadline = %q", deadline())
	}
	if again := w.refresh(pair["refresh_token"]).Body; text(again["expire_time"]) != "1927641600000" {
		t.Errorf("refresh after the renewal = %v, want its end", again)
	}
	found := w.messages()
	if want := []string{"taobao_fuwu_OrderCreated", "taobao_fuwu_OrderPaid", "taobao_fuwu_ServiceOpen"}; !slices.Equal(topics(found), want) {
		t.Fatalf("messages = %v, want %v", topics(found), want)
	}
	if open := jsonObject(t, found[2]["content"]); open["end_date"] != "2031-02-01 00:00:00" || open["effect_status"] != 1.0 || open["user_nick"] != w.nick(0) {
		t.Errorf("ServiceOpen = %v", open)
	}
	r := w.call("taobao.vas.order.search", "article_code", article, "nick", w.nick(0))
	if text(at(r.Body, "vas_order_search_response", "total_item")) != "2" {
		t.Errorf("order.search = %s", r.Text)
	}
	r = w.call("taobao.vas.subsc.search", "article_code", article, "end_deadline", "2032-01-01 00:00:00", "status", "1")
	if text(at(r.Body, "vas_subsc_search_response", "total_item")) != "3" {
		t.Errorf("subsc.search = %s", r.Text)
	}
	w.Do("POST", "/taobao/shops", map[string]any{"id": w.Shop(0), "order": "close"})
	if deadline() != "" || topics(w.messages())[3] != "taobao_fuwu_OrderClosed" {
		t.Errorf("after the close: deadline %q, messages %v", deadline(), topics(w.messages()))
	}
	if got := w.call("taobao.openuid.get", "session", text(pair["access_token"])).refused(); got != "27 invalid-sessionkey" {
		t.Errorf("call after the close = %s", got)
	}
	for want, change := range map[string][]string{"50 1034": {"article_code", "other"}, "50 1000": {"nick", "nobody"}} {
		args := append([]string{"article_code", article, "nick", w.nick(0)}, change...)
		if got := w.call("taobao.vas.subscribe.get", args...).refused(); got != want {
			t.Errorf("%q = %s, want %s", change, got, want)
		}
	}
}

func TestWrongShopsAndAppsAreRefused(t *testing.T) {
	w := start(t)
	for path, bodies := range map[string][]string{
		"/taobao/shops":  {`{"id":"shop"}`, `{"sub_account_of":"1"}`, `{"merchants":1}`, `{"colour":"red"}`, `{"id":"` + w.Shop(0) + `","order":"burn"}`, `{"id":"` + w.Shop(0) + `","order_end":"soon"}`},
		"/taobao/apps":   {`{"profile":"tao"}`, `{"stage":"live"}`},
		"/taobao/revoke": {`{"subject":"nobody"}`},
	} {
		for _, body := range bodies {
			if r := w.ask("POST", w.Control+path, "application/json", body); r.Status < 400 {
				t.Errorf("%s %s = %d %s, want a refusal", path, body, r.Status, r.Text)
			}
		}
	}
}

func TestAYearGoesByQuickly(t *testing.T) {
	w := start(t)
	pair := w.pair(w.Shop(0))
	begun := time.Now()
	w.Advance(366 * 24 * time.Hour)
	if took := time.Since(begun); took > 2*time.Minute {
		t.Errorf("a year took %v", took)
	}
	if got := w.call("taobao.openuid.get", "session", text(pair["access_token"])).refused(); got != "27 invalid-sessionkey" {
		t.Errorf("call after a year = %s", got)
	}
}
