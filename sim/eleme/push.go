package eleme

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// Types of pushes.
const (
	typeOrder     = 10
	typeCancelled = 100
)

// mostLost bounds the pushes that are kept to be fetched: the oldest go first.
const mostLost = 1000

// message is a push. Its members are in the order of the platform's sample.
type message struct {
	RequestID string      `json:"requestId"`
	Type      int         `json:"type"`
	AppID     json.Number `json:"appId"`
	Message   string      `json:"message"`
	ShopID    json.Number `json:"shopId"`
	Timestamp int64       `json:"timestamp"` // milliseconds
	UserID    any         `json:"userId"`    // a number or text: the signature is the same
	Signature string      `json:"signature"`

	app string
}

// sign sets the signature, made of every other member.
func (m *message) sign(secret, account string) {
	m.Signature = pushSignature(secret, []member{
		{"requestId", m.RequestID}, {"type", strconv.Itoa(m.Type)}, {"appId", m.AppID.String()}, {"message", m.Message},
		{"shopId", m.ShopID.String()}, {"timestamp", strconv.FormatInt(m.Timestamp, 10)}, {"userId", account},
	})
}

// pushCancelled tells an app that a merchant removed the authorization of a shop.
func (s *simulator) pushCancelled(app *sim.App, account, shop string) {
	s.push(app, account, shop, typeCancelled, s.cancellation(app, shop))
}

func (s *simulator) cancellation(app *sim.App, shop string) string {
	now := s.kit.Now()
	text := struct {
		ShopID  json.Number `json:"shopId"`
		AppID   json.Number `json:"appId"`
		AppName string      `json:"appName"`
		Relieve any         `json:"relieveOAuthTime"`
	}{json.Number(shop), json.Number(app.Text("app_id")), app.Text("name"), s.localText(now)}
	if s.options.relieveTime() == "number" {
		text.Relieve = now.UnixMilli()
	}
	return string(jsonText(text))
}

// push sends a message about a shop to an app that has an address for it. A personal app hears nothing while it has no
// valid token. What cannot be delivered is kept to be fetched.
func (s *simulator) push(app *sim.App, account, shop string, kind int, text string) {
	to := app.Text("push_url")
	if to == "" || s.options.pushCheck() == "require" && !s.checked[to] || !s.hears(app, account) {
		return
	}
	m := s.message(app, account, shop, kind, text)
	s.send(app, m, func(delivered bool) {
		if delivered {
			return
		}
		s.lost = append(s.lost, m)
		s.lost = s.lost[max(0, len(s.lost)-mostLost):]
	})
}

// pushForged sends a cancellation whose signature is wrong, as somebody might who is not the platform.
func (s *simulator) pushForged(app *sim.App, account, shop string) {
	if app.Text("push_url") == "" {
		return
	}
	m := s.message(app, account, shop, typeCancelled, s.cancellation(app, shop))
	m.sign("not the app's secret", account)
	s.send(app, m, nil)
}

// hears reports whether pushes about an account are delivered to an app.
func (s *simulator) hears(app *sim.App, account string) bool {
	if app.Text("profile") == enterprise {
		return true
	}
	pair := s.kit.Ledger.Latest(app.ID, subject(account))
	return pair != nil && s.kit.Ledger.AccessState(pair, s.rotation(pair)) == sim.Alive
}

func (s *simulator) message(app *sim.App, account, shop string, kind int, text string) *message {
	m := &message{
		RequestID: sim.Digits(18), Type: kind, AppID: json.Number(app.Text("app_id")), Message: text,
		ShopID: json.Number(shop), Timestamp: s.kit.Now().UnixMilli(), UserID: json.Number(account), app: app.ID,
	}
	if s.options.userID() == "text" {
		m.UserID = account
	}
	m.sign(app.Text("app_secret"), account)
	return m
}

func (s *simulator) send(app *sim.App, m *message, done func(delivered bool)) {
	s.kit.Pushes.Send(sim.Push{
		App: app.ID, Subject: m.ShopID.String(), URL: app.Text("push_url"), Header: http.Header{"Content-Type": {"application/json"}}, Body: jsonText(m),
		Ladder: slices.Repeat([]time.Duration{s.options.pushWait()}, s.options.pushTries()-1),
		OK:     saysOK,
		Done:   done,
	})
}

// testPushURL asks a push address whether it answers, as the console does when it is saved.
func (s *simulator) testPushURL(app *sim.App) {
	to := app.Text("push_url")
	s.kit.Pushes.Send(sim.Push{
		App: app.ID, Method: http.MethodGet, URL: to, OK: saysOK,
		Done: func(answered bool) { s.checked[to] = answered },
	})
}

// saysOK reports whether an answer to a push is the one that the platform waits for.
func saysOK(status int, body []byte) bool {
	var answer struct {
		Message string `json:"message"`
	}
	return status == http.StatusOK && json.Unmarshal(body, &answer) == nil && answer.Message == "ok"
}
