package shopee_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

var merchantCred = platform.Credential{Subject: gk.Subject{Kind: gk.KindMerchant, ID: "1009001"}, Token: gk.Token{Access: gk.NewSecret(token)}}

// answer is a reply to req.
func answer(req *platform.Request, status int, body string) platform.Reply {
	return platform.Reply{Status: status, Body: []byte(body), Received: now, Sent: req.Sent}
}

func TestInspectShop(t *testing.T) {
	ins := driver.(platform.Inspector)
	req, err := ins.InspectRequest(testApp(), shopCred, "")
	if err != nil || !strings.HasPrefix(req.URL, "https://partner.shopeemobile.com/api/v2/shop/get_shop_info?") {
		t.Fatalf("InspectRequest = %+v, %v", req, err)
	}
	in, next, err := ins.ReadInspection(testApp(), shopCred, answer(req, 200, `{"shop_name":"小島日用選物","region":"TW","status":"FROZEN","is_cb":false,
		"auth_time":1759000000,"expire_time":1790611199,"is_sip":true,"sip_affi_shops":[{"affi_shop_id":77009999,"region":"SG"}],"merchant_id":null,"request_id":"e3f1","error":"","message":""}`))
	if err != nil || next != "" {
		t.Fatalf("ReadInspection: %q, %v", next, err)
	}
	if in.Alive == nil || !*in.Alive || in.Subject.Name != "小島日用選物" || in.Subject.Region != "TW" || in.Subject.ID != "77001234" ||
		in.AuthorizedAt.Unix() != 1759000000 || in.Ceiling.Unix() != 1790611199 {
		t.Errorf("inspection = %+v", in)
	}
	if in.Facts["status"] != "FROZEN" || in.Facts["sip_affiliates"] != "77009999" || in.Facts["is_sip"] != "true" || len(in.Shops) != 1 {
		t.Errorf("facts = %v, shops = %v", in.Facts, in.Shops)
	}
}

// A merchant is asked who it is, then page by page which shops it has.
func TestInspectMerchant(t *testing.T) {
	ins := driver.(platform.Inspector)
	answers := []string{
		`{"merchant_name":"CNSC Company 7","auth_time":1650624369,"expire_time":1791561599,"merchant_region":"CN","error":"","message":""}`,
		`{"shop_list":[{"shop_id":601306294}],"more":true}`,
		`{"shop_list":[{"shop_id":601306295,"sip_affi_shops":[{"affi_shop_id":123456}]}],"more":false}`,
	}
	page := ""
	var shops []gk.Shop
	for i, body := range answers {
		req, err := ins.InspectRequest(testApp(), merchantCred, page)
		if err != nil {
			t.Fatal(err)
		}
		in, next, err := ins.ReadInspection(testApp(), merchantCred, answer(req, 200, body))
		if err != nil || in.Alive == nil || !*in.Alive {
			t.Fatalf("page %d: %+v, %v", i, in, err)
		}
		if i == 0 && (in.Subject.Name != "CNSC Company 7" || in.Subject.Region != "CN" || in.Ceiling.Unix() != 1791561599) {
			t.Errorf("merchant = %+v", in)
		}
		shops, page = append(shops, in.Shops...), next
	}
	if page != "" || len(shops) != 2 || shops[1].ID != "601306295" || shops[1].Facts["sip_affiliates"] != "123456" {
		t.Errorf("shops = %+v, next page %q", shops, page)
	}
}

// A dead access token, or a ban, is not the end of a permission.
func TestInspectionOfARefusedCredential(t *testing.T) {
	ins := driver.(platform.Inspector)
	for body, want := range map[string]struct {
		said   bool
		action gk.Action
	}{
		`{"error":"shop_no_linked","message":"Partner and shop has no linked."}`:           {true, gk.Reauthorize},
		`{"error":"error_auth","message":"Invalid access_token."}`:                         {false, gk.Retry},
		`{"error":"shop_banned","message":"The shop account has been banned."}`:            {false, gk.ContactPlatform},
		`{"error":"error_api_call_restricted","message":"api call have been restricted."}`: {false, gk.ContactPlatform},
	} {
		in, _, err := ins.ReadInspection(testApp(), shopCred, reply(403, body))
		if err != nil || in.Fault == nil || in.Fault.Action != want.action || want.said != (in.Alive != nil) || in.Alive != nil && *in.Alive {
			t.Errorf("%s: inspection = %+v, %v", body, in, err)
		}
	}
	var f *gk.Fault
	if _, _, err := ins.ReadInspection(testApp(), shopCred, reply(200, `{"error":"error_rate_limit","message":"Too many requests."}`)); !errors.As(err, &f) || f.Action != gk.Backoff {
		t.Errorf("a throttled inspection: %v, want the fault", err)
	}
}

