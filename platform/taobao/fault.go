package taobao

import (
	"encoding/json"
	"encoding/xml"
	"regexp"
	"strconv"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// failure is a gateway's error_response, the same in JSON and XML.
type failure struct {
	Code    string `xml:"code"`
	Msg     string `xml:"msg"`
	SubCode string `xml:"sub_code"`
	SubMsg  string `xml:"sub_msg"`
	Request string `xml:"request_id"`
}

// Diagnose reads the answer to a call, and any other answer of the platform that a person pasted. Errors come with HTTP
// status 200; other statuses are not the gateway's own.
func (d driver) Diagnose(app platform.App, asked platform.Asked, reply platform.Reply) *gk.Fault {
	if asked.Stage == "" {
		asked.Stage = platform.StageCall
	}
	obj := platform.JSONObject(reply.Body)
	if fault := d.refusal(app, asked, reply, obj); fault != nil {
		return fault
	}
	if reply.Status < 300 && (obj != nil || reply.Truncated || strings.HasSuffix(xmlRoot(reply.Body), "_response")) {
		return nil
	}
	return d.spec.Catalogue.Bare(asked, reply)
}

// refusal reads {"error","error_description"} of /token and the gateway's error_response; nil if the body is neither.
func (d driver) refusal(app platform.App, asked platform.Asked, reply platform.Reply, obj map[string]json.RawMessage) *gk.Fault {
	if inner := platform.JSONObject(obj["error_response"]); inner != nil {
		return d.gatewayFault(app, asked, reply.Status, failure{
			Code: platform.JSONText(inner["code"]), Msg: platform.JSONText(inner["msg"]), SubCode: platform.JSONText(inner["sub_code"]), SubMsg: platform.JSONText(inner["sub_msg"]),
			Request: platform.JSONText(inner["request_id"]),
		})
	}
	if xmlRoot(reply.Body) == "error_response" {
		var f failure
		if xml.Unmarshal(reply.Body, &f) == nil {
			return d.gatewayFault(app, asked, reply.Status, f)
		}
	}
	if bare(obj) {
		return d.gatewayFault(app, asked, reply.Status, failure{
			Code: platform.JSONText(obj["code"]), Msg: platform.JSONText(obj["msg"]), SubCode: platform.JSONText(obj["sub_code"]), SubMsg: platform.JSONText(obj["sub_msg"]),
			Request: platform.JSONText(obj["request_id"]),
		})
	}
	code, text := platform.JSONText(obj["error"]), platform.JSONText(obj["error_description"])
	if code == "" && text == "" || code != "" && text == "" && platform.JSONText(obj["message"]) != "" {
		if asked.Stage == platform.StageToken || asked.Stage == platform.StageRefresh {
			return nil // somebody else's answer says nothing about what became of the code or token
		}
		return d.spec.Catalogue.Foreign(asked.Stage, reply.Body, reply.Status)
	}
	fault := d.oauthFault(asked, code, text, reply.Status)
	if fault.Action == gk.Backoff && asked.Stage == platform.StageRefresh {
		fault.RetryAfter = d.spec.Facts.PauseAfter(platform.StageRefresh, app.Now)
	}
	return fault
}

// bare reports whether an object is the gateway's error without its wrapper, as SDKs hand it on.
func bare(obj map[string]json.RawMessage) bool {
	code := platform.JSONText(obj["code"])
	_, msg := obj["msg"]
	_, sub := obj["sub_code"]
	return code != "" && code != "0" && code != "200" && (msg || sub) && obj["error"] == nil && obj["access_token"] == nil && obj["data"] == nil
}

// oauthFault finds the row for an OAuth error. The description decides, in the stage asked and then in the other
// stages of an authorization: error is coarse, and most of its values are not published.
func (d driver) oauthFault(asked platform.Asked, code, text string, status int) *gk.Fault {
	q := platform.Query{Stage: asked.Stage, Sent: asked.Sent}
	if text != "" {
		q.Texts = []string{text}
	}
	coded := q
	coded.Codes = []string{code}
	queries := []platform.Query{q, coded}
	for _, stage := range []string{platform.StageToken, platform.StageRefresh, platform.StageAuthorize} {
		staged := q
		staged.Stage = stage
		queries = append(queries, staged)
	}
	for _, candidate := range queries {
		if d.spec.Catalogue.Find(candidate) != nil {
			q = candidate
			break
		}
	}
	fault := d.spec.Catalogue.Fault(q, code, status)
	fault.Stage, fault.Message = asked.Stage, withoutTokens(fault.Message)
	return fault
}

// gatewayFault finds the row for a gateway error: code with sub-code, code alone, and for token requests, whose codes at
// the gateway are not published, the text alone.
func (d driver) gatewayFault(app platform.App, asked platform.Asked, status int, f failure) *gk.Fault {
	if f.SubCode == "" {
		// Recorded: msg "Invalid session:session-is-blank" without a sub_code.
		_, f.SubCode, _ = strings.Cut(f.Msg, ":")
	}
	code := f.Code
	q := platform.Query{Stage: asked.Stage, Codes: []string{f.Code}, Sent: asked.Sent}
	if f.SubCode != "" {
		code = f.Code + ":" + f.SubCode
		q.Codes = []string{code, f.Code}
	}
	for _, text := range []string{f.Msg, f.SubCode, f.SubMsg} {
		if text != "" {
			q.Texts = append(q.Texts, text)
		}
	}
	if d.spec.Catalogue.Find(q) == nil && asked.Stage != platform.StageCall {
		q.Codes = nil
	}
	if said := d.saidByTokens(asked, f); said != nil {
		q = *said
	}
	fault := d.spec.Catalogue.Fault(q, code, status)
	fault.RequestID, fault.RetryAfter = f.Request, ban(f.SubMsg)
	if f.SubMsg != "" && f.SubMsg != f.Msg {
		fault.Message = strings.TrimPrefix(fault.Message+": "+f.SubMsg, ": ")
	}
	fault.Stage = asked.Stage
	fault.Code, fault.Message = withoutTokens(fault.Code), withoutTokens(fault.Message)
	if fault.Action == gk.Backoff && fault.RetryAfter == 0 && asked.Stage == platform.StageRefresh {
		fault.RetryAfter = d.spec.Facts.PauseAfter(platform.StageRefresh, app.Now)
	}
	return fault
}

// saidByTokens finds the OAuth row of a token error that the gateway tells: its own code is 15 or 50 then, and what
// /token would have said stands in sub_msg. It returns nil for any other error.
func (d driver) saidByTokens(asked platform.Asked, f failure) *platform.Query {
	about := asked.Stage == platform.StageToken || asked.Stage == platform.StageRefresh || strings.Contains(f.SubCode, "auth") ||
		strings.HasPrefix(asked.Sent.Get("method"), "taobao.top.auth.token.")
	if !about || f.Code != "15" && f.Code != "50" {
		return nil
	}
	for _, text := range []string{f.SubMsg, f.Msg} {
		for _, stage := range []string{asked.Stage, platform.StageToken, platform.StageRefresh, platform.StageAuthorize} {
			q := platform.Query{Stage: stage, Texts: []string{text}, Sent: asked.Sent}
			if row := d.spec.Catalogue.Find(q); text != "" && row != nil && row.Stage == stage && stage != platform.StageCall {
				q.Texts = append(q.Texts, f.Msg)
				if f.Msg != "" && f.Msg != text {
					q.Texts[0], q.Texts[1] = f.Msg, text
				}
				return &q
			}
		}
	}
	return nil
}

var banText = regexp.MustCompile(`(?i)\bban will last for ([0-9]{1,7}) more seconds?\b`)

// ban returns the wait that the text of a throttled call names, from a second to many hours; zero if it names none.
func ban(text string) time.Duration {
	m := banText.FindStringSubmatch(text)
	if m == nil {
		return 0
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return 0
	}
	return time.Duration(n) * time.Second
}

var tokenLike = regexp.MustCompile(`[A-Za-z0-9]{20,}`)

// longestMessage is how much of the platform's own text a fault keeps.
const longestMessage = 300

// withoutTokens hides what the platform quotes of a code or token that it refuses, and cuts the text.
func withoutTokens(text string) string {
	text = tokenLike.ReplaceAllStringFunc(text, func(s string) string {
		if strings.ContainsAny(s, "0123456789") {
			return gk.Secret{}.String()
		}
		return s
	})
	if r := []rune(text); len(r) > longestMessage {
		return string(r[:longestMessage]) + "…"
	}
	return text
}

// xmlRoot returns the name of an XML document's first element; empty if the body is none.
func xmlRoot(body []byte) string {
	text := strings.TrimSpace(string(body))
	if !strings.HasPrefix(text, "<") {
		return ""
	}
	dec := xml.NewDecoder(strings.NewReader(text))
	for {
		t, err := dec.Token()
		if err != nil {
			return ""
		}
		if start, ok := t.(xml.StartElement); ok {
			return start.Name.Local
		}
	}
}
