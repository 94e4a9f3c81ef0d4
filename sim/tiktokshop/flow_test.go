package tiktokshop_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

const day = 24 * time.Hour

func TestTheWholeWay(t *testing.T) {
	w := start(t)
	back := w.agree(map[string]any{"url": w.link(" 9f2c "), "shops": []string{w.Shop(0)}, "fields": map[string]string{"days": "180"}})
	if back.Get("state") != "9f2c" || back.Get("app_key") != w.Setting("app_key") || back.Get("shop_region") != "GB" || !strings.HasPrefix(back.Get("code"), "ROW_") {
		t.Errorf("callback = %v", back)
	}
	first := w.good(w.get(back.Get("code")))
	access, _ := first["access_token_expire_in"].(json.Number).Int64()
	ends, _ := first["refresh_token_expire_in"].(json.Number).Int64()
	if d := time.Unix(access, 0).Sub(w.Now()); d < 167*time.Hour || d > 168*time.Hour {
		t.Errorf("access_token_expire_in = %v from now, want a moment in 7 days", d)
	}
	if d := time.Unix(ends, 0).Sub(w.Now()); d < 179*day || d > 180*day {
		t.Errorf("refresh_token_expire_in = %v from now, want the 180 days that were chosen", d)
	}
	if first["open_id"] != w.Shops[0]["owner"] || first["user_type"] != json.Number("0") || first["seller_base_region"] != "GB" {
		t.Errorf("answer = %v", first)
	}
	shops := w.shops(first["access_token"])
	if len(shops) != 3 || shops[0].(map[string]any)["seller_type"] != "CROSS_BORDER" {
		t.Fatalf("shops = %v, want the three of the account", shops)
	}
	cipher := shops[0].(map[string]any)["cipher"].(string)
	w.good(w.call("GET", ordersPath, first["access_token"], "", "shop_cipher", cipher, "ids", "1,2"))
	w.Advance(5 * day)
	second := w.good(w.refresh(first["refresh_token"]))
	if got, _ := second["refresh_token_expire_in"].(json.Number).Int64(); got != ends || second["refresh_token"] == first["refresh_token"] {
		t.Errorf("renewal = %v, want another text and the end at %d", second, ends)
	}
	w.refused("spent refresh token", "36004005", w.refresh(first["refresh_token"]))
	if len(w.shops(first["access_token"])) != 3 {
		t.Error("the former access token died")
	}
	w.Advance(3 * day)
	w.refused("former access token after its end", "105002", w.call("GET", shopsPath, first["access_token"], ""))
	w.Advance(180 * day)
	w.refused("renewal after the authorization's end", "36004001", w.refresh(second["refresh_token"]))
}

func TestCodesAreGoodOnceAndForHalfAnHour(t *testing.T) {
	w := start(t)
	code := w.consent().Get("code")
	w.good(w.get(code))
	w.refused("second exchange", "36004004", w.get(code))
	code = w.consent().Get("code")
	w.Advance(31 * time.Minute)
	w.refused("old code", "36004004", w.get(code))
	w.refused("the text null", "36004004", w.get("null"))
}

func TestTokenEndpointsTakeGETOnly(t *testing.T) {
	w := start(t)
	for _, which := range []string{"get", "refresh"} {
		r := w.Ask("POST", w.Base+"/api/v2/token/"+which, "application/json", "{}")
		if r.Status != 404 || strings.TrimSpace(r.Text) != "404 page not found" {
			t.Errorf("POST = %d %s, want 404 as plain text", r.Status, r.Text)
		}
	}
}

