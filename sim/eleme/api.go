package eleme

import (
	"bytes"
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// signedWithin is how far the signed time may be off.
const signedWithin = 5 * time.Minute

// Failures of a call, with the texts that the platform sends.
var (
	illegalRequest    = failure{"ILLEGAL_REQUEST", "非法的请求"}
	accessDenied      = failure{"ACCESS_DENIED", "拒绝访问"}
	invalidTimestamp  = failure{"INVALID_TIMESTAMP", "请求时间戳异常"}
	invalidSignature  = failure{"INVALID_SIGNATURE", "无效的签名"}
	exceedLimit       = failure{"EXCEED_LIMIT", "超出资源访问限制"}
	methodNotAllowed  = failure{"METHOD_NOT_ALLOWED", "禁止访问"}
	tokenMustBeEmpty  = failure{"VALIDATION_FAILED", "token 必须为空"}
	unknownToken      = failure{"UNAUTHORIZED", "token不存在"}
	deadToken         = failure{"UNAUTHORIZED", "token认证失败,请重新申请token"}
	permissionDenied  = failure{"PERMISSION_DENIED", "权限不足"}
	validationFailed  = failure{"VALIDATION_FAILED", "参数错误"}
	businessException = failure{"BIZ_EXCEPTION", "业务异常，请检查业务流程是否正确"}
)

// nopAnswer is the answer to a call. Error is written also when there is none.
type nopAnswer struct {
	ID     string    `json:"id"`
	NOP    string    `json:"nop"`
	Result any       `json:"result"`
	Error  *nopError `json:"error"`
}

type nopError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// apiCall is a call that may be made.
type apiCall struct {
	app    *sim.App
	holder // the app and, where the call has a token, its account
	params sim.Settings
}

// api is the endpoint of every call.
func (s *simulator) api(w http.ResponseWriter, r *http.Request) {
	e, err := readEnvelope(r)
	if err != nil {
		s.answerCall(w, r, e.ID, nil, illegalRequest)
		s.kit.Call(r).Refuse("%s: %v", illegalRequest.code, err)
		return
	}
	app, wrong := s.wrongCall(e)
	if wrong != (failure{}) {
		s.answerCall(w, r, e.ID, nil, wrong)
		return
	}
	act, ok := actions[e.Action]
	if !ok {
		s.answerCall(w, r, e.ID, nil, methodNotAllowed)
		return
	}
	h, wrong := s.admitted(app, e.token(), act.token)
	if wrong != (failure{}) {
		s.answerCall(w, r, e.ID, nil, wrong)
		return
	}
	c := apiCall{app: app, holder: h, params: sim.Settings{}}
	d := json.NewDecoder(bytes.NewReader(e.Params))
	d.UseNumber()
	if err := d.Decode(&c.params); err != nil {
		s.answerCall(w, r, e.ID, nil, illegalRequest)
		return
	}
	result, wrong := act.do(s, c)
	s.answerCall(w, r, e.ID, result, wrong)
}

// wrongCall returns what is wrong with a call whatever it asks for.
func (s *simulator) wrongCall(e envelope) (*sim.App, failure) {
	app := s.kit.Apps.Find(e.appKey())
	if app == nil || unlaunched(app) {
		return nil, accessDenied
	}
	if at, ok := e.signedAt(); !ok || !s.kit.Near(at, signedWithin) {
		return nil, invalidTimestamp
	}
	metas, metasErr := members(e.Metas)
	params, paramsErr := members(e.Params)
	if metasErr != nil || paramsErr != nil {
		return nil, illegalRequest
	}
	may := callSignatures(e.Action, e.token(), app.Text("app_secret"), slices.Concat(metas, params))
	if !slices.ContainsFunc(may, func(want string) bool { return subtle.ConstantTimeCompare([]byte(want), []byte(e.Signature)) == 1 }) {
		return nil, invalidSignature
	}
	if !s.callAllowed(app.ID) {
		return nil, exceedLimit
	}
	return app, failure{}
}

// admitted judges the token of a call and returns for whom it is made.
func (s *simulator) admitted(app *sim.App, token string, wants tokenRule) (holder, failure) {
	if wants == emptyToken && token != "" {
		return holder{}, tokenMustBeEmpty
	}
	if token == "" && wants != merchantToken {
		return holder{app: app.ID}, failure{}
	}
	pair := s.kit.Ledger.ByAccess(token)
	switch {
	case pair == nil:
		return holder{}, unknownToken
	case pair.App != app.ID || s.kit.Ledger.AccessState(pair, s.rotation(pair)) != sim.Alive:
		return holder{}, deadToken
	}
	s.kit.Ledger.Use(pair)
	return holder{pair.App, pair.Subject.ID}, failure{}
}

// refuseCall answers a call with an error, whatever was asked.
func (s *simulator) refuseCall(w http.ResponseWriter, r *http.Request, f failure) {
	e, err := readEnvelope(r)
	if err != nil {
		e.ID = "" // what cannot be read has no id to repeat
	}
	s.answerCall(w, r, e.ID, nil, f)
}

// answerCall answers a call with its result, or with what went wrong.
func (s *simulator) answerCall(w http.ResponseWriter, r *http.Request, id string, result any, wrong failure) {
	a := nopAnswer{ID: id, NOP: "1.0.0", Result: result}
	status := http.StatusOK
	if wrong != (failure{}) {
		s.kit.Call(r).Refuse("%s: %s", wrong.code, wrong.text)
		a.Result, a.Error, status = nil, &nopError{wrong.code, wrong.text}, s.options.nopStatus()
	}
	writeJSON(w, r, status, a)
}
