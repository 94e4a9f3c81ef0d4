package shopee_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// receiver takes pushes and answers them as told.
type receiver struct {
	*world
	got    chan string
	status atomic.Int32
	words  atomic.Value // of the answer's body
	key    atomic.Value // that the pushes are expected to be signed with
	url    string
}

func (w *world) receive() *receiver {
	w.Helper()
	p := &receiver{world: w, got: make(chan string, 4000)}
	p.answer(http.StatusNoContent, "")
	p.key.Store(w.Setting("push_key"))
	hook := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.Error(err)
		}
		if want := hash(p.key.Load().(string), "http://"+r.Host+r.URL.Path+"|"+string(body)); r.Header.Get("Authorization") != want {
			w.Errorf("Authorization = %s, want %s", r.Header.Get("Authorization"), want)
		}
		status, words := int(p.status.Load()), p.words.Load().(string) // before the test goes on and changes them
		p.got <- string(body)
		rw.WriteHeader(status)
		io.WriteString(rw, words)
	}))
	w.Cleanup(hook.Close)
	p.url = hook.URL + "/push"
	w.Do("POST", "/shopee/apps", map[string]string{"partner_id": w.Setting("partner_id"), "push_url": p.url})
	return p
}

func (p *receiver) answer(status int, words string) {
	p.status.Store(int32(status))
	p.words.Store(words)
}

// next waits for a push and returns its text and data.
func (p *receiver) next(code int) (text string, data map[string]any) {
	p.Helper()
	select {
	case text = <-p.got:
	case <-time.After(5 * time.Minute):
		p.Fatalf("no push %d", code)
	}
	var m struct {
		Code int
		Data map[string]any
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&m); err != nil || m.Code != code {
		p.Fatalf("push = %s, want code %d", text, code)
	}
	return text, m.Data
}

func TestPushesTellOfConsentAndEnd(t *testing.T) {
	w := start(t)
	p := w.receive()
	w.pair(w.Shop(0), "365")
	if _, data := p.next(1); data["shop_id"] != json.Number(w.Shop(0)) || data["extra"] != "shop id "+w.Shop(0)+" (TW) has been authorized successfully" {
		t.Errorf("push 1 = %v", data)
	}
	for place, member := range map[string]string{"sampled": "", "extra": "", "shop_id": "shop_id", "shopid": "shopid", "list": "shop_id_list"} {
		w.Set("cancel_push", place)
		w.Do("POST", "/shopee/revoke", map[string]string{"subject": w.Shop(0)})
		text, data := p.next(2)
		if data["authorize_type"] != "user cancel shop authorization" || !strings.Contains(data["extra"].(string), w.Shop(0)) {
			t.Errorf("push 2 (%s) = %s", place, text)
		}
		for _, name := range []string{"shop_id", "shopid", "shop_id_list"} {
			if (data[name] != nil) != (name == member) {
				t.Errorf("push 2 (%s) = %s, want the shop in %q", place, text, member)
			}
		}
		w.pair(w.Shop(0), "365")
		p.next(1)
	}
	w.Set("push_strings", true)
	w.Set("push_signed_with", "partner_key")
	p.key.Store(w.Setting("partner_key"))
	w.Do("POST", "/shopee/shops", map[string]string{"id": w.Shop(0), "status": "FROZEN"})
	if text, data := p.next(2); data["authorize_type"] != "App status is abnormal" || data["success"] != "1" {
		t.Errorf("push 2 of a frozen shop = %s", text)
	}
}

