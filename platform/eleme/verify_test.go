package eleme_test

import (
	"crypto/hmac"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/grantkeep/grantkeep/platform"
)

func upperMD5(s string) string {
	sum := md5.Sum([]byte(s))
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

func verify(body string) error {
	return driver.(platform.Verifier).VerifyCall(demoApp(nil), platform.Incoming{Method: "POST", URL: "https://open-api.shop.ele.me/api/v1/", Body: []byte(body)})
}

func TestVerifyNamesTheMistake(t *testing.T) {
	const (
		op     = "eleme.shop.updateShop"
		params = `{"shopId":7001234,"App":"小店/一","properties":{"b":"<x>","a":10.0}}`
		// the pairs as the platform sorts them
		app, key, prop, shop, ts = `App="小店/一"`, `app_key="hUb2Demo01"`, `properties={"b":"<x>","a":10.0}`, `shopId=7001234`, `timestamp=1720000000`
		right                    = app + key + prop + shop + ts
	)
	mac := hmac.New(md5.New, []byte(demoSecret))
	mac.Write([]byte(op + demoToken + right))
	with := func(text string) string { return upperMD5(op + demoToken + text + demoSecret) }
	tests := map[string]struct{ signature, why string }{
		"right":              {with(right), ""},
		"lower case":         {strings.ToLower(with(right)), "lower case"},
		"hmac":               {strings.ToUpper(hex.EncodeToString(mac.Sum(nil))), "HMAC-MD5"},
		"no secret":          {upperMD5(op + demoToken + right), "secret is missing"},
		"secret around":      {upperMD5(demoSecret + op + demoToken + right + demoSecret), "in front"},
		"no token":           {upperMD5(op + right + demoSecret), "token is missing"},
		"no action":          {upperMD5(demoToken + right + demoSecret), "action is missing"},
		"swapped":            {upperMD5(demoToken + op + right + demoSecret), "swapped"},
		"without metas":      {with(app + prop + shop), "metas are missing"},
		"without params":     {with(key + ts), "params are missing"},
		"sorted apart":       {with(key + ts + app + prop + shop), "sorted apart"},
		"separator":          {with(strings.Join([]string{app, key, prop, shop, ts}, "&")), "separator"},
		"unsorted":           {with(key + ts + shop + app + prop), "not sorted"},
		"case folded":        {with(strings.Join([]string{app, key, prop, shop, ts}, "")), ""},
		"without quotes":     {with(`App=小店/一app_key=hUb2Demo01` + prop + shop + ts), "without their quotes"},
		"escaped characters": {with(`App="\u5c0f\u5e97/\u4e00"` + key + prop + shop + ts), `\u escapes`},
		"blanks":             {with(`App="小店/一"` + key + `properties={"b": "<x>", "a": 10.0}` + shop + ts), "blanks after commas"},
		"blanks, escaped":    {with(`App="\u5c0f\u5e97/\u4e00"` + key + `properties={"b": "<x>", "a": 10.0}` + shop + ts), "blanks and"},
		"escaped slash":      {with(`App="小店\/一"` + key + prop + shop + ts), "slashes"},
		"escaped HTML":       {with(app + key + `properties={"b":"\u003cx\u003e","a":10.0}` + shop + ts), "encoding/json"},
		"milliseconds":       {with(app + key + prop + shop + ts + "000"), "unit of time"},
		"nested keys sorted": {with(app + key + `properties={"a":10.0,"b":"<x>"}` + shop + ts), "nested"},
		"other secret":       {upperMD5(op + demoToken + right + "x"), "none of the known mistakes"},
		"short":              {"ABC", "32"},
	}
	for name, tt := range tests {
		body := fmt.Sprintf(`{"nop":"1.0.0","id":"1","action":%q,"token":%q,"metas":{"app_key":"hUb2Demo01","timestamp":1720000000},"params":%s,"signature":%q}`,
			op, demoToken, params, tt.signature)
		err := verify(body)
		switch {
		case tt.why == "" && err != nil:
			t.Errorf("%s: VerifyCall = %v, want nil", name, err)
		case tt.why != "" && (err == nil || !strings.Contains(err.Error(), tt.why)):
			t.Errorf("%s: VerifyCall = %v, want something about %q", name, err, tt.why)
		}
		if err != nil && (strings.Contains(err.Error(), demoSecret) || strings.Contains(err.Error(), demoToken)) {
			t.Errorf("%s: the error shows a secret", name)
		}
	}
}

func TestVerifyClockAndIdentifiers(t *testing.T) {
	call := func(key, timestamp string) string {
		token := demoToken
		signed := "eleme.user.getUser" + token + `app_key="` + key + `"timestamp=` + timestamp
		return fmt.Sprintf(`{"nop":"1.0.0","id":"1","action":"eleme.user.getUser","token":%q,"metas":{"app_key":%q,"timestamp":%s},"params":{},"signature":%q}`,
			token, key, timestamp, upperMD5(signed+demoSecret))
	}
	tests := map[string]struct{ body, why string }{
		"seconds":            {call("hUb2Demo01", "1720000000"), ""},
		"milliseconds":       {call("hUb2Demo01", "1720000000000"), ""},
		"5 minutes off":      {call("hUb2Demo01", "1719999700"), ""},
		"6 minutes old":      {call("hUb2Demo01", "1719999640"), "6m0s old"},
		"6 minutes ahead":    {call("hUb2Demo01", "1720000360"), "6m0s ahead"},
		"an ISO text":        {call("hUb2Demo01", `"2024-07-03T09:46:40Z"`), "10 digits"},
		"another app's key":  {call("other", "1720000000"), "another app"},
		"params is a list":   {strings.Replace(call("hUb2Demo01", "1720000000"), `"params":{}`, `"params":[]`, 1), "never []"},
		"params are missing": {strings.Replace(call("hUb2Demo01", "1720000000"), `"params":{},`, ``, 1), "no params"},
		"other protocol":     {strings.Replace(call("hUb2Demo01", "1720000000"), "1.0.0", "2.0", 1), "nop"},
		"not JSON":           {"a=b", "cannot be read"},
	}
	for name, tt := range tests {
		err := verify(tt.body)
		if (err == nil) != (tt.why == "") || err != nil && !strings.Contains(err.Error(), tt.why) {
			t.Errorf("%s: VerifyCall = %v, want %q", name, err, tt.why)
		}
	}
}

// TestVerifyAcceptsNamesSortedAlone: PHP and Java sort by name, which differs where one name begins with another.
func TestVerifyAcceptsNamesSortedAlone(t *testing.T) {
	head := "eleme.shop.getShop" + demoToken
	for _, pairs := range []string{`app_key="hUb2Demo01"id2=2id=1timestamp=1720000000`, `app_key="hUb2Demo01"id=1id2=2timestamp=1720000000`} {
		body := fmt.Sprintf(`{"nop":"1.0.0","id":"1","action":"eleme.shop.getShop","token":%q,"metas":{"app_key":"hUb2Demo01","timestamp":1720000000},"params":{"id2":2,"id":1},"signature":%q}`,
			demoToken, upperMD5(head+pairs+demoSecret))
		if err := verify(body); err != nil {
			t.Errorf("VerifyCall of %s = %v, want nil", pairs, err)
		}
	}
}

func TestVerifyOtherEnvironment(t *testing.T) {
	const body = `{"nop":"1.0.0","id":"1","action":"eleme.user.getUser","token":"","metas":{"app_key":"hUb2Demo01","timestamp":1720000000},"params":{},"signature":"x"}`
	err := driver.(platform.Verifier).VerifyCall(demoApp(nil), platform.Incoming{Method: "POST", URL: "https://open-api-sandbox.shop.ele.me/api/v1/", Body: []byte(body)})
	if err == nil || !strings.Contains(err.Error(), "other environment") {
		t.Errorf("VerifyCall at the sandbox = %v, want something about the other environment", err)
	}
}
