package shoplazza

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// ladder are the waits before the nineteen repeats of a webhook: two days in all. After the last the subscription ends.
var ladder = func() []time.Duration {
	var waits []time.Duration
	for _, minutes := range []time.Duration{1, 2, 2, 5, 20, 30, 60, 120} {
		waits = append(waits, minutes*time.Minute)
	}
	return append(waits, slices.Repeat([]time.Duration{4 * time.Hour}, 11)...)
}()

// webhook is one subscription of an app at a store.
type webhook struct {
	ID        string `json:"id"`
	Topic     string `json:"topic"`
	Address   string `json:"address"`
	Format    string `json:"format"`
	CreatedAt string `json:"created_at"`
	UpdatedAt string `json:"updated_at"`

	app, store, version string
}

// topicScopes are the scopes that topics need, by the part before the slash.
var topicScopes = map[string]string{
	"orders": "read_order", "products": "read_product", "customers": "read_customer", "collections": "read_collection",
}

func (s *simulator) webhookAPI(w http.ResponseWriter, r *http.Request, pair *sim.Pair, store *sim.Shop, id string) {
	switch {
	case r.Method == http.MethodGet && id == "":
		list := []*webhook{}
		for _, h := range s.webhooks {
			if h.app == pair.App && h.store == store.ID {
				list = append(list, h)
			}
		}
		writeResource(w, r, map[string]any{"webhooks": list})
	case r.Method == http.MethodPost && id == "":
		s.subscribe(w, r, pair, store)
	case r.Method == http.MethodDelete && id != "":
		i := slices.IndexFunc(s.webhooks, func(h *webhook) bool { return h.ID == id && h.app == pair.App && h.store == store.ID })
		if i < 0 {
			s.openAPIError(w, r, http.StatusNotFound, "Record not found")
			return
		}
		s.webhooks = slices.Delete(s.webhooks, i, i+1)
		writeResource(w, r, struct{}{})
	default:
		s.openAPIError(w, r, http.StatusMethodNotAllowed, "Method Not Allowed")
	}
}

// subscribe makes a webhook. The same topic and address again give the webhook that is there.
func (s *simulator) subscribe(w http.ResponseWriter, r *http.Request, pair *sim.Pair, store *sim.Shop) {
	type fields struct {
		Topic   string `json:"topic"`
		Address string `json:"address"`
		Format  string `json:"format"`
	}
	var body struct {
		fields
		Webhook *fields `json:"webhook"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		s.openAPIError(w, r, http.StatusBadRequest, "")
		return
	}
	want := body.fields
	if enveloped(r) {
		want = fields{}
		if body.Webhook != nil {
			want = *body.Webhook
		}
	}
	address, err := url.Parse(want.Address)
	kind, _, _ := strings.Cut(want.Topic, "/")
	switch {
	case want.Topic == "":
		s.wrongField(w, r, "topic", "can't be blank")
		return
	case want.Address == "":
		s.wrongField(w, r, "address", "can't be blank")
		return
	case err != nil || address.Host == "" || s.options.httpsWebhooks() && address.Scheme != "https":
		s.wrongField(w, r, "address", "is invalid")
		return
	case topicScopes[kind] != "" && !slices.Contains(pair.Scopes, topicScopes[kind]):
		s.wrongField(w, r, "topic", "is invalid")
		s.kit.Call(r).Refuse("topic %s needs the scope %s", want.Topic, topicScopes[kind])
		return
	}
	now := s.kit.Now().Format(time.RFC3339)
	made := &webhook{
		ID: uuid(), Topic: want.Topic, Address: want.Address, Format: "json", CreatedAt: now, UpdatedAt: now,
		app: pair.App, store: store.ID, version: r.PathValue("version"),
	}
	count := 0
	for _, h := range s.webhooks {
		if h.app != made.app || h.store != made.store {
			continue
		}
		if count++; h.Topic == made.Topic && h.Address == made.Address {
			writeResource(w, r, h)
			return
		}
	}
	if count >= s.options.mostTopics() {
		s.wrongField(w, r, "topic", "is invalid")
		return
	}
	s.webhooks = append(s.webhooks, made)
	s.kit.Call(r).Accept("webhook %s", made.Topic)
	writeResource(w, r, made)
}

// uuid returns a random identifier in the form of RFC 9562, version 4.
func uuid() string {
	x := sim.Hex(30)
	return x[:8] + "-" + x[8:12] + "-4" + x[12:15] + "-a" + x[15:18] + "-" + x[18:]
}

// fire sends an event to the webhooks of an app at a store.
func (s *simulator) fire(app *sim.App, store *sim.Shop, topic string, body []byte) {
	for _, h := range s.webhooks {
		if h.app != app.ID || h.store != store.ID || h.Topic != topic {
			continue
		}
		header := http.Header{}
		header.Set("Content-Type", "application/json")
		header.Set("X-Shoplazza-Topic", topic)
		header.Set("X-Shoplazza-Hmac-Sha256", signBody(app.Text("client_secret"), body))
		header.Set("X-Shoplazza-Shop-Domain", store.Host)
		header.Set("X-Shoplazza-Api-Version", h.version)
		header.Set("X-Shoplazza-Deduplication-ID", uuid())
		s.kit.Pushes.Send(sim.Push{
			App: app.ID, Subject: store.ID, URL: h.Address, Header: header, Body: body, Ladder: ladder,
			Done: func(delivered bool) {
				if !delivered {
					s.drop(func(other *webhook) bool { return other == h })
				}
			},
		})
	}
}

func (s *simulator) drop(gone func(*webhook) bool) {
	s.webhooks = slices.DeleteFunc(s.webhooks, gone)
}
