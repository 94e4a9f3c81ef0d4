package eleme

import (
	"encoding/json"
	"slices"
	"strconv"
)

// pulled are the types of pushes that eleme.msgNew compensates. A cancellation is not among them.
var pulled = []int{10, 12, 14, 15, 17, 217, 218}

// lostBy returns the pushes of an app that did not arrive, oldest first.
func (s *simulator) lostBy(app string) []*message {
	list := []*message{}
	for _, m := range s.lost {
		if m.app == app {
			list = append(list, m)
		}
	}
	return list
}

// getNonReachedMessages tells the pushes that did not arrive as texts, getNonReachedOMessages as objects.
func (s *simulator) getNonReachedMessages(c apiCall) (any, failure) {
	if c.params.Text("appId") != c.app.Text("app_id") {
		return nil, validationFailed
	}
	list := []string{}
	for _, m := range s.lostBy(c.app.ID) {
		list = append(list, string(jsonText(m)))
	}
	return list, failure{}
}

func (s *simulator) getNonReachedOMessages(c apiCall) (any, failure) {
	if c.params.Text("appId") != c.app.Text("app_id") {
		return nil, validationFailed
	}
	return s.lostBy(c.app.ID), failure{}
}

// getPushFailMsg tells the order pushes that did not arrive and were not confirmed since. The layouts of its request and
// result, and of the confirmation, are not documented.
func (s *simulator) getPushFailMsg(c apiCall) (any, failure) {
	if _, ok := c.params["msgQueryRequest"].(map[string]any); !ok {
		return nil, validationFailed
	}
	shop := inner(c.params, "msgQueryRequest").Text("shopId")
	list := slices.DeleteFunc(s.lostBy(c.app.ID), func(m *message) bool {
		return !slices.Contains(pulled, m.Type) || shop != "" && shop != m.ShopID.String()
	})
	return list, failure{}
}

// confirmPullMsg forgets the messages that {"msgConfirmRequest":{"requestIds":[…]}} names.
func (s *simulator) confirmPullMsg(c apiCall) (any, failure) {
	ids, ok := inner(c.params, "msgConfirmRequest")["requestIds"].([]any)
	if !ok {
		return nil, validationFailed
	}
	read := texts(ids)
	s.lost = slices.DeleteFunc(s.lost, func(m *message) bool {
		return m.app == c.app.ID && slices.Contains(pulled, m.Type) && slices.Contains(read, m.RequestID)
	})
	return true, failure{}
}

// marketMessage tells that a merchant ordered the app in the service market.
type marketMessage struct {
	UserID    json.Number `json:"userId"`
	ShopID    json.Number `json:"shopId"`
	CreatedAt int64       `json:"createTime"` // milliseconds
}

// syncMarketMessages tells the orders of the app between two moments, in milliseconds, page by page.
func (s *simulator) syncMarketMessages(c apiCall) (any, failure) {
	numbers := map[string]int64{}
	for _, name := range []string{"start", "end", "offset", "limit"} {
		n, err := strconv.ParseInt(c.params.Text(name), 10, 64)
		if err != nil || n < 0 {
			return nil, validationFailed
		}
		numbers[name] = n
	}
	list := []marketMessage{}
	for _, m := range s.market {
		if m.CreatedAt >= numbers["start"] && m.CreatedAt <= numbers["end"] {
			list = append(list, m)
		}
	}
	total := int64(len(list))
	from := min(numbers["offset"], total)
	to := min(from+min(numbers["limit"], total), total)
	return map[string]any{"total": total, "messages": list[from:to]}, failure{}
}
