package shopeev1_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/grantkeep/grantkeep/platform"
)

// A wrong call is told what is wrong with it.
func TestVerifyCall(t *testing.T) {
	const address, body = "https://partner.shopeemobile.com/api/v1/shop/get", `{"partner_id":800123,"shopid":60012,"timestamp":1570500000}`
	const spaced = `{"partner_id": 800123, "shopid": 60012, "timestamp": 1570500000}`
	signed := func(text string) string { return hmacHex(partnerKey, text) }
	rawKey, err := hex.DecodeString(partnerKey)
	if err != nil {
		t.Fatal(err)
	}
	plain := sha256.Sum256([]byte(partnerKey + address + "|" + body))
	for name, c := range map[string]struct {
		sign, body, url, method string // empty: the right ones
		field, why              string
	}{
		"right":           {sign: signed(address + "|" + body)},
		"right, spaced":   {sign: signed(address + "|" + spaced), body: spaced},
		"get":             {sign: "x", method: "GET", field: "method", why: "POST"},
		"no header":       {field: "authorization", why: "once"},
		"no host":         {sign: "x", url: "/api/v1/shop/get", field: "url", why: "whole"},
		"sandbox":         {sign: "x", url: "https://partner.uat.shopeemobile.com/api/v1/shop/get", field: "host", why: "other environment"},
		"no JSON":         {sign: "x", body: "x", field: "body", why: "JSON"},
		"no partner":      {sign: "x", body: `{"shopid":60012}`, field: "partner_id", why: "missing"},
		"partner text":    {sign: "x", body: `{"partner_id":"800123"}`, field: "partner_id", why: "quotes"},
		"another partner": {sign: "x", body: `{"partner_id":1}`, field: "partner_id", why: "environment"},
		"shop text":       {sign: "x", body: `{"partner_id":800123,"shopid":"60012"}`, field: "shopid", why: "quotes"},
		"no time":         {sign: "x", body: `{"partner_id":800123}`, field: "timestamp", why: "missing"},
		"milliseconds":    {sign: "x", body: `{"partner_id":800123,"timestamp":1570500000000}`, field: "timestamp", why: "milliseconds"},
		"slow, signed":    {sign: signed(address + `|{"partner_id":800123,"timestamp":1570499600}`), body: `{"partner_id":800123,"timestamp":1570499600}`, field: "timestamp", why: "6m40s behind"},
		"fast":            {sign: "x", body: `{"partner_id":800123,"timestamp":1570500400}`, field: "timestamp", why: "6m40s fast"},
		"capitals":        {sign: strings.ToUpper(signed(address + "|" + body)), field: "authorization", why: "capitals"},
		"a word before":   {sign: "SHA256 " + signed(address+"|"+body), field: "authorization", why: "word before"},
		"key decoded":     {sign: hmacHex(string(rawKey), address+"|"+body), field: "authorization", why: "decoded from hex"},
		"plain hash":      {sign: hex.EncodeToString(plain[:]), field: "authorization", why: "plain SHA-256"},
		"no bar":          {sign: signed(address + body), field: "authorization", why: "vertical bar"},
		"other scheme":    {sign: signed("http" + strings.TrimPrefix(address, "https") + "|" + body), field: "authorization", why: "scheme"},
		"no scheme":       {sign: signed(strings.TrimPrefix(address, "https://") + "|" + body), field: "authorization", why: "without its scheme"},
		"path":            {sign: signed("/api/v1/shop/get|" + body), field: "authorization", why: "path"},
		"no body":         {sign: signed(address + "|"), field: "authorization", why: "without the body"},
		"body alone":      {sign: signed(body), field: "authorization", why: "body alone"},
		"line break":      {sign: signed(address + "|" + body + "\n"), field: "authorization", why: "line break"},
		"spaced signed":   {sign: signed(address + "|" + spaced), field: "authorization", why: "not sent"},
		"compact signed":  {sign: signed(address + "|" + body), body: spaced, field: "authorization", why: "without its blanks"},
		"too short":       {sign: "abc", field: "authorization", why: "3 characters"},
		"unknown":         {sign: signed("x"), field: "authorization", why: "none of the usual"},
	} {
		in := platform.Incoming{Method: "POST", URL: address, Header: http.Header{}, Body: []byte(body)}
		if c.method != "" {
			in.Method = c.method
		}
		if c.url != "" {
			in.URL = c.url
		}
		if c.body != "" {
			in.Body = []byte(c.body)
		}
		if c.sign != "" {
			in.Header.Set("Authorization", c.sign)
		}
		err := driver.(platform.Verifier).VerifyCall(testApp(), in)
		if c.field == "" {
			if err != nil {
				t.Errorf("%s: VerifyCall = %v, want none", name, err)
			}
			continue
		}
		var bad *platform.BadCall
		if !errors.As(err, &bad) || bad.Field != c.field || !strings.Contains(bad.Why, c.why) {
			t.Errorf("%s: VerifyCall = %v, want %s with %q", name, err, c.field, c.why)
		}
	}
}
