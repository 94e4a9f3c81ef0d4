package douyin

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// spread is how far a signed time may be from the platform's.
const spread = 300 * time.Second

var china = time.FixedZone("GMT+8", 8*60*60)

// readParams reads param_json, which is the body, and returns it as it came too.
func readParams(r *http.Request) (sim.Settings, string, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, "", err
	}
	text := cmp.Or(string(body), r.URL.Query().Get("param_json"), "{}")
	var params sim.Settings
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	return params, text, d.Decode(&params)
}

// ask is a call whose sender is proven.
type ask struct {
	app    *sim.App
	method string
	params sim.Settings
}

// gateway serves every call.
func (s *simulator) gateway(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	params, text, err := readParams(r)
	app := s.kit.Apps.Find(query.Get("app_key"))
	a := ask{app: app, method: methodOf(r), params: params}
	path := strings.ReplaceAll(strings.Trim(r.URL.Path, "/"), "/", ".")
	switch {
	case query.Get("app_key") == "":
		s.refuse(w, r, "40001:isv.app-id-missing", "缺少app_key", "")
	case app == nil:
		s.refuse(w, r, "40003:isv.app-id-invalid", "app_key无效", "unknown app_key")
	case app.Settings["expired"] == true:
		s.refuse(w, r, "40003:isv.app-id-expired", "应用已过期", "")
	case !s.listed(app, r):
		s.refuse(w, r, "30002:isv.invalid_ip", "IP不在白名单", "the caller's address is not in ip_allow_list")
	case r.Method != http.MethodPost || err != nil:
		s.refuse(w, r, "40003:isv.parameter-format-invalid", "参数格式错误", "want a POST with a JSON object")
	case query.Get("v") != "2" || query.Get("method") == "":
		s.refuse(w, r, "40001:isv.parameter-missing", "缺少必填参数", "method is missing, or v is not 2")
	case a.method != path:
		s.refuse(w, r, "40003:isv.parameter-invalid", "参数错误", "method "+a.method+" at the path of "+path)
	case s.options.nullRefused() && hasNull(params):
		s.refuse(w, r, "40003:isv.parameter-format-invalid", "参数格式错误", "a null in param_json")
	case query.Get("sign") == "":
		s.refuse(w, r, "40001:isv.signature-missing", "缺少签名", "")
	case !s.timely(w, r, query.Get("timestamp")):
	case !s.signed(r, app, text):
		s.refuse(w, r, "40003:isv.signature-invalid", "签名错误", "the signature differs")
	case !s.pour(app, a.method):
		s.refuse(w, r, "60000:isv.traffic-limited", "请求被限流", "")
	default:
		s.serve(w, r, a)
	}
}

func hasNull(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case sim.Settings:
		return hasNull(map[string]any(v))
	case map[string]any:
		for _, item := range v {
			if hasNull(item) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, hasNull)
	}
	return false
}

// timely looks at a signed time: seconds, milliseconds, or a text of GMT+8.
func (s *simulator) timely(w http.ResponseWriter, r *http.Request, text string) bool {
	at, err := time.ParseInLocation(time.DateTime, text, china)
	if n, bad := strconv.ParseInt(text, 10, 64); bad == nil {
		at, err = time.Unix(n, 0), nil
		if len(text) > 10 {
			at = time.UnixMilli(n)
		}
	}
	switch {
	case text == "":
		s.refuse(w, r, "40001:isv.parameter-missing", "缺少必填参数", "timestamp is missing")
	case err != nil:
		s.refuse(w, r, "40003:isv.timestamp-format-error", "时间戳格式错误", "timestamp "+text)
	case !s.kit.Near(at, spread):
		s.refuse(w, r, "40003:isv.timestamp-invalid", "时间戳超出范围", "timestamp "+text)
	default:
		return true
	}
	return false
}

// signed looks at the signature.
func (s *simulator) signed(r *http.Request, app *sim.App, body string) bool {
	query := r.URL.Query()
	way := query.Get("sign_method")
	if way == "" && s.options.signMethod() == "md5" {
		way = byMD5
	}
	if way != byMD5 && way != byHMAC {
		return false
	}
	for _, secret := range secrets(app) {
		for _, text := range texts(s.options.escaping(), body) {
			if query.Get("sign") == digest(way, secret, signedText(secret, app.ID, query.Get("method"), text, query.Get("timestamp"))) {
				return true
			}
		}
	}
	return false
}

