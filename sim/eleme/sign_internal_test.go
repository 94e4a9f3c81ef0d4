package eleme

import (
	"encoding/json"
	"slices"
	"testing"
)

// The known answers of the platform's document, each computed with two official SDKs.
func TestCallSignatures(t *testing.T) {
	const secret = "5d41402abc4b2a76b9719d911017c592aa10bb20"
	const metas = `{"app_key":"hUb2Demo01","timestamp":1720000000}`
	for _, c := range []struct{ action, token, params, want string }{
		{"eleme.user.getUser", "3f9a0c7714e2b6d58a1c9e0f7b2d4c66", `{}`, "02FC733543DD0CA950FE9FC23B222089"},
		{"eleme.shop.updateShop", "3f9a0c7714e2b6d58a1c9e0f7b2d4c66",
			`{"shopId":7001234,"properties":{"name":"小店/一号","isBookable":true,"fee":2.5,"note":null}}`, "1412F5DDCF9845F3BB34D14855A21F79"},
		// As PHP sends what it has signed unescaped.
		{"eleme.shop.updateShop", "3f9a0c7714e2b6d58a1c9e0f7b2d4c66",
			`{"shopId": 7001234, "properties": {"name": "\u5c0f\u5e97\/\u4e00\u53f7", "isBookable": true, "fee": 2.5, "note": null}}`,
			"1412F5DDCF9845F3BB34D14855A21F79"},
		{"eleme.user.getTokenStatus", "", `{"token":"3f9a0c7714e2b6d58a1c9e0f7b2d4c66"}`, "77017A552434702966649AC417993C4E"},
	} {
		list := append(decoded(t, metas), decoded(t, c.params)...)
		if got := callSignatures(c.action, c.token, secret, list); !slices.Contains(got, c.want) {
			t.Errorf("%s %s: signatures = %s, want %s", c.action, c.params, got, c.want)
		}
	}
}

func TestPushSignature(t *testing.T) {
	m := message{
		RequestID: "200011112222333344", Type: 100, AppID: "55667788", ShopID: "7001234", Timestamp: 1720000000123,
		Message: `{"shopId":7001234,"appId":55667788,"appName":"示例","relieveOAuthTime":"2024-07-03T17:46:40"}`,
	}
	m.sign("5d41402abc4b2a76b9719d911017c592aa10bb20", "600700800900100200")
	if want := "4C9E9B90521A8784775B12A566963944"; m.Signature != want {
		t.Errorf("signature = %s, want %s", m.Signature, want)
	}
}

func TestValuesAreReencoded(t *testing.T) {
	for raw, want := range map[string]string{
		`10.0`:                         `10.0`,
		`9007199254740993`:             `9007199254740993`,
		`1E2`:                          `1E2`,
		`{"b": 1, "a": [ {}, [], 2 ]}`: `{"b":1,"a":[{},[],2]}`,
		`"<&>\u2028\/\u00e9\"\\"`:      "\"<&>\u2028/é\\\"\\\\\"",
		`"\u0001\n\t\u007f"`:           "\"\\u0001\\n\\t\u007f\"",
		`null`:                         `null`,
	} {
		got := decoded(t, `{"k":`+raw+`}`)
		if len(got) != 1 || got[0].value != want {
			t.Errorf("%s is encoded again as %v, want %s", raw, got, want)
		}
	}
}

// TestBothSortings takes keys of which one begins with the other, where pairs and keys sort differently.
func TestBothSortings(t *testing.T) {
	list := []member{{"id", "1"}, {"id2", "2"}}
	want := []string{digest("aid2=2id=1s"), digest("aid=1id2=2s")}
	if got := callSignatures("a", "", "s", list); !slices.Equal(got, want) {
		t.Errorf("signatures = %s, want %s", got, want)
	}
}

func decoded(t *testing.T, object string) []member {
	t.Helper()
	list, err := members(json.RawMessage(object))
	if err != nil {
		t.Fatal(err)
	}
	return list
}
