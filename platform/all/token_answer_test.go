package all_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/all"
)

// asked is the moment at which every refresh below left.
var asked = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// refreshed is a good answer to a refresh of each platform with tokens; ACCESS, REFRESH and LIFE stand for raw JSON.
// NAME is a text for people that comes along, where the platform sends one.
var refreshed = map[string]struct {
	body    string
	subject gk.Subject
}{
	"shoplazza": {
		`{"access_token":ACCESS,"token_type":"Bearer","expires_in":LIFE,"refresh_token":REFRESH,"scope":"read_shop","store_id":"2286999","store_name":NAME}`,
		gk.Subject{Kind: gk.KindShop, ID: "2286999", Host: "demo-7.myshoplaza.com"},
	},
	"shopee": {
		`{"access_token":ACCESS,"refresh_token":REFRESH,"expire_in":LIFE,"shop_id":77001234,"partner_id":2008899,"request_id":NAME,"error":"","message":""}`,
		gk.Subject{Kind: gk.KindShop, ID: "77001234"},
	},
	"eleme": {
		`{"access_token":ACCESS,"token_type":"Bearer","expires_in":LIFE,"refresh_token":REFRESH,"scope":NAME}`,
		gk.Subject{Kind: gk.KindAccount, ID: "42"},
	},
	"shopify": {
		`{"access_token":ACCESS,"scope":NAME,"expires_in":LIFE,"refresh_token":REFRESH,"refresh_token_expires_in":7776000}`,
		gk.Subject{Kind: gk.KindShop, ID: "548380009", Host: "demo-7.myshopify.com"},
	},
	"tiktokshop": {
		`{"code":0,"message":"success","request_id":NAME,"data":{"access_token":ACCESS,"access_token_expire_in":LIFE,"refresh_token":REFRESH,"open_id":"42","seller_name":NAME}}`,
		gk.Subject{Kind: gk.KindAccount, ID: "42"},
	},
	"taobao": {
		`{"access_token":ACCESS,"token_type":"Bearer","expires_in":LIFE,"re_expires_in":86400,"refresh_token":REFRESH,"taobao_user_id":"42","taobao_user_nick":NAME}`,
		gk.Subject{Kind: gk.KindAccount, ID: "42"},
	},
	"lazada": {
		`{"access_token":ACCESS,"refresh_token":REFRESH,"expires_in":LIFE,"refresh_expires_in":15552000,"country":"sg","account":NAME,"country_user_info_list":[{"country":"sg","seller_id":"42","short_code":NAME}],"code":"0","request_id":"7"}`,
		gk.Subject{Kind: gk.KindShop, ID: "sg:42", Region: "sg"},
	},
	"douyin": {
		`{"code":10000,"msg":"success","log_id":"7","data":{"access_token":ACCESS,"expires_in":LIFE,"refresh_token":REFRESH,"shop_id":42,"shop_name":NAME}}`,
		gk.Subject{Kind: gk.KindShop, ID: "42"},
	},
}

// unstated are the platforms that write 0 for an end that they do not state.
var unstated = map[string]bool{"tiktokshop": true}

// read hands a driver an answer to a refresh whose parts are replaced.
func read(t *testing.T, d platform.Driver, status int, with ...string) ([]platform.Issue, error) {
	t.Helper()
	good := refreshed[d.Spec().Code]
	with = append(with, "ACCESS", `"At_2"`, "REFRESH", `"Rt_2"`, "LIFE", "14400", "NAME", `"demo-7"`)
	app := d.Spec().Open(platform.App{Now: asked, Settings: map[string]string{"partner_id": "2008899"}})
	return d.ReadIssues(app, platform.Asked{Stage: platform.StageRefresh, Subject: good.subject, At: asked},
		platform.Reply{Status: status, Body: []byte(strings.NewReplacer(with...).Replace(good.body)), Received: asked})
}

func withTokens(t *testing.T, test func(t *testing.T, d platform.Driver)) {
	t.Helper()
	for _, d := range all.Drivers() {
		if d.Spec().Facts.Tokens {
			t.Run(d.Spec().Code, func(t *testing.T) {
				if _, ok := refreshed[d.Spec().Code]; !ok {
					t.Fatal("this platform has no answer in refreshed: give it one")
				}
				test(t, d)
			})
		}
	}
}

