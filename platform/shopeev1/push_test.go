package shopeev1_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"testing"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

const pushURL = "https://hub.example.org/push/v1"

func hmacHex(key, text string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}

func receive(key, body string, change ...func(*platform.App)) (platform.Delivery, error) {
	in := platform.Incoming{
		Method: "POST", URL: "http://10.0.0.7/push", Body: []byte(body), Header: http.Header{"Authorization": {hmacHex(key, pushURL+"|"+body)}},
	}
	return driver.(platform.Receiver).Receive(testApp(change...), in)
}

func TestPush(t *testing.T) {
	for body, want := range map[string]string{
		`{"shop_id":60012,"code":1,"success":1,"extra":"shop id 60012","data":{},"timestamp":1570500000}`: "authorized shop:60012",
		`{"shop_id":"60012","code":"2","success":"1","timestamp":1570500000}`:                             "revoked shop:60012",
		`{"code":2,"data":{"shopid":60012,"success":1},"partner_id":800123,"timestamp":1570500000}`:       "revoked shop:60012",
		`{"code":2,"data":{"shop_id_list":[60012,60012,60013]},"timestamp":1570500000}`:                   "revoked shop:60012 shop:60013",
		`{"code":2,"data":{"extra":"cancelled"},"timestamp":1570500000}`:                                  "revoked census",
		`{"code":2,"data":{"shop_id":{}},"timestamp":1570500000}`:                                         "revoked census",
		`{"shop_id":60012,"code":1,"success":0,"timestamp":1570500000}`:                                   "other",
		`{"shop_id":60012,"code":3,"data":"x","timestamp":1570500000}`:                                    "other",
	} {
		d, err := receive(partnerKey, body)
		if err != nil || len(d.Notices) != 1 || d.Answer.Status != 204 || len(d.Answer.Body) != 0 || d.Matched != "partner_key" {
			t.Errorf("%s: Receive = %+v, %v", body, d, err)
			continue
		}
		n := d.Notices[0]
		got := n.Kind
		for _, s := range n.Subjects {
			got += " " + s.String()
		}
		if n.Census {
			got += " census"
		}
		if got != want || !n.At.Equal(now) || len(n.Dedup) != 64 {
			t.Errorf("%s: notice = %s at %v, want %s", body, got, n.At, want)
		}
	}
}

func TestPushProof(t *testing.T) {
	const body = `{"shop_id":60012,"code":1,"timestamp":1570500000}`
	withPushKey := func(a *platform.App) { a.Secrets["push_key"] = []gk.Secret{gk.NewSecret("pk")} }
	if d, err := receive("pk", body, withPushKey); err != nil || d.Matched != "push_key" {
		t.Errorf("push key: %+v, %v", d, err)
	}
	if _, err := receive("pk", body); !errors.Is(err, platform.ErrForged) {
		t.Errorf("a foreign key: %v, want ErrForged", err)
	}
	if _, err := receive(partnerKey, body, func(a *platform.App) { delete(a.Settings, "push_url") }); !errors.Is(err, platform.ErrForged) || !strings.Contains(err.Error(), "push_url") {
		t.Errorf("no push_url: %v", err)
	}
	if _, err := driver.(platform.Receiver).Receive(testApp(), platform.Incoming{Method: "POST", Body: []byte(body)}); !errors.Is(err, platform.ErrForged) {
		t.Errorf("no header: %v, want ErrForged", err)
	}
	var b *platform.BadCallback
	if _, err := receive(partnerKey, `{"code":2,"partner_id":1}`); !errors.As(err, &b) {
		t.Errorf("another partner: %v, want a BadCallback", err)
	}
	// What is proven is acknowledged, also when it says nothing.
	for _, empty := range []string{``, `x`, `{}`, `{"code":1,"code":2}`, `{"code":1.5}`} {
		if d, err := receive(partnerKey, empty); err != nil || d.Answer.Status != 204 || d.Notices[0].Kind != platform.NoticeOther {
			t.Errorf("%q: %+v, %v, want it acknowledged", empty, d, err)
		}
	}
}

// The console shows a key of pushes only once the address is saved, and saves it only once its test push is answered.
func TestConsoleTestPushComesBeforeThePushKey(t *testing.T) {
	const test = `{"code":0,"data":{"verify_info":"This is a Verification message."}}`
	d, err := receive("a key nobody has entered", test, func(a *platform.App) { delete(a.Secrets, "push_key") })
	if err != nil || d.Answer.Status != 204 || len(d.Notices) != 0 {
		t.Errorf("the console's test: %+v, %v; want 204 and nothing else", d, err)
	}
	_, err = receive("another key", test, func(a *platform.App) { a.Secrets["push_key"] = []gk.Secret{gk.NewSecret("entered")} })
	if !errors.Is(err, platform.ErrForged) {
		t.Errorf("the console's test with another key than the one entered: %v, want ErrForged", err)
	}
}
