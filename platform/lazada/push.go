package lazada

import (
	"net/http"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/answer"
	"github.com/grantkeep/grantkeep/platform/signing"
)

var (
	pushOK      = jsonAnswer(http.StatusOK)
	pushRefused = jsonAnswer(http.StatusUnauthorized)
)

func jsonAnswer(status int) platform.Answer {
	return platform.Answer{Status: status, ContentType: "application/json; charset=utf-8", Body: []byte("{}")}
}

// typeExpiry is the message that a seller's consent ends within 48 hours.
const typeExpiry = "8"

// Receive reads a push: a lower-case HMAC over the app key with the raw body. Nothing in the proof is fresh, and nothing
// tells of a revocation. A message names a seller, never the grant: the shop's id leads to it.
func (d driver) Receive(app platform.App, in platform.Incoming) (platform.Delivery, error) {
	key, err := app.Setting("app_key")
	if err != nil {
		return platform.Delivery{Answer: pushRefused}, err
	}
	match, err := signing.HMACLower.Prove(app, key+string(in.Body), in.Header.Get("Authorization"), "app_secret")
	if err != nil {
		return platform.Delivery{Answer: pushRefused}, pushMistake(app, key, in, err)
	}
	notice := read(platform.JSONObject(in.Body))
	notice.Dedup = platform.DedupOf(string(in.Body))
	return platform.Delivery{Notices: []platform.Notice{notice}, Answer: pushOK, Matched: match.String()}, nil
}

// read reads a message; what cannot be read is of kind other. The seller of an expiry stands in data, while the one
// beside it is the text "null".
func read(message answer.Object) platform.Notice {
	n := platform.Notice{Kind: platform.NoticeOther, At: pushedAt(message)}
	data := message.Object("data")
	seller := platform.JSONText(message["seller_id"])
	if id := platform.JSONText(data["seller_id"]); digits.MatchString(id) {
		seller = id
	}
	country := countryIn(platform.JSONText(message["site"]))
	if !digits.MatchString(seller) || country == "" {
		return n
	}
	shop := country + ":" + seller
	if platform.JSONText(message["message_type"]) == typeExpiry {
		n.Kind, n.Shops = platform.NoticeExpiring, []string{shop}
		if end, told, err := data.Moment("auth_expiry_time", answer.Unix, time.Time{}); err == nil && told {
			n.Ceiling = end
		}
		return n
	}
	n.Subjects = []gk.Subject{{Kind: gk.KindShop, ID: shop}}
	return n
}

// countryIn reads lazada_ph, lazada-sg and LAZADA_SG.
func countryIn(site string) string {
	site = strings.ToLower(strings.TrimSpace(site))
	if len(site) < 3 || !shopIDs.MatchString(site[len(site)-2:]+":1") {
		return ""
	}
	return site[len(site)-2:]
}

// pushedAt reads the time of a push: milliseconds of orders, seconds of all others.
func pushedAt(message answer.Object) time.Time {
	for _, form := range []answer.Form{answer.Millis, answer.Unix} {
		if at, told, err := message.Moment("timestamp", form, time.Time{}); err == nil && told {
			return at
		}
	}
	return time.Time{}
}
