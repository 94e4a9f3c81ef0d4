package shopeecore

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// Codes of the pushes that concern authorizations; all others are acknowledged only.
const (
	PushAuthorized = 1
	PushCancelled  = 2
	PushExpiring   = 12 // v2 only
)

// Receive checks a push over the address registered in the console and the raw bytes, by prove, which returns the name of
// the secret it is signed with, then reads it. The answer is always 204: a body, even an empty JSON object, counts as a
// failure there. What is proven is acknowledged, whatever it says.
func Receive(app platform.App, in platform.Incoming, prove func(platform.App, platform.Incoming) (string, error),
	read func(platform.App, []byte) (platform.Notice, error)) (platform.Delivery, error) {
	if in.Method != "" && in.Method != http.MethodPost {
		return platform.Delivery{}, &platform.BadCallback{Why: "pushes come by POST"}
	}
	matched, err := prove(app, in)
	if errors.Is(err, platform.ErrForged) && consoleTest(app, in.Body) {
		return platform.Delivery{Answer: platform.Answer{Status: http.StatusNoContent}}, nil
	}
	if err != nil {
		return platform.Delivery{}, err
	}
	n, err := read(app, in.Body)
	if errors.Is(err, errUnread) {
		n = platform.Notice{Kind: platform.NoticeOther, Dedup: platform.DedupOf(string(in.Body))}
	} else if err != nil {
		return platform.Delivery{}, err
	}
	return platform.Delivery{Notices: []platform.Notice{n}, Answer: platform.Answer{Status: http.StatusNoContent}, Matched: matched}, nil
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

// Push is a push as it came; what it names stands at the top, or in its data.
type Push struct {
	Code      *platform.Int   `json:"code"`
	PartnerID platform.Int    `json:"partner_id"`
	Timestamp platform.Int    `json:"timestamp"`
	Data      json.RawMessage `json:"data"`
	flat      content
	inner     content
	Unread    bool `json:"-"` // its content has an unknown form
}

// errUnread is a push that says nothing readable.
var errUnread = errors.New("the push cannot be read")

// ReadPush reads a push of either version.
func ReadPush(body []byte) (Push, error) {
	if _, err := platform.Members(body); err != nil {
		return Push{}, fmt.Errorf("%w: %w", errUnread, err)
	}
	var p Push
	if err := json.Unmarshal(body, &p); err != nil || p.Code == nil {
		return Push{}, fmt.Errorf("%w: it has no readable code", errUnread)
	}
	p.Unread = json.Unmarshal(body, &p.flat) != nil ||
		bytes.HasPrefix(p.Data, []byte("{")) && json.Unmarshal(p.Data, &p.inner) != nil
	return p, nil //nolint:nilerr // what cannot be read is told by Unread
}

// Notice reads a proven push about an authorization, or about anything else. One that does not say whose authorization it
// tells of asks for a census, also when its content cannot be read: what is proven is never dropped.
func (p Push) Notice(app platform.App, body []byte) (platform.Notice, error) {
	if own := app.Settings["partner_id"]; own != "" && p.PartnerID != 0 && p.PartnerID.String() != own {
		return platform.Notice{}, &platform.BadCallback{Why: "the push is for another partner_id"}
	}
	n := platform.Notice{Kind: platform.NoticeOther, At: p.Timestamp.Unix(), Dedup: platform.DedupOf(string(body))}
	kind := map[platform.Int]string{PushAuthorized: platform.NoticeAuthorized, PushCancelled: platform.NoticeRevoked}[*p.Code]
	if kind == "" || p.failed() {
		return n, nil // other topics, code 0, the console's check of the address, and what did not succeed
	}
	n.Kind, n.Subjects = kind, p.subjects()
	n.Census = len(n.Subjects) == 0
	return n, nil
}

// failed reports whether the push says that what it tells did not succeed.
func (p Push) failed() bool {
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
func (p Push) subjects() []gk.Subject {
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

// Expiring lists the shops and merchants whose authorizations end soon.
func (p Push) Expiring() []gk.Subject {
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

// Reason returns the kind and the words of a cancellation.
func (p Push) Reason() (kind, words string) {
	if p.inner.AuthorizeType != "" || p.inner.Extra != "" {
		return p.inner.AuthorizeType, p.inner.Extra
	}
	return p.flat.AuthorizeType, p.flat.Extra
}
