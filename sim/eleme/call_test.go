package eleme_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
)

func TestUserIsToldExactly(t *testing.T) {
	w := start(t)
	access, _ := w.pair(0)
	for _, path := range []string{"/api/v1", "/api/v1/"} {
		r := w.ask("POST", w.Base+path, w.envelope("eleme.user.getUser", access, nil, w.now()))
		user, _ := r.Body["result"].(map[string]any)
		null, told := r.Body["error"]
		if r.Status != http.StatusOK || user["userId"] != number(w.account(0)) || !told || null != nil {
			t.Errorf("POST %s = %d %s, want the user %s and error null", path, r.Status, r.Text, w.account(0))
		}
		if want := `{"id":"9A1C0D5BE27A4963A0D2B7C4E61F3AF2|1720000000123","nop":"1.0.0","result":{"userId":`; !strings.HasPrefix(r.Text, want) {
			t.Errorf("answer = %s, want it to begin with %s", r.Text, want)
		}
	}
}

func TestTimestampInSecondsOrMilliseconds(t *testing.T) {
	w := start(t)
	access, _ := w.pair(0)
	w.Set("timestamps", "strict")
	now := w.Now()
	for stamp, want := range map[string]bool{
		strconv.FormatInt(now.Unix(), 10):            true,
		strconv.FormatInt(now.UnixMilli(), 10):       true,
		strconv.FormatInt(now.Unix()-290, 10):        true,
		strconv.FormatInt(now.Unix()-310, 10):        false,
		strconv.FormatInt(now.UnixMilli()+310e3, 10): false,
		quoted(strconv.FormatInt(now.Unix(), 10)):    false,
	} {
		r := w.post(w.envelope("eleme.user.getUser", access, nil, stamp))
		if (r.failure() == "") != want || !want && r.failure() != "INVALID_TIMESTAMP 请求时间戳异常" {
			t.Errorf("timestamp %s = %s, want accepted %v", stamp, r.Text, want)
		}
	}
}

// TestSignedTextIsNotTheSentOne sends a name escaped as PHP does after signing it plain.
func TestSignedTextIsNotTheSentOne(t *testing.T) {
	w := start(t)
	access, _ := w.pair(0)
	params := map[string]string{"shopId": w.Shop(0), "properties": `{"z":10.0,"name":"小店/一号","a":[1,{}]}`}
	body := w.envelope("eleme.shop.updateShop", access, params, w.now())
	body = strings.NewReplacer("小店/一号", `\u5c0f\u5e97\/\u4e00\u53f7`, `"z":10.0,`, ` "z" : 10.0 , `).Replace(body)
	if r := w.post(body); r.failure() != "" {
		t.Errorf("updateShop = %s", r.Text)
	}
	if r := w.call("eleme.shop.getShop", access, map[string]string{"shopId": w.Shop(0)}); !strings.Contains(r.Text, "小店/一号") {
		t.Errorf("getShop = %s, want the new name", r.Text)
	}
	if r := w.post(strings.Replace(body, "10.0", "10", 1)); r.failure() != "INVALID_SIGNATURE 无效的签名" {
		t.Errorf("another number = %s", r.Text)
	}
}

