package shopee

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/shopeecore"
	"github.com/grantkeep/grantkeep/platform/signing"
)

// Codes of the pushes that concern authorizations; all others are acknowledged only.
const (
	pushAuthorized = 1
	pushCancelled  = 2
	pushExpiring   = 12
)

// Receive checks a push over the address registered in the console and the raw bytes, then reads it. The answer is
// always 204: a body, even an empty JSON object, counts as a failure there.
func (d driver) Receive(app platform.App, in platform.Incoming) (platform.Delivery, error) {
	if in.Method != "" && in.Method != http.MethodPost {
		return platform.Delivery{}, &platform.BadCallback{Why: "pushes come by POST"}
	}
	matched, err := provePush(app, in)
	if errors.Is(err, platform.ErrForged) && shopeecore.ConsoleTest(app, in.Body) {
		return platform.Delivery{Answer: platform.Answer{Status: http.StatusNoContent}}, nil
	}
	if err != nil {
		return platform.Delivery{}, err
	}
	n, err := d.readNotice(app, in.Body)
	if errors.Is(err, errUnread) { // what is proven is acknowledged, whatever it says
		sum := sha256.Sum256(in.Body)
		n = platform.Notice{Kind: platform.NoticeOther, Dedup: hex.EncodeToString(sum[:])}
	} else if err != nil {
		return platform.Delivery{}, err
	}
	return platform.Delivery{Notices: []platform.Notice{n}, Answer: platform.Answer{Status: http.StatusNoContent}, Matched: matched}, nil
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

// ids is one id or a list of them, each a number or a text: samples of the sandbox send texts.
type ids []platform.Int

// UnmarshalJSON reads either form.
func (i *ids) UnmarshalJSON(b []byte) error {
	if bytes.HasPrefix(b, []byte("[")) {
		return json.Unmarshal(b, (*[]platform.Int)(i))
	}
	var one platform.Int
	if err := json.Unmarshal(b, &one); err != nil {
		return err
	}
	*i = ids{one}
	return nil
}

// content is where a push names its subjects: in data, or, in the flat form of v1, at the top.
type content struct {
	ShopID        ids             `json:"shop_id"`
	ShopIDJoined  ids             `json:"shopid"` // so in samples of cancellations
	ShopIDs       ids             `json:"shop_id_list"`
	MerchantID    ids             `json:"merchant_id"`
	MerchantIDs   ids             `json:"merchant_id_list"`
	MainAccount   platform.Int    `json:"main_account_id"`
	ShopsSoon     ids             `json:"shop_expire_soon"`
	MerchantsSoon ids             `json:"merchant_expire_soon"`
	Extra         string          `json:"extra"`
	AuthorizeType string          `json:"authorize_type"`
	Success       json.RawMessage `json:"success"`
}

type push struct {
	Code      *platform.Int   `json:"code"`
	PartnerID platform.Int    `json:"partner_id"`
	Timestamp platform.Int    `json:"timestamp"`
	Data      json.RawMessage `json:"data"`
	flat      content
	inner     content
	unread    bool // its content has an unknown form
}

func readPush(body []byte) (push, error) {
	if _, err := platform.Members(body); err != nil {
		return push{}, err
	}
	var p push
	if err := json.Unmarshal(body, &p); err != nil || p.Code == nil {
		return push{}, errors.New("it has no readable code")
	}
	p.unread = json.Unmarshal(body, &p.flat) != nil ||
		bytes.HasPrefix(p.Data, []byte("{")) && json.Unmarshal(p.Data, &p.inner) != nil
	return p, nil //nolint:nilerr // what cannot be read is told by unread
}

// errUnread is a push that says nothing readable.
var errUnread = errors.New("the push cannot be read")

// readNotice reads a proven push. One that tells of an authorization without saying whose asks for a census, also
// when its content cannot be read: what is proven is never dropped.
func (d driver) readNotice(app platform.App, body []byte) (platform.Notice, error) {
	p, err := readPush(body)
	if err != nil {
		return platform.Notice{}, fmt.Errorf("%w: %w", errUnread, err)
	}
	if own := app.Settings["partner_id"]; own != "" && p.PartnerID != 0 && p.PartnerID.String() != own {
		return platform.Notice{}, &platform.BadCallback{Why: "the push is for another partner_id"}
	}
	sum := sha256.Sum256(body) // a push has no id of its own
	n := platform.Notice{Kind: platform.NoticeOther, At: p.Timestamp.Unix(), Dedup: hex.EncodeToString(sum[:])}
	switch *p.Code {
	case pushAuthorized:
		n.Kind = platform.NoticeAuthorized
	case pushCancelled:
		n.Kind = platform.NoticeRevoked
	case pushExpiring:
		n.Kind = platform.NoticeExpiring
		n.Subjects = p.expiring()
		n.Census = p.unread
		n.Fault = d.pushRow(p)
		return n, nil
	default:
		return n, nil // other topics, and code 0, the console's check of the address
	}
	if p.failed() {
		n.Kind = platform.NoticeOther
		return n, nil
	}
	n.Subjects = p.subjects()
	n.Census = len(n.Subjects) == 0
	n.Fault = d.pushRow(p)
	return n, nil
}

// failed reports whether the push says that what it tells did not succeed.
func (p push) failed() bool {
	for _, c := range []content{p.inner, p.flat} {
		switch string(c.Success) {
		case "0", `"0"`, "false":
			return true
		}
	}
	return false
}

// idInText finds ids in the words of a push: the sample of a cancellation has them nowhere else.
var idInText = regexp.MustCompile(`(?i)\b(shop|merchant)[ _]?id\b\D{0,3}([0-9]{1,19})\b`)

// subjects lists the shops and merchants that a push is about, none twice.
func (p push) subjects() []gk.Subject {
	var all []gk.Subject
	for _, c := range []content{p.inner, p.flat} {
		parent := ""
		if c.MainAccount > 0 {
			parent = c.MainAccount.String()
		}
		all = add(all, gk.KindShop, parent, c.ShopID, c.ShopIDJoined, c.ShopIDs)
		all = add(all, gk.KindMerchant, parent, c.MerchantID, c.MerchantIDs)
	}
	if len(all) > 0 {
		return all
	}
	for _, c := range []content{p.inner, p.flat} {
		for _, m := range idInText.FindAllStringSubmatch(c.Extra, -1) {
			if n, err := strconv.ParseInt(m[2], 10, 64); err == nil {
				kind := gk.KindShop
				if m[1][0] == 'm' || m[1][0] == 'M' {
					kind = gk.KindMerchant
				}
				all = add(all, kind, "", ids{platform.Int(n)})
			}
		}
	}
	return all
}

func (p push) expiring() []gk.Subject {
	all := add(nil, gk.KindShop, "", p.inner.ShopsSoon)
	return add(all, gk.KindMerchant, "", p.inner.MerchantsSoon)
}

func add(all []gk.Subject, kind, parent string, lists ...ids) []gk.Subject {
	for _, id := range slices.Concat(lists...) {
		if s := (gk.Subject{Kind: kind, ID: id.String(), Parent: parent}); id > 0 && !slices.ContainsFunc(all, s.Same) {
			all = append(all, s)
		}
	}
	return all
}

// pushFault says what a push means, by the catalogue, or what the platform answered when it was asked to push; nil for
// one that brings no trouble.
func (d driver) pushFault(app platform.App, asked platform.Asked, reply platform.Reply) *gk.Fault {
	if env, ok := readEnvelope(reply.Body); ok && env.Error != nil && *env.Error != "" {
		return d.refusal(app, asked, reply, env)
	}
	p, err := readPush(reply.Body)
	if err != nil {
		return nil //nolint:nilerr // a text that is no push brings no trouble
	}
	return d.pushRow(p)
}

// pushRow returns the row of a cancellation by its kind and words, or of an announced end.
func (d driver) pushRow(p push) *gk.Fault {
	code := "push:" + p.Code.String()
	kind, words := p.inner.AuthorizeType, p.inner.Extra
	if kind == "" && words == "" {
		kind, words = p.flat.AuthorizeType, p.flat.Extra
	}
	q := platform.Query{Stage: platform.StagePush, Codes: []string{code + ":" + kind, code + ":*"}, Texts: []string{kind, words}}
	switch *p.Code {
	case pushCancelled:
		return d.spec.Catalogue.Fault(q, code+":"+kind, 0)
	case pushExpiring:
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
			sum := sha256.Sum256([]byte(m.Data))
			n = platform.Notice{Kind: platform.NoticeOther, Census: true, Dedup: hex.EncodeToString(sum[:])}
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
