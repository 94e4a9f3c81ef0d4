package shopeev1

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

const (
	pushGiven = 1
	pushEnded = 2
)

// pushPatience is how long the platform waits for the answer to a push.
const pushPatience = 3 * time.Second

// pushLadder are the waits before the attempts after the first.
var pushLadder = []time.Duration{300 * time.Second, 1800 * time.Second, 10800 * time.Second}

// message is a push in the flat form of the old guide.
type message struct {
	ShopID    int64  `json:"shop_id"`
	Code      int    `json:"code"`
	Success   int    `json:"success"`
	Extra     string `json:"extra"`
	Data      fields `json:"data"`
	Timestamp int64  `json:"timestamp"`
}

func (s *simulator) pushGiven(x *link) {
	s.push(x, pushGiven, "shop authorization by user", fmt.Sprintf("shop id %s (%s) has been authorized successfully", x.shop.ID, x.shop.Region))
}

func (s *simulator) pushEnd(x *link, why, extra string) { s.push(x, pushEnded, why, extra) }

// push tells an app about a shop. The answer has to be 2xx, without a body.
func (s *simulator) push(x *link, code int, kind, extra string) {
	url := x.app.Text("push_url")
	if url == "" {
		return
	}
	text, err := json.Marshal(message{
		ShopID: number(x.shop.ID), Code: code, Success: 1, Extra: extra, Data: fields{"authorize_type": kind}, Timestamp: s.kit.Now().Unix(),
	})
	if err != nil {
		panic("sim: shopeev1: push: " + err.Error()) // made of texts and numbers
	}
	key := x.app.Text(s.options.pushKey())
	if key == "" {
		key = x.app.Text("partner_key")
	}
	header := http.Header{"Content-Type": {"application/json"}, "Authorization": {sum(key, url+"|"+string(text))}}
	s.kit.Pushes.Send(sim.Push{
		App: x.app.ID, Subject: x.shop.ID, URL: url, Header: header, Body: text, Ladder: pushLadder, Timeout: pushPatience,
		OK: func(status int, body []byte) bool { return status/100 == 2 && len(body) == 0 },
	})
}
