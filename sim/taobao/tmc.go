package taobao

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// defaultGroup is the message group of sellers that are in no other.
const defaultGroup = "default"

// permit is a seller's consent that messages about it reach an app.
type permit struct {
	topics string // empty: all
	since  time.Time
}

// message waits in an app's queue until it is confirmed.
type message struct {
	id             int64
	app            string
	topic, content string
	seller         *sim.Shop
	at, fetched    time.Time
}

// tell puts a message into an app's queue; its content is JSON in a text. A seller's list of topics, if it has one, must hold the topic.
func (s *simulator) tell(app *sim.App, seller *sim.Shop, topic string, content object) {
	if p := dataOf(seller).permits[app.ID]; p.topics != "" && !slices.Contains(strings.Split(p.topics, ","), topic) {
		return
	}
	s.queue = append(s.queue, &message{id: s.nextID(), app: app.ID, topic: topic, content: jsonText(content, false), seller: seller, at: s.kit.Now()})
}

// nextID numbers orders and messages, beyond what a float can hold.
func (s *simulator) nextID() int64 {
	s.lastID++
	return bigID + s.lastID
}

func groupOf(app string, seller *sim.Shop) string {
	if group := dataOf(seller).groups[app]; group != "" {
		return group
	}
	return defaultGroup
}

// tmcPermit overwrites the topics that were permitted before.
func (s *simulator) tmcPermit(op *operation) (object, *topError) {
	topics := strings.ReplaceAll(op.params["topics"], " ", "")
	if len(strings.Split(topics, ",")) > 100 {
		return nil, &topError{code: 41, msg: messages[41] + ":topics"}
	}
	dataOf(s.mainOf(op.account)).permits[op.app.ID] = permit{topics, s.kit.Now()}
	return object{{"is_success", true}}, nil
}

// tmcUser tells whether the grant of a seller is valid.
func (s *simulator) tmcUser(op *operation) (object, *topError) {
	seller := s.account(nickOf(op.params["nick"]))
	if seller == nil {
		return nil, &topError{50, messages[50], "isv.user-not-exist", "user not exist"}
	}
	p, ok := dataOf(seller).permits[op.app.ID]
	if !ok {
		return object{}, nil // of somebody who was never permitted nothing is told
	}
	topics := []any{}
	for topic := range strings.SplitSeq(p.topics, ",") {
		if topic != "" {
			topics = append(topics, topic)
		}
	}
	return object{{"tmc_user", only(object{
		{"user_nick", seller.Name}, {"user_id", number(s.mainOf(seller).ID)}, {"topics", list{"string", topics}},
		{"is_valid", s.live(op.app, seller) != nil}, {"created", topTime(p.since)}, {"modified", topTime(p.since)},
		{"group_name", groupOf(op.app.ID, seller)},
	}, op.params["fields"])}}, nil
}

func (s *simulator) tmcCancel(op *operation) (object, *topError) {
	if seller := s.account(nickOf(op.params["nick"])); seller != nil {
		delete(dataOf(seller).permits, op.app.ID)
	}
	return object{{"is_success", true}}, nil
}

func (s *simulator) tmcGroup(op *operation) (object, *topError) {
	group, nicks := op.params["group_name"], strings.Split(op.params["nicks"], ",")
	if len(group) > 32 || strings.HasPrefix(group, defaultGroup) {
		return nil, &topError{code: 41, msg: messages[41] + ":group_name"}
	}
	if len(nicks) > 200 {
		return nil, &topError{code: 41, msg: messages[41] + ":nicks"}
	}
	for _, nick := range nicks {
		if seller := s.account(nickOf(strings.TrimSpace(nick))); seller != nil {
			dataOf(seller).groups[op.app.ID] = group
		}
	}
	return object{{"group_name", group}, {"created", topTime(s.kit.Now())}}, nil
}

// tmcConsume fetches messages of a group, the oldest first. They come again until they are confirmed.
func (s *simulator) tmcConsume(op *operation) (object, *topError) {
	quantity := 100
	if text := op.params["quantity"]; text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 10 || n > 200 {
			return nil, &topError{code: 41, msg: messages[41] + ":quantity"}
		}
		quantity = n
	}
	group := op.params["group_name"]
	if group == "" {
		group = defaultGroup
	}
	now := s.kit.Now()
	var found []any
	for _, m := range s.queue {
		waits := !m.fetched.IsZero() && now.Before(m.fetched.Add(s.options.redelivery()))
		if m.app != op.app.ID || groupOf(m.app, m.seller) != group || waits || len(found) == quantity {
			continue
		}
		m.fetched = now
		o := object{
			{"id", m.id}, {"topic", m.topic}, {"content", m.content}, {"user_nick", m.seller.Name},
			{"pub_time", topTime(m.at)}, {"pub_app_key", op.app.ID},
		}
		if !is(op.app, "open_id_only") {
			o = append(o, field{"user_id", number(m.seller.ID)})
		}
		found = append(found, o)
	}
	return object{{"messages", list{"tmc_message", found}}}, nil
}

// tmcConfirm takes messages out of the queue. Those named as failed stay in it.
func (s *simulator) tmcConfirm(op *operation) (object, *topError) {
	done := strings.Split(strings.ReplaceAll(op.params["s_message_ids"], " ", ""), ",")
	if op.params["s_message_ids"] == "" && op.params["f_message_ids"] == "" {
		return nil, &topError{code: 40, msg: messages[40] + ":s_message_ids"}
	}
	if len(done) > 200 {
		return nil, &topError{code: 41, msg: messages[41] + ":s_message_ids"}
	}
	s.queue = slices.DeleteFunc(s.queue, func(m *message) bool {
		return m.app == op.app.ID && slices.Contains(done, strconv.FormatInt(m.id, 10))
	})
	return object{{"is_success", true}}, nil
}