func TestPushesOfAMainAccount(t *testing.T) {
	w := start(t)
	p := w.receive()
	main := w.owner("main_account")
	q := w.agree(map[string]any{"account": main})
	text, data := p.next(1)
	if data["main_account_id"] != json.Number(main) || len(data["shop_id_list"].([]any)) != 2 || len(data["merchant_id_list"].([]any)) != 1 {
		t.Errorf("push 1 = %s", text)
	}
	lists := w.exchange(q.Get("code"), "main_account_id", main).Body
	shop := lists["shop_id_list"].([]any)[0].(json.Number).String()
	w.Do("POST", "/shopee/shops", map[string]any{"id": shop, "disconnected": true})
	if text, data := p.next(2); data["authorize_type"] != "shop and main account is disconnected" || data["shop_id"] != json.Number(shop) {
		t.Errorf("push 2 = %s", text)
	}
	w.Do("POST", "/shopee/revoke", map[string]string{"subject": w.owner("merchant")})
	if text, data := p.next(2); data["authorize_type"] != "user cancel merchant authorization" {
		t.Errorf("push 2 = %s", text)
	}
	w.Do("POST", "/shopee/revoke", map[string]string{"subject": main})
	p.next(2)
	if r := w.ask("POST", w.Control+"/shopee/revoke", "application/json", `{"subject":"`+main+`"}`); r.Status != 422 {
		t.Errorf("a second revocation = %d %s", r.Status, r.Text)
	}
}

func TestExpiryIsWarnedOfPageByPage(t *testing.T) {
	w := start(t)
	for i := range 3 {
		w.pair(w.Shop(i), "30")
	}
	p := w.receive()
	w.Set("expiry_page", 2)
	w.Set("authorization_end", "day_end")
	w.Advance(24 * 24 * time.Hour)
	text, data := p.next(12)
	if len(data["shop_expire_soon"].([]any)) != 2 || data["page_no"] != json.Number("1") || data["total_page"] != json.Number("2") || strings.Contains(text, "partner_id") {
		t.Errorf("push 12 = %s", text)
	}
	if text, data := p.next(12); len(data["shop_expire_soon"].([]any)) != 1 || data["page_no"] != json.Number("2") {
		t.Errorf("push 12 = %s", text)
	}
	w.Advance(7 * 24 * time.Hour)
	for range 3 {
		if text, data := p.next(2); data["authorize_type"] != "expiry" || data["shopid"] == nil {
			t.Errorf("push 2 = %s", text)
		}
	}
}

func TestLostPushesAreKept(t *testing.T) {
	w := start(t)
	p := w.receive()
	p.answer(http.StatusOK, "ok") // a body makes it a failure
	w.pair(w.Shop(0), "365")
	p.next(1)
	for _, wait := range []time.Duration{300, 1800, 10800} {
		w.Advance(wait*time.Second - 2*time.Second)
		if len(p.got) != 0 {
			t.Errorf("a push before its time: %s", <-p.got)
		}
		w.Advance(2 * time.Second)
		p.next(1)
	}
	r := w.public("/api/v2/push/get_lost_push_message")
	lost := r.Body["response"].(map[string]any)
	list := lost["push_message_list"].([]any)
	if len(list) != 1 || lost["has_next_page"] != false {
		t.Fatalf("get_lost_push_message = %s", r.Text)
	}
	item := list[0].(map[string]any)
	if data, ok := item["data"].(string); !ok || !strings.HasPrefix(data, `{"authorize_type"`) || item["code"] != json.Number("1") || item["shop_id"] != json.Number(w.Shop(0)) {
		t.Errorf("lost push = %v", item)
	}
	w.Set("lost_push_data", "whole")
	if r := w.public("/api/v2/push/get_lost_push_message"); !strings.Contains(r.Text, `"data":"{\"data\":{`) {
		t.Errorf("lost push, whole = %s", r.Text)
	}
	if r := w.post("/api/v2/push/confirm_consumed_lost_push_message", map[string]any{"last_message_id": lost["last_message_id"]}); r.code() != "" {
		t.Errorf("confirm_consumed_lost_push_message = %s", r.Text)
	}
	if r := w.public("/api/v2/push/get_lost_push_message"); !strings.Contains(r.Text, `"push_message_list":[]`) {
		t.Errorf("after the confirmation = %s", r.Text)
	}
	if r := w.post("/api/v2/push/confirm_consumed_lost_push_message", map[string]any{}); r.code() != "error_param parameter invalid" {
		t.Errorf("confirmation of nothing = %s", r.Text)
	}
}

