package shopee

import (
	"encoding/json"
	"net"
	"net/url"
	"slices"
	"strings"
)

// mostBlocked is how many shops an app can be deaf to.
const mostBlocked = 500

// lostPushes returns the earliest pushes that could not be delivered. They stay until they are confirmed, or too old.
func (s *simulator) lostPushes(c *call) (fields, *refusal) {
	p := s.sender(c.app)
	now := s.kit.Now()
	p.lost = slices.DeleteFunc(p.lost, func(m lostPush) bool { return now.Sub(m.at) > lostLife })
	part := p.lost[:min(mostLost, len(p.lost))]
	list := []fields{}
	last := int64(0)
	for _, m := range part {
		last = m.id
		item := fields{"code": m.code, "timestamp": m.at.Unix(), "data": s.lostText(m)}
		if shop := s.shops[m.subject]; shop != nil && shop.Kind == kindShop {
			item["shop_id"] = number(m.subject)
		}
		list = append(list, item)
	}
	return fields{"push_message_list": list, "has_next_page": len(part) < len(p.lost), "last_message_id": last}, nil
}

// lostText is the text that stands in data: a JSON value inside of a string.
func (s *simulator) lostText(m lostPush) string {
	if s.options.lostData() == "whole" {
		return string(m.text)
	}
	var whole struct {
		Data json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(m.text, &whole); err != nil {
		panic("sim: shopee: lost push: " + err.Error()) // push has written it
	}
	return string(whole.Data)
}

// confirmLost forgets everything up to a message.
func (s *simulator) confirmLost(c *call) (fields, *refusal) {
	n, ok := c.body["last_message_id"].(json.Number)
	last, err := n.Int64()
	if !ok || err != nil {
		return nil, paramInvalid("want last_message_id, an integer")
	}
	p := s.sender(c.app)
	p.lost = slices.DeleteFunc(p.lost, func(m lostPush) bool { return m.id <= last })
	return fields{}, nil
}

func (s *simulator) getPush(c *call) (fields, *refusal) {
	p := s.sender(c.app)
	on, off := []int{}, []int{}
	for _, code := range []int{pushGiven, pushEnded, pushExpiring} {
		if p.off[code] {
			off = append(off, code)
		} else {
			on = append(on, code)
		}
	}
	blocked := []int64{}
	for shop := range p.blocked {
		blocked = append(blocked, number(shop))
	}
	slices.Sort(blocked)
	return fields{
		"callback_url": c.app.Text("push_url"), "live_push_status": p.status(),
		"push_config_on_list": on, "push_config_off_list": off, "blocked_shop_id_list": blocked,
	}, nil
}

// setPush changes the subscription and queues the test push. A simulator's handler waits for nothing, so an address that
// does not take the test is not refused in this answer: it is set back when the test has failed.
func (s *simulator) setPush(c *call) (fields, *refusal) {
	p := s.sender(c.app)
	address, given := c.body["callback_url"].(string)
	if given {
		if f := s.reachable(address); f != nil {
			return nil, f
		}
	}
	on, onOK := c.body.integers("set_push_config_on")
	off, offOK := c.body.integers("set_push_config_off")
	shops, shopsOK := c.body.integers("blocked_shop_id_list")
	if !onOK || !offOK || !shopsOK || len(shops) > mostBlocked {
		return nil, paramInvalid("want lists of integers, and at most 500 blocked shops")
	}
	for _, code := range on {
		delete(p.off, int(number(code)))
	}
	for _, code := range off {
		p.off[int(number(code))] = true
	}
	if c.body.has("blocked_shop_id_list") {
		p.blocked = map[string]bool{}
		for _, shop := range shops {
			p.blocked[shop] = true
		}
	}
	if given {
		before := c.app.Text("push_url")
		c.app.Settings["push_url"] = address
		s.send(c.app, "", []byte(`{"code":0,"data":{"verify_info":"This is a Verification message."}}`), nil, func(ok bool) {
			if ok {
				p.suspended, p.outcomes = false, nil // subscribed anew
			} else if c.app.Text("push_url") == address {
				c.app.Settings["push_url"] = before
			}
		})
	}
	return fields{"result": "success"}, nil
}

// reachable judges the text of a push address.
func (s *simulator) reachable(address string) *refusal {
	if address == "" {
		return no("error_param", "this callback_url is empty, please check your callback_url.", "callback_url is empty")
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return no("error_param", "this callback_url is invalid, please check your callback_url.", "callback_url is no web address")
	}
	ip := net.ParseIP(u.Hostname())
	inside := ip != nil && (ip.IsLoopback() || ip.IsPrivate()) || strings.EqualFold(u.Hostname(), "localhost")
	if inside && s.options.intranet() {
		return no("error_param", "this callback_url is an intranet address, please check your callback_url.", "callback_url is in a private network")
	}
	return nil
}

// integers returns a list of whole numbers; a missing one is empty.
func (b body) integers(name string) ([]string, bool) {
	if !b.has(name) {
		return nil, true
	}
	list, ok := b[name].([]any)
	var out []string
	for _, item := range list {
		n, isNumber := item.(json.Number)
		if !isNumber || !isID(n.String()) {
			return nil, false
		}
		out = append(out, n.String())
	}
	return out, ok
}
