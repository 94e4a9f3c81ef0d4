package eleme_test

import (
	"crypto/md5"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// hub takes pushes and answers them as told.
type hub struct {
	*httptest.Server
	came   chan request
	answer chan string
}

type request struct {
	method string
	body   map[string]any
}

// newHub registers a hub as the push address of the app that acts, and awaits the test of it.
func (w *world) newHub() *hub {
	w.Helper()
	h := &hub{came: make(chan request, 20), answer: make(chan string, 20)}
	h.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		got := request{method: r.Method}
		d := json.NewDecoder(strings.NewReader(string(text)))
		d.UseNumber()
		if err := d.Decode(&got.body); err != nil && len(text) > 0 {
			w.Errorf("push %s: %v", text, err)
		}
		answer := `{"message":"ok"}`
		select {
		case answer = <-h.answer:
		default:
		}
		io.WriteString(rw, answer)
		h.came <- got
	}))
	w.Cleanup(h.Close)
	w.Do("POST", "/eleme/apps", map[string]any{"app_key": w.Setting("app_key"), "push_url": h.URL + "/push"})
	if got := h.next(w); got.method != http.MethodGet || got.body != nil {
		w.Fatalf("registration of the address = %v, want a GET", got)
	}
	return h
}

func (h *hub) next(w *world) request {
	w.Helper()
	select {
	case got := <-h.came:
		return got
	case <-time.After(5 * time.Minute):
		w.Fatal("no push came")
		return request{}
	}
}

// genuine recomputes the signature of a push by its rule.
func (w *world) genuine(push map[string]any) bool {
	var pairs []string
	for name, value := range push {
		if name != "signature" {
			pairs = append(pairs, name+"="+fmt.Sprint(value))
		}
	}
	slices.Sort(pairs)
	return push["signature"] == fmt.Sprintf("%X", md5.Sum([]byte(strings.Join(pairs, "")+w.Setting("app_secret"))))
}

func TestCancellationIsPushedPerShop(t *testing.T) {
	w := start(t)
	h := w.newHub()
	got := w.Do("POST", "/eleme/consent", map[string]any{"url": w.link(), "account": w.account(1), "decision": "approve"})
	at, err := url.Parse(got["callback"].(string))
	if err != nil {
		t.Fatal(err)
	}
	access := w.exchange(at.Query().Get("code")).Field("access_token")
	w.Do("POST", "/eleme/revoke", map[string]string{"subject": w.Shop(2)})
	first := h.next(w).body
	if first["type"] != number("100") || first["shopId"] != number(w.Shop(2)) || first["userId"] != number(w.account(1)) || !w.genuine(first) {
		t.Errorf("push = %v, want a signed cancellation of the shop %s", first, w.Shop(2))
	}
	if r := w.call("eleme.user.getUser", access, nil); r.failure() != "" || strings.Contains(r.Text, w.Shop(2)) {
		t.Errorf("getUser after one shop of three = %s", r.Text)
	}
	w.Set("relieve_time", "number")
	w.Set("push_user_id", "text")
	w.Do("POST", "/eleme/revoke", map[string]string{"subject": w.account(1)})
	for range 2 {
		next := h.next(w).body
		var inner map[string]any
		if err := json.Unmarshal([]byte(next["message"].(string)), &inner); err != nil {
			t.Fatal(err)
		}
		if _, ok := inner["relieveOAuthTime"].(float64); !ok || next["userId"] != w.account(1) || !w.genuine(next) {
			t.Errorf("push = %v, want a time and a user as the switches say", next)
		}
	}
	if r := w.call("eleme.user.getUser", access, nil); r.failure() != "UNAUTHORIZED token认证失败,请重新申请token" {
		t.Errorf("getUser after the last shop = %s", r.Text)
	}
}

