package taobao_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"hash"
	"mime/multipart"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/sim/simtest"
)

// vector is the app and the call of the known answers.
func (w *world) vector() {
	w.use(map[string]any{"app_key": "12345678", "app_secret": "helloworldsecret0123456789abcdef"})
	w.Do("POST", "/clock", map[string]string{"set": "2026-01-15T02:30:00Z"})
	w.Set("timestamps", "strict")
}

func TestKnownSignaturesAreAccepted(t *testing.T) {
	w := start(t)
	w.vector()
	for method, sign := range map[string]string{
		"md5":         "6A52BF7EC0ABF2DA30F1F5E55CF7A216",
		"hmac":        "680FCF2967E920DE445E54CD3A9F5177",
		"hmac-sha256": "BFF92E71B3191A8DDBC463A8947E4A014668A2259C9BAE3EFEA7D129A9C6C640",
	} {
		form := url.Values{
			"app_key": {"12345678"}, "fields": {"nick,user_id"}, "format": {"json"}, "memo": {"红色 A+B&C"}, "method": {"taobao.user.seller.get"},
			"session": {"6102demo000000000000000000000001000000042"}, "sign_method": {method}, "timestamp": {"2026-01-15 10:30:00"}, "v": {"2.0"},
			"sign": {sign},
		}
		r := w.ask("POST", w.Base+"/router/rest", formType, form.Encode())
		if r.refused() != "27 invalid-sessionkey" { // the signature is right, the session nobody's
			t.Errorf("%s = %s", method, r.Text)
		}
		form.Set("memo", "红色 A B&C")
		if r := w.ask("POST", w.Base+"/router/rest", formType, form.Encode()); r.refused() != "25" {
			t.Errorf("%s with another memo = %s, want 25", method, r.Text)
		}
	}
}

func TestKnownContainerSignatureIsAccepted(t *testing.T) {
	w := start(t)
	w.vector()
	query := "/container/refresh?appkey=12345678&refresh_token=6101demo&sessionkey=6102demo&sign="
	if r := w.ask("GET", w.Base+query+"B564774D7D847828BAB83B74D214C897", "", ""); r.Body["error_description"] != "refresh token is error:6101demo" {
		t.Errorf("right sign = %s", r.Text)
	}
	if r := w.ask("GET", w.Base+query+"0", "", ""); r.Body["error"] != "406" || r.Body["error_description"] != "sign error" {
		t.Errorf("wrong sign = %s", r.Text)
	}
}

func TestParametersAreMergedFromEverywhere(t *testing.T) {
	w := start(t)
	all := w.signed(w.params("taobao.user.seller.get", "session", text(w.pair(w.Shop(0))["access_token"]), "fields", "user_id,nick"))
	system, business := url.Values{}, url.Values{}
	for name := range all {
		if name == "fields" || name == "session" {
			business[name] = all[name]
			continue
		}
		system[name] = all[name]
	}
	var body bytes.Buffer
	parts := multipart.NewWriter(&body)
	for name := range business {
		if err := parts.WriteField(name, business.Get(name)); err != nil {
			t.Fatal(err)
		}
	}
	file, err := parts.CreateFormFile("image", "a.png")
	if err != nil {
		t.Fatal(err)
	}
	file.Write([]byte("bytes that are not signed"))
	if err := parts.Close(); err != nil {
		t.Fatal(err)
	}
	rest := w.Base + "/router/rest"
	for name, r := range map[string]reply{
		"query":     w.ask("GET", rest+"?"+all.Encode(), "", ""),
		"form":      w.ask("POST", rest, formType, all.Encode()),
		"both":      w.ask("POST", rest+"?"+system.Encode(), formType, business.Encode()),
		"multipart": w.ask("POST", rest+"?"+system.Encode(), parts.FormDataContentType(), body.String()),
	} {
		if got := text(at(r.Body, "user_seller_get_response", "user", "user_id")); got != w.Shop(0) || r.Status != 200 {
			t.Errorf("%s = %d %s", name, r.Status, r.Text)
		}
	}
}

