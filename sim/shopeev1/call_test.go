package shopeev1_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/sim"
	shopeev1sim "github.com/grantkeep/grantkeep/sim/shopeev1"
	"github.com/grantkeep/grantkeep/sim/simtest"
)

func TestSignatureCoversAddressAndBytes(t *testing.T) {
	w := start(t)
	w.visit("auth_partner", w.Shop(0), "approve")
	address, body, key := w.Base+"/api/v1/shop/get", w.body(w.Shop(0), ""), w.Setting("partner_key")
	for name, authorization := range map[string]string{
		"none":          "",
		"other scheme":  hash(key, strings.Replace(address, "http://", "https://", 1)+"|"+body),
		"other host":    hash(key, "https://partner.shopeemobile.com/api/v1/shop/get|"+body),
		"other spaces":  hash(key, address+"|"+strings.ReplaceAll(body, " ", "")),
		"no bar":        hash(key, address+body),
		"upper case":    strings.ToUpper(hash(key, address+"|"+body)),
		"another's key": hash(w.Setting("push_key"), address+"|"+body),
	} {
		r := w.ask("POST", address, "application/json", body, authorization)
		if r.code() != "error_auth The request is not authenticated. Ex: signature is wrong" {
			t.Errorf("%s: %s", name, r.Text)
		}
	}
}

// TestCallSignatureKnownAnswer makes the call of the platform's page at the address that it names.
func TestCallSignatureKnownAnswer(t *testing.T) {
	const body = `{"partner_id":800123,"shopid":60012,"timestamp":1570500000}`
	for scheme, sign := range map[string]string{
		"https": "9a681d796e399e30c6edac6be1179b6d1eb94bc8e98a7a3196096a053ad40ddd",
		"http":  "e551a1198f999d45d47fd791f1aff121060a1231678e7337439fc51a3dc0a835",
	} {
		clock := sim.NewClock()
		if err := clock.Set(t.Context(), time.Unix(1570500000, 0)); err != nil {
			t.Fatal(err)
		}
		kit := sim.NewKit("shopeev1", clock, nil, scheme+"://partner.shopeemobile.com", http.DefaultTransport)
		box := shopeev1sim.New(kit, nil)
		if _, err := box.AddApp(sim.Settings{"partner_id": "800123", "partner_key": strings.Repeat("c0ffee00", 8)}); err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest("POST", scheme+"://partner.shopeemobile.com/api/v1/shop/get", strings.NewReader(body))
		r.Header.Set("Authorization", sign)
		got := httptest.NewRecorder()
		kit.Handler(box).ServeHTTP(got, r)
		if !strings.Contains(got.Body.String(), "partner and shop has no linked") {
			t.Errorf("call by %s = %s, want the signature accepted and the shop not linked", scheme, got.Body)
		}
	}
}

func TestParametersAreChecked(t *testing.T) {
	w := start(t)
	w.Set("timestamps", "strict")
	w.visit("auth_partner", w.Shop(0), "approve")
	old := w.body(w.Shop(0), "")
	w.Advance(6 * time.Minute)
	for _, c := range []struct{ path, body, want string }{
		{"shop/get", `{"shopid":1}`, "error_param no partner_id"},
		{"shop/get", `{"partner_id":"` + w.Setting("partner_id") + `"}`, "error_param There are errors in the input parameters"},
		{"shop/get", w.body("", ""), "error_param no shopid"},
		{"shop/get", w.body(`"7"`, ""), "error_param There are errors in the input parameters"},
		{"shop/get", `{"partner_id":` + w.Setting("partner_id") + `,"shopid":7}`, "error_param Invalid timestamp"},
		{"shop/get", old, "error_param Invalid timestamp"},
		{"shop/get", w.body(w.Shop(1), ""), "error_auth partner and shop has no linked"},
		{"shop/get", "[]", "error_param There are errors in the input parameters"},
		{"orders/detail", w.body(w.Shop(0), ""), "error_param There are errors in the input parameters"},
		{"orders/detail", w.body(w.Shop(0), `, "ordersn_list": ["A1"]`), ""},
		{"shop/get_partner_shop", w.body(w.Shop(1), ""), ""},
		{"shop/nothing", w.body(w.Shop(0), ""), "error_not_support Not support action"},
	} {
		if r := w.send(c.path, c.body); r.code() != c.want {
			t.Errorf("%s %s = %s, want %s", c.path, c.body, r.Text, c.want)
		}
	}
	w.Set("omit_msg", true)
	w.Set("error_params", true)
	if r := w.send("shop/get", `{}`); r.code() != "error_params" {
		t.Errorf("error without msg = %s", r.Text)
	}
	w.Set("api_suspended", true)
	if r := w.send("shop/get", w.body(w.Shop(0), "")); r.Body["error"] != "api_suspended" {
		t.Errorf("call of a shut version = %s", r.Text)
	}
}

