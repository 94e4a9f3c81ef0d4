package douyin

import "testing"

const (
	knownKey    = "7100000000000000042"
	knownSecret = "0c9d3b71-aa52-4e6f-8f10-5b2e7d94c3a8"
)

// TestSignKnownAnswers computes the answers of the platform's page; the last is one that the platform printed itself.
func TestSignKnownAnswers(t *testing.T) {
	const at = "1780000000"
	for _, c := range []struct{ name, secret, key, method, param, at, hmac, md5 string }{
		{"1", knownSecret, knownKey, "token.create", `{"code":"c0de-demo-0001","grant_type":"authorization_code"}`, at,
			"bf116e2f1cd539e20250c60ffdd192453bee17b4dd3ace82b0eb58aad117e04f", "2fa58d417fc343a5ed282ea5fbeab3bd"},
		{"2", knownSecret, knownKey, "token.create", `{"code":"","grant_type":"authorization_self","shop_id":"5551001"}`, at,
			"158d747c2a62f52ebfda9d00a2ecf44733df578ef3d108126b17f57e93ffb6de", "334d190efe21493d241f00b01b8601a8"},
		{"3", knownSecret, knownKey, "token.create", `{"code":"","grant_type":"authorization_self"}`, at,
			"d54a798e9e0ca4a45ccaeaf8e08c57473170ecb619de6c0d0e432693b87820f5", "7806827d59bbc1cea0c2ca579172416d"},
		{"4", knownSecret, knownKey, "token.create", `{"auth_id":"88001","auth_subject_type":"YunCang","code":"","grant_type":"authorization_self"}`, at,
			"b7e802a7ac317a6ad647232802a8c8c04444aeb1a8470d8aafaca191b863db5b", "9f1bad39f2fdcaf373aee6259361fd8b"},
		{"5", knownSecret, knownKey, "token.refresh", `{"grant_type":"refresh_token","refresh_token":"50-demo-refresh-0001"}`, at,
			"e56cdf23306cee24773603ca5471ac18bbf08eeec273d44fdd81feec697a59b8", "f35864430288dcdfc685a0a28107c668"},
		{"6", knownSecret, knownKey, "open.getAuthInfo", `{"auth_id":"5551001"}`, at,
			"9dac2f2e6500ffa202c11070a35022e2948a01e441005a98b219c700fad5796a", "b390af6f8fe3992006bb8ac94c88a531"},
		{"7", knownSecret, knownKey, "order.searchList", `{"B":null,"e":"","list":[{"a":2,"b":1}],"page":0,"size":20}`, at,
			"1863b25b95f8475da127006c5e063a273a8fa4aa0e58838e8b3ad56d04ab20ad", "803567fdb83cde3820dd4fea6b97b5df"},
		{"8", knownSecret, knownKey, "product.editV2", `{"name":"茶 <A&B> 'x' 🍵"}`, at,
			"fbcf53fa456a63633b071b2bc99bdd6a9e94763aa070c4e68eae946052576b7c", "7b1740dd969fc9a7989f02aba4df7704"},
		{"9", knownSecret, knownKey, "product.editV2", `{"name":"茶 \u003cA\u0026B\u003e 'x' 🍵"}`, at,
			"3406617f8c19e32842c002ceacfc3c5baeb722185266800edd98f4f782f73a0a", "c42e643a1585f77533d96023e0e58771"},
		{"10", knownSecret, knownKey, "rights.info", `{}`, "1780000000000",
			"3698e062edffae52c5b0cd631df006a5cc062139f0079ec39dc4a776e4277ec6", "0a2637ac07d4ad45d32f91e492d75ba3"},
		{"11", knownSecret, knownKey, "rights.info", `{}`, "2026-05-29 04:26:40",
			"eeeb6b8e8516a99c678db3486e4cc7a416664641c2d681f8ded3ff38f0ccb28c", "4181e6331abb360b4d419acfef9ce9ba"},
		{"15", "749698a6-fcb3-4358-b241-ec1d93cf9c1f", "6844048284663924231", "product.list", `{"page":"0","size":"20"}`, "2020-07-05 22:33:59",
			"a84fc5747114e63196565192a19f80d9d78819b8c8f5940eeb282bf78260901d", "0a1288b4f742252692e6d5e006035e82"},
	} {
		text := signedText(c.secret, c.key, c.method, c.param, c.at)
		if got := digest(byHMAC, c.secret, text); got != c.hmac {
			t.Errorf("%s: hmac-sha256 = %s, want %s", c.name, got, c.hmac)
		}
		if got := digest(byMD5, c.secret, text); got != c.md5 {
			t.Errorf("%s: md5 = %s, want %s", c.name, got, c.md5)
		}
	}
}

func TestSignPushKnownAnswers(t *testing.T) {
	for _, c := range []struct{ body, hmac, md5 string }{
		{`[{"tag":"0","msg_id":"0","data":"2026-05-29T04:26:40+08:00"}]`,
			"5534220f2ceebe554de1866e6d9c4f52534f1e09d22d3d6659666746352939b3", "4ac8b091ad6f773384e67230120538f0"},
		{`[{"tag":"100","msg_id":"5551001:100","data":"{\"shop_id\":5551001,\"note\":\"茶\"}"}]`,
			"13699ad5c9b970e36de4281a4e0b887950529eb5ef5f078e01a2c555a319312e", "1023482d4b5e528bdbe64dc2b7e21c5c"},
	} {
		if got := signPush(byHMAC, knownSecret, knownKey, []byte(c.body)); got != c.hmac {
			t.Errorf("hmac-sha256 of %s = %s, want %s", c.body, got, c.hmac)
		}
		if got := signPush(byMD5, knownSecret, knownKey, []byte(c.body)); got != c.md5 {
			t.Errorf("md5 of %s = %s, want %s", c.body, got, c.md5)
		}
	}
}

func TestTextsOfABody(t *testing.T) {
	const body = `{"b": {"z":1,"a":2.50}, "a":"<'=&>", "B":null}`
	const sorted = `{"B":null,"a":"<'=&>","b":{"a":2.50,"z":1}}`
	for form, want := range map[string]string{
		"raw": body, "sorted": sorted,
		"html": `{"B":null,"a":"\u003c'=\u0026\u003e","b":{"a":2.50,"z":1}}`,
		"gson": `{"B":null,"a":"\u003c\u0027\u003d\u0026\u003e","b":{"a":2.50,"z":1}}`,
	} {
		all := texts(form, body)
		if got := all[len(all)-1]; got != want || all[0] != body {
			t.Errorf("texts(%s) = %q, want the body and %s", form, all, want)
		}
	}
	if n := len(texts("any", body)); n != 4 {
		t.Errorf("texts of any form = %d, want four", n)
	}
}