func TestAlgorithmsEmptyValuesAndRawBodies(t *testing.T) {
	w := start(t)
	send := func(p map[string]string, signed, body string) string {
		sum := map[string]func() hash.Hash{"hmac": md5.New, "hmac-sha256": sha256.New}[p["sign_method"]]
		mac := hmac.New(sum, []byte(w.secret()))
		mac.Write([]byte(signed + body))
		query := url.Values{"sign": {strings.ToUpper(hex.EncodeToString(mac.Sum(nil)))}}
		for name, value := range p {
			query.Set(name, value)
		}
		contentType := "application/json"
		if body == "" {
			contentType = ""
		}
		return w.ask("POST", w.Base+"/router/rest?"+query.Encode(), contentType, body).refused()
	}
	for _, method := range []string{"hmac", "hmac-sha256"} {
		p := w.params("taobao.time.get", "sign_method", method, "note", "", "blank", "  ")
		bare := "app_key" + p["app_key"] + "blank  formatjsonmethodtaobao.time.getnotesign_method" + method + "timestamp" + p["timestamp"] + "v2.0"
		without := strings.Replace(strings.Replace(bare, "blank  ", "", 1), "note", "", 1)
		if got := send(p, bare, ""); got != "" {
			t.Errorf("%s, empty values signed: %s", method, got)
		}
		if got := send(p, without, ""); got != "" {
			t.Errorf("%s, empty values left out: %s", method, got)
		}
		if got := send(p, bare, `{"a":1}`); got != "" {
			t.Errorf("%s with a raw body: %s", method, got)
		}
	}
}

func TestGatewayChecksInOrder(t *testing.T) {
	w := start(t)
	session := text(w.pair(w.Shop(0))["access_token"])
	old := time.Now().Add(-11 * time.Minute).In(time.FixedZone("", 8*3600)).Format(time.DateTime)
	inUTC := time.Now().UTC().Format(time.DateTime)
	millis := strconv.FormatInt(time.Now().UnixMilli(), 10)
	for want, change := range map[string][]string{
		"21":                    {"method", "-"},
		"22":                    {"method", "taobao.no.such"},
		"23":                    {"format", "yaml"},
		"28":                    {"app_key", "-"},
		"29":                    {"app_key", "9", "timestamp", "-"},
		"30":                    {"timestamp", "-", "v", "-"},
		"31":                    {"timestamp", old},
		"32":                    {"v", "-"},
		"33":                    {"v", "two"},
		"34":                    {"v", "3.0"},
		"26":                    {"session", "-"},
		"27 session-is-blank":   {"session", "", "fields", "-"},
		"27 INVALID_PARAMS":     {"session", "000000000000000000000"},
		"27 invalid-sessionkey": {"session", "6102demo000000000000000000000001000000042"},
		"40":                    {"fields", "-"},
		"":                      {"timestamp", millis},
		"47":                    {"note", "\xff\xfe"},
	} {
		all := append([]string{"session", session, "fields", "nick"}, change...)
		if r := w.call("taobao.user.seller.get", all...); r.refused() != want && (want != "23" || !strings.Contains(r.Text, "<code>23</code>")) {
			t.Errorf("%q = %s, want %q", change, r.Text, want)
		}
	}
	if got := w.call("taobao.time.get", "timestamp", inUTC).refused(); got != "31" {
		t.Errorf("a timestamp in UTC = %s, want 31", got)
	}
	unsigned := url.Values{"access_token": {session}, "method": {"taobao.user.seller.get"}, "v": {"2.0"}, "format": {"json"}}
	if r := w.ask("GET", w.Base+"/router/rest?"+unsigned.Encode(), "", ""); r.refused() != "44" {
		t.Errorf("unsigned mode = %s, want 44", r.Text)
	}
	if r := w.ask("PUT", w.Base+"/router/rest?"+w.signed(w.params("taobao.time.get")).Encode(), "", ""); r.refused() != "9" {
		t.Errorf("PUT = %s, want 9", r.Text)
	}
	if r := w.call("taobao.item.update", "session", session, "num_iid", "x"); r.refused() != "41" {
		t.Errorf("argument that is no number = %s, want 41", r.Text)
	}
}

func TestATokenOfAnotherApp(t *testing.T) {
	w := start(t)
	pair := w.pair(w.Shop(0))
	w.use(map[string]any{"app_key": "87654321"})
	if got := w.call("taobao.openuid.get", "session", text(pair["access_token"])).refused(); got != "27 sessionkey-not-generated-by-server" {
		t.Errorf("call = %s", got)
	}
}

