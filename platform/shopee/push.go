package shopee

import (
	"encoding/json"
	"fmt"
	"net/http"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/shopeecore"
	"github.com/grantkeep/grantkeep/platform/signing"
)

// Receive checks a push and reads it.
func (d driver) Receive(app platform.App, in platform.Incoming) (platform.Delivery, error) {
	return shopeecore.Receive(app, in, provePush, d.readNotice)
}

// provePush returns the name of the secret that a push is signed with: the push key, or, as older guides have it and
// unless the app forbids it, the partner key.
func provePush(app platform.App, in platform.Incoming) (string, error) {
	got, err := shopeecore.PushSignature(app, in.Header)
	if err != nil {
		return "", err
	}
	signedBy := func(name, address string) bool {
		_, err := signing.HMACLower.Prove(app, shopeecore.PushText(address, in.Body), got, name)
		return err == nil
	}
	partnerKeyAllowed := app.Settings["push_partner_key"] != "false"
	switch {
	case signedBy("push_key", app.PushURL):
		return "push_key", nil
	case signedBy("partner_key", app.PushURL) && partnerKeyAllowed:
		return "partner_key", nil
	case signedBy("partner_key", app.PushURL):
		return "", fmt.Errorf("shopee: push: %w: it is signed with the partner key, which the setting push_partner_key does not allow", platform.ErrForged)
	case in.URL != "" && (signedBy("push_key", in.URL) || signedBy("partner_key", in.URL)):
		return "", fmt.Errorf("shopee: push: %w: it is signed for the address it was sent to, not for push_url", platform.ErrForged)
	}
	return "", fmt.Errorf("shopee: push: %w: no key of the app gives its signature over push_url, a vertical bar and the body", platform.ErrForged)
}

// readNotice reads a proven push, of an announced end too.
func (d driver) readNotice(app platform.App, body []byte) (platform.Notice, error) {
	p, err := shopeecore.ReadPush(body)
	if err != nil {
		return platform.Notice{}, err
	}
	n, err := p.Notice(app, body)
	if err != nil {
		return n, err
	}
	if *p.Code == shopeecore.PushExpiring {
		n.Kind, n.Subjects, n.Census = platform.NoticeExpiring, p.Expiring(), p.Unread
	}
	if n.Kind != platform.NoticeOther {
		n.Fault = d.pushRow(p)
	}
	return n, nil
}

// pushFault says what a push means, by the catalogue, or what the platform answered when it was asked to push; nil for
// one that brings no trouble.
func (d driver) pushFault(app platform.App, asked platform.Asked, reply platform.Reply) *gk.Fault {
	if env, ok := readEnvelope(reply.Body); ok && env.Error != nil && *env.Error != "" {
		return d.refusal(app, asked, reply, env)
	}
	p, err := shopeecore.ReadPush(reply.Body)
	if err != nil {
		return nil //nolint:nilerr // a text that is no push brings no trouble
	}
	return d.pushRow(p)
}

// pushRow returns the row of a cancellation by its kind and words, or of an announced end.
func (d driver) pushRow(p shopeecore.Push) *gk.Fault {
	code := "push:" + p.Code.String()
	kind, words := p.Reason()
	q := platform.Query{Stage: platform.StagePush, Codes: []string{code + ":" + kind, code + ":*"}, Texts: []string{kind, words}}
	switch *p.Code {
	case shopeecore.PushCancelled:
		return d.spec.Catalogue.Fault(q, code+":"+kind, 0)
	case shopeecore.PushExpiring:
		return d.spec.Catalogue.Fault(platform.Query{Stage: platform.StagePush, Codes: []string{code}, Texts: []string{string(p.Data)}}, code, 0)
	}
	return nil
}

// PullRequest asks for the pushes that did not arrive: the earliest hundred of the last three days. The platform keeps
// the position itself, moved by the confirmation.
func (d driver) PullRequest(app platform.App, _ platform.Credential, _ string) (*platform.Request, error) {
	return d.request(app, "api", http.MethodGet, "/api/v2/push/get_lost_push_message", platform.Credential{}, nil, nil)
}

// ReadPull reads lost pushes and builds the confirmation of all of them, to be sent once they are stored. Each message is a
// whole push as text; its own time counts, not the time at which it was lost. The cursor is not empty while more wait.
func (d driver) ReadPull(app platform.App, reply platform.Reply) ([]platform.Notice, *platform.Request, string, error) {
	var a struct {
		Response *struct {
			Messages []struct {
				Code platform.Int `json:"code"`
				Data string       `json:"data"`
			} `json:"push_message_list"`
			More bool         `json:"has_next_page"`
			Last platform.Int `json:"last_message_id"`
		} `json:"response"`
	}
	f, err := d.readList(app, reply, &a)
	if err != nil {
		return nil, nil, "", err
	}
	if f != nil {
		return nil, nil, "", f
	}
	if a.Response == nil {
		return nil, nil, "", &platform.Garbled{Why: "it has no response"}
	}
	if len(a.Response.Messages) == 0 {
		return nil, nil, "", nil
	}
	if a.Response.Last <= 0 {
		return nil, nil, "", &platform.Garbled{Why: "it has messages without a position"}
	}
	var notices []platform.Notice
	for _, m := range a.Response.Messages {
		n, err := d.readNotice(app, []byte(m.Data))
		if err != nil {
			// The confirmation covers all: a message that we cannot read must still lead somebody to look.
			n = platform.Notice{Kind: platform.NoticeOther, Census: true, Dedup: platform.DedupOf(m.Data)}
		}
		notices = append(notices, n)
	}
	body, err := json.Marshal(map[string]int64{"last_message_id": int64(a.Response.Last)})
	if err != nil {
		return nil, nil, "", err
	}
	confirm, err := d.request(app, "api", http.MethodPost, "/api/v2/push/confirm_consumed_lost_push_message", platform.Credential{}, nil, body)
	if err != nil {
		return nil, nil, "", err
	}
	cursor := ""
	if a.Response.More {
		cursor = a.Response.Last.String()
	}
	return notices, confirm, cursor, nil
}
