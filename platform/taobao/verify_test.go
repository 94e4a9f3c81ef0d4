package taobao_test

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/grantkeep/grantkeep/platform"
)

func upperMD5(s string) string {
	sum := md5.Sum([]byte(s))
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

func upperHMAC(text string) string {
	mac := hmac.New(sha256.New, []byte(demoSecret))
	mac.Write([]byte(text))
	return strings.ToUpper(hex.EncodeToString(mac.Sum(nil)))
}

func verify(in platform.Incoming) error {
	return driver.(platform.Verifier).VerifyCall(demoApp(nil), in)
}

// called is a call whose system parameters stand in the query and whose business ones in the form, as official SDKs do.
func called(system, business string) platform.Incoming {
	return platform.Incoming{
		Method: "POST", URL: "https://eco.taobao.com/router/rest?" + system,
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded;charset=utf-8"}}, Body: []byte(business),
	}
}

func TestVerifyNamesTheMistake(t *testing.T) {
	const (
		system   = "v=2.0&method=taobao.item.get&app_key=12345678&session=" + demoToken + "&timestamp=2026-01-15+10%3A30%3A00&format=json&sign_method="
		business = "num_iid=7&Fields=a%2Cb&num=1&note="
		rest     = "app_key12345678formatjsonmethodtaobao.item.get"
		tail     = "timestamp2026-01-15 10:30:00v2.0"
	)
	text := func(method string) string {
		return "Fieldsa,b" + rest + "num1num_iid7session" + demoToken + "sign_method" + method + tail
	}
	tests := map[string]struct{ method, sign, why string }{
		"right":             {"md5", upperMD5(demoSecret + text("md5") + demoSecret), ""},
		"right, hmac":       {"hmac-sha256", upperHMAC(text("hmac-sha256")), ""},
		"blank name signed": {"md5", upperMD5(demoSecret + strings.Replace(text("md5"), "num1", "notenum1", 1) + demoSecret), ""},
		"lower case":        {"md5", strings.ToLower(upperMD5(demoSecret + text("md5") + demoSecret)), "lower case"},
		"md5 for hmac":      {"hmac-sha256", upperMD5(demoSecret + text("hmac-sha256") + demoSecret), "signed with md5"},
		"hmac for md5":      {"md5", upperHMAC(text("hmac-sha256")), "under that name"},
		"secret in front":   {"md5", upperMD5(demoSecret + text("md5")), "both sides"},
		"secret behind":     {"md5", upperMD5(text("md5") + demoSecret), "both sides"},
		"secret missing":    {"md5", upperMD5(text("md5")), "secret is missing"},
		"secret twice":      {"hmac-sha256", upperHMAC(demoSecret + text("hmac-sha256") + demoSecret), "key only"},
		"unsorted": {"md5", upperMD5(demoSecret + "v2.0methodtaobao.item.getapp_key12345678session" + demoToken +
			"timestamp2026-01-15 10:30:00formatjsonsign_methodmd5num_iid7Fieldsa,bnum1" + demoSecret), "not sorted"},
		"case folded": {"md5", upperMD5(demoSecret + "app_key12345678Fieldsa,bformatjsonmethodtaobao.item.getnum1num_iid7session" + demoToken + "sign_methodmd5" + tail + demoSecret), "regard to case"},
		"encoded":     {"md5", upperMD5(demoSecret + strings.NewReplacer("a,b", "a%2Cb", "15 10:30:00", "15+10%3A30%3A00").Replace(text("md5")) + demoSecret), "URL-encoded"},
		"separators": {"md5", upperMD5(demoSecret + "Fields=a,b&app_key=12345678&format=json&method=taobao.item.get&num=1&num_iid=7&session=" + demoToken +
			"&sign_method=md5&timestamp=2026-01-15 10:30:00&v=2.0" + demoSecret), "without separators"},
		"no session":   {"md5", upperMD5(demoSecret + strings.Replace(text("md5"), "session"+demoToken, "", 1) + demoSecret), "session is missing"},
		"query only":   {"md5", upperMD5(demoSecret + strings.NewReplacer("Fieldsa,b", "", "num1num_iid7", "").Replace(text("md5")) + demoSecret), "query were signed"},
		"other clock":  {"md5", upperMD5(demoSecret + strings.Replace(text("md5"), "2026-01-15 10:30:00", "1768444200000", 1) + demoSecret), "another form"},
		"other secret": {"md5", upperMD5("x" + text("md5") + "x"), "none of the known mistakes"},
		"too long":     {"md5", strings.Repeat("A", 64), "64 characters"},
		"too short":    {"hmac-sha256", strings.Repeat("A", 32), "32 characters"},
	}
	for name, tt := range tests {
		err := verify(called(system+tt.method+"&sign="+tt.sign, business))
		if (err == nil) != (tt.why == "") || err != nil && !strings.Contains(err.Error(), tt.why) {
			t.Errorf("%s: VerifyCall = %v, want %q", name, err, tt.why)
		}
		if err != nil && (strings.Contains(err.Error(), demoSecret) || strings.Contains(err.Error(), demoToken)) {
			t.Errorf("%s: the error shows a secret", name)
		}
	}
}

func TestVerifyClockAndIdentifiers(t *testing.T) {
	call := func(key, timestamp, method string) platform.Incoming {
		text := "app_key" + key + "methodtaobao.time.getsign_method" + method + "timestamp" + timestamp + "v2.0"
		q := url.Values{"app_key": {key}, "method": {"taobao.time.get"}, "sign_method": {method}, "timestamp": {timestamp}, "v": {"2.0"}, "sign": {upperMD5(demoSecret + text + demoSecret)}}
		return called(q.Encode(), "")
	}
	sandbox := func(in platform.Incoming) platform.Incoming {
		in.URL = strings.Replace(in.URL, "eco.taobao.com", "gw.api.tbsandbox.com", 1)
		return in
	}
	tests := map[string]struct {
		in  platform.Incoming
		why string
	}{
		"GMT+8 text":      {call("12345678", "2026-01-15 10:30:00", "md5"), ""},
		"milliseconds":    {call("12345678", "1768444200000", "md5"), ""},
		"10 minutes off":  {call("12345678", "2026-01-15 10:40:00", "md5"), ""},
		"seconds":         {call("12345678", "1768444200", "md5"), "epoch seconds"},
		"UTC":             {call("12345678", "2026-01-15 02:30:00", "md5"), "written in UTC"},
		"Tokyo":           {call("12345678", "2026-01-15 11:30:00", "md5"), "time zone"},
		"20 minutes old":  {call("12345678", "2026-01-15 10:10:00", "md5"), "20m0s old"},
		"a day ahead":     {call("12345678", "2026-01-16 10:30:00", "md5"), "24h0m0s ahead"},
		"ISO":             {call("12345678", "2026-01-15T10:30:00+08:00", "md5"), "yyyy-MM-dd"},
		"another app":     {call("87654321", "2026-01-15 10:30:00", "md5"), "another app"},
		"the sandbox":     {sandbox(call("12345678", "2026-01-15 10:30:00", "md5")), "other environment"},
		"other algorithm": {call("12345678", "2026-01-15 10:30:00", "sha1"), "sign_method must be"},
		"no sign":         {called("app_key=12345678", ""), "sign is missing"},
		"no v":            {called("app_key=12345678&method=m&timestamp=1&sign_method=md5&sign=x", ""), "v is missing"},
		"twice":           {called("app_key=12345678&sign=x", "app_key=12345678"), "twice"},
		"not encoded":     {called("app_key=100%&sign=x", ""), "URL-encoded"},
	}
	for name, tt := range tests {
		err := verify(tt.in)
		if (err == nil) != (tt.why == "") || err != nil && !strings.Contains(err.Error(), tt.why) {
			t.Errorf("%s: VerifyCall = %v, want %q", name, err, tt.why)
		}
	}
}

func TestVerifyReadsMultipartAndRawBodies(t *testing.T) {
	const q = "app_key=12345678&method=taobao.picture.upload&sign_method=md5&timestamp=2026-01-15+10%3A30%3A00&v=2.0&sign="
	const text = "app_key12345678methodtaobao.picture.uploadsign_methodmd5timestamp2026-01-15 10:30:00"
	body := "--B\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\n小店\r\n--B\r\nContent-Disposition: form-data; name=\"img\"; filename=\"a.png\"\r\n\r\nPNG\r\n--B--\r\n"
	in := called(q+upperMD5(demoSecret+text+"title小店v2.0"+demoSecret), body)
	in.Header.Set("Content-Type", `multipart/form-data; boundary=B`)
	if err := verify(in); err != nil {
		t.Errorf("multipart: %v", err)
	}
	in = called(q+upperMD5(demoSecret+text+"v2.0<order/>"+demoSecret), "<order/>")
	in.Header.Set("Content-Type", "text/xml; charset=utf-8")
	if err := verify(in); err != nil {
		t.Errorf("raw body: %v", err)
	}
	in = called(q+upperMD5(demoSecret+text+"v2.0"+demoSecret), "<order/>")
	in.Header.Set("Content-Type", "text/xml")
	if err := verify(in); err == nil || !strings.Contains(err.Error(), "raw body is missing") {
		t.Errorf("raw body left out: %v", err)
	}
}
