package shopify

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// redactDelay is how long after an uninstall the platform asks for the store's data to be deleted.
const redactDelay = 48 * time.Hour

// ladder are the waits before the eight repeats of a webhook: four hours in all.
var ladder = func() []time.Duration {
	var waits []time.Duration
	for _, minutes := range []time.Duration{1, 4, 10, 15, 30, 60, 60, 60} {
		waits = append(waits, minutes*time.Minute)
	}
	return waits
}()

// appTopics are sent to the address of an app's configuration (push_url); the last three are told nowhere else.
var (
	compliance = []string{"customers/data_request", "customers/redact", "shop/redact"}
	appTopics  = append([]string{"app/uninstalled", "app/scopes_update"}, compliance...)
)

// topicScopes are the scopes that topics need, by the part before the slash.
var topicScopes = map[string]string{"orders": "read_orders", "products": "read_products"}

// webhook is a subscription that an app made at one store.
type webhook struct {
	id, topic, address, version string
	app, store                  string
}

// fire sends what happened to the app's own address and to its subscriptions at a store.
func (s *simulator) fire(app *sim.App, store *sim.Shop, topic string, body []byte, delay time.Duration) {
	event := uuid()
	if address := app.Text("push_url"); address != "" && slices.Contains(appTopics, topic) {
		s.send(app, store, &webhook{topic: topic, address: address, version: s.quarter().Format("2006-01")}, event, body, delay, nil)
	}
	for _, h := range slices.Clone(s.webhooks) {
		if h.app == app.ID && h.store == store.ID && h.topic == topic {
			s.send(app, store, h, event, body, delay, func(delivered bool) {
				if !delivered {
					s.drop(func(other *webhook) bool { return other == h })
				}
			})
		}
	}
}

func (s *simulator) send(app *sim.App, store *sim.Shop, h *webhook, event string, body []byte, delay time.Duration, done func(bool)) {
	header := http.Header{}
	for name, value := range map[string]string{
		"Content-Type": "application/json", "X-Shopify-Topic": h.topic, "X-Shopify-Shop-Domain": store.Host,
		"X-Shopify-API-Version": h.version, "X-Shopify-Webhook-Id": uuid(), "X-Shopify-Event-Id": event,
		"X-Shopify-Triggered-At": s.kit.Now().Add(delay).Format(time.RFC3339Nano),
	} {
		header.Set(name, value)
	}
	s.kit.Pushes.Send(sim.Push{
		App: app.ID, Subject: store.ID, URL: h.address, Header: header, Body: body, Delay: delay, Ladder: ladder, Done: done,
		Stamp: func(p *sim.Push, _ time.Time) { // during a rotation the oldest secret signs
			p.Header.Set("X-Shopify-Hmac-Sha256", signBody(oldest(app), p.Body))
		},
	})
}

func (s *simulator) drop(gone func(*webhook) bool) {
	s.webhooks = slices.DeleteFunc(s.webhooks, gone)
}

// subscribe makes a subscription, or says what is wrong and with which field.
func (s *simulator) subscribe(c caller, topic, address string) (*webhook, string, string) {
	at, err := url.Parse(address)
	kind, _, _ := strings.Cut(topic, "/")
	known := slices.Contains([]string{"app/uninstalled", "app/scopes_update"}, topic) || topicScopes[kind] != ""
	switch {
	case err != nil || at.Host == "" || at.Scheme != "https" && !loopback(at):
		return nil, "address", "Address is not allowed"
	case slices.Contains(compliance, topic):
		return nil, "topic", "Callback topics of compliance belong into the app's configuration"
	case !known:
		return nil, "topic", "Topic is invalid: no Uri is called for it"
	case topicScopes[kind] != "" && !may(c.pair.Scopes, topicScopes[kind]):
		return nil, "topic", "Address needs the access scope " + topicScopes[kind]
	}
	for _, h := range s.webhooks {
		if h.app == c.app.ID && h.store == c.store.ID && h.topic == topic && h.address == address {
			return nil, "address", "Address for this topic has already been taken"
		}
	}
	made := &webhook{id: sim.Digits(12), topic: topic, address: address, version: c.version, app: c.app.ID, store: c.store.ID}
	s.webhooks = append(s.webhooks, made)
	return made, "", ""
}

// loopback reports whether an address is this machine: no public one, but where simulated apps live.
func loopback(at *url.URL) bool {
	ip, err := netip.ParseAddr(at.Hostname())
	return err == nil && ip.IsLoopback() || at.Hostname() == "localhost"
}

