package eleme_test

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// signedPush writes the members, given as name and JSON text in turn, with a signature over them.
func signedPush(members ...string) string {
	var pairs, parts []string
	for i := 0; i < len(members); i += 2 {
		text := members[i+1]
		var s string
		if json.Unmarshal([]byte(text), &s) == nil {
			text = s
		}
		pairs = append(pairs, members[i]+"="+text)
		parts = append(parts, `"`+members[i]+`":`+members[i+1])
	}
	slices.Sort(pairs)
	sum := md5.Sum([]byte(strings.Join(pairs, "") + demoSecret))
	return "{" + strings.Join(append(parts, `"signature":"`+strings.ToUpper(hex.EncodeToString(sum[:]))+`"`), ",") + "}"
}

func receive(app platform.App, body string) (platform.Delivery, error) {
	return driver.(platform.Receiver).Receive(app, platform.Incoming{Method: "POST", URL: "https://hub.example.test/push/eleme", Body: []byte(body)})
}

func TestTestsOfTheAddressAreAnswered(t *testing.T) {
	for _, in := range []platform.Incoming{{Method: "GET"}, {Method: "POST"}, {Method: "POST", Body: []byte(" \n")}} {
		d, err := driver.(platform.Receiver).Receive(demoApp(nil), in)
		if err != nil || string(d.Answer.Body) != `{"message":"ok"}` || d.Answer.Status != 200 || len(d.Notices) != 0 {
			t.Errorf("Receive(%s %q) = %+v, %v, want ok and no notice", in.Method, in.Body, d, err)
		}
	}
}

func TestPushOfAnOrderIsOther(t *testing.T) {
	d, err := receive(demoApp(nil), signedPush("requestId", `"r1"`, "type", "10", "appId", "55667788", "message", `""`, "shopId", "7001234", "timestamp", "1720000000123", "userId", "42", "brandNew", "true"))
	if err != nil || len(d.Notices) != 1 || d.Notices[0].Kind != platform.NoticeOther {
		t.Errorf("Receive = %+v, %v, want one notice of kind other", d, err)
	}
	if want := time.UnixMilli(1720000000123).UTC(); !d.Notices[0].At.Equal(want) {
		t.Errorf("At = %s, want the push's own time %s", d.Notices[0].At, want)
	}
}

func TestPushOlderSecretStillVerifies(t *testing.T) {
	app := demoApp(nil)
	app.Secrets = map[string][]gk.Secret{"app_secret": {gk.NewSecret("newer"), gk.NewSecret(demoSecret)}}
	if _, err := receive(app, signedPush("requestId", `"r1"`, "type", "10", "appId", "1", "message", `""`, "timestamp", "1720000000123")); err != nil {
		t.Errorf("push signed with the older secret: %v", err)
	}
}

func TestForgedPushes(t *testing.T) {
	genuine := signedPush("requestId", `"r1"`, "type", "10", "appId", "55667788", "message", `""`, "shopId", "7001234", "timestamp", "1720000000123", "userId", "42")
	for name, body := range map[string]string{
		"other shop":     strings.Replace(genuine, "7001234", "7001235", 1),
		"other type":     strings.Replace(genuine, `"type":10`, `"type":100`, 1),
		"more members":   strings.Replace(genuine, "{", `{"x":1,`, 1),
		"lower case":     strings.ToLower(genuine),
		"no signature":   `{"requestId":"r1"}`,
		"object member":  signedPush("requestId", `"r1"`, "type", "10", "appId", "1", "message", `""`, "timestamp", "1720000000123", "x", `{}`),
		"signature null": `{"requestId":"r1","signature":null}`,

		"the type as a text":      strings.Replace(genuine, `"type":10`, `"type":"10"`, 1),
		"the shop as a text":      strings.Replace(genuine, `"shopId":7001234`, `"shopId":"7001234"`, 1),
		"the app as a text":       strings.Replace(genuine, `"appId":55667788`, `"appId":"55667788"`, 1),
		"the timestamp as a text": strings.Replace(genuine, `"timestamp":1720000000123`, `"timestamp":"1720000000123"`, 1),
		"no shop at all":          signedPush("requestId", `"r1"`, "type", "10", "appId", "1", "message", `""`, "shopId", `""`, "timestamp", "1720000000123"),
	} {
		if d, err := receive(demoApp(nil), body); !errors.Is(err, platform.ErrForged) {
			t.Errorf("%s: Receive = %+v, %v, want ErrForged", name, d, err)
		}
	}
}

