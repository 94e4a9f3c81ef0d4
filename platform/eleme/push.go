package eleme

import (
	"bytes"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// pushOK is the answer that the platform wants, also to the GET and the empty POST that test an address.
var pushOK = platform.Answer{Status: http.StatusOK, ContentType: "application/json; charset=utf-8", Body: []byte(`{"message":"ok"}`)}

// Receive reads a push: each member but the signature as name=value with the plain value, sorted, joined, then the
// secret. The signed text has no separators, so the members' types are checked strictly as well.
func (d driver) Receive(app platform.App, in platform.Incoming) (platform.Delivery, error) {
	if in.Method == http.MethodGet || len(bytes.TrimSpace(in.Body)) == 0 {
		return platform.Delivery{Answer: pushOK}, nil
	}
	members, err := platform.Members(in.Body)
	if err != nil {
		return platform.Delivery{}, &platform.BadCallback{Why: "eleme: push: " + err.Error()}
	}
	matched := ""
	for _, secret := range app.Secrets["app_secret"] {
		if provenPush(members, secret) {
			matched = "app_secret"
			break
		}
	}
	if matched == "" {
		return platform.Delivery{}, platform.ErrForged
	}
	notice, err := d.readPush(app, members)
	if errors.Is(err, errAnotherApp) {
		return platform.Delivery{}, &platform.BadCallback{Why: "eleme: push: " + err.Error()}
	}
	if err != nil { // what is proven is acknowledged, whatever it says
		notice = platform.Notice{Kind: platform.NoticeOther, Dedup: platform.DedupOf(string(in.Body))}
	}
	return platform.Delivery{Notices: []platform.Notice{notice}, Answer: pushOK, Matched: matched}, nil
}

// numbers are the members that the platform sends as numbers. Their text is signed alike with and without quotes, so a
// quoted one is a push that somebody has rewritten. Ids of accounts come either way.
var numbers = []string{"type", "appId", "timestamp", "shopId"}

// provenPush compares the signature in constant time. All members take part, also unknown ones.
func provenPush(members []platform.Member, secret gk.Secret) bool {
	var pairs []string
	signature := ""
	for _, m := range members {
		if m.Name == "signature" {
			signature = platform.JSONText(m.Value)
			continue
		}
		text, ok := plainValue(m.Value)
		if !ok || m.Value[0] == '"' && slices.Contains(numbers, m.Name) {
			return false
		}
		pairs = append(pairs, m.Name+"="+text)
	}
	slices.Sort(pairs)
	want := digest(strings.Join(pairs, "") + secret.Reveal())
	return subtle.ConstantTimeCompare([]byte(want), []byte(signature)) == 1
}

// plainValue is a value as pushes sign it: a text without quotes, a number as written. How a list or an object would be
// signed is not documented.
func plainValue(raw json.RawMessage) (string, bool) {
	switch raw[0] {
	case '{', '[':
		return "", false
	case '"':
		return platform.JSONText(raw), true
	}
	return string(raw), true
}

// errAnotherApp is a push whose proof holds and whose app is another one.
var errAnotherApp = errors.New("appId is another app's")

// readPush reads the seven members. Ids may be numbers or texts of digits.
func (d driver) readPush(app platform.App, members []platform.Member) (platform.Notice, error) {
	m := make(map[string]string, len(members))
	for _, member := range members {
		m[member.Name], _ = plainValue(member.Value)
		if member.Name == "message" && member.Value[0] != '"' {
			return platform.Notice{}, errors.New("message is not a text")
		}
	}
	for _, name := range []string{"type", "appId", "timestamp"} {
		if !digits.MatchString(m[name]) {
			return platform.Notice{}, errors.New(name + " is not a number")
		}
	}
	for _, name := range []string{"shopId", "userId"} {
		if _, told := m[name]; told && !digits.MatchString(m[name]) {
			return platform.Notice{}, errors.New(name + " is not a number")
		}
	}
	if id := m["requestId"]; id == "" || !platform.PlainText(id) {
		return platform.Notice{}, errors.New("requestId is missing or damaged")
	}
	if want := app.Settings["app_id"]; want != "" && want != m["appId"] {
		return platform.Notice{}, errAnotherApp
	}
	at, ok := moment(m["timestamp"])
	if !ok {
		return platform.Notice{}, errors.New("timestamp is not a moment")
	}
	notice := platform.Notice{Kind: platform.NoticeOther, At: at, Dedup: m["requestId"]}
	if m["userId"] != "" {
		notice.Subjects = []gk.Subject{{Kind: gk.KindAccount, ID: m["userId"]}}
	}
	row := d.spec.Catalogue.Find(platform.Query{Stage: platform.StagePush, Codes: []string{"type=" + m["type"]}})
	if row == nil || !row.Terminal {
		return notice, nil
	}
	notice.Fault = d.spec.Catalogue.Fault(platform.Query{Stage: platform.StagePush, Codes: []string{row.Code}}, row.Code, 0)
	return withdrawn(notice, m)
}

// withdrawn completes the notice of a shop that was taken out of an account's authorization. Its inner message must name
// the same shop and app as the outer members.
func withdrawn(notice platform.Notice, m map[string]string) (platform.Notice, error) {
	inner := platform.JSONObject([]byte(m["message"]))
	if inner == nil {
		return notice, errors.New("message is not a JSON object")
	}
	if m["shopId"] == "" || m["userId"] == "" || inner["shopId"] != nil && platform.JSONText(inner["shopId"]) != m["shopId"] {
		return notice, errors.New("message names another shop than the push")
	}
	if id := platform.JSONText(inner["appId"]); id != "" && id != m["appId"] {
		return notice, fmt.Errorf("%w: message names another app than the push", errAnotherApp)
	}
	notice.Kind, notice.Shops = platform.NoticeRevoked, []string{m["shopId"]}
	// The table says number, the published sample is an ISO text without zone.
	if at, ok := moment(platform.JSONText(inner["relieveOAuthTime"])); ok {
		notice.At = at
	}
	return notice, nil
}

// PullRequest asks for pushes that did not arrive, with the token of any grant of the app. It needs the setting app_id.
func (d driver) PullRequest(app platform.App, cred platform.Credential, _ string) (*platform.Request, error) {
	id := app.Settings["app_id"]
	if !digits.MatchString(id) || id[0] == '0' {
		return nil, &platform.BadCall{Field: "app_id", Why: "is needed to fetch lost pushes; it is the app's number in the console"}
	}
	if cred.Token.Access.Empty() {
		return nil, &platform.BadCall{Field: "token", Why: "lost pushes are fetched with the token of any grant"}
	}
	params := []platform.Member{{Name: "appId", Value: json.RawMessage(id)}}
	return d.envelope(app, cred.Token.Access, "eleme.message.getNonReachedOMessages", params, "")
}

// ReadPull reads the list of lost pushes. They came over a connection of ours, so no signature is asked for; one that
// cannot be read is left out, since the rest must not wait for it. There is nothing to confirm.
func (d driver) ReadPull(app platform.App, reply platform.Reply) ([]platform.Notice, *platform.Request, string, error) {
	if fault := d.Diagnose(app, platform.Asked{Stage: platform.StageCall}, reply); fault != nil {
		return nil, nil, "", fault
	}
	var list []json.RawMessage
	if raw := platform.JSONObject(reply.Body)["result"]; raw != nil {
		if err := json.Unmarshal(raw, &list); err != nil {
			return nil, nil, "", &platform.Garbled{Why: "the result is not a list"}
		}
	}
	if reply.Truncated {
		return nil, nil, "", &platform.Garbled{Why: "the answer is cut off"}
	}
	var notices []platform.Notice
	for _, raw := range list {
		if raw[0] == '"' {
			raw = json.RawMessage(platform.JSONText(raw))
		}
		members, err := platform.Members(raw)
		if err != nil {
			continue
		}
		if notice, err := d.readPush(app, members); err == nil {
			notices = append(notices, notice)
		}
	}
	return notices, nil, "", nil
}