// TestATokenAnswerThatCannotBeTrustedIsAnUnknownOutcome gives each driver answers that would put something into the place
// of a good pair that nobody can use.
func TestATokenAnswerThatCannotBeTrustedIsAnUnknownOutcome(t *testing.T) {
	poison := map[string][]string{
		"a token with a line break":           {"ACCESS", `"At_2\r\nX-Evil: 1"`},
		"a token with a NUL":                  {"ACCESS", `"At_2\u0000"`},
		"a token with an escape character":    {"ACCESS", `"\u001b[2JAt_2"`},
		"a token with DEL":                    {"ACCESS", `"At_2\u007f"`},
		"a token beyond ASCII":                {"ACCESS", `"Ат_2"`},
		"a token of 200 kB":                   {"ACCESS", `"` + strings.Repeat("a", 200<<10) + `"`},
		"a token that is a number":            {"ACCESS", `6201`},
		"a token that is a list":              {"ACCESS", `["At_2"]`},
		"an empty token":                      {"ACCESS", `""`},
		"a refresh token with a line break":   {"REFRESH", `"Rt_2\n"`},
		"a refresh token with a NUL":          {"REFRESH", `"\u0000"`},
		"a refresh token of 200 kB":           {"REFRESH", `"` + strings.Repeat("r", 200<<10) + `"`},
		"a refresh token that is a number":    {"REFRESH", `6202`},
		"a life below zero":                   {"LIFE", `-1`},
		"no life at all":                      {"LIFE", `0`},
		"a life of 1e18":                      {"LIFE", `1e18`},
		"a life of a quintillion seconds":     {"LIFE", `1000000000000000000`},
		"a life beyond 64 bits":               {"LIFE", `99999999999999999999`},
		"a life that is not a number":         {"LIFE", `"NaN"`},
		"a life with words":                   {"LIFE", `"4 hours"`},
		"a life with a line break":            {"LIFE", `"14400\r\n"`},
		"a broken life":                       {"LIFE", `14400.5`},
		"a life that is true":                 {"LIFE", `true`},
		"a second access token":               {"ACCESS", `"At_2","access_token":"At_3"`},
		"a second refresh token":              {"REFRESH", `"Rt_2","refresh_token":"Rt_3"`},
		"a second token within something":     {"LIFE", `14400,"more":{"a":1,"a":2}`},
		"another object behind it":            {"REFRESH", `"Rt_2"}{"access_token":"At_3"`},
		"an access token in another spelling": {"ACCESS", `null,"Access_Token":"At_2"`},
	}
	withTokens(t, func(t *testing.T, d platform.Driver) {
		issues, err := read(t, d, 200)
		if err != nil || len(issues) != 1 || issues[0].Token.Access.Reveal() != "At_2" || issues[0].Token.Refresh.Reveal() != "Rt_2" {
			t.Fatalf("the good answer: %d issues, %v", len(issues), err)
		}
		if got := issues[0].Token.Expires; !got.Equal(asked.Add(4 * time.Hour)) {
			t.Errorf("the good answer ends at %s", got)
		}
		for name, with := range poison {
			if name == "no life at all" && unstated[d.Spec().Code] {
				continue
			}
			issues, err := read(t, d, 200, with...)
			if !errors.Is(err, platform.ErrGarbage) || len(issues) > 0 {
				t.Errorf("%s: %d issues, %v; want an unknown outcome", name, len(issues), err)
			}
			if err != nil && strings.ContainsAny(err.Error(), "\r\n\x00") {
				t.Errorf("%s: the error repeats the answer: %q", name, err)
			}
		}
	})
}

// TestNamesInATokenAnswerCostNoPair sends along a name that PostgreSQL would not store.
func TestNamesInATokenAnswerCostNoPair(t *testing.T) {
	withTokens(t, func(t *testing.T, d platform.Driver) {
		issues, err := read(t, d, 200, "NAME", `"de\u0000mo%00-\r7\ud800"`)
		if err != nil || len(issues) != 1 {
			t.Fatalf("%d issues, %v", len(issues), err)
		}
		i := issues[0]
		kept := append([]string{i.Subject.Name, i.Subject.Host, i.Subject.ID}, i.Scopes...)
		for _, fact := range i.Facts {
			kept = append(kept, fact)
		}
		for _, text := range kept {
			if strings.ContainsAny(text, "\x00\r\n") {
				t.Errorf("kept %q", text)
			}
		}
	})
}

// TestTheEdgesPageAtATokenAddressIsARefusal: whoever was turned away in front of the platform has spent nothing.
func TestTheEdgesPageAtATokenAddressIsARefusal(t *testing.T) {
	const page = `<html><head><title>403 Forbidden</title></head><body><center><h1>403 Forbidden</h1></center></body></html>`
	withTokens(t, func(t *testing.T, d platform.Driver) {
		app := d.Spec().Open(platform.App{Now: asked, Settings: map[string]string{"partner_id": "2008899"}})
		for _, stage := range []string{platform.StageToken, platform.StageRefresh} {
			ask := platform.Asked{Stage: stage, Subject: refreshed[d.Spec().Code].subject, At: asked}
			for _, status := range []int{400, 401, 403, 404, 405, 413, 429} {
				for _, body := range []string{page, "Access denied.", ""} {
					issues, err := d.ReadIssues(app, ask, platform.Reply{Status: status, Body: []byte(body), Received: asked})
					var f *gk.Fault
					if !errors.As(err, &f) || errors.Is(err, platform.ErrGarbage) || len(issues) > 0 {
						t.Errorf("%s, %d %.10q: %v; want a refusal", stage, status, body, err)
						continue
					}
					if !f.Known {
						t.Errorf("%s, %d %.10q: nobody knows what it is: %+v", stage, status, body, f)
					}
					if f.Terminal || f.Action == gk.Reauthorize {
						t.Errorf("%s, %d %.10q: %s, terminal %t: a page ends no grant", stage, status, body, f.Action, f.Terminal)
					}
				}
			}
			for _, status := range []int{200, 408, 409, 500, 502, 504} {
				if _, err := d.ReadIssues(app, ask, platform.Reply{Status: status, Body: []byte(page), Received: asked}); !errors.Is(err, platform.ErrGarbage) {
					t.Errorf("%s, %d with a page: %v; want an unknown outcome", stage, status, err)
				}
			}
		}
	})
}
