package taobao

import (
	"encoding/json"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/signing"
)

// Messages that concern authorizations: a seller who cancelled, and the steps of an order.
const (
	topicCancelled = "taobao_top_AuthCancel"
	topicOrders    = "taobao_fuwu_"
)

// SubscribeRequests switches messages on for a seller. The platform overwrites the list of topics, so it is sent whole
// or not at all. A sub-account has its main account's messages.
func (d driver) SubscribeRequests(app platform.App, cred platform.Credential) ([]*platform.Request, error) {
	if cred.Subject.Parent != "" {
		return nil, nil
	}
	if cred.Token.Access.Empty() {
		return nil, &platform.BadCall{Field: "token", Why: "messages are switched on with the seller's access token"}
	}
	topics := strings.FieldsFunc(app.Settings["tmc_topics"], func(r rune) bool { return r == ',' || r == ' ' || r == '\n' })
	req, err := d.gateway(app, cred.Token.Access, "taobao.tmc.user.permit", signing.Pairs{{Name: "topics", Value: strings.Join(topics, ",")}}, nil, "", false)
	if err != nil {
		return nil, err
	}
	return []*platform.Request{req}, nil
}

// PullRequest fetches messages of the app's group; no seller's token is needed.
func (d driver) PullRequest(app platform.App, _ platform.Credential, _ string) (*platform.Request, error) {
	return d.gateway(app, gk.Secret{}, "taobao.tmc.messages.consume", signing.Pairs{{Name: "quantity", Value: "100"}, {Name: "group_name", Value: app.Settings["tmc_group"]}}, nil, "", false)
}

// message is one message of the channel.
type message struct {
	ID      platform.Int `json:"id"`
	Topic   string       `json:"topic"`
	Content string       `json:"content"`
	UserID  platform.Int `json:"user_id"`
	PubTime string       `json:"pub_time"`
}

// ReadPull reads messages and confirms those that concern authorizations. Others are left for whoever consumes them:
// unconfirmed messages come again.
func (d driver) ReadPull(app platform.App, reply platform.Reply) ([]platform.Notice, *platform.Request, string, error) {
	if fault := d.Diagnose(app, platform.Asked{Stage: platform.StageCall, Sent: reply.Sent}, reply); fault != nil {
		return nil, nil, "", fault
	}
	if reply.Truncated {
		return nil, nil, "", &platform.Garbled{Why: "the answer is cut off"}
	}
	var list []message
	if raw := platform.JSONObject(platform.JSONObject(platform.JSONObject(reply.Body)["tmc_messages_consume_response"])["messages"])["tmc_message"]; raw != nil {
		if err := json.Unmarshal(raw, &list); err != nil {
			return nil, nil, "", &platform.Garbled{Why: "a message cannot be read"}
		}
	}
	var notices []platform.Notice
	var ids []string
	for _, m := range list {
		if m.Topic != topicCancelled && !strings.HasPrefix(m.Topic, topicOrders) || m.ID <= 0 {
			continue
		}
		ids = append(ids, m.ID.String())
		notices = append(notices, m.notice())
	}
	if len(ids) == 0 {
		return nil, nil, "", nil
	}
	confirm, err := d.gateway(app, gk.Secret{}, "taobao.tmc.messages.confirm",
		signing.Pairs{{Name: "s_message_ids", Value: strings.Join(ids, ",")}, {Name: "group_name", Value: app.Settings["tmc_group"]}}, nil, "", false)
	return notices, confirm, "", err
}

// notice reads who is meant. In a cancellation user_id is optional: then it is the message's own, or the open id.
func (m message) notice() platform.Notice {
	n := platform.Notice{Kind: platform.NoticeOrdered, Dedup: m.ID.String()}
	if at, err := time.ParseInLocation(time.DateTime, m.PubTime, china); err == nil {
		n.At = at.UTC()
	}
	content := platform.JSONObject([]byte(m.Content))
	id := platform.JSONText(content["user_id"])
	if !digits.MatchString(id) && m.UserID > 0 {
		id = m.UserID.String()
	}
	if m.Topic == topicCancelled {
		n.Kind = platform.NoticeRevoked
		if !digits.MatchString(id) {
			id = platform.JSONText(content["open_id"])
		}
	}
	if id != "" {
		n.Subjects = []gk.Subject{{Kind: gk.KindAccount, ID: id}}
	} else {
		n.Kind = platform.NoticeOther
	}
	return n
}
