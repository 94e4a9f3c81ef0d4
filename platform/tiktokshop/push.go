package tiktokshop

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/signing"
)

// Kinds of push that are about a grant. The first two name a shop of it only, and no account.
const (
	sellerLeft   = "6"
	endsSoon     = "7"
	creatorLeft  = "20"
	mirrorStatus = "35" // Tokopedia's side of a shop
)

// Receive checks a push and reads it. Both 200 and 401 end its delivery, so 401 is for a wrong signature alone and faults of
// our own say 500: the platform then tries again.
func (d driver) Receive(app platform.App, in platform.Incoming) (platform.Delivery, error) {
	if in.Method != "" && in.Method != http.MethodPost {
		return platform.Delivery{Answer: platform.Answer{Status: http.StatusMethodNotAllowed}}, &platform.BadCallback{Why: "not a POST"}
	}
	matched, err := d.provePush(app, in)
	var bad *platform.BadCallback
	switch {
	case errors.Is(err, platform.ErrForged), errors.As(err, &bad):
		return platform.Delivery{Answer: platform.Answer{Status: http.StatusUnauthorized}}, err
	case err != nil:
		return platform.Delivery{Answer: platform.Answer{Status: http.StatusInternalServerError}}, err
	}
	return platform.Delivery{
		Notices: []platform.Notice{notice(in.Body)}, Answer: platform.Answer{Status: http.StatusOK}, Matched: matched.String(),
	}, nil
}

// notice reads a proven push. What cannot be read is a message about nobody: it is acknowledged all the same.
func notice(body []byte) platform.Notice {
	var said struct {
		Type    text `json:"type"`
		ID      text `json:"tts_notification_id"`
		Shop    text `json:"shop_id"`
		Seller  text `json:"seller_open_id"`
		Creator text `json:"creator_open_id"`
		At      text `json:"timestamp"`
		Data    struct {
			CancelledAt text `json:"cancel_time"`
			EndsAt      text `json:"expiration_time"`
		} `json:"data"`
	}
	n := platform.Notice{Kind: platform.NoticeOther}
	if json.Unmarshal(body, &said) == nil {
		n.Dedup, n.At = string(said.ID), moment(said.At)
		account := said.Seller
		switch string(said.Type) {
		case sellerLeft:
			n.Kind = platform.NoticeRevoked
		case endsSoon:
			n.Kind, n.Ceiling = platform.NoticeExpiring, moment(said.Data.EndsAt)
		case creatorLeft:
			n.Kind, account = platform.NoticeRevoked, said.Creator
			if at := moment(said.Data.CancelledAt); !at.IsZero() {
				n.At = at
			}
		case mirrorStatus:
		default:
			account, said.Shop = "", "" // business of the vendor's: no grant changes by it
		}
		switch {
		case account != "":
			n.Subjects = []gk.Subject{{Kind: gk.KindAccount, ID: string(account)}}
		case said.Shop != "" && n.Kind != platform.NoticeOther:
			n.Shops = []string{string(said.Shop)}
		}
	}
	if n.Dedup == "" {
		n.Dedup = platform.DedupOf(string(body))
	}
	return n
}

// moment reads seconds since 1970; zero if it is none.
func moment(t text) time.Time {
	n, err := strconv.ParseInt(string(t), 10, 64)
	if err != nil {
		return time.Time{}
	}
	return platform.Int(n).Unix()
}

// provePush compares the header Authorization, which has no scheme, with what each secret makes of key and raw body.
func (d driver) provePush(app platform.App, in platform.Incoming) (signing.Match, error) {
	key, err := app.Setting("app_key")
	if err != nil {
		return signing.Match{}, err
	}
	values := in.Header.Values("Authorization")
	if len(values) != 1 || values[0] == "" {
		return signing.Match{}, &platform.BadCallback{
			Why:   "the header Authorization is missing or repeated; does a proxy drop it?",
			Fault: d.spec.Catalogue.Local(platform.StagePush, "local:push_bad_signature"),
		}
	}
	given, body := values[0], string(in.Body)
	match, err := signing.HMACLower.Prove(app, key+body, given, "app_secret")
	if err == nil || !errors.Is(err, platform.ErrForged) {
		return match, err
	}
	made := func(r signing.Recipe, text, sign string) bool {
		_, err := r.Prove(app, text, sign, "app_secret")
		return err == nil
	}
	scheme, rest, hasScheme := strings.Cut(given, " ")
	why := ""
	switch {
	case hasScheme && made(signing.HMACLower, key+body, rest):
		why = "Authorization begins with " + platform.Words(scheme) + ": the signature stands there alone"
	case made(signing.HMACLower, key+body, strings.ToLower(given)):
		why = "Authorization is in capitals: lower-case hex is wanted"
	case made(signing.HMACBase64, key+body, given):
		why = "Authorization is base64: lower-case hex is wanted"
	case made(signing.HMACLower, body, given):
		why = "app_key is missing in front of the body in what was signed"
	case made(signing.HMACLower, body+key, given):
		why = "app_key stands behind the body in what was signed; it belongs in front"
	case made(signing.HMACAround, key+body, given), made(signing.HMACAround, body, given):
		why = "it is signed as a call: pushes have app_key and the raw body, and the secret as the key only"
	case rewritten(in.Body, func(text string) bool { return made(signing.HMACLower, key+text, given) }):
		why = "the body was serialised again after signing, or changed by a line end: sign the raw bytes as they came"
	default:
		return match, err
	}
	return match, fmt.Errorf("%w: %s", platform.ErrForged, why)
}

// rewritten reports whether another way to write the same JSON is what was signed.
func rewritten(body []byte, signed func(string) bool) bool {
	raw := string(body)
	if signed(strings.TrimSpace(raw)) || signed(raw+"\n") {
		return true
	}
	for _, form := range forms(body) {
		if signed(form) {
			return true
		}
	}
	return false
}
