package shopeev1

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/shopeecore"
	"github.com/grantkeep/grantkeep/platform/signing"
)

// Codes of the pushes that concern authorizations; all others are acknowledged only.
const (
	pushAuthorized = 1
	pushCancelled  = 2
)

// Receive checks a push over the address registered in the console and the raw bytes, then reads it: the push key
// first, then the partner key, which signed pushes before they had a key of their own. The answer is always 204.
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
	n, err := readNotice(app, in.Body)
	if errors.Is(err, errUnread) { // what is proven is acknowledged, whatever it says
		sum := sha256.Sum256(in.Body)
		n = platform.Notice{Kind: platform.NoticeOther, Dedup: hex.EncodeToString(sum[:])}
	} else if err != nil {
		return platform.Delivery{}, err
	}
	return platform.Delivery{Notices: []platform.Notice{n}, Answer: platform.Answer{Status: http.StatusNoContent}, Matched: matched}, nil
}

func provePush(app platform.App, in platform.Incoming) (string, error) {
	got, err := shopeecore.PushSignature(app, in.Header)
	if err != nil {
		return "", err
	}
	if m, err := signing.HMACLower.Prove(app, shopeecore.PushText(app.PushURL, in.Body), got, "push_key", "partner_key"); err == nil {
		return m.Setting, nil
	}
	return "", fmt.Errorf("shopeev1: push: %w: no key of the app gives its signature over push_url, a vertical bar and the body", platform.ErrForged)
}

// content is where a push names its shop: at the top, or in data.
type content struct {
	ShopID       platform.Int    `json:"shop_id"`
	ShopIDJoined platform.Int    `json:"shopid"`
	ShopIDs      []platform.Int  `json:"shop_id_list"`
	Success      json.RawMessage `json:"success"`
}

type push struct {
	content
	Code      *platform.Int   `json:"code"`
	PartnerID platform.Int    `json:"partner_id"`
	Timestamp platform.Int    `json:"timestamp"`
	Data      json.RawMessage `json:"data"`
}

// errUnread is a push that says nothing readable.
var errUnread = errors.New("the push cannot be read")

// readNotice reads a proven push. One that tells of an authorization without saying whose asks for a census.
func readNotice(app platform.App, body []byte) (platform.Notice, error) {
	var p push
	if _, err := platform.Members(body); err != nil {
		return platform.Notice{}, fmt.Errorf("%w: %w", errUnread, err)
	}
	if err := json.Unmarshal(body, &p); err != nil || p.Code == nil {
		return platform.Notice{}, fmt.Errorf("%w: it has no readable code", errUnread)
	}
	if own := app.Settings["partner_id"]; own != "" && p.PartnerID != 0 && p.PartnerID.String() != own {
		return platform.Notice{}, &platform.BadCallback{Why: "the push is for another partner_id"}
	}
	sum := sha256.Sum256(body) // a push has no id of its own
	n := platform.Notice{Kind: platform.NoticeOther, At: p.Timestamp.Unix(), Dedup: hex.EncodeToString(sum[:])}
	kind := map[platform.Int]string{pushAuthorized: platform.NoticeAuthorized, pushCancelled: platform.NoticeRevoked}[*p.Code]
	if kind == "" {
		return n, nil
	}
	var inner content
	if bytes.HasPrefix(p.Data, []byte("{")) {
		if err := json.Unmarshal(p.Data, &inner); err != nil {
			inner = content{} // its content has an unknown form: what is proven still asks for a census
		}
	}
	if failed(p.Success) || failed(inner.Success) {
		return n, nil
	}
	n.Kind = kind
	for _, id := range slices.Concat([]platform.Int{p.ShopID, p.ShopIDJoined, inner.ShopID, inner.ShopIDJoined}, p.ShopIDs, inner.ShopIDs) {
		if s := (gk.Subject{Kind: gk.KindShop, ID: id.String()}); id > 0 && !slices.ContainsFunc(n.Subjects, s.Same) {
			n.Subjects = append(n.Subjects, s)
		}
	}
	n.Census = len(n.Subjects) == 0
	return n, nil
}

func failed(success json.RawMessage) bool {
	return slices.Contains([]string{"0", `"0"`, "false"}, string(success))
}
