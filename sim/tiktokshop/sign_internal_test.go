package tiktokshop

import (
	"net/url"
	"strings"
	"testing"
)

// TestSignKnownAnswers computes the answers of the platform's page; the last is one that the platform printed itself.
func TestSignKnownAnswers(t *testing.T) {
	secret := strings.Repeat("c0ffee00", 5)
	const cipher = "&shop_cipher=ROW_factCIPH-er_9"
	const search, page = "/order/202309/orders/search", "page_size=20" + cipher
	for _, c := range []struct{ name, path, query, body, want string }{
		{"1", "/authorization/202309/shops", "", "", "5b4b1823c84de06f5ece811d088e064f92cff38137f1254b38cb6ab0a5f95112"},
		{"2", "/authorization/202309/shops", "sign=x&access_token=y", "", "5b4b1823c84de06f5ece811d088e064f92cff38137f1254b38cb6ab0a5f95112"},
		{"3", "/order/202309/orders", "ids=576000000000000001,576000000000000002" + cipher, "", "8760ee4cb009b6e8a23901e2a85782cf67c4b6bd6ab0508c6c6547355ad9dc24"},
		{"4", search, page, `{"order_status":"UNPAID","create_time_ge":1749990000}`, "c5ab87920e0a868c9c08d556d6c6cbef67d1244e7caffd4f0e6749c7b8530459"},
		{"5", search, page, "{}", "a9483d73ca7dbeb171bb24bbe61851393fe120e1b24b0f64ac6c2d3c2ba13c5d"},
		{"6", search, page, "", "3253714ec9e019e57859ffb12acb54f45aab56fd914717cccb239d44476870fe"},
		{"7", search, page, `{ "order_status" : "UNPAID" }` + "\n", "61b270baba910368bb7e94559405d4f60b11dc8193c6df70ce82439c5d74d3d6"},
		{"8", "/product/202309/categories", "locale=zh-CN&keyword=" + url.QueryEscape("红茶 & tea+/=") + cipher, "", "d045a18ebf8a9e8573ecda0b9739d01773363662e847dacba49b12c3ee28d0fa"},
		{"9", "/event/202309/webhooks", cipher[1:], `{"address":"https://hub.example.org/push/tts","event_type":"SELLER_DEAUTHORIZATION"}`, "9d1f036373c461c6303b6299ce7d53af8f70b6e52c79db9d789e6077ba727383"},
		{"10", "/event/202309/webhooks", cipher[1:], `{"event_type":"SELLER_DEAUTHORIZATION"}`, "0f1d7629a2401265d4a077588299a687cc33ff71fbe79872fceaa87a954c0ba8"},
		{"11", "/product/202309/images/upload", "", "", "fb860e146a6dd7a96ade192627c81db4bbe7cedde755228025ff695c0b0d7471"},
		{"12", "/product/202309/products/1729000000000000001", "Zeta=1&alpha=2&_u=3" + cipher, "", "1b959551fe769af48623b8eef1f8d814280f1886aa975726d8e9fdc1db90f237"},
		{"13", "/product/202309/products/1729000000000000001/partial_edit", cipher[1:], `{"title":"夏季红茶 ü 🎁 <b>"}`, "66884958961bd5b86824cc8f4368184769f98ab27af9375ef4c10a733b6d1a71"},
	} {
		query, err := url.ParseQuery("app_key=6gdev0fact5k&timestamp=1750000000&" + c.query)
		if err != nil {
			t.Fatal(err)
		}
		if got := sign(secret, c.path, query, []byte(c.body)); got != c.want {
			t.Errorf("%s: sign = %s, want %s", c.name, got, c.want)
		}
	}
	query := url.Values{"app_key": {"29a39d"}, "timestamp": {"1623812664"}}
	const want = "b596b73e0cc6de07ac26f036364178ab16b0a907af13d43f0a0cd2345f582dc8"
	if got := sign("e59af819cc", "/authorization/202309/shops", query, nil); got != want {
		t.Errorf("14: sign = %s, want %s", got, want)
	}
}

func TestSignPushKnownAnswers(t *testing.T) {
	secret := strings.Repeat("c0ffee00", 5)
	for _, c := range []struct{ secret, key, body, want string }{
		{secret, "6gdev0fact5k", `{"type":6,"tts_notification_id":"7510000000000000601","shop_id":"7494000000000000077","timestamp":1750000100,"data":{"message":"Shop_id 7494000000000000077 is deauthorized from your APP by merchant."}}`,
			"572e27bb44bab7f419881bb2421afdf83ce04562d656cdf95e30383750b29aa1"},
		{secret, "6gdev0fact5k", `{"type":7,"tts_notification_id":"7510000000000000701","shop_id":"7494000000000000077","timestamp":1750000200,"data":{"message":"Authorization of shop_id 7494000000000000077 is expiring in 30 days. Please direct the merchant to re-authorize.","expiration_time":"1752592200"}}`,
			"b7c8ab03d32f881a398c6e04f5ef4b09bda27c467c18f0108d788712fc6b93fc"},
		{secret, "6gdev0fact5k", `{"type":20,"creator_open_id":"FactCreatorOpenId-1","tts_notification_id":"7510000000000002001","timestamp":1750000300,"data":{"cancel_time":1750000299}}`,
			"2c1fa3fc13c113976db29afc1084be5854f2c48e7d0082d085223aa09bba4dbd"},
		{"123", "abcdef", `{"type":1,"tts_notification_id":"7380066284010030890","shop_id":"7495540735365777507","timestamp":1718305585,"data":{"is_on_hold_order":true,"order_id":"576653688135258178","order_status":"UNPAID","update_time":1718305585}}`,
			"5dec0f11ec2f6783b8deee53c9ffbf8d024302f7c7e7fa55a35d17629031ac05"},
	} {
		if got := signPush(c.secret, c.key, []byte(c.body)); got != c.want {
			t.Errorf("signPush(%s) = %s, want %s", c.body, got, c.want)
		}
	}
}