// TestRefusedCalls asks for each error of a call.
func TestRefusedCalls(t *testing.T) {
	w := start(t)
	access, _ := w.pair(0)
	w.pair(1)
	shop := func(i int) map[string]string { return map[string]string{"shopId": w.Shop(i)} }
	for _, c := range []struct {
		action, token string
		params        map[string]string
		want          string
	}{
		{"eleme.shop.getNothing", access, nil, "METHOD_NOT_ALLOWED 禁止访问"},
		{"eleme.user.getUser", "", nil, "UNAUTHORIZED token不存在"},
		{"eleme.user.getUser", "00000000000000000000000000000000", nil, "UNAUTHORIZED token不存在"},
		{"eleme.user.getTokenStatus", access, map[string]string{"token": quoted(access)}, "VALIDATION_FAILED token 必须为空"},
		{"eleme.msgNew.getPushFailMsg", access, nil, "VALIDATION_FAILED token 必须为空"},
		{"eleme.market.syncMarketMessages", access, nil, "VALIDATION_FAILED token 必须为空"},
		{"eleme.market.syncMarketMessages", "", nil, "VALIDATION_FAILED 参数错误"},
		{"eleme.shop.getShop", access, nil, "VALIDATION_FAILED 参数错误"},
		{"eleme.shop.getShop", access, shop(1), "PERMISSION_DENIED 权限不足"},
		{"eleme.order.getOrder", access, map[string]string{"orderId": `"1"`}, "BIZ_EXCEPTION 业务异常，请检查业务流程是否正确"},
	} {
		r := w.call(c.action, c.token, c.params)
		if result, told := r.Body["result"]; r.Status != 200 || r.failure() != c.want || result != nil || !told {
			t.Errorf("%s %v = %d %s, want %s", c.action, c.params, r.Status, r.Text, c.want)
		}
	}
	good := w.envelope("eleme.user.getUser", access, nil, w.now())
	for from, to := range map[string]string{`"params":{}`: `"params":[]`, `,"params":{}`: ``, `"1.0.0"`: `"2.0.0"`, `{"nop"`: `["nop"`, `"token":`: `"tokens":`} {
		if r := w.post(strings.Replace(good, from, to, 1)); r.failure() != "ILLEGAL_REQUEST 非法的请求" {
			t.Errorf("%s for %s = %s", to, from, r.Text)
		}
	}
	if r := w.post(strings.Replace(good, w.Setting("app_key"), "nobody", 1)); r.failure() != "ACCESS_DENIED 拒绝访问" {
		t.Errorf("unknown app = %s", r.Text)
	}
	if r := w.post(strings.Replace(good, `"signature":"`, `"signature":"0`, 1)); r.failure() != "INVALID_SIGNATURE 无效的签名" {
		t.Errorf("wrong signature = %s", r.Text)
	}
	w.Set("nop_status", 400)
	w.Set("calls_per_second", 1)
	var last reply
	for range 20 { // at least two of them within one second
		if last = w.post(good); last.failure() != "" {
			break
		}
	}
	if last.Status != 400 || last.failure() != "EXCEED_LIMIT 超出资源访问限制" {
		t.Errorf("many calls at once = %d %s", last.Status, last.Text)
	}
}

func TestTokenStatus(t *testing.T) {
	w := start(t)
	access, _ := w.pair(0)
	status := func() map[string]any {
		r := w.call("eleme.user.getTokenStatus", "", map[string]string{"token": quoted(access)})
		result, _ := r.Body["result"].(map[string]any)
		return result
	}
	if got := status(); got["status"] != number("1") || got["expireTime"] == nil {
		t.Errorf("status of a live token = %v", got)
	}
	w.Do("POST", "/eleme/revoke", map[string]string{"subject": w.account(0)})
	w.Set("token_status", "text")
	if got := status(); got["status"] != "INVALID" {
		t.Errorf("status after the cancellation = %v", got)
	}
	w.Set("saas_package", false)
	if got := status(); got != nil {
		t.Errorf("status without the permission package = %v", got)
	}
}

// TestOperate takes the shops of an app away and gives them back, without a push.
func TestOperate(t *testing.T) {
	w := start(t)
	access, _ := w.pair(0)
	w.pair(1)
	request := map[string]string{"authOperateReq": `{"shopIds":[` + w.Shop(0) + `]}`}
	w.call("eleme.user.authDelOperate", "", request)
	if r := w.call("eleme.user.getUser", access, nil); r.failure() != "UNAUTHORIZED token认证失败,请重新申请token" {
		t.Errorf("call after authDelOperate = %s", r.Text)
	}
	if r := w.call("eleme.user.authRecoverOperate", "", request); !strings.Contains(r.Text, `"shopIds":[`+w.Shop(0)+`]`) {
		t.Errorf("authRecoverOperate = %s", r.Text)
	}
	if r := w.call("eleme.user.getUser", access, nil); r.failure() != "" {
		t.Errorf("call after authRecoverOperate = %s", r.Text)
	}
}

func TestMarketMessages(t *testing.T) {
	w := start(t)
	now := w.Now().UnixMilli()
	r := w.call("eleme.market.syncMarketMessages", "", map[string]string{
		"start": "0", "end": strconv.FormatInt(now, 10), "offset": "1", "limit": "2",
	})
	result, _ := r.Body["result"].(map[string]any)
	if list, _ := result["messages"].([]any); len(list) != 2 || result["total"] != number("6") {
		t.Errorf("market messages = %s, want two of six", r.Text)
	}
}
