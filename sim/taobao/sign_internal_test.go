package taobao

import "testing"

const vectorSecret = "helloworldsecret0123456789abcdef"

// TestKnownSignatures compares with the answers that the platform's facts print.
func TestKnownSignatures(t *testing.T) {
	for method, want := range map[string]string{
		"md5":         "6A52BF7EC0ABF2DA30F1F5E55CF7A216",
		"hmac":        "680FCF2967E920DE445E54CD3A9F5177",
		"hmac-sha256": "BFF92E71B3191A8DDBC463A8947E4A014668A2259C9BAE3EFEA7D129A9C6C640",
		"crc32":       "",
	} {
		params := map[string]string{
			"app_key": "12345678", "fields": "nick,user_id", "format": "json", "memo": "红色 A+B&C", "method": "taobao.user.seller.get",
			"session": "6102demo000000000000000000000001000000042", "sign_method": method, "timestamp": "2026-01-15 10:30:00", "v": "2.0",
			"sign": "not signed itself",
		}
		if got := signatures(vectorSecret, params, "")[0]; got != want {
			t.Errorf("%s = %s, want %s", method, got, want)
		}
	}
}

func TestKnownContainerSignature(t *testing.T) {
	if got, want := containerSign(vectorSecret, "12345678", "6101demo", "6102demo"), "B564774D7D847828BAB83B74D214C897"; got != want {
		t.Errorf("sign = %s, want %s", got, want)
	}
}