func TestTokenEndpointsRefuseWhatIsWrong(t *testing.T) {
	w := start(t)
	pair := w.pair()
	other := w.Do("POST", "/tiktokshop/apps", map[string]any{})
	for name, c := range map[string]struct {
		code string
		with []string
	}{
		"no app_secret":    {"98001004", []string{"app_secret", ""}},
		"unknown app_key":  {"36009004", []string{"app_key", "nobody"}},
		"app_key as id":    {"36009004", []string{"app_key", w.Setting("service_id")}},
		"wrong app_secret": {"36009004", []string{"app_secret", "x"}},
		"unknown token":    {"36004005", []string{"refresh_token", "x"}},
		"foreign token":    {"36004005", []string{"app_key", other["app_key"].(string), "app_secret", other["app_secret"].(string)}},
	} {
		with := append([]string{"refresh_token", pair["refresh_token"].(string), "grant_type", "refresh_token"}, c.with...)
		w.refused(name, c.code, w.token("refresh", with...))
	}
	w.refused("wrong grant_type", "98001004", w.token("get", "auth_code", "x", "grant_type", "authorization_code"))
	w.refused("no code", "98001004", w.token("get", "grant_type", "authorized_code"))
	w.good(w.token("refresh", "refresh_token", pair["refresh_token"].(string), "grant_type", "authorized_code")) // as an official SDK does
	w.change(map[string]any{"ip_allow_list": []string{"192.0.2.1"}})
	w.refused("address that is not listed", "36009033", w.refresh("x"))
	w.refused("call from there", "36009033", w.call("GET", shopsPath, "x", ""))
}

func TestWrongLinksStayOnThePage(t *testing.T) {
	w := start(t)
	bare := w.Do("POST", "/tiktokshop/apps", map[string]any{})
	custom := w.Do("POST", "/tiktokshop/apps", map[string]any{"redirect_uri": callback, "linked_seller": "somebody-else"})
	link := func(service any) string { return w.Base + "/open/authorize?service_id=" + service.(string) }
	us := w.Shops[len(w.Shops)-1]["id"].(string)
	for want, consent := range map[string]map[string]any{
		"it is no app_key":     {"url": link(w.App["app_key"])},
		"the service does not": {"url": link("1")},
		"no Redirect URL":      {"url": link(bare["service_id"])},
		"its own seller only":  {"url": link(custom["service_id"])},
		"expr_path=ttc_state":  {"url": w.creatorLink("")},
		"belongs to another":   {"url": w.link("s"), "shops": []string{us}},
		"choose how long":      {"url": w.link("s"), "fields": map[string]string{"days": "9000"}},
		"choose at least one":  {"url": w.creatorLink("s"), "fields": map[string]string{"scopes": "none"}},
	} {
		got := w.Do("POST", "/tiktokshop/consent", consent)
		if refusal, _ := got["refusal"].(string); got["callback"] != "" || !strings.Contains(refusal, want) {
			t.Errorf("consent to %v = %v, want the page to say %s", consent, got, want)
		}
	}
}

func TestUSHasAppsOfItsOwn(t *testing.T) {
	w := start(t)
	w.change(map[string]any{"region": "us"})
	back := w.agree(map[string]any{"url": w.link("s"), "shops": []string{w.Shops[len(w.Shops)-1]["id"].(string)}})
	if !strings.HasPrefix(back.Get("code"), "TTP_") || back.Get("shop_region") != "US" {
		t.Errorf("callback = %v, want a code of the US", back)
	}
}

func TestCreatorsAndPartnersAuthorizeToo(t *testing.T) {
	w := start(t)
	back := w.agree(map[string]any{"url": w.creatorLink("s"), "account": w.owner("1"), "fields": map[string]string{"scopes": "creator.showcase.read"}})
	pair := w.good(w.get(back.Get("code")))
	if scopes := pair["granted_scopes"].([]any); pair["user_type"] != json.Number("1") || len(scopes) != 1 || pair["seller_name"] != "" {
		t.Errorf("creator's pair = %v", pair)
	}
	if ends, _ := pair["refresh_token_expire_in"].(json.Number).Int64(); time.Unix(ends, 0).UTC().Year() != 2125 {
		t.Errorf("creator's end = %d, want the year 2125", ends)
	}
	w.refused("creator's call of a seller's endpoint", "105001", w.call("GET", shopsPath, pair["access_token"], ""))
	w.good(w.call("GET", "/affiliate_creator/202410/profiles", pair["access_token"], ""))

	back = w.agree(map[string]any{"url": w.link("s"), "account": w.owner("3")})
	pair = w.good(w.get(back.Get("code")))
	assets := w.good(w.call("GET", "/authorization/202405/category_assets", pair["access_token"], ""))["category_assets"].([]any)
	cipher := assets[0].(map[string]any)["cipher"].(string)
	w.good(w.call("GET", "/affiliate_partner/202405/campaigns", pair["access_token"], "", "category_asset_cipher", cipher))
	w.refused("wrong asset cipher", "101000", w.call("GET", "/affiliate_partner/202405/campaigns", pair["access_token"], "", "category_asset_cipher", "x"))
}

