package taobao

import (
	"encoding/json"
	"errors"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// longestLife is the longest life that is believed. The longest recorded is a year.
const longestLife = 10 * 365 * 24 * time.Hour

// windows are the security levels whose permission may end before the token: read and write, ordinary and sensitive.
var windows = []string{"r1", "r2", "w1", "w2"}

var digits = regexp.MustCompile(`\A[0-9]{1,20}\z`)

// ReadIssues reads a token answer of either way: the fields themselves, or as a text of JSON inside a gateway answer.
func (d driver) ReadIssues(app platform.App, asked platform.Asked, reply platform.Reply) ([]platform.Issue, error) {
	obj := platform.JSONObject(reply.Body)
	fault := d.refusal(app, asked, reply, obj)
	if err := d.unreadable(asked, reply, obj, fault); err != nil {
		return nil, err
	}
	if fault != nil {
		return nil, fault
	}
	if inner := tokenResult(obj); inner != nil {
		obj = inner
	}
	if reply.Status >= 400 {
		return nil, &platform.Garbled{Why: "HTTP status " + strconv.Itoa(reply.Status) + " without an error"}
	}
	at := asked.At
	if at.IsZero() {
		at = reply.Received
	}
	if at.IsZero() {
		at = app.Now
	}
	issue, err := readIssue(obj, at)
	if err != nil {
		return nil, &platform.Garbled{Why: err.Error()}
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

// unreadable returns the error for a token answer that is neither pair nor refusal. A redirect is never followed: the
// address is wrong, which is a refusal all the same.
func (d driver) unreadable(asked platform.Asked, reply platform.Reply, obj map[string]json.RawMessage, fault *gk.Fault) error {
	switch {
	case reply.Status >= 500:
		return &platform.Garbled{Why: "HTTP status " + strconv.Itoa(reply.Status), Fault: fault}
	case reply.Status >= 300 && reply.Status < 400:
		redirect := d.spec.Catalogue.Fault(platform.Query{Stage: asked.Stage}, "http:"+strconv.Itoa(reply.Status), reply.Status)
		redirect.Action = gk.FixConfig
		return redirect
	case reply.Truncated:
		return &platform.Garbled{Why: "the answer is cut off"}
	case obj == nil && fault == nil && d.spec.Catalogue.EdgeRefusal(asked.Stage, reply) != nil:
		return d.spec.Catalogue.EdgeRefusal(asked.Stage, reply)
	case obj == nil && fault == nil:
		return &platform.Garbled{Why: "the answer is not a JSON object"}
	}
	return nil
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
func readIssue(obj map[string]json.RawMessage, at time.Time) (platform.Issue, error) {
	issue := platform.Issue{Subject: subject(obj), Facts: facts(obj)}
	issue.Token.Access = gk.NewSecret(platform.JSONText(obj["access_token"]))
	if issue.Token.Access.Empty() {
		return issue, errors.New("neither a token nor a refusal")
	}
	issue.Token.Refresh = gk.NewSecret(platform.JSONText(obj["refresh_token"]))

	// expires_in counts down to a fixed end, which expire_time names since about 2016.
	left, told, err := life(obj, "expires_in")
	if err != nil || told && left == 0 {
		return issue, errors.New("expires_in is not a length of time that a token can have")
	}
	end, err := moment(obj, "expire_time", at)
	if err != nil {
		return issue, err
	}
	if end.IsZero() && told {
		end = at.Add(left)
	}
	issue.Token.Expires, issue.Ceiling = end, end

	again, told, err := life(obj, "re_expires_in")
	if err != nil {
		return issue, err
	}
	issue.Final = told && again == 0
	until, err := moment(obj, "refresh_token_valid_time", at)
	if err != nil {
		return issue, err
	}
	if until.IsZero() && told {
		until = at.Add(again)
	}
	if !issue.Final { // else its end is the moment of granting, which must not look like a lapse
		issue.Token.RefreshExpires = until
	}
	issue.Token.Windows, err = readWindows(obj, at)
	return issue, err
}

// readWindows reads the ends of the security levels. No time left means no permission at that level: ended from the start.
func readWindows(obj map[string]json.RawMessage, at time.Time) (map[string]time.Time, error) {
	ends := make(map[string]time.Time)
	for _, name := range windows {
		left, told, err := life(obj, name+"_expires_in")
		if err != nil {
			return nil, err
		}
		end, err := moment(obj, name+"_valid", at)
		if err != nil {
			return nil, err
		}
		switch {
		case told && (left == 0 || end.IsZero()):
			ends[name] = at.Add(left)
		case !end.IsZero():
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
	if id := platform.JSONText(obj["taobao_open_uid"]); id != "" {
		return id
	}
	return platform.JSONText(obj["open_uid"])
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
		return plain
	}
	return text
}

// life reads whole seconds, a number or a text of digits: "1494" was recorded. told is false where the field is missing.
func life(obj map[string]json.RawMessage, name string) (left time.Duration, told bool, err error) {
	raw, told := obj[name]
	if !told || string(raw) == "null" {
		return 0, false, nil
	}
	n, err := strconv.ParseInt(platform.JSONText(raw), 10, 64)
	if err != nil || n < 0 || n > int64(longestLife/time.Second) {
		return 0, true, errors.New(name + " is not a length of time that a token can have")
	}
	return time.Duration(n) * time.Second, true, nil
}

// moment reads unix milliseconds; zero where the field is missing.
func moment(obj map[string]json.RawMessage, name string, at time.Time) (time.Time, error) {
	raw, told := obj[name]
	if !told || string(raw) == "null" {
		return time.Time{}, nil
	}
	n, err := strconv.ParseInt(platform.JSONText(raw), 10, 64)
	end := time.UnixMilli(n).UTC()
	if err != nil || end.Year() < 2003 || end.After(at.Add(longestLife)) {
		return time.Time{}, errors.New(name + " is not a moment at which a token can end")
	}
	return end, nil
}
