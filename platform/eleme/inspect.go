package eleme

import (
	"encoding/json"
	"regexp"
	"strconv"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// opStatus and opUser are the two questions of an inspection.
const (
	opStatus = "eleme.user.getTokenStatus"
	opUser   = "eleme.user.getUser"
)

// pageUser is the second page of an inspection that began with the token's status.
const pageUser = "user"

// china is the zone of times that the platform writes without one.
var china = time.FixedZone("GMT+8", 8*60*60)

// digits is a number that fits 64 bits or little more; account, shop and app ids are such.
var digits = regexp.MustCompile(`\A[0-9]{1,20}\z`)

// InspectRequest asks for the account and its shops; first for the token's status where the app has permission for that,
// the subject is known, and the environment is not the sandbox, whose answers are not reliable.
func (d driver) InspectRequest(app platform.App, cred platform.Credential, page string) (*platform.Request, error) {
	if page == "" && app.Settings["token_status"] == "true" && cred.Subject.ID != "" && app.Environment != gk.Sandbox {
		token := []platform.Member{{Name: "token", Value: json.RawMessage(quoted(cred.Token.Access.Reveal()))}}
		return d.envelope(app, gk.Secret{}, opStatus, token, "")
	}
	if cred.Token.Access.Empty() {
		return nil, &platform.BadCall{Field: "token", Why: "an inspection needs an access token"}
	}
	return d.envelope(app, cred.Token.Access, opUser, nil, "")
}

// ReadInspection reads the answer to either question. A status that the platform will not tell (no permission for it)
// leaves the answer to the second page.
func (d driver) ReadInspection(app platform.App, cred platform.Credential, reply platform.Reply) (platform.Inspection, string, error) {
	asked := platform.Asked{Stage: platform.StageInspect, Subject: cred.Subject}
	aboutStatus := reply.Sent.Get("action") == opStatus
	if fault := d.Diagnose(app, asked, reply); fault != nil {
		if aboutStatus {
			return platform.Inspection{Subject: cred.Subject}, pageUser, nil
		}
		if d.spec.TokenRefused(fault) {
			dead := false
			return platform.Inspection{Subject: cred.Subject, Alive: &dead, Fault: fault}, "", nil
		}
		return platform.Inspection{}, "", fault
	}
	result := platform.JSONObject(platform.JSONObject(reply.Body)["result"])
	if result == nil || reply.Truncated {
		return platform.Inspection{}, "", &platform.Garbled{Why: "the answer to an inspection has no result"}
	}
	if aboutStatus {
		return readStatus(app, cred, result)
	}
	return readUser(result)
}

// readUser reads {userId, userName, authorizedShops:[{id, name}]}. Ids lie beyond 2^53 and stay text.
func readUser(result map[string]json.RawMessage) (platform.Inspection, string, error) {
	id := platform.JSONText(result["userId"])
	if !digits.MatchString(id) {
		return platform.Inspection{}, "", &platform.Garbled{Why: "userId is not a number"}
	}
	alive := true
	in := platform.Inspection{Alive: &alive, Subject: gk.Subject{Kind: gk.KindAccount, ID: id, Name: platform.JSONText(result["userName"])}}
	var shops []json.RawMessage
	if raw := result["authorizedShops"]; raw != nil {
		if err := json.Unmarshal(raw, &shops); err != nil {
			return platform.Inspection{}, "", &platform.Garbled{Why: "authorizedShops is not a list"}
		}
	}
	for _, raw := range shops {
		shop := platform.JSONObject(raw)
		shopID := platform.JSONText(shop["id"])
		if !digits.MatchString(shopID) {
			return platform.Inspection{}, "", &platform.Garbled{Why: "a shop's id is not a number"}
		}
		in.Shops = append(in.Shops, gk.Shop{ID: shopID, Name: platform.JSONText(shop["name"])})
	}
	return in, "", nil
}

// readStatus reads the status of a token. The layout is not published beyond a status and expireTime, so only an end
// in the past and an outright false are believed; all else leaves the question to the second page.
func readStatus(app platform.App, cred platform.Credential, result map[string]json.RawMessage) (platform.Inspection, string, error) {
	in := platform.Inspection{Subject: cred.Subject}
	end, known := moment(platform.JSONText(result["expireTime"]))
	if (known && !end.After(app.Now)) || string(result["status"]) == "false" {
		dead := false
		in.Alive = &dead
		return in, "", nil
	}
	return in, pageUser, nil
}

// moment reads unix seconds, unix milliseconds or an ISO text without zone, which is Chinese time.
func moment(text string) (time.Time, bool) {
	if digits.MatchString(text) {
		n, err := strconv.ParseInt(text, 10, 64)
		switch {
		case err == nil && len(text) == 10:
			return time.Unix(n, 0).UTC(), true
		case err == nil && len(text) == 13:
			return time.UnixMilli(n).UTC(), true
		}
		return time.Time{}, false
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", time.DateTime} {
		if t, err := time.ParseInLocation(layout, text, china); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}