// listed reports whether an app takes calls from an address: it does from all unless it has a list.
func (s *simulator) listed(app *sim.App, r *http.Request) bool {
	list := strings.Fields(app.Text("ip_allow_list"))
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	return len(list) == 0 || err == nil && slices.Contains(list, host)
}

// traffic counts the calls of one second.
type traffic struct {
	second int64
	calls  int
}

func (s *simulator) pour(app *sim.App, method string) bool {
	key := app.ID + " " + method
	second := s.kit.Now().Unix()
	t := s.traffic[key]
	if t == nil || t.second != second {
		t = &traffic{second: second}
		s.traffic[key] = t
	}
	t.calls++
	return t.calls <= s.options.rate()
}

// serve answers a call by its method.
func (s *simulator) serve(w http.ResponseWriter, r *http.Request, a ask) {
	switch a.method {
	case "token.create":
		s.create(w, r, a)
		return
	case "token.refresh":
		s.refresh(w, r, a)
		return
	case "open.getAuthInfo":
		if r.URL.Query().Get("access_token") == "" && s.options.authCheck() == "optional" {
			s.authInfo(w, r, a)
			return
		}
	}
	p, ok := s.tokenOf(w, r, a)
	if !ok {
		return
	}
	g := of(p).grant
	switch a.method {
	case "open.getAuthInfo":
		s.authInfo(w, r, a)
	case "rights.info":
		s.rights(w, r, g)
	case "order.searchList":
		s.success(w, map[string]any{"page": 0, "size": 20, "total": 0, "shop_order_list": []any{}})
	case "product.list", "product.listV2":
		s.success(w, map[string]any{"data": []any{}, "total": 0})
	case "product.editV2", "order.orderDetail", "shop.brandList":
		s.success(w, map[string]any{})
	default:
		s.refuse(w, r, "70000:isp.api-service-off", "接口已下线", "no such method")
	}
}

// tokenOf looks at the access token of a call, and at the authorization behind it.
func (s *simulator) tokenOf(w http.ResponseWriter, r *http.Request, a ask) (*sim.Pair, bool) {
	token := r.URL.Query().Get("access_token")
	p := s.kit.Ledger.ByAccess(token)
	if token == "" {
		s.refuse(w, r, "40001:isv.access-token-missing", "缺少access_token", "")
		return nil, false
	}
	if p == nil {
		s.refuse(w, r, "40003:isv.access-token-no-existed", "access_token不存在", "the access token is unknown")
		return nil, false
	}
	if p.App != a.app.ID {
		s.refuseOld(w, r, "30007", "token与应用不匹配", "40003:isv.access-token-invalid", "access_token无效", "the access token is of another app")
		return nil, false
	}
	s.kit.Call(r).About(p.App, p.Subject.ID)
	if code, text, why := s.trouble(of(p).grant); code != "" {
		s.refuseOld(w, r, oldNumbers[code], text, code, text, why)
		return nil, false
	}
	switch state := s.accessState(p); {
	case state == sim.Expired:
		s.refuseOld(w, r, "30002", "access_token已过期", "40003:isv.access-token-expired", "access_token已过期", "the access token has expired")
	case state != sim.Alive:
		s.refuseOld(w, r, "30005", "access_token不存在", "40003:isv.access-token-invalid", "access_token无效", "the access token was replaced or revoked")
	default:
		s.kit.Ledger.Use(p)
		return p, true
	}
	return nil, false
}

// authInfo tells the state of an authorization.
func (s *simulator) authInfo(w http.ResponseWriter, r *http.Request, a ask) {
	id := a.params.Text("auth_id")
	kind := cmp.Or(a.params.Text("auth_subject_type"), "SHOP")
	shop := s.kit.Shops.Find("shop", id)
	if id == "" || shop == nil || kindOf(shop) != kind {
		s.refuse(w, r, "40003:isv.parameter-invalid:100003", "参数错误", "auth_id names no such subject")
		return
	}
	info := map[string]any{"auth_id": id, "auth_subject_type": kind, "status": waiting}
	if g := s.grants[holder{a.app.ID, id}]; g != nil {
		info["status"] = s.stateOf(g)
		info["auth_success_time"], info["auth_update_time"], info["auth_end_time"] = g.since.Unix(), g.changed.Unix(), g.ends.Unix()
	}
	s.success(w, info)
}