func TestSubscription(t *testing.T) {
	w := start(t)
	p := w.receive()
	const path = "/api/v2/push/set_app_push_config"
	if r := w.post(path, map[string]any{"set_push_config_off": []int{1}, "blocked_shop_id_list": []json.Number{json.Number(w.Shop(1))}}); r.code() != "" {
		t.Fatalf("set_app_push_config = %s", r.Text)
	}
	r := w.public("/api/v2/push/get_app_push_config")
	if in := r.Body["response"].(map[string]any); in["live_push_status"] != "Normal" || in["callback_url"] != p.url {
		t.Errorf("get_app_push_config = %s", r.Text)
	}
	w.pair(w.Shop(0), "365")
	w.pair(w.Shop(1), "365")
	w.Do("POST", "/shopee/revoke", map[string]string{"subject": w.Shop(1)})
	w.Do("POST", "/shopee/revoke", map[string]string{"subject": w.Shop(0)})
	if text, _ := p.next(2); !strings.Contains(text, w.Shop(0)) {
		t.Errorf("push = %s, want neither topic 1 nor the blocked shop", text)
	}
	if r := w.post(path, map[string]any{"callback_url": p.url}); r.code() != "" {
		t.Errorf("set_app_push_config = %s", r.Text)
	}
	p.next(0)
	w.Set("push_intranet_refused", true)
	for address, want := range map[string]string{"": "callback_url is empty", "ftp://x": "callback_url is invalid", "http://10.0.0.7/": "intranet address"} {
		if r := w.post(path, map[string]any{"callback_url": address}); !strings.HasPrefix(r.code(), "error_param ") || !strings.Contains(r.code(), want) {
			t.Errorf("callback_url %q = %s", address, r.Text)
		}
	}
}

func TestUnreachableSubscriptionIsSetBack(t *testing.T) {
	w := start(t)
	p := w.receive()
	bad := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		http.Redirect(rw, r, p.url, http.StatusPermanentRedirect)
	}))
	defer bad.Close()
	w.post("/api/v2/push/set_app_push_config", map[string]any{"callback_url": bad.URL})
	w.Advance(time.Second) // waits for what is in flight
	w.Advance(time.Second)
	r := w.public("/api/v2/push/get_app_push_config")
	if in := r.Body["response"].(map[string]any); in["callback_url"] != p.url {
		t.Errorf("get_app_push_config = %s, want the address before", r.Text)
	}
}

func TestTooManyFailuresEndTheSubscription(t *testing.T) {
	w := start(t)
	w.Do("POST", "/shopee/shops", map[string]any{"count": 601, "owner": "55001"})
	p := w.receive()
	p.answer(http.StatusInternalServerError, "")
	w.agree(map[string]any{"account": "55001"})
	p.next(1)
	w.Do("POST", "/shopee/revoke", map[string]string{"subject": "55001"})
	w.Advance(4 * time.Hour)
	r := w.public("/api/v2/push/get_app_push_config")
	if in := r.Body["response"].(map[string]any); in["live_push_status"] != "Suspended" {
		t.Errorf("get_app_push_config = %s, want Suspended", r.Text)
	}
	lost := w.public("/api/v2/push/get_lost_push_message").Body["response"].(map[string]any)
	p.answer(http.StatusNoContent, "")
	w.post("/api/v2/push/set_app_push_config", map[string]any{"callback_url": p.url})
	w.Advance(time.Second) // waits for what is in flight
	w.Advance(time.Second)
	if r := w.public("/api/v2/push/get_app_push_config"); !strings.Contains(r.Text, `"live_push_status":"Normal"`) {
		t.Errorf("get_app_push_config after a new subscription = %s", r.Text)
	}
	if len(lost["push_message_list"].([]any)) != 100 || lost["has_next_page"] != true {
		t.Errorf("lost pushes = %v", lost)
	}
}
