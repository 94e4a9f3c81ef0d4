package platform

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	gk "github.com/grantkeep/grantkeep"
)

// Said is what an error says in whatever form it has.
type Said struct {
	Code, SubCode, Message, SubMessage, RequestID string
}

// Texts returns the words, the more telling ones first.
func (s Said) Texts() []string {
	return slices.DeleteFunc([]string{s.Message, s.SubMessage}, func(t string) bool { return t == "" })
}

// Names under which platforms and their SDKs say the parts of an error, in lower case and without underscores.
var (
	codeNames = []string{
		"errorcode", "errcode", "code", "errno", "errorno", "error", "name", "错误码", "错误代码", "返回码", "錯誤碼", "錯誤代碼", "回傳碼",
	}
	subCodeNames = []string{"subcode", "suberrcode", "suberrorcode", "子错误码", "子錯誤碼"}
	messageNames = []string{
		"message", "msg", "errormessage", "errmessage", "errormsg", "errmsg", "errordescription", "errordesc", "description", "desc", "faultstring",
		"错误信息", "错误消息", "错误描述", "错误原因", "返回信息", "錯誤訊息", "錯誤描述", "錯誤原因",
	}
	subMsgNames  = []string{"submsg", "submessage", "suberrmsg", "子错误信息", "子錯誤訊息"}
	requestNames = []string{"requestid", "reqid", "traceid", "logid", "请求id", "請求id"}
	// around is what else may stand in the envelope of an error, but in no content.
	around = []string{"type", "level", "success", "status", "data", "debugmessage", "details", "detail", "timestamp", "id", "warning", "host", "topsdk", "errortype", "path"}
)

func plainName(name string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "", " ", "", "$", "").Replace(name))
}

// Part tells which part of an error a member's name stands for: code, sub_code, message, sub_message or request_id;
// empty for any other name.
func Part(name string) string {
	plain := plainName(name)
	for part, names := range map[string][]string{
		"code": codeNames, "sub_code": subCodeNames, "message": messageNames, "sub_message": subMsgNames, "request_id": requestNames,
	} {
		if slices.Contains(names, plain) {
			return part
		}
	}
	return ""
}

// good are codes that no error has.
var good = []string{"", "0", "200", "ok", "success", "succeeded", "10000", "true", "false", "null"}

// ReadForeign reads an error in whatever form: another platform's, or our own platform's without its wrapper. It
// reports false for an object that may be content: only an object whose members all belong to an error is one.
func ReadForeign(body []byte) (Said, bool) {
	return readForeign(JSONObject(body), 0, false)
}

func readForeign(obj map[string]json.RawMessage, depth int, wrapped bool) (Said, bool) {
	var s Said
	if obj == nil || depth > 3 {
		return s, false
	}
	if said, ok := unwrapped(obj, depth); ok {
		return said, true
	}
	if text := errorsText(obj["errors"]); text != "" && len(obj) <= 3 {
		return Said{Message: text, RequestID: firstPart(obj, requestNames)}, true
	}
	for name, raw := range obj {
		if !ofAnError(name, raw) {
			return s, false
		}
	}
	s = Said{
		Code: firstPart(obj, codeNames), SubCode: firstPart(obj, subCodeNames), Message: firstPart(obj, messageNames),
		SubMessage: firstPart(obj, subMsgNames), RequestID: firstPart(obj, requestNames),
	}
	if s.Code == "" && (wrapped || failed(obj)) {
		s.Code = JSONText(obj["status"])
		return s, s.Message != ""
	}
	return s, !slices.Contains(good, strings.ToLower(s.Code)) && (s.Message != "" || s.SubMessage != "" || s.SubCode != "" || obj["error"] != nil)
}

// unwrapped reads the error that a member of an object holds, under a name that wrappers have.
func unwrapped(obj map[string]json.RawMessage, depth int) (Said, bool) {
	for _, wrapper := range []string{"error_response", "error", "errorResponse", "fault", "response"} {
		inner := JSONObject(obj[wrapper])
		if inner == nil {
			continue
		}
		if said, ok := readForeign(inner, depth+1, wrapper != "response"); ok {
			if said.RequestID == "" {
				said.RequestID = firstPart(obj, requestNames)
			}
			return said, true
		}
	}
	return Said{}, false
}

// ofAnError reports whether a member is one that errors have. Data with something in it is content, unless it names an error
// itself.
func ofAnError(name string, raw json.RawMessage) bool {
	plain := plainName(name)
	if Part(name) == "" && !slices.Contains(around, plain) {
		return false
	}
	if plain != "data" || slices.Contains([]string{"null", `""`, "{}", "[]"}, string(raw)) {
		return true
	}
	return JSONText(JSONObject(raw)["error_code"]) != ""
}

// failed reports whether an object without a code says that something failed: by a success that is false, or by a status
// as proxies and frameworks write it.
func failed(obj map[string]json.RawMessage) bool {
	n, err := strconv.Atoi(JSONText(obj["status"]))
	return string(obj["success"]) == "false" || err == nil && n >= 400 && n < 600
}

// firstPart returns the first text that one of the names has.
func firstPart(obj map[string]json.RawMessage, names []string) string {
	for _, want := range names {
		for name, raw := range obj {
			if plainName(name) == want {
				if text := JSONText(raw); text != "" {
					return text
				}
			}
		}
	}
	return ""
}

// errorsText reads the member errors as a text, a list of texts or a map of them.
func errorsText(raw json.RawMessage) string {
	if text := JSONText(raw); text != "" {
		return text
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil && len(list) > 0 {
		if text := JSONText(list[0]); text != "" {
			return text
		}
		return firstPart(JSONObject(list[0]), messageNames)
	}
	return ""
}

// Foreign returns the fault of an error that has not this platform's form: looked up by its code and words all the
// same, and never terminal. Nil if the body is no such error.
func (c *Catalogue) Foreign(stage string, body []byte, status int) *gk.Fault {
	said, ok := ReadForeign(body)
	if !ok {
		return nil
	}
	code := said.Code
	if said.SubCode != "" {
		code += ":" + said.SubCode
	}
	f := &gk.Fault{
		Platform: c.Platform, Stage: stage, Code: code, Message: cut(strings.Join(said.Texts(), ": "), longestMessage),
		RequestID: said.RequestID, Action: gk.FixRequest, Row: RowForeignAnswer, Known: true,
	}
	if status >= 500 {
		f.Action = gk.Retry
	}
	return f
}