func TestTooManyCallsBanForAnHour(t *testing.T) {
	w := start(t)
	w.Set("rate_limit", 3)
	w.Advance(w.Now().Truncate(time.Minute).Add(time.Minute).Sub(w.Now())) // the whole minute lies ahead
	var r reply
	for range 4 {
		r = w.send("shop/get_partner_shop", w.body("", ""))
	}
	if r.Body["error"] != "error_too_many_request" {
		t.Errorf("fourth call = %s", r.Text)
	}
	w.Advance(59 * time.Minute)
	if r := w.send("shop/get_partner_shop", w.body("", "")); r.Body["error"] != "error_too_many_request" {
		t.Errorf("call after 59 minutes = %s", r.Text)
	}
	w.Advance(time.Minute)
	if r := w.send("shop/get_partner_shop", w.body("", "")); r.code() != "" {
		t.Errorf("call after an hour = %s", r.Text)
	}
}

func TestEnvironmentsAreApart(t *testing.T) {
	w := start(t)
	w.Do("POST", "/shopeev1/apps", map[string]string{"partner_id": w.Setting("partner_id"), "environment": "sandbox"})
	w.visit("auth_partner", w.Shop(0), "approve")
	list := w.ask("GET", w.Base+"/console/shops?partner_id="+w.Setting("partner_id"), "", "", "")
	if shops, ok := list.Body["shops"].([]any); !ok || len(shops) != 0 {
		t.Errorf("Shop List of the sandbox = %s, want none", list.Text)
	}
	w.Set("host", "production")
	if r := w.ask("GET", w.link("auth_partner"), "", "", ""); r.code() != "error_auth Invalid token" {
		t.Errorf("test link on the live host = %s", r.Text)
	}
	if r := w.send("shop/get_partner_shop", w.body("", "")); !strings.HasPrefix(r.code(), "error_auth The request is not authenticated") {
		t.Errorf("test key on the live host = %s", r.Text)
	}
}

func TestPushesAreSignedAndRepeated(t *testing.T) {
	w := start(t)
	got := make(chan string, 9)
	var status atomic.Int32
	status.Store(http.StatusOK)
	hook := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if want := hash(w.Setting("push_key"), "http://"+r.Host+r.URL.Path+"|"+string(body)); r.Header.Get("Authorization") != want {
			t.Errorf("Authorization = %s, want %s", r.Header.Get("Authorization"), want)
		}
		answer := int(status.Load()) // before the test goes on and changes it
		got <- string(body)
		rw.WriteHeader(answer)
	}))
	defer hook.Close()
	w.send("push/set_config", w.body("", `, "callback_url": "`+hook.URL+`/push"`))
	w.visit("auth_partner", w.Shop(0), "approve")
	w.push(got, 1)
	status.Store(http.StatusInternalServerError)
	w.Do("POST", "/shopeev1/revoke", map[string]string{"subject": w.Shop(0)})
	w.push(got, 2)
	for _, wait := range []time.Duration{300, 1800, 10800} {
		w.Advance(wait * time.Second)
		w.push(got, 2)
	}
	w.Advance(24 * time.Hour)
	if len(got) != 0 {
		t.Errorf("a fifth attempt: %s", <-got)
	}
}

// push waits for a push and checks its code and shop.
func (w *world) push(got chan string, code int) {
	w.Helper()
	select {
	case text := <-got:
		var m struct {
			ShopID json.Number `json:"shop_id"`
			Code   int
		}
		if err := json.Unmarshal([]byte(text), &m); err != nil || m.Code != code || m.ShopID.String() != w.Shop(0) {
			w.Errorf("push = %s, want code %d of shop %s", text, code, w.Shop(0))
		}
	case <-time.After(5 * time.Minute):
		w.Fatalf("no push %d", code)
	}
}

// TestEveryRowCanBeSaid asks for each row that the platform itself can say and reads it in the platform's own shape.
func TestEveryRowCanBeSaid(t *testing.T) {
	w := start(t)
	w.visit("auth_partner", w.Shop(0), "approve")
	for _, row := range simtest.Rows(t) {
		if row.Local() {
			continue
		}
		w.Do("POST", "/shopeev1/faults", map[string]any{"fault": row.Code + " " + row.Example, "match": map[string]string{"stage": row.Stage}})
		var r reply
		if row.Stage == "authorize" {
			r = w.ask("GET", w.link("auth_partner"), "", "", "")
		} else {
			r = w.send("shop/get", w.body(w.Shop(0), ""))
		}
		if want := row.Code + " " + row.Example; row.Code != "operation overtime" && r.code() != want || !strings.Contains(r.Text, row.Code) {
			t.Errorf("%s %s = %s", row.Stage, want, r.Text)
		}
	}
	if left := w.Do("GET", "/shopeev1/faults", nil)["faults"].([]any); len(left) != 0 {
		t.Errorf("faults left = %v, want none", left)
	}
}
