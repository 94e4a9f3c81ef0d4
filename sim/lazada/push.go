package lazada

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// warning is how long before its end a consent is told of, daily.
const warning = 48 * time.Hour

// fewAttempts is how many attempts there must be before failures stop the pushing.
const fewAttempts = 10

// ladder are the waits before the repeats of a push.
var ladder = slices.Repeat([]time.Duration{30 * time.Minute}, 12)

// pushing is how pushes to an app go.
type pushing struct {
	attempts, failed int
	stopped          bool
}

// message is a push in the order in which the platform writes its members.
type message struct {
	Seller    string `json:"seller_id"`
	Type      int    `json:"message_type"`
	Data      any    `json:"data"`
	Timestamp int64  `json:"timestamp"`
	Site      string `json:"site"`
}

type expiry struct {
	App    string `json:"app_key"`
	Ends   int64  `json:"auth_expiry_time"`
	Seller string `json:"seller_id"`
}

func (s *simulator) site(region string) string {
	switch s.options.site() {
	case "lazada-sg":
		return "lazada-" + region
	case "LAZADA_SG":
		return "LAZADA_" + strings.ToUpper(region)
	}
	return "lazada_" + region
}

// push sends a message, unless pushing to the app has stopped.
func (s *simulator) push(app *sim.App, subject string, m message) {
	address := app.Text("push_url")
	if address == "" {
		return
	}
	var body bytes.Buffer
	if err := json.NewEncoder(&body).Encode(m); err != nil {
		panic(err) // texts and numbers always marshal
	}
	how := s.pushing[app.ID]
	if how == nil {
		how = &pushing{}
		s.pushing[app.ID] = how
	}
	times := 1
	if s.options.duplicatePushes() {
		times = 2
	}
	for range times {
		header := http.Header{}
		header.Set("Content-Type", "application/json")
		pending := false
		s.kit.Pushes.Send(sim.Push{
			App: app.ID, Subject: subject, URL: address, Header: header, Body: bytes.TrimSuffix(body.Bytes(), []byte("\n")),
			Ladder: ladder, Timeout: s.options.answerWithin(),
			OK:   func(status int, _ []byte) bool { return status == http.StatusOK },
			Void: func() bool { return how.stopped },
			Stamp: func(p *sim.Push, _ time.Time) {
				if pending { // this is a repeat: the attempt before it failed
					s.failed(how)
				}
				pending = true
				how.attempts++
				p.Header.Set("Authorization", signPush(secrets(app)[0], app.ID, p.Body))
			},
			Done: func(delivered bool) {
				if !delivered {
					s.failed(how)
				}
			},
		})
	}
}

// failed counts an attempt that failed, and stops the pushing when more than half do.
func (s *simulator) failed(how *pushing) {
	how.failed++
	if s.options.stopPushes() && how.attempts >= fewAttempts && 2*how.failed > how.attempts {
		how.stopped = true
	}
}

// pushExpiry tells that the consent of a seller will end. The seller_id outside of data is the text null.
func (s *simulator) pushExpiry(g *grant, shop *sim.Shop) {
	s.push(g.app, shop.ID, message{
		Seller: "null", Type: 8, Data: expiry{App: g.app.ID, Ends: g.ends.Unix(), Seller: sellerID(shop)},
		Timestamp: s.kit.Now().Unix(), Site: s.site(shop.Region),
	})
}

func (s *simulator) pushState(app *sim.App, shop *sim.Shop, state string) {
	if s.holds(app, shop) {
		s.push(app, shop.ID, message{
			Seller: sellerID(shop), Type: 13, Data: map[string]string{"status": state}, Timestamp: s.kit.Now().Unix(), Site: s.site(shop.Region),
		})
	}
}

// pushOrder tells of an order: its time is in milliseconds, unlike that of every other push.
func (s *simulator) pushOrder(app *sim.App, shop *sim.Shop) {
	if s.holds(app, shop) {
		s.push(app, shop.ID, message{
			Seller: sellerID(shop), Data: map[string]string{"trade_order_id": sim.Digits(15), "order_status": "pending"},
			Timestamp: s.kit.Now().UnixMilli(), Site: s.site(shop.Region),
		})
	}
}

// pushTest is what the console sends to verify an address.
func (s *simulator) pushTest(app *sim.App) {
	s.push(app, "", message{Seller: "1", Type: 0, Data: map[string]string{"test": "true"}, Timestamp: s.kit.Now().UnixMilli(), Site: s.site("sg")})
}

// holds reports whether an app has a consent of a seller: without one nothing is pushed.
func (s *simulator) holds(app *sim.App, shop *sim.Shop) bool {
	return slices.ContainsFunc(s.grants, func(g *grant) bool {
		return g.app == app && !g.over && slices.Contains(g.shops, shop) && s.kit.Now().Before(g.ends)
	})
}

// warn queues the next warning of a consent: daily, from 48 hours before its end on. What it queues is never sent
// itself: when it falls due it sends the pushes and queues the next.
func (s *simulator) warn(g *grant) {
	now := s.kit.Now()
	at := g.ends.Add(-warning)
	if !at.After(now) {
		at = now.Add(day)
	}
	if !at.Before(g.ends) {
		return
	}
	ends := g.ends
	s.kit.Pushes.Send(sim.Push{App: g.app.ID, Subject: g.account.ID, Delay: at.Sub(now), Void: func() bool {
		if g.over {
			return true
		}
		if g.ends.Equal(ends) { // else a refresh has moved it
			for _, shop := range g.shops {
				s.pushExpiry(g, shop)
			}
		}
		s.warn(g)
		return true
	}})
}

// sayPush sends a push about the grant that a call names, and then does as the platform would.
func (s *simulator) sayPush(w http.ResponseWriter, r *http.Request, number, example string) {
	call := s.kit.Call(r)
	for _, g := range s.grants {
		if g.over || g.app.ID != call.App || g.subject().ID != call.Subject {
			continue
		}
		for _, shop := range g.shops {
			switch {
			case number == "8":
				s.pushExpiry(g, shop)
			case number == "13" && strings.Contains(example, "close"):
				s.pushState(g.app, shop, "close")
			case number == "13":
				s.pushState(g.app, shop, "normal")
			}
		}
	}
	s.ServeHTTP(w, r)
}
