package taobao

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/grantkeep/grantkeep/sim"
)

// messages are the texts that belong to the gateway's codes.
var messages = map[int]string{
	3: "Upload Fail", 4: "User Call Limited", 5: "Session Call Limited", 6: "Partner Call Limited", 7: "App Call Limited",
	8: "App Call Exceeds Limited Frequency", 9: "Http Action Not Allowed", 10: "Service Currently Unavailable",
	11: "Insufficient ISV Permissions", 12: "Insufficient User Permissions", 13: "Insufficient Partner Permissions",
	15: "Remote service error", 21: "Missing Method", 22: "Invalid Method", 23: "Invalid Format",
	24: "Missing Signature", 25: "Invalid Signature", 26: "Missing Session", 27: "Invalid session",
	28: "Missing App Key", 29: "Invalid App Key", 30: "Missing Timestamp", 31: "Invalid Timestamp",
	32: "Missing Version", 33: "Invalid Version", 34: "Unsupported Version", 40: "Missing Required Arguments",
	41: "Invalid Arguments", 42: "Insufficient session permissions", 43: "Parameter Error", 44: "Invalid access token",
	47: "Invalid encoding", 50: "Remote service error", 53: "Insufficient session permissions",
	520: "Remote service error", 530: "Remote service error",
	900: "Remote Connection Error", 901: "Remote Service Timeout", 902: "Remote Service Error",
}

// subAccountCode is the code whose sub_msg tells what the main account has not given.
const subAccountCode = 12

// plain is an error of the gateway that has a code and its text only.
func plain(code int) *topError { return &topError{code: code, msg: messages[code]} }

// Say answers with a row of the catalogue.
func (s *simulator) Say(w http.ResponseWriter, r *http.Request, row sim.Row) {
	switch r.URL.Path {
	case "/authorize":
		s.authorizeError(w, r, r.URL.Query(), row.Code, row.Example)
	case "/token", "/container/refresh":
		s.tokenError(w, r, refusal{row.Code, row.Example})
	default:
		params, _, err := callParams(r)
		if err != nil {
			params = map[string]string{} // the fault is said all the same, in XML
		}
		e := said(row)
		if stage := s.kit.Call(r).Stage; row.Stage != "call" && (stage == "token" || stage == "refresh") {
			e = s.overGateway(refusal{row.Code, row.Example})
		}
		s.refuse(w, r, params, e)
	}
}

// said spells a row of the stage call out: code, or code:sub_code. Its text is the msg where it is the code's own or, as
// in old lists, another one of a code that needs no sub-code; else it is the sub_code or the sub_msg.
func said(row sim.Row) *topError {
	number, sub, _ := strings.Cut(row.Code, ":")
	code, err := strconv.Atoi(number)
	if err != nil {
		return &topError{code: 15, msg: messages[15], subCode: row.Code, subMsg: row.Example}
	}
	e := &topError{code: code, msg: messages[code], subCode: sub}
	text := strings.ToLower(row.Example)
	if prefix, ok := strings.CutSuffix(sub, "*"); ok {
		e.subCode = map[string]string{"isp.": "isp.remote-service-error", "isv.": "isv.invalid-parameter"}[prefix]
		if strings.HasPrefix(text, prefix) {
			e.subCode = row.Example
		}
	}
	switch {
	case sub == "" && code != subAccountCode, strings.HasPrefix(text, strings.ToLower(e.msg)):
		e.msg = row.Example
	case row.Example != e.subCode:
		e.subMsg = row.Example
	}
	return e
}

// overGateway tells a refusal of the OAuth side to a call of taobao.top.auth.token: which code and sub-code the platform
// has for it is not documented.
func (s *simulator) overGateway(no refusal) *topError {
	return &topError{s.options.gatewayTokenCode(), messages[15], "isv.top-auth-token-error", no.text}
}
