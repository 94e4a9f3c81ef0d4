package signing_test

import (
	"crypto/md5"
	"crypto/sha256"
	"testing"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform/signing"
)

// The answers are those that the platforms' documents print, or that their own SDKs gave for made-up credentials.
func TestRecipesGiveTheKnownAnswersOfThePlatforms(t *testing.T) {
	const (
		taobao  = "helloworldsecret0123456789abcdef"
		lazada  = "kX4mPq8sTv2wYz6bDf0hJn3rLc7gMe5a"
		tiktok  = "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00"
		douyin  = "0c9d3b71-aa52-4e6f-8f10-5b2e7d94c3a8"
		shopee  = "0f1e2d3c4b5a69788796a5b4c3d2e1f00123456789abcdef0123456789abcdef"
		shopify = "hush"
	)
	doudian := "app_key7100000000000000042methodopen.getAuthInfoparam_json{\"auth_id\":\"5551001\"}timestamp1780000000v2"
	push := `[{"tag":"0","msg_id":"0","data":"2026-05-29T04:26:40+08:00"}]`
	lazadaText := "/order/get" + signing.Pairs{
		{"app_key", "246810"}, {"sign_method", "sha256"}, {"timestamp", "1780000000000"},
		{"B", "1"}, {"a_b", "2"}, {"ab", "3"}, {"a", "4"}, {"a1", "5"},
	}.Sorted().Joined("", "")
	for _, c := range []struct {
		name, text, secret, want string
		recipe                   signing.Recipe
	}{
		{"lazada, names of every kind", lazadaText, lazada, "31DA1CD064C6ADD089A4EAB61AE279C8B5F8BFEAAE86C0BB465E48AAA9C91864", signing.HMACUpper},
		{"lazada, published", "/order/getaccess_tokentestapp_key123456order_id1234sign_methodsha256timestamp1517820392000", "helloworld",
			"4190D32361CFB9581350222F345CB77F3B19F0E31D162316848A2C1FFD5FAB4A", signing.HMACUpper},
		{"lazada, push", `246810{"seller_id":"1000777","message_type":13,"data":{"status":"close"},"timestamp":1780000000,"site":"lazada_my"}`, lazada,
			"ff3dbd17c0970962a3c91d4711de176f34f4bdc36332de913f6e7e1b2e8a5459", signing.HMACLower},
		{"tiktok shop, shops", "/authorization/202309/shopsapp_key6gdev0fact5ktimestamp1750000000", tiktok,
			"5b4b1823c84de06f5ece811d088e064f92cff38137f1254b38cb6ab0a5f95112", signing.HMACAround},
		{"tiktok shop, published", "/authorization/202309/shopsapp_key29a39dtimestamp1623812664", "e59af819cc",
			"b596b73e0cc6de07ac26f036364178ab16b0a907af13d43f0a0cd2345f582dc8", signing.HMACAround},
		{"douyin, hmac-sha256", doudian, douyin, "9dac2f2e6500ffa202c11070a35022e2948a01e441005a98b219c700fad5796a", signing.HMACAround},
		{"douyin, md5", doudian, douyin, "b390af6f8fe3992006bb8ac94c88a531", signing.MD5AroundLower},
		{"douyin, push", "7100000000000000042" + push, douyin, "4ac8b091ad6f773384e67230120538f0", signing.MD5AfterLower},
		{"douyin, push, hmac-sha256", "7100000000000000042" + push, douyin,
			"5534220f2ceebe554de1866e6d9c4f52534f1e09d22d3d6659666746352939b3", signing.HMACAfter},
		{"shopee, shop", "2008899/api/v2/shop/get_shop_info176000000074303067744f6b656e3030303030303077001234", shopee,
			"7607801d4d32867fc2ade324b55d5d2b790a49478dbb86772ec4067f7e35eef9", signing.HMACLower},
		{"eleme, getUser", `eleme.user.getUser3f9a0c7714e2b6d58a1c9e0f7b2d4c66app_key="hUb2Demo01"timestamp=1720000000`,
			"5d41402abc4b2a76b9719d911017c592aa10bb20", "02FC733543DD0CA950FE9FC23B222089", signing.MD5After},
		{"taobao, md5", taobaoText("md5"), taobao, "6A52BF7EC0ABF2DA30F1F5E55CF7A216", signing.MD5Around},
		{"taobao, hmac", taobaoText("hmac"), taobao, "680FCF2967E920DE445E54CD3A9F5177", signing.HMACMD5},
		{"taobao, hmac-sha256", taobaoText("hmac-sha256"), taobao, "BFF92E71B3191A8DDBC463A8947E4A014668A2259C9BAE3EFEA7D129A9C6C640", signing.HMACUpper},
		{"shopify, callback", "code=c0de&host=YWRtaW4uc2hvcGlmeS5jb20vc3RvcmUvZGVtby03&shop=demo-7.myshopify.com&state=9f2c&timestamp=1797000000", shopify,
			"6ff8328ecab0b0c21350c6404bee1221cf44c09babab49259633d4426855bb13", signing.HMACLower},
		{"shopify, webhook", `{"id":548380009}`, shopify, "NL8fmygrhcons0wLPoZ64o9ma6MmTOnYdT3e9VAzpTs=", signing.HMACBase64},
		{"shopify, webhook that is not UTF-8", "{\"a\":\"\xe9\"}\n", shopify, "ZcYghdifSGDBeLQbPFZl1lLcM+C9sCOzOku0aTwJRiM=", signing.HMACBase64},
	} {
		if got := c.recipe.Sign(c.text, gk.NewSecret(c.secret)); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

func taobaoText(method string) string {
	return signing.Pairs{
		{"method", "taobao.user.seller.get"}, {"app_key", "12345678"}, {"session", "6102demo000000000000000000000001000000042"},
		{"timestamp", "2026-01-15 10:30:00"}, {"v", "2.0"}, {"format", "json"}, {"sign_method", method},
		{"fields", "nick,user_id"}, {"memo", "红色 A+B&C"}, {"note", "  "},
	}.Filled().Sorted().Joined("", "")
}

func TestMaskedTextHoldsNoSecret(t *testing.T) {
	for want, r := range map[string]signing.Recipe{
		"REDACTEDtextREDACTED": signing.MD5Around,
		"textREDACTED":         signing.MD5After,
		"text":                 signing.HMACLower,
	} {
		if got := r.Masked("text"); got != want {
			t.Errorf("masked %q, want %q", got, want)
		}
	}
}

func TestPlainDigestsHaveNoSecret(t *testing.T) {
	if got := signing.Plain(sha256.New, signing.LowerHex, ""); got != "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" {
		t.Errorf("SHA-256 of nothing: %s", got)
	}
	if got := signing.Plain(md5.New, signing.UpperHex, ""); got != "D41D8CD98F00B204E9800998ECF8427E" {
		t.Errorf("MD5 of nothing: %s", got)
	}
}
