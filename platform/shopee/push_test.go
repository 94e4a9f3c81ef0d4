package shopee_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

func hmacHex(key, text string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}

const pushURL = "https://hub.example.org/push/shopee"

func pushed(key, body string) platform.Incoming {
	return platform.Incoming{
		Method: "POST", URL: pushURL, Body: []byte(body), Header: http.Header{"Authorization": {hmacHex(key, pushURL+"|"+body)}},
	}
}

func receive(app platform.App, in platform.Incoming) (platform.Delivery, error) {
	return driver.(platform.Receiver).Receive(app, in)
}

func TestPushKeys(t *testing.T) {
	const body = `{"code":3,"data":{},"shop_id":77001234,"timestamp":1760000000}`
	noPartnerKey := func(a *platform.App) { a.Settings["push_partner_key"] = "false" }
	for name, c := range map[string]struct {
		app     platform.App
		in      platform.Incoming
		matched string
	}{
		"push key":                   {testApp(), pushed(pushKey, body), "push_key"},
		"partner key":                {testApp(), pushed(partnerKey, body), "partner_key"},
		"push key, partner shut out": {testApp(noPartnerKey), pushed(pushKey, body), "push_key"},
		"older push key": {testApp(func(a *platform.App) {
			a.Secrets["push_key"] = []gk.Secret{gk.NewSecret("newer"), gk.NewSecret(pushKey)}
		}), pushed(pushKey, body), "push_key"},
		"behind a proxy": {testApp(), func() platform.Incoming {
			in := pushed(pushKey, body)
			in.URL = "http://10.0.0.7:8080/push/app_1"
			return in
		}(), "push_key"},
	} {
		d, err := receive(c.app, c.in)
		if err != nil || d.Matched != c.matched || d.Answer.Status != 204 || len(d.Answer.Body) != 0 {
			t.Errorf("%s: Receive = %+v, %v, want %s", name, d, err, c.matched)
		}
	}
	changed := pushed(pushKey, body)
	changed.Body = append(changed.Body, '\n')
	twice := pushed(pushKey, body)
	twice.Header["Authorization"] = append(twice.Header["Authorization"], "x")
	capitals := pushed(pushKey, body)
	capitals.Header.Set("Authorization", strings.ToUpper(capitals.Header.Get("Authorization")))
	elsewhere := pushed(pushKey, body)
	elsewhere.URL = "https://hub.example.org/push/other"
	elsewhere.Header.Set("Authorization", hmacHex(pushKey, elsewhere.URL+"|"+body))
	for name, c := range map[string]struct {
		app platform.App
		in  platform.Incoming
		why string
	}{
		"partner key shut out": {testApp(noPartnerKey), pushed(partnerKey, body), "push_partner_key"},
		"foreign key":          {testApp(), pushed("other", body), "no key"},
		"changed body":         {testApp(), changed, "no key"},
		"two headers":          {testApp(), twice, "once"},
		"no header":            {testApp(), platform.Incoming{Method: "POST", Body: []byte(body)}, "once"},
		"capitals":             {testApp(), capitals, "no key"},
		"another address":      {testApp(), elsewhere, "not for push_url"},
		"no push_url":          {testApp(func(a *platform.App) { delete(a.Settings, "push_url") }), pushed(pushKey, body), "push_url"},
		"no keys":              {testApp(func(a *platform.App) { a.Secrets = nil }), pushed("", body), "no key"},
	} {
		if d, err := receive(c.app, c.in); !errors.Is(err, platform.ErrForged) || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: Receive = %+v, %v, want ErrForged with %q", name, d, err, c.why)
		}
	}
}