// webhookREST is the REST half of subscriptions.
func (s *simulator) webhookREST(w http.ResponseWriter, r *http.Request, c caller, id string) {
	write := func(h *webhook) any {
		return map[string]any{"id": json.Number(h.id), "topic": h.topic, "address": h.address, "format": "json", "api_version": h.version}
	}
	switch {
	case r.Method == http.MethodGet && id == "":
		list := []any{}
		for _, h := range s.mine(c) {
			list = append(list, write(h))
		}
		writeJSON(w, http.StatusOK, map[string]any{"webhooks": list})
	case r.Method == http.MethodPost && id == "":
		var body struct {
			Webhook struct{ Topic, Address string }
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			s.apiError(w, r, http.StatusBadRequest, "Bad Request", "the body is no JSON object")
			return
		}
		made, field, wrong := s.subscribe(c, body.Webhook.Topic, body.Webhook.Address)
		if made == nil {
			s.wrongField(w, r, field, wrong)
			return
		}
		writeJSON(w, http.StatusCreated, map[string]any{"webhook": write(made)})
	case r.Method == http.MethodDelete && id != "":
		before := len(s.webhooks)
		s.drop(func(h *webhook) bool { return h.id == id && h.app == c.app.ID && h.store == c.store.ID })
		if len(s.webhooks) == before {
			s.apiError(w, r, http.StatusNotFound, "Not Found", "no such webhook")
			return
		}
		writeJSON(w, http.StatusOK, struct{}{})
	default:
		s.apiError(w, r, http.StatusNotAcceptable, "Not Acceptable", "method "+r.Method)
	}
}

// mine are the subscriptions of an app at a store.
func (s *simulator) mine(c caller) []*webhook {
	return slices.DeleteFunc(slices.Clone(s.webhooks), func(h *webhook) bool { return h.app != c.app.ID || h.store != c.store.ID })
}

func (s *simulator) subscriptions(c caller) []any {
	list := []any{}
	for _, h := range s.mine(c) {
		list = append(list, subscription(h))
	}
	return list
}

func subscription(h *webhook) map[string]any {
	return map[string]any{
		typeName: "WebhookSubscription", "id": "gid://shopify/WebhookSubscription/" + h.id, "uri": h.address, "callbackUrl": h.address,
		"topic": strings.ToUpper(strings.ReplaceAll(h.topic, "/", "_")), "format": "JSON",
	}
}

// subscribeByQuery makes a subscription by the mutation webhookSubscriptionCreate: a topic is written ORDERS_CREATE.
func (s *simulator) subscribeByQuery(c caller, f field) map[string]any {
	settings, _ := f.args["webhookSubscription"].(map[string]any)
	text := func(value any) string { t, _ := value.(string); return t }
	address := text(settings["uri"])
	if address == "" {
		address = text(settings["callbackUrl"])
	}
	topic := strings.Replace(strings.ToLower(text(f.args["topic"])), "_", "/", 1)
	made, _, wrong := s.subscribe(c, topic, address)
	if made == nil {
		return userErrors(wrong)
	}
	return map[string]any{typeName: "WebhookSubscriptionCreatePayload", "webhookSubscription": subscription(made), "userErrors": []any{}}
}

func userErrors(text string) map[string]any {
	return map[string]any{
		typeName: "WebhookSubscriptionCreatePayload", "webhookSubscription": nil,
		"userErrors": []any{map[string]any{"field": []any{"webhookSubscription", "uri"}, "message": text}},
	}
}

// scopesBody is what app/scopes_update tells.
func scopesBody(app *sim.App, store *sim.Shop, before, after []string) []byte {
	return marshal(map[string]any{"id": app.ID, "previous": before, "current": after, "shop_domain": store.Host})
}

// privacyBody is what a privacy topic tells about a store, and perhaps about a customer.
func privacyBody(store *sim.Shop, more map[string]any) []byte {
	body := map[string]any{"shop_id": json.Number(store.ID), "shop_domain": store.Host}
	for name, value := range more {
		body[name] = value
	}
	return marshal(body)
}

func customer() map[string]any {
	return map[string]any{"id": 191167, "email": "customer@example.com", "phone": "555-625-1199"}
}

func dataRequest() map[string]any {
	return map[string]any{"orders_requested": []int{299938}, "customer": customer(), "data_request": map[string]any{"id": 9999}}
}

func customerRedact() map[string]any {
	return map[string]any{"orders_to_redact": []int{299938}, "customer": customer()}
}

func marshal(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // only values of this package are written
	}
	return text
}