// TestPagesWorkAsPlainForms walks the pages as a browser without JavaScript does.
func TestPagesWorkAsPlainForms(t *testing.T) {
	w := start(t)
	const form = "application/x-www-form-urlencoded"
	owner := w.Shops[0]["owner"].(string)
	page := w.Ask("GET", w.link("s"), "", "")
	if page.Status != 200 || !strings.Contains(page.Text, `name="account" value="`+owner+`"`) {
		t.Fatalf("log-in page = %d %s", page.Status, page.Text)
	}
	page = w.Ask("POST", w.link("s"), form, url.Values{"account": {owner}}.Encode())
	for _, want := range []string{`name="days" value="365"`, `name="decision" value="deny"`, "Demo GB (GB)"} {
		w.says(want, page.Text)
	}
	page = w.Ask("POST", w.link("s"), form, url.Values{"who": {owner}, "days": {"30"}, "decision": {"approve"}}.Encode())
	if to := page.Header.Get("Location"); page.Status != 302 || !strings.HasPrefix(to, callback+"?") {
		t.Errorf("agreeing = %d to %q, want the callback", page.Status, to)
	}
	page = w.Ask("POST", w.link("s"), form, url.Values{"who": {owner}, "decision": {"deny"}}.Encode())
	w.says("code=null", page.Header.Get("Location"))
}

func TestInstallFromTheAppStoreBringsNoState(t *testing.T) {
	w := start(t)
	form := url.Values{"app": {w.Setting("app_key")}, "who": {w.Shops[0]["owner"].(string)}, "do": {"install"}}
	r := w.Ask("POST", w.Base+"/", "application/x-www-form-urlencoded", form.Encode())
	at, err := url.Parse(r.Header.Get("Location"))
	if err != nil || r.Status != http.StatusFound || at.Query().Has("state") {
		t.Fatalf("install = %d to %q, want a callback without state", r.Status, r.Header.Get("Location"))
	}
	w.good(w.get(at.Query().Get("code")))
	form.Set("do", "remove")
	w.Ask("POST", w.Base+"/", "application/x-www-form-urlencoded", form.Encode())
	if grants := w.Do("GET", "/tiktokshop/grants", nil)["grants"].([]any); grants[0].(map[string]any)["revoked"] != true {
		t.Errorf("grants = %v, want it revoked", grants)
	}
}

func TestOddOrdersAreRefused(t *testing.T) {
	w := start(t)
	for _, body := range []string{
		`{"merchants":1}`, `{"sub_account_of":"x"}`, `{"user_type":"king"}`, `{"region":"Mars"}`, `{"state":"asleep"}`, `{"id":"abc"}`, `{"id":"` + w.Shop(0) + `"}`,
	} {
		if r := w.Ask("POST", w.Control+"/tiktokshop/shops", "application/json", body); r.Status != 422 {
			t.Errorf("shops %s = %d %s, want 422", body, r.Status, r.Text)
		}
	}
	for _, body := range []string{`{"region":"moon"}`, `{"app_key":"x","service_id":"` + w.Setting("service_id") + `"}`} {
		if r := w.Ask("POST", w.Control+"/tiktokshop/apps", "application/json", body); r.Status != 422 {
			t.Errorf("apps %s = %d %s, want 422", body, r.Status, r.Text)
		}
	}
	made := w.Do("POST", "/tiktokshop/shops", map[string]any{"count": 2, "name": "Twin", "owner": w.Shops[0]["owner"]})["shops"].([]any)
	if len(made) != 2 || made[1].(map[string]any)["name"] != "Twin 2" {
		t.Errorf("made = %v", made)
	}
	if len(w.shops(w.pair()["access_token"])) != 5 {
		t.Error("shops made later are not under the grant")
	}
}