// The ids of a push may stand in any of their places.
func TestPushSubjects(t *testing.T) {
	shop := func(ids ...string) []gk.Subject {
		var all []gk.Subject
		for _, id := range ids {
			all = append(all, gk.Subject{Kind: "shop", ID: id})
		}
		return all
	}
	for name, c := range map[string]struct {
		body, kind string
		subjects   []gk.Subject
		census     bool
		row        string
	}{
		"authorized":           {`{"data":{"authorize_type":"shop authorization by user","extra":"shop id 77001234 (TW) has been authorized successfully","shop_id":77001234,"success":1},"partner_id":2008899,"code":1,"timestamp":1760000000}`, "authorized", shop("77001234"), false, ""},
		"as texts":             {`{"data":{"shop_id":"77001234","success":"1"},"code":"1","timestamp":"1760000000"}`, "authorized", shop("77001234"), false, ""},
		"main account":         {`{"data":{"shop_id_list":[77001234,77001235,77001234],"merchant_id_list":["1009001"],"main_account_id":55001,"success":1},"code":1,"timestamp":1760000000}`, "authorized", []gk.Subject{{Kind: "shop", ID: "77001234", Parent: "55001"}, {Kind: "shop", ID: "77001235", Parent: "55001"}, {Kind: "merchant", ID: "1009001", Parent: "55001"}}, false, ""},
		"main account alone":   {`{"data":{"main_account_id":55001,"success":1},"code":1,"timestamp":1760000000}`, "authorized", nil, true, ""},
		"one merchant":         {`{"data":{"merchant_id":1009001,"authorize_type":"user cancel merchant authorization"},"code":2,"timestamp":1760000000}`, "revoked", []gk.Subject{{Kind: "merchant", ID: "1009001"}}, false, "push/push:2:user cancel merchant authorization"},
		"shopid":               {`{"data":{"authorize_type":"expiry","shopid":77001234,"success":1},"code":2,"timestamp":1760000000}`, "revoked", shop("77001234"), false, "push/push:2:expiry"},
		"only in the words":    {`{"data":{"authorize_type":"user cancel shop authorization","extra":"shop id 77001234 has cancelled","success":1},"code":2,"timestamp":1760000000}`, "revoked", shop("77001234"), false, "push/push:2:user cancel shop authorization"},
		"merchant in words":    {`{"data":{"extra":"Merchant ID: 1009001 cancelled"},"code":2,"timestamp":1760000000}`, "revoked", []gk.Subject{{Kind: "merchant", ID: "1009001"}}, false, ""},
		"nowhere":              {`{"data":{"authorize_type":"user cancel shop authorization","extra":"The seller cancelled.","success":1},"code":2,"timestamp":1760000000}`, "revoked", nil, true, "push/push:2:user cancel shop authorization"},
		"frozen":               {`{"data":{"authorize_type":"App status is abnormal","shop_id":77001234},"code":2,"timestamp":1760000000}`, "revoked", shop("77001234"), false, "push/push:2:App status is abnormal"},
		"disconnected":         {`{"data":{"authorize_type":"shop and main account is disconnected","shop_id":77001234,"main_account_id":55001},"code":2,"timestamp":1760000000}`, "revoked", []gk.Subject{{Kind: "shop", ID: "77001234", Parent: "55001"}}, false, "push/push:2:shop and main account is disconnected"},
		"flat form of v1":      {`{"shop_id":60012,"code":1,"success":1,"extra":"shop id 60012","data":{},"timestamp":1760000000}`, "authorized", shop("60012"), false, ""},
		"flat, data a text":    {`{"shop_id":60012,"code":2,"success":1,"data":"","timestamp":1760000000}`, "revoked", shop("60012"), false, ""},
		"unreadable content":   {`{"data":{"shop_id":{"x":1}},"code":2,"timestamp":1760000000}`, "revoked", nil, true, ""},
		"id zero":              {`{"data":{"shop_id":0},"code":2,"timestamp":1760000000}`, "revoked", nil, true, ""},
		"no success":           {`{"data":{"shop_id":77001234,"success":0},"code":1,"timestamp":1760000000}`, "other", nil, false, ""},
		"no success as text":   {`{"data":{"shop_id":77001234,"success":"0"},"code":2,"timestamp":1760000000}`, "other", nil, false, ""},
		"soon":                 {`{"code":12,"timestamp":1760000000,"data":{"merchant_expire_soon":[1009001],"shop_expire_soon":[77001234,77001234],"user_expire_soon":[5],"expire_before":1760604800,"page_no":1,"total_page":1}}`, "expiring", []gk.Subject{{Kind: "shop", ID: "77001234"}, {Kind: "merchant", ID: "1009001"}}, false, "push/push:12"},
		"nobody soon":          {`{"code":12,"timestamp":1760000000,"data":{"merchant_expire_soon":[],"shop_expire_soon":[],"user_expire_soon":[]}}`, "expiring", nil, false, "push/push:12"},
		"check by the console": {`{"code":0,"timestamp":1760000000,"data":{"verify_info":"This is a Verification message. Please respond with an empty body."}}`, "other", nil, false, ""},
		"an order":             {`{"code":3,"shop_id":77001234,"timestamp":1760000000,"data":{"ordersn":"220810QSK8S7BX"}}`, "other", nil, false, ""},
	} {
		d, err := receive(testApp(), pushed(pushKey, c.body))
		if err != nil || len(d.Notices) != 1 {
			t.Errorf("%s: Receive = %+v, %v", name, d, err)
			continue
		}
		n := d.Notices[0]
		if n.Kind != c.kind || n.Census != c.census || !n.At.Equal(now) || len(n.Dedup) != 64 {
			t.Errorf("%s: notice = %+v, want %s, census %v", name, n, c.kind, c.census)
		}
		if diff := cmp.Diff(c.subjects, n.Subjects); diff != "" {
			t.Errorf("%s: subjects (-want +got):\n%s", name, diff)
		}
		if n.Fault != nil && n.Fault.Row != c.row || n.Fault == nil && c.row != "" {
			t.Errorf("%s: fault = %+v, want row %q", name, n.Fault, c.row)
		}
	}
}

