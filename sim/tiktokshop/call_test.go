package tiktokshop_test

import (
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/sim/simtest"
)

func TestCallsAreRefusedByCode(t *testing.T) {
	w := start(t)
	token := w.pair()["access_token"].(string)
	cipher := w.cipher(token)
	at := func(d time.Duration) string { return strconv.FormatInt(w.Now().Add(d).Unix(), 10) }
	w.Set("timestamps", "strict")
	for name, c := range map[string]struct {
		method, path, token string
		change              []string
		code                string
		status              int
		says                string
	}{
		"unknown app":        {"GET", shopsPath, token, []string{"app_key", "x"}, "36009004", 400, "Invalid 'app_key'"},
		"unknown token":      {"GET", shopsPath, "x", nil, "36009004", 401, "'x-tts-access-token' header is invalid"},
		"no token":           {"GET", shopsPath, "", nil, "36009004", 401, "header is invalid"},
		"negative time":      {"GET", shopsPath, token, []string{"timestamp", "-1"}, "36009004", 400, "lesser than 0"},
		"no time":            {"GET", shopsPath, token, []string{"timestamp", ""}, "36009004", 400, "lesser than 0"},
		"early time":         {"GET", shopsPath, token, []string{"timestamp", at(-302 * time.Second)}, "36009004", 400, "earlier than 5 minutes"},
		"late time":          {"GET", shopsPath, token, []string{"timestamp", at(40 * time.Second)}, "36009004", 400, "more than 30 seconds"},
		"cipher too many":    {"GET", shopsPath, token, []string{"shop_cipher", cipher}, "36009004", 400, "'shop_cipher' query parameter is not required"},
		"asset too many":     {"GET", ordersPath, token, []string{"shop_cipher", cipher, "category_asset_cipher", "x"}, "36009004", 400, "'category_asset_cipher' query parameter is not required"},
		"cipher missing":     {"GET", ordersPath, token, nil, "106013", 400, "'shop_cipher' query parameter is required"},
		"cipher of nobody":   {"GET", ordersPath, token, []string{"shop_cipher", "x"}, "36009004", 400, "Invalid identifier"},
		"no version":         {"GET", "/orders", token, nil, "36009009", 404, "Invalid path"},
		"old version":        {"GET", "/order/202212/orders", token, nil, "36009014", 404, "version name is invalid"},
		"coming version":     {"GET", "/order/209901/orders", token, nil, "36009014", 404, "version name is invalid"},
		"unknown path":       {"GET", "/order/202309/nothing", token, nil, "36009009", 404, "Invalid path"},
		"wrong method":       {"POST", ordersPath, token, []string{"shop_cipher", cipher}, "36009010", 405, "Invalid method"},
		"upload that is not": {"POST", "/product/202309/images/upload", token, nil, "36009023", 400, "'multipart/form-data'"},
	} {
		r := w.call(c.method, c.path, c.token, "", c.change...)
		w.refused(name, c.code, r)
		w.says(c.says, r.Text)
		if r.Status != c.status {
			t.Errorf("%s = HTTP %d, want %d", name, r.Status, c.status)
		}
	}
	w.good(w.call("GET", shopsPath, token, "", "timestamp", at(-295*time.Second)))
	w.good(w.call("GET", shopsPath, token, "", "timestamp", at(25*time.Second)))
}

func TestSignatureCoversTheBodyAndNotTheToken(t *testing.T) {
	w := start(t)
	token := w.pair()["access_token"].(string)
	path := "/order/202309/orders/search"
	query := url.Values{"app_key": {w.Setting("app_key")}, "timestamp": {strconv.FormatInt(w.Now().Unix(), 10)}, "shop_cipher": {w.cipher(token)}}
	const body = `{ "order_status" : "UNPAID" }` + "\n"
	query.Set("sign", w.sign(path, query, body))
	ask := func(kind, body, token string) simtest.Reply {
		return w.Ask("POST", w.Base+path+"?"+query.Encode(), kind, body, "x-tts-access-token", token)
	}
	w.good(ask("application/json", body, token))
	w.refused("another body", "106001", ask("application/json", "{}", token))
	w.refused("plain text", "36009022", ask("text/plain", body, token))
	query.Set("access_token", token) // the older way, not signed
	w.good(ask("application/json", body, ""))
	query.Del("sign")
	r := ask("application/json", body, token)
	w.refused("no signature", "36009004", r)
	w.says("required signature", r.Text)

	query = url.Values{"app_key": {w.Setting("app_key")}, "timestamp": query["timestamp"]}
	path = "/product/202309/images/upload"
	query.Set("sign", w.sign(path, query, ""))
	w.good(ask("multipart/form-data; boundary=x", "--x--\r\n", token))
}

func TestASecretMayBeAList(t *testing.T) {
	w := start(t)
	w.change(map[string]any{"app_secret": []string{"new", "old"}})
	w.App["app_secret"] = "old"
	token := w.pair()["access_token"]
	w.App["app_secret"] = "new"
	if len(w.shops(token)) != 3 {
		t.Error("the newer secret does not sign")
	}
}

func TestScopesAndInactiveShopsAreNoBrokenTokens(t *testing.T) {
	w := start(t)
	w.change(map[string]any{"scopes": []string{"seller.authorization.info"}})
	token := w.pair()["access_token"]
	r := w.call("GET", ordersPath, token, "", "shop_cipher", w.cipher(token))
	if w.refused("call without the scope", "105005", r); r.Status != 401 {
		t.Errorf("HTTP status = %d, want 401", r.Status)
	}
	w.change(map[string]any{"scopes": []string{"seller.authorization.info", "seller.order.info"}})
	w.refused("grant from before", "105005", w.call("GET", ordersPath, token, "", "shop_cipher", w.cipher(token)))
	for state, code := range map[string]string{"inactive_shop": "36009043", "inactive_seller": "36009044"} {
		made := w.Do("POST", "/tiktokshop/shops", map[string]any{"state": state})["shops"].([]any)[0].(map[string]any)
		pair := w.good(w.get(w.agree(map[string]any{"url": w.link("s"), "shops": []any{made["id"]}}).Get("code")))
		w.refused(state, code, w.call("GET", ordersPath, pair["access_token"], "", "shop_cipher", w.cipher(pair["access_token"])))
	}
}

func TestRateIsPerEndpointAndShop(t *testing.T) {
	w := start(t)
	w.Set("rate", 2)
	token := w.pair()["access_token"]
	var limited bool
	for range 20 {
		r := w.call("GET", shopsPath, token, "")
		if strings.Contains(r.Text, "36009002") {
			limited = r.Status == 429 && r.Header.Get("Retry-After") != ""
			break
		}
	}
	if !limited {
		t.Error("no call was over the rate")
	}
	w.good(w.call("GET", "/seller/202309/shops", token, ""))
}