func (w *world) order(shop int) {
	w.Helper()
	form := url.Values{"do": {"order"}, "shop": {w.Shop(shop)}, "app": {w.Setting("app_key")}}
	w.ask("POST", w.Base+"/", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
}

// TestUndeliveredPushesCanBePulled refuses an order three times and a cancellation three times.
func TestUndeliveredPushesCanBePulled(t *testing.T) {
	w := start(t)
	h := w.newHub()
	access, _ := w.pair(0)
	w.pair(1)
	for range 6 {
		h.answer <- "no"
	}
	w.order(0)
	w.Do("POST", "/eleme/revoke", map[string]string{"subject": w.Shop(1)})
	w.Advance(time.Hour)
	ids := map[any]int{}
	for range 6 {
		ids[h.next(w).body["requestId"]]++
	}
	if len(ids) != 2 || len(h.came) > 0 {
		t.Errorf("tries = %v, want three of each push", ids)
	}
	list := func(action, token string, params map[string]string) []any {
		all, _ := w.call(action, token, params).Body["result"].([]any)
		return all
	}
	app := map[string]string{"appId": w.Setting("app_id")}
	texts, objects := list("eleme.message.getNonReachedMessages", access, app), list("eleme.message.getNonReachedOMessages", access, app)
	if len(texts) != 2 || len(objects) != 2 || !w.genuine(objects[0].(map[string]any)) {
		t.Errorf("not reached = %v, %v, want both pushes", texts, objects)
	}
	query := map[string]string{"msgQueryRequest": "{}"}
	orders := list("eleme.msgNew.getPushFailMsg", "", query)
	if len(orders) != 1 || orders[0].(map[string]any)["type"] != number("10") {
		t.Fatalf("failed order pushes = %v, want the order alone", orders)
	}
	w.call("eleme.msgNew.confirmPullMsg", "", map[string]string{
		"msgConfirmRequest": fmt.Sprintf(`{"requestIds":[%q]}`, orders[0].(map[string]any)["requestId"]),
	})
	if left := list("eleme.msgNew.getPushFailMsg", "", query); len(left) != 0 {
		t.Errorf("failed order pushes after the confirmation = %v", left)
	}
}

// TestPersonalAppHearsWithAToken places an order before, during and after the life of a token.
func TestPersonalAppHearsWithAToken(t *testing.T) {
	w := start(t)
	w.App = w.Apps[1]
	h := w.newHub()
	w.order(0)
	w.form("/token", "grant_type", "client_credentials")
	w.order(0)
	if got := h.next(w).body; got["type"] != number("10") || !w.genuine(got) {
		t.Errorf("push = %v, want a signed order", got)
	}
	w.Advance(30 * 24 * time.Hour)
	w.order(0)
	w.Advance(time.Hour)
	if len(h.came) > 0 {
		t.Errorf("pushes without a token = %v", <-h.came)
	}
}

// TestFaultsOfPushes makes a merchant cancel, and somebody forge, in the middle of a call.
func TestFaultsOfPushes(t *testing.T) {
	w := start(t)
	h := w.newHub()
	access, _ := w.pair(0)
	for fault, want := range map[string]bool{"type=100": true, "invalid_signature": false} {
		w.Do("POST", "/eleme/faults", map[string]any{"fault": fault})
		w.call("eleme.user.getUser", access, nil)
		if got := h.next(w).body; got["type"] != number("100") || w.genuine(got) != want {
			t.Errorf("%s: push %v, genuine %v, want %v", fault, got, w.genuine(got), want)
		}
		access, _ = w.pair(0)
	}
}

func TestUntestedAddressGetsNothing(t *testing.T) {
	w := start(t)
	w.Set("push_check", "require")
	silent := httptest.NewServer(http.NotFoundHandler())
	defer silent.Close()
	w.Do("POST", "/eleme/apps", map[string]any{"app_key": w.Setting("app_key"), "push_url": silent.URL})
	w.pair(0)
	w.Do("POST", "/eleme/revoke", map[string]string{"subject": w.Shop(0)})
	w.Advance(time.Hour)
	var pushes int
	for _, call := range w.Do("GET", "/eleme/calls", nil)["calls"].([]any) {
		if call.(map[string]any)["stage"] == "push" {
			pushes++
		}
	}
	if pushes != 1 {
		t.Errorf("%d pushes, want the test of the address alone", pushes)
	}
}