func TestPushThatIsProvenAndBad(t *testing.T) {
	for name, body := range map[string]string{
		"another partner": `{"code":2,"partner_id":1,"data":{"shop_id":77001234},"timestamp":1760000000}`,
	} {
		d, err := receive(testApp(), pushed(pushKey, body))
		var bad *platform.BadCallback
		if !errors.As(err, &bad) {
			t.Errorf("%s: Receive = %+v, %v, want a BadCallback", name, d, err)
		}
	}
	// What is proven is acknowledged, also when it says nothing.
	for _, body := range []string{"", `code=2`, `[]`, `{"data":{}}`, `{"code":"two"}`, `{"code":1,"code":2,"data":{"shop_id":1}}`, `{"code":2,"partner_id":1.5}`} {
		d, err := receive(testApp(), pushed(pushKey, body))
		if err != nil || d.Answer.Status != 204 || d.Notices[0].Kind != platform.NoticeOther {
			t.Errorf("%q: Receive = %+v, %v, want it acknowledged", body, d, err)
		}
	}
	get := pushed(pushKey, `{"code":0}`)
	get.Method = "GET"
	if _, err := receive(testApp(), get); err == nil {
		t.Error("a push by GET was accepted")
	}
}

func TestLostPushes(t *testing.T) {
	puller := driver.(platform.Puller)
	req, err := puller.PullRequest(testApp(), platform.Credential{Subject: gk.Subject{Kind: "partner"}}, "")
	if err != nil || req.Method != "GET" || !strings.Contains(req.URL, "/api/v2/push/get_lost_push_message?") || strings.Contains(req.URL, "access_token") {
		t.Fatalf("PullRequest = %+v, %v", req, err)
	}
	message := func(data string) string {
		text, err := json.Marshal(data)
		if err != nil {
			t.Fatal(err)
		}
		return `{"code":2,"timestamp":1760009999,"data":` + string(text) + `}`
	}
	push := `{"data":{"authorize_type":"expiry","shop_id":77001234},"code":2,"partner_id":2008899,"timestamp":1760000000}`
	body := `{"error":"","message":"","response":{"push_message_list":[` + message(push) + `,` + message("???") + `],"has_next_page":true,"last_message_id":176610}}`
	notices, confirm, cursor, err := puller.ReadPull(testApp(), answer(req, 200, body))
	if err != nil || len(notices) != 2 || cursor != "176610" {
		t.Fatalf("ReadPull = %+v, %q, %v", notices, cursor, err)
	}
	if n := notices[0]; n.Kind != "revoked" || !n.At.Equal(now) || n.Subjects[0].ID != "77001234" {
		t.Errorf("first notice = %+v", n)
	}
	if n := notices[1]; !n.Census || n.Dedup == "" {
		t.Errorf("an unreadable message = %+v, want a census", n)
	}
	if confirm == nil || confirm.Method != "POST" || string(confirm.Body) != `{"last_message_id":176610}` ||
		!strings.Contains(confirm.URL, "/api/v2/push/confirm_consumed_lost_push_message?") {
		t.Errorf("confirm = %+v", confirm)
	}
	// The same push by both ways is one.
	d, err := receive(testApp(), pushed(pushKey, push))
	if err != nil || d.Notices[0].Dedup != notices[0].Dedup {
		t.Errorf("dedup of the pushed form = %+v, %v, want %s", d.Notices, err, notices[0].Dedup)
	}

	none, confirm, cursor, err := puller.ReadPull(testApp(), reply(200, `{"error":"","response":{"push_message_list":[],"has_next_page":false,"last_message_id":0}}`))
	if err != nil || len(none) != 0 || confirm != nil || cursor != "" {
		t.Errorf("nothing lost: %v, %v, %q, %v", none, confirm, cursor, err)
	}
	for name, r := range map[string]platform.Reply{
		"5xx": reply(503, "{}"), "html": reply(200, "<html>"), "no response": reply(200, `{"error":""}`),
		"no position": reply(200, `{"error":"","response":{"push_message_list":[`+message(push)+`]}}`),
	} {
		if got, _, _, err := puller.ReadPull(testApp(), r); !errors.Is(err, platform.ErrGarbage) {
			t.Errorf("%s: ReadPull = %+v, %v, want ErrGarbage", name, got, err)
		}
	}
}

