package lazada

import (
	"net/url"
	"testing"
)

// TestSignKnownAnswers computes the answers of the platform's page; the last is one that the platform printed itself.
func TestSignKnownAnswers(t *testing.T) {
	const secret, token = "kX4mPq8sTv2wYz6bDf0hJn3rLc7gMe5a", "50000demoABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijk0123456789"
	base := func(more ...string) url.Values {
		q := url.Values{"app_key": {"246810"}, "sign_method": {"sha256"}, "timestamp": {"1780000000000"}, "sign": {"not signed"}}
		for i := 0; i < len(more); i += 2 {
			q.Set(more[i], more[i+1])
		}
		return q
	}
	for _, c := range []struct {
		name, path string
		params     url.Values
		without    bool
		want       string
	}{
		{"1", createPath, base("code", "0_246810_aB3dE5fG7hJ9kL"), false, "BDD8ADE514ADC8EDFBFD10634AAA9DD1154C68C1944275E28C2EA25CF1EFC350"},
		{"2", refreshPath, base("refresh_token", "50001demoZYXWVUTSRQPO"), false, "E86CB2931F5102A84121C64682DB825DFE9FAABA0241B2F89488CAB9C5B7D935"},
		{"3", "/seller/get", base("access_token", token), false, "796DA56564F2FAD0DA7FEB97B13FC5A1B22C560D1C0519221A6294363B22FB2B"},
		{"4", "/orders/get", base("access_token", token, "created_after", "2026-05-01T00:00:00+07:00", "limit", "50", "status", "ready_to_ship"), false,
			"67BB7B7935D83E5E3C1871863844EDB9D9DB0D3A7422618DE6556128493B7902"},
		{"5", "/product/update", base("access_token", token, "payload", `<Request><n>ชา 茶 & "trà"</n></Request>`), false,
			"65B84588D2F878FD6FE9D3F9BD8CD6E89579B301DCB770887BB30F2CE4DFDD31"},
		{"6", "/order/get", base("B", "1", "a_b", "2", "ab", "3", "a", "4", "a1", "5"), false, "31DA1CD064C6ADD089A4EAB61AE279C8B5F8BFEAAE86C0BB465E48AAA9C91864"},
		{"7", "/seller/get", base("access_token", token, "partner_id", "grantkeep-1"), false, "974B0D3C70B4D1BECFEF48B9B939EC84F3F8C80CD75B555B3397B042071423E6"},
		{"8", "/seller/get", base("access_token", token, "timestamp", "2026-05-28T20:26:40Z"), false, "03FED938C8EF7B9C677953A3CD6F3D06B7ACD80A038852BC9751F40ED4BC234B"},
		{"9", "/orders/get", base("access_token", token, "limit", ""), false, "8318F6E5F8E440BB8978E5187BF26778E2E66F7D327E6B6E5F5022B84A8B8468"},
		{"10", "/orders/get", base("access_token", token, "limit", ""), true, "AE97CC4F1979A925F096BCBF45CE2E93456716D8E05A66EEB86A08F5D6B4C0D8"},
		{"11", "/image/upload", base("access_token", token, "note", "图"), false, "229DD7F7DC5464B7CD8CF48731071FC26F573FDC4323360E701F479DFE1571C5"},
	} {
		if got := sign(secret, signedText(c.path, c.params, c.without)); got != c.want {
			t.Errorf("%s: %s signed %s, want %s", c.name, signedText(c.path, c.params, c.without), got, c.want)
		}
	}
	const text = "/order/getaccess_tokentestapp_key123456order_id1234sign_methodsha256timestamp1517820392000"
	if got := sign("helloworld", text); got != "4190D32361CFB9581350222F345CB77F3B19F0E31D162316848A2C1FFD5FAB4A" {
		t.Errorf("14: sign = %s", got)
	}
}

func TestSignPushKnownAnswers(t *testing.T) {
	for body, want := range map[string]string{
		`{"seller_id":"null","message_type":8,"data":{"app_key":"246810","auth_expiry_time":1780172800,"seller_id":"1000777"},"timestamp":1780000000,"site":"lazada_th"}`: "07d6dcc592227f23c8628e6367560b0c345c8d04e67a3184539ac60bed8ec333",
		`{"seller_id":"1000777","message_type":13,"data":{"status":"close"},"timestamp":1780000000,"site":"lazada_my"}`:                                                   "ff3dbd17c0970962a3c91d4711de176f34f4bdc36332de913f6e7e1b2e8a5459",
	} {
		if got := signPush("kX4mPq8sTv2wYz6bDf0hJn3rLc7gMe5a", "246810", []byte(body)); got != want {
			t.Errorf("signPush(%s) = %s, want %s", body, got, want)
		}
	}
}