// rights tells when the order of a tool ends.
func (s *simulator) rights(w http.ResponseWriter, r *http.Request, g *grant) {
	if g.orderEnds.IsZero() {
		s.refuse(w, r, "50002:isv.business-failed:200", "未查询到订购关系", "there is no order")
		return
	}
	s.success(w, map[string]any{"expire_time": g.orderEnds.Unix(), "rights_type": 1, "spec_val": "标准版"})
}

// success answers with code 10000.
func (s *simulator) success(w http.ResponseWriter, data any) {
	writeJSON(w, map[string]any{"code": 10000, "msg": "success", "sub_code": "", "sub_msg": "", "log_id": logID(), "data": data})
}

// oldNumbers are those that stood for refusals before there were sub-codes.
var oldNumbers = map[string]string{
	"30001:dop.authorization-no-existed": "30003", "30001:dop.authorization-closed": "30006", "30001:dop.app-forbidden": "30004",
}

// refuseOld refuses with the old number where the switch says so, and the client does not ask for the new codes.
func (s *simulator) refuseOld(w http.ResponseWriter, r *http.Request, old, oldText, code, text, why string) {
	if s.options.oldCodes() && r.Header.Get("x-open-no-old-err-code") != "1" {
		code, text = "old:"+old, oldText
	}
	s.refuse(w, r, code, text, why)
}

// messages are the texts of codes; what is meant stands in the sub-code.
var messages = map[string]string{
	"20000": "服务错误", "30001": "权限不足", "30002": "权限不足", "40001": "缺少必要参数", "40003": "参数错误", "50001": "生成token失败", "50002": "业务处理失败",
	"60000": "请求被限流", "70000": "接口已下线", "80000": "未知错误", "90000": "未知错误",
}

// refuse answers with a code, written code:sub_code, or old:code for an old number. HTTP is 200 all the same.
func (s *simulator) refuse(w http.ResponseWriter, r *http.Request, code, text, why string) {
	s.kit.Call(r).Refuse("%s: %s", code, cmp.Or(why, text))
	if old, ok := strings.CutPrefix(code, "old:"); ok {
		writeJSON(w, map[string]any{"err_no": number(old), "code": number(old), "message": text, "msg": text, "log_id": logID(), "data": nil})
		return
	}
	first, sub, _ := strings.Cut(code, ":")
	msg := cmp.Or(messages[first], text)
	if sub == "" {
		msg = text
	}
	writeJSON(w, map[string]any{"code": number(first), "msg": msg, "sub_code": sub, "sub_msg": text, "log_id": logID(), "data": nil})
}

// number is a code as the platform writes it. One that somebody made up may be a text.
func number(code string) any {
	if n, err := strconv.Atoi(code); err == nil {
		return n
	}
	return code
}

func logID() string { return "2026" + sim.Digits(12) }

func writeJSON(w http.ResponseWriter, value any) {
	var body bytes.Buffer
	e := json.NewEncoder(&body)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		panic(err) // only values of this package are written
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Write(bytes.TrimSuffix(body.Bytes(), []byte("\n"))) // the kit keeps it: this cannot fail
}

// Say answers a request with a row of the catalogue.
func (s *simulator) Say(w http.ResponseWriter, r *http.Request, row sim.Row) {
	call := s.kit.Call(r)
	switch {
	case row.Stage == "push":
		if app := s.kit.Apps.Find(call.App); app != nil {
			s.probe(app)
		}
		s.ServeHTTP(w, r)
	case call.Stage == "authorize":
		s.pageError(w, r, cmp.Or(row.Example, row.Code))
	case strings.HasPrefix(row.Example, "<"):
		call.Refuse("a page instead of an answer")
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(http.StatusBadGateway)
		_, _ = w.Write([]byte(row.Example)) // the kit keeps it: this cannot fail
	case row.Code == "10000":
		call.Refuse("a success with nothing in it")
		s.success(w, nil)
	default:
		s.refuse(w, r, row.Code, row.Example, "fault on demand")
	}
}