// The console shows the push key only once the address is saved, and saves it only once its test push is answered.
func TestConsoleTestPushComesBeforeThePushKey(t *testing.T) {
	const test = `{"code":0,"data":{"verify_info":"This is a Verification message."}}`
	noKey := testApp(func(a *platform.App) { delete(a.Secrets, "push_key") })
	d, err := receive(noKey, pushed("a key nobody has entered", test))
	if err != nil || d.Answer.Status != 204 || len(d.Answer.Body) != 0 || len(d.Notices) != 0 || d.Matched != "" {
		t.Errorf("the console's test: %+v, %v; want 204 and nothing else", d, err)
	}
	if _, err := receive(testApp(), pushed("another key", test)); !errors.Is(err, platform.ErrForged) {
		t.Errorf("the console's test with another key than the one entered: %v, want ErrForged", err)
	}
	for _, body := range []string{
		`{"code":2,"data":{"verify_info":"x"}}`, `{"code":0,"data":{"verify_info":"x","shop_id":77001234}}`, `{"code":0}`, `{"code":0,"data":{}}`,
		`{"code":0,"code":2,"data":{"verify_info":"x"}}`, `{"code":"0","data":{"verify_info":"x"}}`,
	} {
		if _, err := receive(noKey, pushed("another key", body)); !errors.Is(err, platform.ErrForged) {
			t.Errorf("%s, unproven: %v, want ErrForged", body, err)
		}
	}
}
