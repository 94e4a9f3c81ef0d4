package shopee_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

func TestSign(t *testing.T) {
	query := url.Values{"page_size": {"20"}, "q": {"a b&c"}}
	cred := shopCred
	cred.Token.Access = gk.NewSecret("a+b/c=")
	req, err := driver.Sign(testApp(), cred, platform.Call{
		Method: "POST", Path: "/api/v2/product/add_item", Query: query, Body: []byte(`{ "name" : "x", "n": 1e2 }`), Header: http.Header{"Accept-Language": {"zh-TW"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(req.URL)
	if err != nil {
		t.Fatal(err)
	}
	if got := u.Query(); got.Get("access_token") != "a+b/c=" || got.Get("q") != "a b&c" || got.Get("shop_id") != "77001234" || got.Has("merchant_id") {
		t.Errorf("query = %v", got)
	}
	if string(req.Body) != `{ "name" : "x", "n": 1e2 }` || req.Header.Get("Content-Type") != "application/json" || req.Header.Get("Accept-Language") != "zh-TW" {
		t.Errorf("body %s, headers %v", req.Body, req.Header)
	}
	if want := "2008899/api/v2/product/add_item1760000000a+b/c=77001234"; req.SignedText != want {
		t.Errorf("signed text = %s, want %s", req.SignedText, want)
	}
	if req.Sent.Has("access_token") || req.Sent.Has("sign") || req.Sent.Get("page_size") != "20" {
		t.Errorf("Sent = %v", req.Sent)
	}
	if len(query) != 2 {
		t.Errorf("the caller's query was changed: %v", query)
	}
	if err := driver.(platform.Verifier).VerifyCall(testApp(), platform.Incoming{Method: "POST", URL: req.URL, Body: req.Body}); err != nil {
		t.Errorf("VerifyCall = %v", err)
	}

	public, err := driver.Sign(testApp(), platform.Credential{Subject: gk.Subject{Kind: "partner"}}, platform.Call{Method: "GET", Path: "/api/v2/public/get_shopee_ip_ranges"})
	if err != nil || strings.Contains(public.URL, "access_token") || strings.Contains(public.URL, "shop_id") {
		t.Errorf("public call = %+v, %v", public, err)
	}
}

func TestSignRefuses(t *testing.T) {
	merchant := platform.Credential{
		Subject: gk.Subject{Kind: "merchant", ID: "1009001"}, Token: shopCred.Token, Shops: []gk.Shop{{ID: "77001234"}},
	}
	partner := platform.Credential{Subject: gk.Subject{Kind: "partner"}}
	get := func(path string) platform.Call { return platform.Call{Method: "GET", Path: path} }
	post := func(body string) platform.Call {
		return platform.Call{Method: "POST", Path: "/api/v2/product/add_item", Body: []byte(body)}
	}
	query := func(name string) platform.Call {
		return platform.Call{Method: "GET", Path: "/api/v2/shop/get_shop_info", Query: url.Values{name: {"77009999"}}}
	}
	header := func(name string) platform.Call {
		return platform.Call{Method: "GET", Path: "/api/v2/shop/get_shop_info", Header: http.Header{name: {"x"}}}
	}
	part := func(name string) platform.Call {
		return platform.Call{
			Method: "POST", Path: "/api/v2/media_space/upload_image", Header: http.Header{"Content-Type": {"multipart/form-data; boundary=b"}},
			Body: []byte("--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n77009999\r\n--b--\r\n"),
		}
	}
	for name, c := range map[string]struct {
		cred platform.Credential
		call platform.Call
	}{
		"mints tokens":          {shopCred, get("/api/v2/auth/token/get")},
		"mints as partner":      {partner, get("/api/v2/auth/access_token/get")},
		"resend as partner":     {partner, get("/api/v2/public/get_token_by_resend_code")},
		"public with a grant":   {shopCred, get("/api/v2/public/get_shops_by_partner")},
		"push with a grant":     {shopCred, get("/api/v2/push/set_app_push_config")},
		"link with a grant":     {shopCred, get("/api/v2/shop/auth_partner")},
		"shop API as partner":   {partner, get("/api/v2/shop/get_shop_info")},
		"v1 path":               {shopCred, get("/api/v1/shop/get")},
		"other case":            {shopCred, get("/api/v2/Auth/token/get")},
		"dots":                  {shopCred, get("/api/v2/shop/../auth/token/get")},
		"encoded dots":          {shopCred, get("/api/v2/shop/%2e%2e/auth/token/get")},
		"encoded slash":         {shopCred, get("/api/v2%2fauth/token/get")},
		"empty segment":         {shopCred, get("//api/v2/shop/get_shop_info")},
		"host in path":          {shopCred, get("//evil.example/api/v2/shop/get_shop_info")},
		"absolute":              {shopCred, get("https://evil.example/api/v2/shop/get_shop_info")},
		"userinfo":              {shopCred, get("/@evil.example/api/v2/shop/x")},
		"query in path":         {shopCred, get("/api/v2/shop/get_shop_info?shop_id=77009999")},
		"fragment":              {shopCred, get("/api/v2/shop/get_shop_info#x")},
		"backslash":             {shopCred, get(`/api/v2/shop\get_shop_info`)},
		"line break":            {shopCred, get("/api/v2/shop/get_shop_info\r\nX: y")},
		"slash at the end":      {shopCred, get("/api/v2/shop/get_shop_info/")},
		"method":                {shopCred, platform.Call{Method: "DELETE", Path: "/api/v2/shop/get_shop_info"}},
		"operation":             {shopCred, platform.Call{Method: "GET", Path: "/api/v2/shop/get_shop_info", Operation: "x"}},
		"other shop":            {shopCred, platform.Call{Method: "GET", Path: "/api/v2/shop/get_shop_info", Shop: "77009999"}},
		"no token":              {platform.Credential{Subject: shopCred.Subject}, get("/api/v2/shop/get_shop_info")},
		"main account":          {platform.Credential{Subject: gk.Subject{Kind: "main_account", ID: "55001"}, Token: shopCred.Token}, get("/api/v2/shop/get_shop_info")},
		"shop_id in query":      {shopCred, query("shop_id")},
		"shop_id in other case": {shopCred, query("Shop_ID")},
		"blank before":          {shopCred, query(" shop_id")},
		"merchant_id":           {shopCred, query("merchant_id")},
		"access_token":          {shopCred, query("access_token")},
		"sign":                  {shopCred, query("sign")},
		"timestamp":             {shopCred, query("timestamp")},
		"partner_id":            {shopCred, query("partner_id")},
		"authorization header":  {shopCred, header("authorization")},
		"token header":          {shopCred, header("Access-Token")},
		"shop_id in body":       {shopCred, post(`{"shop_id":77009999}`)},
		"own shop_id in body":   {shopCred, post(`{"shop_id":77001234}`)},
		"escaped in body":       {shopCred, post(`{"\u0073hop_id":77009999}`)},
		"case in body":          {shopCred, post(`{"SHOP_ID":77009999}`)},
		"second in body":        {shopCred, post(`{"a":1,"sign":"x"}`)},
		"repeated in body":      {shopCred, post(`{"a":1,"a":2}`)},
		"body no JSON":          {shopCred, post(`shop_id=77009999`)},
		"body a list":           {shopCred, post(`[{"shop_id":1}]`)},
		"body of another kind":  {shopCred, platform.Call{Method: "POST", Path: "/api/v2/product/add_item", Body: []byte("x"), Header: http.Header{"Content-Type": {"text/plain"}}}},
		"body of a GET":         {shopCred, platform.Call{Method: "GET", Path: "/api/v2/shop/get_shop_info", Body: []byte("{}")}},
		"shop_id in a part":     {shopCred, part("shop_id")},
		"merchant, other shop":  {merchant, platform.Call{Method: "POST", Path: "/api/v2/global_product/create_publish_task", Body: []byte(`{"shop_id":77009999}`)}},
	} {
		req, err := driver.Sign(testApp(), c.cred, c.call)
		var bad *platform.BadCall
		if !errors.As(err, &bad) {
			t.Errorf("%s: Sign = %+v, %v, want a BadCall", name, req, err)
			continue
		}
		if strings.Contains(err.Error(), "77009999") {
			t.Errorf("%s: the error holds the caller's value: %v", name, err)
		}
	}
	for name, c := range map[string]struct {
		cred platform.Credential
		call platform.Call
	}{
		"an image":            {shopCred, part("image")},
		"merchant's own shop": {merchant, platform.Call{Method: "POST", Path: "/api/v2/global_product/create_publish_task", Body: []byte(`{"shop_id":77001234}`)}},
	} {
		if _, err := driver.Sign(testApp(), c.cred, c.call); err != nil {
			t.Errorf("%s: Sign = %v", name, err)
		}
	}
}
