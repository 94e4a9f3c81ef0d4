package pushes_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/notify"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/transfer"
)

// TestPrivacyRequestIsTold: a request about personal data is told once, with the grant that it is about where there is one,
// with ids and what to do, and without what else it says of a person.
func TestPrivacyRequestIsTold(t *testing.T) {
	p := open(t, nil)
	app, err := p.keeper.Apps().Create(t.Context(), gk.Engine(), apps.Input{
		Platform: "shopify", Settings: map[string]string{"client_id": "made-up-client", "client_secret": secret},
	})
	if err != nil {
		t.Fatal(err)
	}
	done, err := transfer.Import(t.Context(), p.keeper, gk.Engine(), []transfer.ImportRow{{
		App: app.ID, Owner: "ann", Subject: gk.Subject{Kind: gk.KindShop, ID: "548380009", Host: "demo-7.myshopify.com"}, Issued: time.Now(),
		Token: gk.Token{Access: gk.NewSecret("made-up-access"), Refresh: gk.NewSecret("made-up-refresh"), Expires: time.Now().Add(time.Hour)},
	}}, transfer.ImportOptions{})
	if err != nil || done[0].Err != nil {
		t.Fatal(err, done[0].Err)
	}
	push := func(id, topic, body string) {
		t.Helper()
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(body))
		req := httptest.NewRequest(http.MethodPost, "/push/"+app.ID, strings.NewReader(body))
		req.SetPathValue("app", app.ID)
		for name, value := range map[string]string{"Hmac-Sha256": base64.StdEncoding.EncodeToString(mac.Sum(nil)), "Topic": topic, "Webhook-Id": id} {
			req.Header.Set("X-Shopify-"+name, value)
		}
		w := httptest.NewRecorder()
		p.pushes.ServeHTTP(w, req)
		if w.Code != http.StatusOK {
			t.Fatalf("%s is answered %d", topic, w.Code)
		}
	}
	const customer = `"customer":{"id":191167,"email":"canary@example.com","phone":"555-0100"}`
	push("1", "customers/redact", `{"shop_id":548380009,"shop_domain":"demo-7.myshopify.com",`+customer+`,"orders_to_redact":[299938,"canary",280263]}`)
	push("1", "customers/redact", `{"shop_id":548380009,"shop_domain":"demo-7.myshopify.com",`+customer+`,"orders_to_redact":[299938,"canary",280263]}`)
	push("2", "customers/data_request", `{"shop_id":77,"shop_domain":"gone.myshopify.com",`+customer+`,"orders_requested":[],"data_request":{"id":9999}}`)
	p.run(p.pushes)
	var events []gk.Event
	for end := time.Now().Add(3 * time.Minute); len(events) < 2 && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if _, err := p.store.Publish(t.Context(), 100); err != nil {
			t.Fatal(err)
		}
		if events, err = p.store.FindEvents(t.Context(), gk.Engine(), store.EventFilter{Kind: gk.EventPrivacyRequested}); err != nil {
			t.Fatal(err)
		}
	}
	told, err := notify.Teller{Store: p.store, Keeper: p.keeper}.Tell(t.Context(), events...)
	if err != nil || len(told) != 2 {
		t.Fatalf("told %d times, %v", len(told), err)
	}
	text, err := json.Marshal(told)
	if err != nil || strings.Contains(string(text), "canary") || strings.Contains(string(text), "555-0100") {
		t.Errorf("what is told holds more than ids: %s, %v", text, err)
	}
	byTopic := map[any]notify.Event{}
	for _, e := range told {
		byTopic[e.Data["topic"]] = e
		if e.Fault == nil || e.Fault.Remedy.En == "" || e.WhoseMove != "vendor" || e.Platform != "shopify" {
			t.Errorf("%v: fault %+v, move %q of %q", e.Data["topic"], e.Fault, e.WhoseMove, e.Platform)
		}
	}
	redact, request := byTopic["customers/redact"], byTopic["customers/data_request"]
	orders, err := json.Marshal(redact.Data["orders"])
	if err != nil || redact.Grant != done[0].Grant || redact.Owner != "ann" || redact.Data["customer"] != "191167" || string(orders) != `["299938","280263"]` {
		t.Errorf("the deletion is told as %+v, %v", redact, err)
	}
	if request.Grant != "" || request.Data["request"] != "9999" || request.Data["host"] != "gone.myshopify.com" || !strings.Contains(request.Text.En, "customers/data_request") {
		t.Errorf("the question about a store that we do not know is told as %+v", request)
	}
}