func TestPushesThatCannotBeUsed(t *testing.T) {
	inner := `"{\"shopId\":7001234,\"appId\":55667788}"`
	push := func(change ...string) string {
		m := []string{"requestId", `"r1"`, "type", "100", "appId", "55667788", "message", inner, "shopId", "7001234", "timestamp", "1720000000123", "userId", "42"}
		for i := 0; i < len(change); i += 2 {
			for j := 0; j < len(m); j += 2 {
				if m[j] == change[i] {
					m[j+1] = change[i+1]
				}
			}
		}
		return signedPush(m...)
	}
	for name, body := range map[string]string{
		"not JSON":        "hello",
		"a member twice":  `{"type":100,"type":10,"signature":""}`,
		"other inner app": push("message", `"{\"shopId\":7001234,\"appId\":1}"`),
	} {
		d, err := receive(demoApp(nil), body)
		var bad *platform.BadCallback
		if !errors.As(err, &bad) {
			t.Errorf("%s: Receive = %+v, %v, want a BadCallback", name, d, err)
		}
	}
	// What is proven is acknowledged, also when it cannot be read; it ends nothing.
	for name, body := range map[string]string{
		"type is a float":   push("type", "1e2"),
		"userId negative":   push("userId", "-42"),
		"message is number": push("message", "7"),
		"message broken":    push("message", `"{"`),
		"other inner shop":  push("message", `"{\"shopId\":7009999}"`),
		"no request id":     push("requestId", `""`),
		"no moment":         push("timestamp", "17"),
	} {
		d, err := receive(demoApp(nil), body)
		if err != nil || d.Answer.Status != 200 || d.Notices[0].Kind != platform.NoticeOther || len(d.Notices[0].Subjects) > 0 {
			t.Errorf("%s: Receive = %+v, %v, want it acknowledged", name, d, err)
		}
	}
	var bad *platform.BadCallback
	if _, err := receive(demoApp(map[string]string{"app_id": "1"}), push()); !errors.As(err, &bad) {
		t.Errorf("push of another app: %v, want a BadCallback", err)
	}
	if d, err := receive(demoApp(map[string]string{"app_id": "55667788"}), push()); err != nil || d.Notices[0].Kind != platform.NoticeRevoked {
		t.Errorf("genuine push = %+v, %v, want revoked", d, err)
	}
}

func TestLostPushesAreFetched(t *testing.T) {
	puller, app := driver.(platform.Puller), demoApp(map[string]string{"app_id": "55667788"})
	req, err := puller.PullRequest(app, credential(), "")
	if err != nil || !strings.Contains(string(req.Body), `"params":{"appId":55667788}`) || !strings.Contains(string(req.Body), demoToken) {
		t.Fatalf("PullRequest = %v, %v", req, err)
	}
	lost := `{"requestId":"r9","type":100,"appId":55667788,"message":"{\"shopId\":7001234,\"relieveOAuthTime\":1720000000}","shopId":7001234,"timestamp":1720000000123,"userId":"42"}`
	text, _ := json.Marshal(lost)
	notices, confirm, cursor, err := puller.ReadPull(app, reply(200, `{"result":[`+lost+`,`+string(text)+`,{"type":"x"},"junk",7],"error":null}`))
	if err != nil || confirm != nil || cursor != "" || len(notices) != 2 {
		t.Fatalf("ReadPull = %+v, %v, %q, %v, want the two that can be read", notices, confirm, cursor, err)
	}
	for _, n := range notices {
		if n.Kind != platform.NoticeRevoked || n.Dedup != "r9" || !n.At.Equal(now) || n.Shops[0] != "7001234" {
			t.Errorf("notice = %+v", n)
		}
	}
	if notices, _, _, err := puller.ReadPull(app, reply(200, `{"result":null,"error":null}`)); err != nil || len(notices) != 0 {
		t.Errorf("nothing lost: %+v, %v", notices, err)
	}
	var fault *gk.Fault
	if _, _, _, err := puller.ReadPull(app, reply(200, `{"error":{"code":"EXCEED_LIMIT","message":""}}`)); !errors.As(err, &fault) || fault.Action != gk.Backoff {
		t.Errorf("over the limit: %v, want its fault", err)
	}
	if _, err := puller.PullRequest(demoApp(nil), credential(), ""); err == nil {
		t.Error("PullRequest without app_id: no error")
	}
}
