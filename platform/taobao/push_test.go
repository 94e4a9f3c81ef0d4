package taobao_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

func spi(address, contentType, body string, header ...string) platform.Incoming {
	h := http.Header{"Content-Type": {contentType}}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return platform.Incoming{Method: "POST", URL: address, Header: h, Body: []byte(body)}
}

func TestPlatformToVendorRequests(t *testing.T) {
	const body = `{"order":1}`
	md5Of := func(text string) string { return upperMD5(demoSecret + text + demoSecret) }
	genuine := "https://hub.example.com/push/taobao?method=qimen.x&timestamp=2026-01-15+10%3A30%3A00&sign=" + md5Of("methodqimen.xtimestamp2026-01-15 10:30:00"+body)
	tests := map[string]struct {
		in platform.Incoming
		ok bool
	}{
		"JSON body": {spi(genuine, "application/json", body), true},
		"form": {spi("https://hub.example.com/push/taobao?a=1&sign="+md5Of("a1b小 店"), "application/x-www-form-urlencoded;charset=UTF-8",
			"b=%E5%B0%8F+%E5%BA%97"), true},
		"signed headers": {spi("https://hub.example.com/push/taobao?a=1&sign="+md5Of("a1x-top-user店"+body), "application/json", body,
			"top-sign-list", "x-top-user", "X-Top-User", "%E5%BA%97"), true},
		"other body":   {spi(genuine, "application/json", `{"order":2}`), false},
		"other query":  {spi(strings.Replace(genuine, "qimen.x", "qimen.y", 1), "application/json", body), false},
		"lower case":   {spi(strings.ToLower(genuine), "application/json", body), false},
		"no signature": {spi("https://hub.example.com/push/taobao?a=1", "application/json", body), false},
	}
	for name, tt := range tests {
		d, err := driver.(platform.Receiver).Receive(demoApp(nil), tt.in)
		switch {
		case tt.ok && (err != nil || len(d.Notices) != 1 || d.Notices[0].Kind != platform.NoticeOther || !strings.Contains(string(d.Answer.Body), "success")):
			t.Errorf("%s: Receive = %+v, %v, want a notice", name, d, err)
		case !tt.ok && (!errors.Is(err, platform.ErrForged) || strings.Contains(string(d.Answer.Body), "success")):
			t.Errorf("%s: Receive = %+v, %v, want ErrForged", name, d, err)
		}
	}
	d, _ := driver.(platform.Receiver).Receive(demoApp(nil), tests["JSON body"].in)
	if !d.Notices[0].At.Equal(now) || d.Notices[0].Dedup == "" {
		t.Errorf("notice = %+v, want the time of the request and a key", d.Notices[0])
	}

	var bad *platform.BadCallback
	for name, in := range map[string]platform.Incoming{
		"twice in the query":     spi("https://hub.example.com/push?a=1&a=2&sign=x", "application/json", body),
		"in query and form":      spi("https://hub.example.com/push?a=1&sign=x", "application/x-www-form-urlencoded", "a=2"),
		"signature in both":      spi("https://hub.example.com/push?sign=x", "application/x-www-form-urlencoded", "sign=y"),
		"broken escape in query": spi("https://hub.example.com/push?a=%zz", "application/json", body),
	} {
		if d, err := driver.(platform.Receiver).Receive(demoApp(nil), in); !errors.As(err, &bad) {
			t.Errorf("%s: Receive = %+v, %v, want a BadCallback", name, d, err)
		}
	}
}

func TestMessagesAreSwitchedOnPerSeller(t *testing.T) {
	subscriber := driver.(platform.Subscriber)
	reqs, err := subscriber.SubscribeRequests(demoApp(map[string]string{"tmc_topics": "taobao_top_AuthCancel, taobao_fuwu_ServiceOpen"}), credential())
	if err != nil || len(reqs) != 1 {
		t.Fatal(reqs, err)
	}
	v := sent(t, reqs[0])
	if v.Get("method") != "taobao.tmc.user.permit" || v.Get("session") != demoToken || v.Get("topics") != "taobao_top_AuthCancel,taobao_fuwu_ServiceOpen" {
		t.Errorf("request = %v", v)
	}
	if reqs, err = subscriber.SubscribeRequests(demoApp(nil), credential()); err != nil || sent(t, reqs[0]).Has("topics") {
		t.Errorf("without a list of topics none may be sent: %v, %v", reqs, err)
	}
	sub := credential()
	sub.Subject.Parent = "42"
	if reqs, err = subscriber.SubscribeRequests(demoApp(nil), sub); err != nil || len(reqs) != 0 {
		t.Errorf("a sub-account needs no subscription: %v, %v", reqs, err)
	}
}