func TestInspectRefuses(t *testing.T) {
	for name, cred := range map[string]platform.Credential{
		"main account": {Subject: gk.Subject{Kind: "main_account", ID: "55001"}, Token: shopCred.Token},
		"no token":     {Subject: shopCred.Subject},
	} {
		if req, err := driver.(platform.Inspector).InspectRequest(testApp(), cred, ""); err == nil {
			t.Errorf("%s: InspectRequest = %s, want an error", name, req.URL)
		}
	}
}

func TestCensus(t *testing.T) {
	c := driver.(platform.Census)
	pages := []string{
		`{"authed_shop_list":[{"region":"TW","shop_id":77001234,"auth_time":1759000000,"expire_time":1791561599,"sip_affi_shop_list":[{"region":"SG","affi_shop_id":77009999}]}],"more":true,"request_id":"e3f1"}`,
		`{"authed_shop_list":[{"region":"TW","shop_id":77001235,"auth_time":1700000000,"expire_time":1750000000,"sip_affi_shops":[{"region":"SG","affi_shop_id":77009998}]}],"more":false,"error":""}`,
	}
	page := ""
	var found []platform.Inspection
	for i, body := range pages {
		req, err := c.CensusRequest(testApp(), gk.KindShop, page)
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(req.URL)
		if err != nil || u.Query().Get("page_no") != []string{"1", "2"}[i] || u.Query().Get("page_size") != "100" {
			t.Errorf("page %d: %s", i, req.URL)
		}
		some, next, err := c.ReadCensus(testApp(), answer(req, 200, body))
		if err != nil {
			t.Fatal(err)
		}
		found, page = append(found, some...), next
	}
	if page != "" || len(found) != 2 || !*found[0].Alive || *found[1].Alive || found[0].Subject.Region != "TW" ||
		!found[0].AuthorizedAt.Equal(time.Unix(1759000000, 0)) || found[0].Facts["sip_affiliates"] != "77009999" || found[1].Facts["sip_affiliates"] != "77009998" {
		t.Errorf("census = %+v", found)
	}

	merchants, _, err := c.ReadCensus(testApp(), reply(200, `{"authed_merchant_list":[{"region":"KR","merchant_id":1009001,"auth_time":1,"expire_time":1791561599}],"more":false}`))
	if err != nil || len(merchants) != 1 || merchants[0].Subject.String() != "merchant:1009001" {
		t.Errorf("merchants = %+v, %v", merchants, err)
	}
	if _, err := c.CensusRequest(testApp(), "user", ""); err == nil {
		t.Error("a census of users was accepted")
	}
}

// A census that cannot be read must never read as "nobody is left".
func TestCensusThatCannotBeRead(t *testing.T) {
	c := driver.(platform.Census)
	for name, r := range map[string]platform.Reply{
		"no list":       reply(200, `{"error":"","message":""}`),
		"null list":     reply(200, `{"authed_shop_list":null,"more":false}`),
		"5xx":           reply(500, `{"authed_shop_list":[],"more":false}`),
		"html":          reply(200, "<html></html>"),
		"truncated":     {Status: 200, Body: []byte(`{"authed_shop_list":[],"more":false}`), Truncated: true},
		"ids not whole": reply(200, `{"authed_shop_list":[{"shop_id":1.5}]}`),
		"unknown page":  reply(200, `{"authed_shop_list":[],"more":true}`),
		"http 404":      reply(404, `{"authed_shop_list":[]}`),
	} {
		if found, _, err := c.ReadCensus(testApp(), r); !errors.Is(err, platform.ErrGarbage) {
			t.Errorf("%s: ReadCensus = %+v, %v, want ErrGarbage", name, found, err)
		}
	}
	var f *gk.Fault
	if _, _, err := c.ReadCensus(testApp(), reply(403, `{"error":"error_sign","message":"Wrong sign."}`)); !errors.As(err, &f) || f.Action != gk.FixConfig {
		t.Errorf("a refused census: %v, want the fault", err)
	}
}
