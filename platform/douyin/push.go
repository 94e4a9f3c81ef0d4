package douyin

import (
	"encoding/json"
	"net/http"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/signing"
)

// pushRecipes are the ways to sign a push, by the value of the setting push_algorithm. The signed text is the app key
// with the raw body.
var pushRecipes = map[string]signing.Recipe{"md5": signing.MD5AfterLower, "hmac-sha256": signing.HMACAfter}

var (
	pushOK      = jsonAnswer(http.StatusOK, `{"code":0,"msg":"success"}`)
	pushRefused = jsonAnswer(http.StatusUnauthorized, `{"code":40041,"msg":"signature check failed"}`)
	pushBroken  = jsonAnswer(http.StatusBadRequest, `{"code":40041,"msg":"bad request"}`)
)

func jsonAnswer(status int, body string) platform.Answer {
	return platform.Answer{Status: status, ContentType: "application/json; charset=utf-8", Body: []byte(body)}
}

// probeTag is the tag of the message that tests an address.
const probeTag = "0"

// Receive reads a push: a list of messages, signed as one. No message about the end of an authorization is documented,
// so every one is of kind other and the platform is asked instead.
func (d driver) Receive(app platform.App, in platform.Incoming) (platform.Delivery, error) {
	if len(in.Body) == 0 {
		return d.refuse(pushBroken, "the body is empty", "local:not_json")
	}
	key, err := app.Setting("app_key")
	if err != nil {
		return platform.Delivery{Answer: pushBroken}, err
	}
	if told := in.Header.Get("app-id"); told != "" && told != key {
		return d.refuse(pushRefused, "app-id names another app", "local:app-id")
	}
	algorithm := d.pushAlgorithm(app)
	match, err := pushRecipes[algorithm].Prove(app, key+string(in.Body), in.Header.Get("event-sign"), "app_secret")
	if err != nil {
		return platform.Delivery{Answer: pushRefused}, pushMistake(app, key, algorithm, in, err)
	}
	return platform.Delivery{Notices: notices(in.Body), Answer: pushOK, Matched: match.String()}, nil
}

// pushAlgorithm is how the app's pushes are signed, by its setting.
func (d driver) pushAlgorithm(app platform.App) string {
	if chosen := app.Settings["push_algorithm"]; chosen != "" {
		return chosen
	}
	return d.spec.Facts.Settings["push_algorithm"].Default
}

func (d driver) refuse(a platform.Answer, why, row string) (platform.Delivery, error) {
	return platform.Delivery{Answer: a}, &platform.BadCallback{
		Why: "douyin: push: " + why, Fault: d.spec.Catalogue.Local(platform.StagePush, row),
	}
}

// notices reads the messages. One that cannot be read is left out: the proof holds, and the rest must not wait for it.
func notices(body []byte) []platform.Notice {
	var list []json.RawMessage
	if json.Unmarshal(body, &list) != nil {
		return nil
	}
	var read []platform.Notice
	for _, raw := range list {
		message := platform.JSONObject(raw)
		tag := platform.JSONText(message["tag"])
		if message == nil || tag == probeTag {
			continue
		}
		n := platform.Notice{Kind: platform.NoticeOther, Dedup: platform.Words(platform.JSONText(message["msg_id"]))}
		data := platform.JSONObject(message["data"])
		if data == nil {
			data = platform.JSONObject([]byte(platform.JSONText(message["data"]))) // JSON as a text
		}
		if shop := platform.JSONText(data["shop_id"]); digits.MatchString(shop) {
			n.Subjects = []gk.Subject{{Kind: gk.KindShop, ID: shop}}
		}
		read = append(read, n)
	}
	return read
}
