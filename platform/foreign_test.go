package platform_test

import (
	"testing"

	"github.com/grantkeep/grantkeep/platform"
)

// TestReadForeign reads errors in forms that no platform of ours has, and leaves alone what may be content.
func TestReadForeign(t *testing.T) {
	for body, want := range map[string]string{
		`{"code":105002,"message":"expired","request_id":"r"}`:                         "105002 expired",
		`{"error_response":{"code":27,"msg":"Invalid session","sub_code":"x"}}`:        "27 Invalid session",
		`{"errcode":40001,"errmsg":"invalid credential"}`:                              "40001 invalid credential",
		`{"timestamp":"2026","status":404,"error":"Not Found","path":"/a"}`:            "Not Found ",
		`{"status":500,"message":"boom","path":"/x"}`:                                  "500 boom",
		`{"success":false,"message":"denied"}`:                                         " denied",
		`{"fault":{"faultstring":"Invalid ApiKey","detail":{"errorcode":"oauth.v2"}}}`: " Invalid ApiKey",
		`{"错误码":"9","错误信息":"参数"}`:                                                      "9 参数",
		`{"error":"","message":"","request_id":"a","response":{"message":"done"}}`:     "none",
		`{"success":true,"message":"done"}`:                                            "none",
		`{"status":200,"message":"done"}`:                                              "none",
		`{"status":"active","message":"hello","id":7}`:                                 "none",
		`{"code":0,"message":"ok"}`:                                                    "none",
		`{"orders":[],"code":7,"message":"x"}`:                                         "none",
		`{"data":{"message":"x"},"code":7,"message":"x"}`:                              "none",
		`[]`: "none", ``: "none", `null`: "none", `{}`: "none",
	} {
		got := "none"
		if said, ok := platform.ReadForeign([]byte(body)); ok {
			got = said.Code + " " + said.Message
		}
		if got != want {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
	}
}