func TestMessagesArePulledAndConfirmed(t *testing.T) {
	puller, app := driver.(platform.Puller), demoApp(map[string]string{"tmc_group": "hub"})
	req, err := puller.PullRequest(app, platform.Credential{}, "")
	if err != nil || sent(t, req).Get("method") != "taobao.tmc.messages.consume" || sent(t, req).Get("group_name") != "hub" || sent(t, req).Has("session") {
		t.Fatalf("PullRequest = %v, %v", req, err)
	}
	body := `{"tmc_messages_consume_response":{"messages":{"tmc_message":[
		{"id":9160000000000000001,"topic":"taobao_top_AuthCancel","content":"{\"open_id\":\"AAHx\",\"user_id\":\"2206000000042\"}","user_id":1,"pub_time":"2026-01-15 10:00:00"},
		{"id":"2","topic":"taobao_top_AuthCancel","content":"{\"open_id\":\"AAHx\"}","pub_time":"junk"},
		{"id":3,"topic":"taobao_fuwu_ServiceOpen","content":"{\"effect_status\":1}","user_id":"43","user_nick":"x"},
		{"id":4,"topic":"taobao_trade_TradeCreate","content":"{}"},
		{"id":5,"topic":"taobao_fuwu_OrderPaid","content":"not JSON"}]}}}`
	notices, confirm, cursor, err := puller.ReadPull(app, reply(200, body))
	if err != nil || cursor != "" {
		t.Fatal(err, cursor)
	}
	account := func(id string) []gk.Subject { return []gk.Subject{{Kind: "account", ID: id}} }
	want := []platform.Notice{
		{Kind: platform.NoticeRevoked, Subjects: account("2206000000042"), At: time.Date(2026, 1, 15, 2, 0, 0, 0, time.UTC), Dedup: "9160000000000000001"},
		{Kind: platform.NoticeRevoked, Subjects: account("AAHx"), Dedup: "2"},
		{Kind: platform.NoticeOrdered, Subjects: account("43"), Dedup: "3"},
		{Kind: platform.NoticeOther, Dedup: "5"},
	}
	if diff := cmp.Diff(want, notices); diff != "" {
		t.Errorf("notices (-want +got):\n%s", diff)
	}
	v := sent(t, confirm)
	if v.Get("method") != "taobao.tmc.messages.confirm" || v.Get("s_message_ids") != "9160000000000000001,2,3,5" || v.Get("group_name") != "hub" {
		t.Errorf("confirmation = %v, want the messages about authorizations only", v)
	}

	for name, body := range map[string]string{
		"nothing":        `{"tmc_messages_consume_response":{"request_id":"x"}}`,
		"others' topics": `{"tmc_messages_consume_response":{"messages":{"tmc_message":[{"id":4,"topic":"taobao_trade_TradeCreate"}]}}}`,
	} {
		if notices, confirm, _, err := puller.ReadPull(app, reply(200, body)); err != nil || confirm != nil || len(notices) != 0 {
			t.Errorf("%s: ReadPull = %v, %v, %v, want nothing to confirm", name, notices, confirm, err)
		}
	}
	if _, _, _, err := puller.ReadPull(app, reply(200, `{"tmc_messages_consume_response":{"messages":{"tmc_message":[{"id":1.5}]}}}`)); !errors.Is(err, platform.ErrGarbage) {
		t.Errorf("a broken id: %v, want ErrGarbage", err)
	}
	var fault *gk.Fault
	if _, _, _, err := puller.ReadPull(app, reply(200, `{"error_response":{"code":29,"msg":"Invalid App Key"}}`)); !errors.As(err, &fault) || fault.Action != gk.FixConfig {
		t.Errorf("a refused pull: %v, want its fault", err)
	}
}
