package tiktokshop

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// ladder are the waits before the repeats of a push.
var ladder = []time.Duration{2 * time.Minute, 30 * time.Minute, 3 * time.Hour, 12 * time.Hour}

// warning is how long before its end an authorization is told of, daily at midnight.
const warning = 30 * day

// Names of the events that an app can subscribe to for one shop.
const (
	eventEnd      = "SELLER_DEAUTHORIZATION"
	eventExpiring = "UPCOMING_AUTHORIZATION_EXPIRATION"
)

// event is what an address was set for: an app, a shop and the event's name.
type event struct{ app, shop, name string }

// message is a push in the order in which the platform writes its members.
type message struct {
	Type      int    `json:"type"`
	Creator   string `json:"creator_open_id,omitempty"`
	Seller    string `json:"seller_open_id,omitempty"`
	ID        string `json:"tts_notification_id"`
	Shop      string `json:"shop_id,omitempty"`
	Timestamp int64  `json:"timestamp"`
	Data      any    `json:"data"`
}

type expiring struct {
	Message string `json:"message"`
	Time    string `json:"expiration_time"`
}

// address is where pushes of an event go: the shop's own address, or the app's.
func (s *simulator) address(g *grant, shop *sim.Shop, name string) string {
	if shop != nil && s.hooks[event{g.app.ID, shop.ID, name}] != "" {
		return s.hooks[event{g.app.ID, shop.ID, name}]
	}
	return g.app.Text("push_url")
}

// push sends a message. 200 and 401 both end its delivery.
func (s *simulator) push(g *grant, address string, m message) {
	m.ID, m.Timestamp = sim.Digits(19), s.kit.Now().Unix()
	if address == "" {
		return
	}
	body, err := json.Marshal(m)
	if err != nil {
		panic(err) // texts and numbers always marshal
	}
	header := http.Header{}
	header.Set("Content-Type", "application/json")
	s.kit.Pushes.Send(sim.Push{
		App: g.app.ID, Subject: g.account.ID, URL: address, Header: header, Body: body, Ladder: ladder, Timeout: 3 * time.Second,
		OK: func(status int, _ []byte) bool { return status == http.StatusOK || status == http.StatusUnauthorized },
		Stamp: func(p *sim.Push, _ time.Time) {
			p.Header.Set("Authorization", signPush(secrets(g.app)[0], g.app.ID, p.Body))
		},
	})
}

// pushEnd tells that a shop was taken out of an app. It names the shop only.
func (s *simulator) pushEnd(g *grant, shop *sim.Shop) {
	text := "Shop_id " + shop.ID + " is deauthorized from your APP by merchant."
	s.push(g, s.address(g, shop, eventEnd), message{Type: 6, Shop: shop.ID, Data: map[string]string{"message": text}})
}

func (s *simulator) pushCreator(g *grant) {
	s.push(g, g.app.Text("push_url"), message{Type: 20, Creator: g.account.ID, Data: map[string]int64{"cancel_time": s.kit.Now().Unix()}})
}

func (s *simulator) pushTokopedia(g *grant) {
	for _, shop := range s.shops(g) {
		s.push(g, g.app.Text("push_url"), message{
			Type: 35, Seller: g.account.ID, Data: map[string]string{"tts_shop_id": shop.ID, "mirror_status": "MIRRORED"},
		})
	}
}

// pushExpiring tells that the authorization of a shop will end.
func (s *simulator) pushExpiring(g *grant, shop *sim.Shop) {
	left := int((g.ends.Sub(s.kit.Now()) + day - 1) / day)
	s.push(g, s.address(g, shop, eventExpiring), message{Type: 7, Shop: shop.ID, Data: expiring{
		Message: fmt.Sprintf("Authorization of shop_id %s is expiring in %d days. Please direct the merchant to re-authorize.", shop.ID, left),
		Time:    fmt.Sprint(g.ends.Unix()),
	}})
}

// warn queues the next warning of a grant: at midnight, from thirty days before its end on. What it queues is never
// sent itself: when it falls due it sends the pushes and queues the next.
func (s *simulator) warn(g *grant) {
	if g.ends.IsZero() {
		return
	}
	now := s.kit.Now()
	from := g.ends.Add(-warning)
	if now.After(from) {
		from = now
	}
	at := from.Truncate(day).Add(day)
	if !at.Before(g.ends) {
		return
	}
	s.kit.Pushes.Send(sim.Push{App: g.app.ID, Subject: g.account.ID, Delay: at.Sub(now), Void: func() bool {
		if g.over || s.grants[holder{g.app.ID, g.account.ID}] != g {
			return true
		}
		for _, shop := range s.shops(g) {
			s.pushExpiring(g, shop)
		}
		s.warn(g)
		return true
	}})
}

// eventAPI is where an app sets its own address for an event of one shop.
func (s *simulator) eventAPI(w http.ResponseWriter, r *http.Request, c caller) {
	var want struct {
		Address string `json:"address"`
		Event   string `json:"event_type"`
	}
	if r.Method == http.MethodGet {
		list := []any{}
		for _, name := range []string{eventEnd, eventExpiring} {
			if address := s.hooks[event{c.app.ID, c.shop.ID, name}]; address != "" {
				list = append(list, map[string]any{"event_type": name, "address": address})
			}
		}
		s.success(w, map[string]any{"webhooks": list, "total_count": len(list)})
		return
	}
	err := json.Unmarshal(c.body, &want)
	at := event{c.app.ID, c.shop.ID, want.Event}
	switch {
	case err != nil || want.Event == "":
		s.refuse(w, r, "98001004", "Invalid param", "want a JSON object with event_type")
	case r.Method == http.MethodDelete:
		delete(s.hooks, at)
		s.success(w, map[string]any{})
	case !s.mayPush(want.Address):
		s.refuse(w, r, "98001004", "Invalid param", "the address "+cmp.Or(want.Address, "(none)")+" may not be pushed to")
	default:
		s.hooks[at] = want.Address
		s.success(w, map[string]any{})
	}
}
