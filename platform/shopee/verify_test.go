package shopee_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// A wrong call is told what is wrong with it.
func TestVerifyCall(t *testing.T) {
	const host, path, ts, id = "https://partner.shopeemobile.com", "/api/v2/shop/get_shop_info", "1760000000", "77001234"
	const access = "a+b"
	right := "2008899" + path + ts + access + id
	rawKey, err := hex.DecodeString(partnerKey)
	if err != nil {
		t.Fatal(err)
	}
	plain := sha256.Sum256([]byte(partnerKey + right))
	signed := func(text string) string { return hmacHex(partnerKey, text) }
	set := func(name, value string) func(url.Values) {
		return func(q url.Values) {
			if value == "" {
				q.Del(name)
				return
			}
			q.Set(name, value)
		}
	}
	for name, c := range map[string]struct {
		sign   string
		change func(url.Values)
		url    string // without query; empty: the right one
		body   string
		field  string
		why    string
	}{
		"right":               {sign: signed(right)},
		"right with a body":   {sign: signed(right), body: `{"a":1}`},
		"no partner":          {sign: signed(right), change: set("partner_id", ""), field: "partner_id", why: "missing"},
		"another partner":     {sign: signed(right), change: set("partner_id", "1"), field: "partner_id", why: "environment"},
		"no time":             {sign: signed(right), change: set("timestamp", ""), field: "timestamp", why: "missing"},
		"time no number":      {sign: signed(right), change: set("timestamp", "now"), field: "timestamp", why: "seconds"},
		"milliseconds":        {sign: signed(right), change: set("timestamp", ts+"000"), field: "timestamp", why: "milliseconds"},
		"slow clock":          {sign: signed(right), change: set("timestamp", "1759999600"), field: "timestamp", why: "6m40s behind"},
		"fast clock":          {sign: signed(right), change: set("timestamp", "1760000400"), field: "timestamp", why: "6m40s fast"},
		"no sign":             {sign: "", field: "sign", why: "missing"},
		"no token":            {sign: signed(right), change: set("access_token", ""), field: "access_token", why: "missing"},
		"no id":               {sign: signed(right), change: set("shop_id", ""), field: "shop_id", why: "missing"},
		"both ids":            {sign: signed(right), change: set("merchant_id", "1"), field: "shop_id", why: "both"},
		"id no number":        {sign: signed(right), change: set("shop_id", "x"), field: "shop_id", why: "whole number"},
		"twice":               {sign: signed(right), change: func(q url.Values) { q.Add("shop_id", "5") }, field: "shop_id", why: "more than once"},
		"sandbox host":        {sign: signed(right), url: "https://openplatform.sandbox.test-stable.shopee.sg" + path, field: "host", why: "other environment"},
		"prefix":              {sign: signed(right), url: host + "/gateway" + path, field: "path", why: "/api/v2/"},
		"slash at the end":    {sign: signed(right), url: host + path + "/", field: "path", why: "slash"},
		"capitals":            {sign: strings.ToUpper(signed(right)), field: "sign", why: "capitals"},
		"key decoded":         {sign: hmacHex(string(rawKey), right), field: "sign", why: "decoded from hex"},
		"plain hash":          {sign: hex.EncodeToString(plain[:]), field: "sign", why: "plain SHA-256"},
		"push key":            {sign: hmacHex(pushKey, right), field: "sign", why: "push key"},
		"as public":           {sign: signed("2008899" + path + ts), field: "sign", why: "public"},
		"without id":          {sign: signed("2008899" + path + ts + access), field: "sign", why: "without the id"},
		"without token":       {sign: signed("2008899" + path + ts + id), field: "sign", why: "without access_token"},
		"id before token":     {sign: signed("2008899" + path + ts + id + access), field: "sign", why: "order"},
		"time before path":    {sign: signed("2008899" + ts + path + access + id), field: "sign", why: "order"},
		"sorted":              {sign: signed(path + ts + "2008899" + id + access), field: "sign", why: "order"},
		"token encoded":       {sign: signed("2008899" + path + ts + "a%2Bb" + id), field: "sign", why: "encoded"},
		"whole address":       {sign: signed("2008899" + host + path + ts + access + id), field: "sign", why: "whole address"},
		"part of the path":    {sign: signed("2008899/shop/get_shop_info" + ts + access + id), field: "sign", why: "part of the path"},
		"slash signed":        {sign: signed("2008899" + path + "/" + ts + access + id), field: "sign", why: "slash"},
		"milliseconds signed": {sign: signed("2008899" + path + ts + "000" + access + id), field: "sign", why: "milliseconds"},
		"separators":          {sign: signed(strings.Join([]string{"2008899", path, ts, access, id}, "|")), field: "sign", why: "separators"},
		"body signed":         {sign: signed(right + `{"a":1}`), body: `{"a":1}`, field: "sign", why: "body"},
		"another path":        {sign: signed("2008899/api/v2/auth/token/get" + ts + access + id), field: "sign", why: "another path"},
		"too short":           {sign: "abc", field: "sign", why: "3 characters"},
		"unknown":             {sign: signed("x"), field: "sign", why: "none of the usual mistakes"},
	} {
		t.Run(name, func(t *testing.T) {
			q := url.Values{"partner_id": {"2008899"}, "timestamp": {ts}, "access_token": {access}, "shop_id": {id}, "page_size": {"20"}}
			if c.sign != "" {
				q.Set("sign", c.sign)
			}
			if c.change != nil {
				c.change(q)
			}
			address := host + path
			if c.url != "" {
				address = c.url
			}
			err := driver.(platform.Verifier).VerifyCall(testApp(), platform.Incoming{Method: "GET", URL: address + "?" + q.Encode(), Body: []byte(c.body)})
			if c.field == "" {
				if err != nil {
					t.Errorf("VerifyCall = %v, want none", err)
				}
				return
			}
			var bad *platform.BadCall
			if !errors.As(err, &bad) || bad.Field != c.field || !strings.Contains(bad.Why, c.why) {
				t.Errorf("VerifyCall = %v, want %s with %q", err, c.field, c.why)
			}
			if err != nil && (strings.Contains(err.Error(), partnerKey) || strings.Contains(err.Error(), access)) {
				t.Errorf("the verdict holds a secret: %v", err)
			}
		})
	}
}

// An app whose key was changed still verifies what the former one signed.
func TestVerifyCallTriesAllKeys(t *testing.T) {
	app := testApp(func(a *platform.App) {
		a.Secrets["partner_key"] = []gk.Secret{gk.NewSecret("newer"), gk.NewSecret(partnerKey)}
		a.Now = now.Add(4 * time.Minute)
	})
	req, err := driver.Sign(testApp(), shopCred, platform.Call{Method: "GET", Path: "/api/v2/shop/get_shop_info"})
	if err != nil {
		t.Fatal(err)
	}
	if err := driver.(platform.Verifier).VerifyCall(app, platform.Incoming{Method: "GET", URL: req.URL}); err != nil {
		t.Errorf("VerifyCall = %v", err)
	}
}