func TestFormats(t *testing.T) {
	w := start(t)
	session := text(w.pair(w.Shop(0))["access_token"])
	const items = "taobao.items.onsale.get"
	if r := w.call(items, "session", session, "fields", "num_iid", "simplify", "true"); text(at(r.Body["items"].([]any)[0], "num_iid")) != "9007199254740993" {
		t.Errorf("simplified = %s", r.Text)
	}
	if r := w.call("taobao.no.such", "simplify", "true"); r.refused() != "22" {
		t.Errorf("simplified error = %s, want its wrapper kept", r.Text)
	}
	for _, format := range []string{"xml", "-"} {
		r := w.call(items, "session", session, "fields", "num_iid", "format", format)
		if !strings.Contains(r.Text, `<items_onsale_get_response><items list="true"><item><num_iid>9007199254740993</num_iid></item></items>`) {
			t.Errorf("format %s = %s", format, r.Text)
		}
		if r := w.call("taobao.no.such", "format", format); !strings.Contains(r.Text, "<error_response><code>22</code><msg>Invalid Method</msg>") || r.Status != 200 {
			t.Errorf("error, format %s = %d %s", format, r.Status, r.Text)
		}
	}
}

func TestTokenOverTheGatewayIsATextThatHoldsJSON(t *testing.T) {
	w := start(t)
	code := w.code(w.Shop(0))
	r := w.call("taobao.top.auth.token.create", "code", code)
	pair := simtest.Object(text(at(r.Body, "top_auth_token_create_response", "token_result")))
	if text(pair["taobao_user_id"]) != w.Shop(0) {
		t.Fatalf("create = %s", r.Text)
	}
	r = w.call("taobao.top.auth.token.refresh", "refresh_token", text(pair["refresh_token"]), "simplify", "true")
	if pair := simtest.Object(text(r.Body["token_result"])); text(pair["w2_expires_in"]) != "1800" {
		t.Errorf("refresh = %s", r.Text)
	}
	w.Set("gateway_token_code", 50)
	r = w.call("taobao.top.auth.token.create", "code", code)
	if text(at(r.Body, "error_response", "sub_msg")) != "authorize code "+code+" invalidate,please authorize again." || text(at(r.Body, "error_response", "code")) != "50" {
		t.Errorf("second create = %s", r.Text)
	}
}

func TestBanNamesItsSeconds(t *testing.T) {
	w := start(t)
	w.Do("POST", "/taobao/options", map[string]any{"calls_a_minute": 2, "ban": "90s"})
	for range 2 {
		if got := w.call("taobao.time.get").refused(); got != "" {
			t.Fatalf("call = %s", got)
		}
	}
	r := w.call("taobao.time.get")
	if r.refused() != "7 accesscontrol.limited-by-app-api-access-count" || text(at(r.Body, "error_response", "sub_msg")) != "This ban will last for 90 more seconds" {
		t.Errorf("third call = %s", r.Text)
	}
	w.Advance(91 * time.Second)
	if got := w.call("taobao.time.get").refused(); got != "" {
		t.Errorf("call after the ban = %s", got)
	}
}

func TestPermissionsOfTheApp(t *testing.T) {
	w := start(t)
	w.use(map[string]any{"apis": "taobao.appip.get"})
	if got := w.call("taobao.time.get").refused(); got != "11 isv.permission-api-package-limit" {
		t.Errorf("call outside of the packages = %s", got)
	}
	if r := w.call("taobao.appip.get"); text(at(r.Body, "appip_get_response", "ip")) != "127.0.0.1" {
		t.Errorf("appip = %s", r.Text)
	}
	w.use(map[string]any{"ip_whitelist": "192.0.2.1"})
	if got := w.call("taobao.appip.get").refused(); got != "11 isv.permission-ip-whitelist-limit" {
		t.Errorf("call from a foreign address = %s", got)
	}
}

// jsonObject reads the content of a message.
func jsonObject(t *testing.T, value any) map[string]any {
	t.Helper()
	var o map[string]any
	if err := json.Unmarshal([]byte(text(value)), &o); err != nil {
		t.Fatalf("content %v: %v", value, err)
	}
	return o
}
