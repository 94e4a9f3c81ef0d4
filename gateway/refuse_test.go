package gateway_test

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/grantkeep/grantkeep/gateway"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/eleme"
	"github.com/grantkeep/grantkeep/platform/shopee"
	"github.com/grantkeep/grantkeep/platform/shopeev1"
	"github.com/grantkeep/grantkeep/platform/shoplazza"
	"github.com/grantkeep/grantkeep/platform/taobao"
)

func ok(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"ok":true,"result":{},"error":null}`)
}

// TestCallsThatNoGrantMayMake runs every call through Sign and Call alike; nothing of it may reach the platform.
func TestCallsThatNoGrantMayMake(t *testing.T) {
	get := func(path string) platform.Call { return platform.Call{Method: "GET", Path: path} }
	with := func(path, name string) platform.Call {
		return platform.Call{Method: "GET", Path: path, Query: url.Values{name: {"2002"}}}
	}
	header := func(path, name, value string) platform.Call {
		return platform.Call{Method: "GET", Path: path, Header: http.Header{name: {value}}}
	}
	post := func(path, body string) platform.Call {
		return platform.Call{Method: "POST", Path: path, Body: []byte(body)}
	}
	do := func(operation, params string) platform.Call {
		return platform.Call{Operation: operation, Params: []byte(params)}
	}
	const lazza, v2, v1 = "/openapi/2022-01/shop", "/api/v2/shop/get_shop_info", "/api/v1/items/get"
	for _, p := range []struct {
		driver platform.Driver
		calls  map[string]platform.Call
	}{
		{shoplazza.New(), map[string]platform.Call{
			"token endpoint":     post("/admin/oauth/token", `{}`),
			"outside":            get("/admin/index"),
			"two slashes":        get("//evil.example/openapi/x"),
			"absolute":           get("http://evil.example/openapi/x"),
			"dots":               get("/openapi/../admin/oauth/token"),
			"encoded dots":       get("/openapi/%2e%2e/admin"),
			"encoded slash":      get("/openapi/a%2fb"),
			"encoded twice":      get("/openapi/%252e%252e/admin"),
			"backslash":          get(`/openapi/\evil`),
			"userinfo":           get("@evil.example/openapi/"),
			"port":               get(":443/openapi/"),
			"line break":         get("/openapi/x\r\nX: y"),
			"semicolon":          get("/openapi/x;y"),
			"fragment":           get("/openapi/x#y"),
			"query in path":      get("/openapi/x?access_token=1"),
			"token in query":     with(lazza, "Access_Token"),
			"token in header":    header(lazza, "access-token", "x"),
			"authorization":      header(lazza, "Authorization", "x"),
			"method in header":   header(lazza, "X-Http-Method-Override", "DELETE"),
			"host in header":     header(lazza, "X-Forwarded-Host", "evil.example"),
			"host":               header(lazza, "Host", "evil.example"),
			"upgrade":            header(lazza, "Upgrade", "h2c"),
			"underscore":         header(lazza, "access_token", "x"),
			"line break in head": header(lazza, "Accept", "a\r\nAccess-Token: b"),
			"operation":          {Operation: "eleme.user.getUser"},
			"method":             {Method: "TRACE", Path: lazza},
		}},
		{shopee.New(), map[string]platform.Call{
			"auth":           get("/api/v2/auth/token/get"),
			"public":         get("/api/v2/public/get_shops_by_partner"),
			"push":           get("/api/v2/push/get_app_push_config"),
			"auth link":      get("/api/v2/shop/auth_partner"),
			"another shop":   with(v2, "shop_id"),
			"other case":     with(v2, "Shop_Id"),
			"encoded name":   with(v2, "shop%5fid"),
			"partner":        with(v2, "partner_id"),
			"signature":      with(v2, "sign"),
			"time":           with(v2, "timestamp"),
			"token":          with(v2, "access_token"),
			"shop in body":   post("/api/v2/product/add_item", `{"shop_id":2002}`),
			"shop elsewhere": {Method: "GET", Path: v2, Shop: "2002"},
		}},
		{shopeev1.New(), map[string]platform.Call{
			"auth link":     post("/api/v1/shop/auth_partner", `{}`),
			"all shops":     post("/api/v1/shop/get_partner_shop", `{}`),
			"push":          post("/api/v1/push/set_config", `{}`),
			"another shop":  post(v1, `{"shopid":2002}`),
			"twice":         post(v1, `{"shopid":1001,"shopid":2002}`),
			"other case":    post(v1, `{"ShopID":2002}`),
			"text":          post(v1, `{"shopid":"1001"}`),
			"partner":       post(v1, `{"partner_id":78}`),
			"time":          post(v1, `{"timestamp":1}`),
			"authorization": {Method: "POST", Path: v1, Header: http.Header{"Authorization": {"x"}}},
		}},
		{eleme.New(), map[string]platform.Call{
			"whole app":  do("eleme.message.getNonReachedMessages", `{"appId":1}`),
			"unknown":    do("other.user.getUser", `{}`),
			"app key":    do("eleme.user.getUser", `{"app_key":"x"}`),
			"signature":  do("eleme.user.getUser", `{"Signature":"x"}`),
			"two values": do("eleme.user.getUser", `{"a":1,"a":2}`),
			"path":       get("/api/v1/"),
		}},
		{taobao.New(), map[string]platform.Call{
			"token":        do("taobao.top.auth.token.refresh", `{}`),
			"whole app":    do("taobao.tmc.messages.consume", `{}`),
			"stop":         do("taobao.tmc.user.cancel", `{}`),
			"session":      do("taobao.trade.fullinfo.get", `{"session":"x"}`),
			"app key":      do("taobao.trade.fullinfo.get", `{"App_Key":"x"}`),
			"time":         {Operation: "taobao.trade.fullinfo.get", System: url.Values{"timestamp": {"2020-01-01 00:00:00"}}},
			"signature":    {Operation: "taobao.trade.fullinfo.get", System: url.Values{"sign": {"x"}}},
			"their method": {Operation: "taobao.trade.fullinfo.get", System: url.Values{"METHOD": {"taobao.top.auth.token.refresh"}}},
		}},
	} {
		t.Run(p.driver.Spec().Code, func(t *testing.T) {
			h := newHouse(t, p.driver, ok, gateway.Options{})
			for name, c := range p.calls {
				if _, err := h.gateway.Sign(t.Context(), engine, h.grant.ID, c); badField(err) == "" {
					t.Errorf("%s: Sign says %v, want a refusal", name, err)
				}
				if w, err := h.call(c); badField(err) == "" || w.Body.Len() > 0 {
					t.Errorf("%s: Call says %v, want a refusal", name, err)
				}
			}
			if n := len(h.requests()); n != 0 {
				t.Errorf("%d requests reached the platform", n)
			}
			h.expectNoSecretLogged()
		})
	}
}

func TestShopeeV1BodyIsFilledIn(t *testing.T) {
	h := newHouse(t, shopeev1.New(), ok, gateway.Options{})
	for _, body := range []string{``, `{}`, `{"shopid":1001}`, `{"partner_id":77,"shopid":1001}`} {
		if _, err := h.call(platform.Call{Method: "POST", Path: "/api/v1/items/get", Body: []byte(body)}); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		all := h.requests()
		got, _ := io.ReadAll(all[len(all)-1].Body)
		for _, want := range []string{`"shopid":1001`, `"partner_id":77`, `"timestamp":`} {
			if strings.Count(string(got), want) != 1 {
				t.Errorf("%s became %s, want %s once", body, got, want)
			}
		}
	}
}

func TestHeadersThatPass(t *testing.T) {
	h := newHouse(t, shoplazza.New(), func(w http.ResponseWriter, r *http.Request) {
		for name, value := range map[string]string{
			"Content-Type": "text/plain", "Etag": `"7"`, "X-Total-Count": "3", "Link": "<x>; rel=next", "Location": "/somewhere",
			"Set-Cookie": "a=b", "Alt-Svc": "h3", "Strict-Transport-Security": "max-age=1", "Access-Control-Allow-Origin": "*",
			"Clear-Site-Data": "*", "Keep-Alive": "timeout=5", "X-Hop": "1", "Connection": "X-Hop", "Access-Token": r.Header.Get("Access-Token"),
			"Grantkeep-Fault": "{}", "Content-Security-Policy": "default-src *", "Cache-Control": "public", "X-Content-Type-Options": "none",
			"Refresh": "0; url=https://evil.example", "Proxy-Authenticate": "Basic",
		} {
			w.Header().Set(name, value)
		}
	}, gateway.Options{})
	res, _ := h.get("GET", products+"?ids=1&ids=2", "",
		"Accept", "application/json", "If-None-Match", `"6"`, "Range", "bytes=0-9", "Accept-Language", "zh-TW",
		"Authorization", "Bearer gk_key", "Cookie", "login=1", "X-Forwarded-For", "10.0.0.1", "X-Forwarded-Host", "evil.example", "Forwarded", "for=x",
		"X_Forwarded_For", "10.0.0.1", "X-Original-Url", "/admin", "X-Http-Method-Override", "DELETE", "Via", "1.1 x", "User-Agent", "theirs",
		"X-Hop", "1", "Connection", "X-Hop", "Proxy-Authorization", "Basic x", "Origin", "https://evil.example", "Referer", "https://evil.example", "Te", "trailers")
	if res.StatusCode != 200 || len(h.requests()) != 1 {
		t.Fatalf("%d: %v", res.StatusCode, h.refusal())
	}
	got := h.requests()[0]
	want := http.Header{
		"Accept": {"application/json"}, "If-None-Match": {`"6"`}, "Range": {"bytes=0-9"}, "Accept-Language": {"zh-TW"},
		"Access-Token": {accessToken}, "User-Agent": {"grantkeep"}, "Accept-Encoding": {"gzip"},
	}
	delete(got.Header, "Accept-Encoding") // whether the transport asks for gzip depends on Range
	delete(want, "Accept-Encoding")
	for name, values := range got.Header {
		if strings.Join(values, ",") != strings.Join(want[name], ",") {
			t.Errorf("the platform got %s: %v, want %v", name, values, want[name])
		}
	}
	for name := range want {
		if got.Header.Get(name) == "" {
			t.Errorf("the platform did not get %s", name)
		}
	}
	if strings.Join(got.URL.Query()["ids"], ",") != "1,2" {
		t.Errorf("the query became %s", got.URL.RawQuery)
	}
	for name, want := range map[string]string{
		"Content-Type": "text/plain", "Etag": `"7"`, "X-Total-Count": "3", "Link": "<x>; rel=next", "Location": "/somewhere",
		"Content-Security-Policy": "sandbox", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
		"Set-Cookie": "", "Alt-Svc": "", "Strict-Transport-Security": "", "Access-Control-Allow-Origin": "", "Clear-Site-Data": "", "Keep-Alive": "",
		"X-Hop": "", "Access-Token": "", "Grantkeep-Fault": "", "Refresh": "", "Proxy-Authenticate": "",
	} {
		if got := strings.Join(res.Header[name], ","); got != want {
			t.Errorf("the caller got %s: %q, want %q", name, got, want)
		}
	}
}

func TestProxyRefuses(t *testing.T) {
	h := newHouse(t, shoplazza.New(), ok, gateway.Options{})
	for name, r := range map[string][]string{
		"upgrade":        {"GET", products, "Connection", "Upgrade", "Upgrade", "websocket"},
		"te":             {"GET", products, "Te", "gzip"},
		"token":          {"GET", products, "Access-Token", "theirs"},
		"token in query": {"GET", products + "?access_token=theirs"},
		"semicolon":      {"GET", products + "?a=1;b=2"},
		"dots":           {"GET", "/openapi/%2e%2e/admin"},
		"encoded slash":  {"GET", "/openapi/a%2Fb"},
		"outside":        {"GET", "/admin/oauth/token"},
		"options":        {"OPTIONS", products},
	} {
		res, _ := h.get(r[0], r[1], "", r[2:]...)
		if badField(h.refusal()) == "" || res.StatusCode != http.StatusTeapot {
			t.Errorf("%s: %d, %v; want a refusal", name, res.StatusCode, h.refusal())
		}
		h.mu.Lock()
		h.errs = nil
		h.mu.Unlock()
	}
	if n := len(h.requests()); n != 0 {
		t.Errorf("%d requests reached the platform", n)
	}
}

func TestOperationIsThePathAndParamsAreTheBody(t *testing.T) {
	h := newHouse(t, eleme.New(), ok, gateway.Options{})
	res, _ := h.get("POST", "/eleme.shop.getShop", `{"z":1.50,"shopId":7}`)
	if res.StatusCode != 200 || len(h.requests()) != 1 {
		t.Fatalf("%d: %v", res.StatusCode, h.refusal())
	}
	body, _ := io.ReadAll(h.requests()[0].Body)
	for _, want := range []string{`"action":"eleme.shop.getShop"`, `"token":"` + accessToken + `"`, `"z":1.5`, `"shopId":7`} {
		if !strings.Contains(string(body), want) {
			t.Errorf("the platform got %s without %s", body, want)
		}
	}
	if h.get("GET", "/eleme.shop.getShop", ""); badField(h.refusal()) != "method" {
		t.Errorf("GET: %v, want a refusal of the method", h.refusal())
	}
	if h.get("POST", "/eleme.shop.getShop?a=1", "{}"); badField(h.refusal()) != "query" {
		t.Errorf("with a query: %v, want a refusal of it", h.refusal())
	}
}

func TestRefusedHostIsNotAsked(t *testing.T) {
	h := newHouse(t, shoplazza.New(), ok, gateway.Options{})
	err := h.store.UpdateGrant(t.Context(), engine, h.grant.ID, h.keeper.Now(), setHost("evilmyshoplaza.com"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.call(platform.Call{Method: "GET", Path: products}); !errors.Is(err, platform.ErrForeignHost) {
		t.Errorf("a row edited by hand: %v, want ErrForeignHost", err)
	}
}
