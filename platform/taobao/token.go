package taobao

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/answer"
)

var digits = regexp.MustCompile(`\A[0-9]{1,20}\z`)

// ReadIssues reads a token answer of either way: the fields themselves, or as a text of JSON inside a gateway answer.
func (d driver) ReadIssues(app platform.App, asked platform.Asked, reply platform.Reply) ([]platform.Issue, error) {
	obj := platform.JSONObject(reply.Body)
	if err := answer.Check(app, asked, reply, d.refusal(app, asked, reply, obj)); err != nil {
		return nil, err
	}
	if inner := tokenResult(obj); inner != nil {
		obj = inner
	}
	issue, err := d.readIssue(answer.Object(obj), answer.Start(app, asked, reply))
	if err != nil {
		return nil, err
	}
	switch {
	case issue.Subject.ID == "" && asked.Stage == platform.StageRefresh:
		issue.Subject = asked.Subject
	case issue.Subject.ID != "" && asked.Subject.ID != "" && !issue.Subject.Same(asked.Subject):
		return nil, d.mismatch(asked)
	}
	return []platform.Issue{issue}, nil
}

// mismatch is an answer for another account: stored, it would give one seller's grant to another.
func (d driver) mismatch(asked platform.Asked) *gk.Fault {
	stage := platform.StageToken
	if asked.Stage == platform.StageRefresh {
		stage = platform.StageRefresh
	}
	fault := d.spec.Catalogue.Local(stage, "local:subject_mismatch")
	fault.Code = platform.SubjectMismatch
	return fault
}

// tokenResult unpacks a gateway answer, also one asked for with simplify; nil if obj is none.
func tokenResult(obj map[string]json.RawMessage) map[string]json.RawMessage {
	for name, raw := range obj {
		if strings.HasSuffix(name, "_response") {
			obj = platform.JSONObject(raw)
			break
		}
	}
	return platform.JSONObject([]byte(platform.JSONText(obj["token_result"])))
}

// readIssue reads the fields of a token. Times count from at where they are not absolute.
func (d driver) readIssue(fields answer.Object, at time.Time) (platform.Issue, error) {
	issue := platform.Issue{Subject: subject(fields), Facts: facts(fields)}
	var err error
	if issue.Token, err = fields.Pair("access_token", "refresh_token"); err != nil {
		return issue, err
	}
	// expires_in counts down to a fixed end, which expire_time names since about 2016.
	end, _, err := fields.End("expires_in", answer.Seconds, at)
	if err != nil {
		return issue, err
	}
	if fixed, told, err := fields.Moment("expire_time", answer.Millis, at); err != nil {
		return issue, err
	} else if told {
		end = fixed
	}
	issue.Token.Expires, issue.Ceiling = end, end

	again, told, err := fields.Left("re_expires_in")
	if err != nil {
		return issue, err
	}
	issue.Final = told && again == 0
	until, fixed, err := fields.Moment("refresh_token_valid_time", answer.Millis, at)
	if err != nil {
		return issue, err
	}
	if !fixed && told {
		until = at.Add(again)
	}
	if !issue.Final { // else its end is the moment of granting, which must not look like a lapse
		issue.Token.RefreshExpires = until
	}
	issue.Token.Windows, err = readWindows(d.spec.Facts.Windows, fields, at)
	return issue, err
}

// readWindows reads the ends of the security levels, read and write, ordinary and sensitive, which may come before the
// token's. No time left means no permission at that level: ended from the start.
func readWindows(names []string, fields answer.Object, at time.Time) (map[string]time.Time, error) {
	ends := make(map[string]time.Time)
	for _, name := range names {
		left, told, err := fields.Left(name + "_expires_in")
		if err != nil {
			return nil, err
		}
		end, fixed, err := fields.Moment(name+"_valid", answer.Millis, at)
		if err != nil {
			return nil, err
		}
		switch {
		case told && (left == 0 || !fixed):
			ends[name] = at.Add(left)
		case fixed:
			ends[name] = end
		}
	}
	if len(ends) == 0 {
		return nil, nil
	}
	return ends, nil
}

// subject reads who agreed. Apps that get open ids only have no user id, or "-1"; a sub-account is a subject of its own
// below its main account.
func subject(obj map[string]json.RawMessage) gk.Subject {
	id := platform.JSONText(obj["taobao_user_id"])
	if !digits.MatchString(id) {
		id = openUID(obj)
	}
	if older := platform.JSONText(obj["user_id"]); id == "" && digits.MatchString(older) {
		id = older // so older answers name the account
	}
	if id == "" {
		return gk.Subject{}
	}
	s := gk.Subject{Kind: gk.KindAccount, ID: id, Name: nickIn(obj)}
	sub := platform.JSONText(obj["sub_taobao_user_id"])
	if sub == "" {
		sub = platform.JSONText(obj["taobao_sub_user_id"]) // page of 2011
	}
	if digits.MatchString(sub) {
		s.Parent, s.ID, s.Name = id, id+":"+sub, nick(obj["sub_taobao_user_nick"])
	}
	return s
}

// openUID reads the open id, whose name depends on the age of the app.
func openUID(obj map[string]json.RawMessage) string {
	if id := platform.Words(platform.JSONText(obj["taobao_open_uid"])); id != "" {
		return id
	}
	return platform.Words(platform.JSONText(obj["open_uid"]))
}

// facts keeps what later calls need: the main account's nick, by which its messages and orders are asked for.
func facts(obj map[string]json.RawMessage) map[string]string {
	kept := make(map[string]string)
	if name := nickIn(obj); name != "" {
		kept["nick"] = name
	}
	if uid := openUID(obj); uid != "" {
		kept["open_uid"] = uid
	}
	if len(kept) == 0 {
		return nil
	}
	return kept
}

// nickIn reads the main account's nick, which older answers name user_nick.
func nickIn(obj map[string]json.RawMessage) string {
	if name := nick(obj["taobao_user_nick"]); name != "" {
		return name
	}
	return nick(obj["user_nick"])
}

// nick decodes a nick once; token answers have it URL-encoded, call answers do not.
func nick(raw json.RawMessage) string {
	text := platform.JSONText(raw)
	if plain, err := url.QueryUnescape(text); err == nil {
		text = plain
	}
	return platform.Words(text)
}
