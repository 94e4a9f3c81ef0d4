package explain_test

import (
	"encoding/base64"
	"fmt"
	"html"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/grantkeep/grantkeep/explain"
	"github.com/grantkeep/grantkeep/platform/platformtest"
)

// printed returns an object as logs and languages show it. The object's texts hold no quotation marks of their own.
func printed(body string) map[string]string {
	python := strings.NewReplacer(`"`, `'`, `null`, `None`).Replace(body)
	members := regexp.MustCompile(`"([a-z_]+)":`)
	array := members.ReplaceAllString(strings.NewReplacer(`{`, "Array\n(\n", `}`, "\n)\n", `,"`, "\n\"", `null`, ``).Replace(body), "    [$1] => ")
	return map[string]string{
		"print_r":    strings.ReplaceAll(array, `"`, ``),
		"javascript": strings.ReplaceAll(members.ReplaceAllString(body, "$1: "), `"`, `'`),
		"log line":   `2026-11-20 10:00:00.123 ERROR [worker-3] c.e.Client - call failed, status=200 body=` + body + ` cost=12ms`,
		"exception":  "com.example.ApiException: unexpected answer " + body + "\n\tat com.example.Client.call(Client.java:42)",
		"python":     "requests failed: " + python,
		"escaped":    `level=error msg="bad answer" body="` + strings.ReplaceAll(body, `"`, `\"`) + `"`,
		"indented":   strings.NewReplacer(`{`, "{\n  ", `,"`, ",\n  \"", `}`, "\n}").Replace(body),
		"fence":      "```json\n" + body + "\n```",

		"utf-16":          "\xff\xfe" + wide(body),
		"windows":         "\ufeff" + strings.ReplaceAll(body, ",", ",\r\n"),
		"encoded":         url.QueryEscape(body),
		"encoded twice":   url.PathEscape(url.QueryEscape(body)),
		"base64":          base64.StdEncoding.EncodeToString([]byte(body)),
		"html":            "<pre>" + html.EscapeString(body) + "</pre>",
		"raw http":        "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n\r\n" + body,
		"axios":           "AxiosError: Request failed with status code 400 {\n  code: 'ERR_BAD_REQUEST',\n  response: { status: 400, data: " + body + " }\n}",
		"json log":        `{"level":"error","ts":1790000000,"msg":"refresh failed","response":` + body + `}`,
		"json in a text":  `{"level":"error","msg":"refresh failed","response":` + strconv.Quote(body) + `}`,
		"go oauth2":       "oauth2: cannot fetch token: 400 Bad Request\nResponse: " + body,
		"guzzle":          "Client error: `POST https://api.example/token` resulted in a `400 Bad Request` response:\n" + body + "\n in /var/www/Client.php:113",
		"several answers": `{"ok":true}` + "\n" + body + "\n" + `{"ok":true}`,
	}
}

// wide is a text in UTF-16, as Windows editors save it.
func wide(text string) string {
	var b strings.Builder
	for _, unit := range utf16.Encode([]rune(text)) {
		b.WriteByte(byte(unit))
		b.WriteByte(byte(unit >> 8))
	}
	return b.String()
}

// TestFormsOfEveryPlatform asks about one answer of each platform in every form in which people bring it: each must be
// read as the bare answer is.
func TestFormsOfEveryPlatform(t *testing.T) {
	for _, d := range drivers {
		code := d.Spec().Code
		said := platformtest.ReadSample(t, d, os.DirFS("../platform/"+code+"/testdata")).Refused
		want := ask(t, code, explain.Question{Body: []byte(said.Body)})
		if !want.Known || want.Code != said.Code {
			t.Errorf("%s: %s is %s (%q), known %v", code, said.Body, want.Row, want.Code, want.Known)
		}
		forms := printed(said.Body)
		forms["words in a log line"] = "2026-11-20 10:00:00 WARN [pool-1] refused by the platform: " + said.Code + " " + said.Message
		forms["words in Chinese"] = "【接口报错】错误码：" + said.Code + "，错误信息：" + said.Message + "，请处理"
		forms["words with a code in brackets"] = "调用失败（" + said.Code + "）：“" + said.Message + "”。"
		forms["words of an exception"] = "ApiError: " + said.Code + ": " + said.Message + " (attempt 3)"
		for name, text := range forms {
			if got := ask(t, code, explain.Question{Body: []byte(text)}); got.Row != want.Row || got.Code != want.Code {
				t.Errorf("%s, %s: %s (%q), want %s (%q)", code, name, got.Row, got.Code, want.Row, want.Code)
			}
		}
		for _, other := range drivers {
			foreign := ask(t, other.Spec().Code, explain.Question{Stage: "call", Body: []byte(said.Body)})
			if other.Spec().Code != code && (foreign.Code == "" || foreign.Terminal || foreign.Action == "none") {
				t.Errorf("%s's answer at %s: %s (%q), %s, terminal %v", code, other.Spec().Code, foreign.Row, foreign.Code, foreign.Action, foreign.Terminal)
			}
		}
		for language, words := range map[string]string{"zh-CN": want.Cause.ZhCN, "zh-TW": want.Cause.ZhTW, "en": want.Cause.En} {
			if words == "" {
				t.Errorf("%s: no cause in %s", code, language)
			}
		}
	}
}

// TestGoodCallbacksAreNoErrors asks about a callback that brings what it should, with blanks decoded and inside a log line.
func TestGoodCallbacksAreNoErrors(t *testing.T) {
	for code, query := range map[string]string{
		"shopify":    "code=c0de&hmac=" + strings.Repeat("ab", 32) + "&host=YWJj&shop=demo-1.myshopify.com&state=x 1&timestamp=1790000000",
		"tiktokshop": "app_key=6a1b&code=ROW_c0de&locale=en-GB&shop_region=GB&state=x 1",
		"lazada":     "code=0_100132_c0de&state=x 1",
		"douyin":     "code=c0de&state=x 1",
	} {
		for _, form := range []string{"https://hub.example.org/cb?%s", "127.0.0.1 - - GET https://hub.example.org/cb?%s"} {
			text := fmt.Sprintf(form, query)
			if f := ask(t, code, explain.Question{Body: []byte(text)}); f.Row != "local:no_error" || f.Action != "none" || f.Terminal {
				t.Errorf("%s: %s: %s (%q, %q), %s", code, text, f.Row, f.Code, f.Message, f.Action)
			}
		}
	}
}
