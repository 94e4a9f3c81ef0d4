package taobao

import (
	"encoding/json"
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/signing"
)

// opSeller asks with the token itself; opMessages asks by nick whether the grant is valid, without the token.
const (
	opSeller   = "taobao.user.seller.get"
	opMessages = "taobao.tmc.user.get"
)

// InspectRequest asks who a token belongs to. A token whose ordinary reads have ended (window r1, after half an hour in
// testing) cannot be asked so, though its grant lives: then the question goes by nick.
func (d driver) InspectRequest(app platform.App, cred platform.Credential, _ string) (*platform.Request, error) {
	r1 := cred.Token.Windows["r1"]
	usable := !cred.Token.Access.Empty() && (r1.IsZero() || r1.After(app.Now))
	if name := cred.Facts["nick"]; !usable && name != "" {
		return d.gateway(app, gk.Secret{}, opMessages, signing.Pairs{{Name: "fields", Value: "user_nick,is_valid"}, {Name: "nick", Value: name}}, nil, "", false)
	}
	if cred.Token.Access.Empty() {
		return nil, &platform.BadCall{Field: "token", Why: "an inspection needs an access token"}
	}
	return d.gateway(app, cred.Token.Access, opSeller, signing.Pairs{{Name: "fields", Value: "user_id,nick"}}, nil, "", false)
}

// ReadInspection reads the answer to either question.
func (d driver) ReadInspection(app platform.App, cred platform.Credential, reply platform.Reply) (platform.Inspection, string, error) {
	asked := platform.Asked{Stage: platform.StageInspect, Subject: cred.Subject, Sent: reply.Sent}
	if fault := d.Diagnose(app, asked, reply); fault != nil {
		if d.spec.TokenRefused(fault) {
			dead := false
			return platform.Inspection{Subject: cred.Subject, Alive: &dead, Fault: fault}, "", nil
		}
		return platform.Inspection{}, "", fault
	}
	answer := platform.JSONObject(reply.Body)
	if user := platform.JSONObject(platform.JSONObject(answer["user_seller_get_response"])["user"]); user != nil {
		return readSeller(cred, user), "", nil
	}
	if answer["tmc_user_get_response"] == nil {
		return platform.Inspection{}, "", &platform.Garbled{Why: "the answer to an inspection has no result"}
	}
	return readMessages(cred, platform.JSONObject(answer["tmc_user_get_response"])), "", nil
}

// readSeller reads {user_id, nick}. A sub-account's session names the main account, and apps with open ids get no user
// id: there the subject stays as it is.
func readSeller(cred platform.Credential, user map[string]json.RawMessage) platform.Inspection {
	alive := true
	in := platform.Inspection{Alive: &alive, Subject: cred.Subject}
	id, name := platform.JSONText(user["user_id"]), platform.JSONText(user["nick"])
	if cred.Subject.ID != "" && !digits.MatchString(cred.Subject.ID) || !digits.MatchString(id) {
		return in
	}
	in.Subject = gk.Subject{Kind: gk.KindAccount, ID: id, Name: name}
	if name != "" {
		in.Facts = map[string]string{"nick": name}
	}
	return in
}

// readMessages reads {tmc_user: {is_valid}}. A seller who never got messages is unknown there, which says nothing.
func readMessages(cred platform.Credential, answer map[string]json.RawMessage) platform.Inspection {
	in := platform.Inspection{Subject: cred.Subject}
	switch valid := string(platform.JSONObject(answer["tmc_user"])["is_valid"]); strings.Trim(valid, `"`) {
	case "true":
		alive := true
		in.Alive = &alive
	case "false":
		dead := false
		in.Alive = &dead
	}
	return in
}
