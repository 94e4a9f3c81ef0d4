package shopify_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/sim/simtest"
)

func TestCallbackIsSignedAndBringsTheStateBack(t *testing.T) {
	w := start(t)
	got := w.consent(w.Shop(1))
	host := w.Shops[1]["host"].(string)
	if got.Get("state") != "9f2c" || got.Get("shop") != host || strings.HasSuffix(got.Get("host"), "=") {
		t.Errorf("callback = %v, want state 9f2c and shop %s", got, host)
	}
	mac := hmac.New(sha256.New, []byte(w.Setting("client_secret")))
	mac.Write([]byte("code=" + got.Get("code") + "&host=" + got.Get("host") + "&shop=" + host + "&state=9f2c&timestamp=" + got.Get("timestamp")))
	if want := hex.EncodeToString(mac.Sum(nil)); got.Get("hmac") != want {
		t.Errorf("hmac = %s, want %s", got.Get("hmac"), want)
	}
}

func TestExchangeAnswersAsDocumented(t *testing.T) {
	w := start(t)
	code := w.consent(w.Shop(0)).Get("code")
	form := url.Values{
		"client_id": {w.Setting("client_id")}, "client_secret": {w.Setting("client_secret")}, "code": {code}, "expiring": {"1"},
	}
	r := w.Ask("POST", w.Base+"/admin/oauth/access_token", "application/x-www-form-urlencoded", form.Encode(), "Accept", "application/json")
	if r.Status != 200 || r.Field("scope") != "read_orders,write_products" ||
		r.Body["expires_in"] != json.Number("3600") || r.Body["refresh_token_expires_in"] != json.Number("7776000") {
		t.Fatalf("exchange by form = %d %s", r.Status, r.Text)
	}
	if !strings.HasPrefix(r.Field("access_token"), "shpat_") || strings.Contains(r.Text, "shop\"") {
		t.Errorf("answer = %s, want opaque tokens and no shop", r.Text)
	}
	again := w.token(map[string]string{"code": code, "expiring": "1"})
	if again.Status != 400 || again.Field("error_description") != "The authorization code was not found or was already used" {
		t.Errorf("second exchange = %d %s", again.Status, again.Text)
	}
}

func TestTheWholeWay(t *testing.T) {
	w := start(t)
	first := w.pair(w.Shop(0))
	if r := w.ask(first["access_token"], "{ shop { id myshopifyDomain name } currentAppInstallation { accessScopes { handle } } }"); r.Text == "" ||
		!strings.Contains(r.Text, "gid://shopify/Shop/"+w.Shop(0)) || !strings.Contains(r.Text, `{"handle":"read_orders"}`) {
		t.Fatalf("probe = %d %s", r.Status, r.Text)
	}
	w.Advance(59 * time.Minute)
	second := w.good(w.refresh(first["refresh_token"]))
	if r := w.call("GET", api+"shop.json", first["access_token"], ""); r.Status != 200 {
		t.Errorf("former access token before its end = %d", r.Status)
	}
	w.Advance(2 * time.Minute)
	if r := w.call("GET", api+"shop.json", first["access_token"], ""); r.Status != 401 {
		t.Errorf("former access token after its end = %d, want 401", r.Status)
	}
	if r := w.call("GET", api+"shop.json", second["access_token"], ""); r.Status != 200 {
		t.Errorf("latest access token = %d %s", r.Status, r.Text)
	}
}

func TestTokenEndpointRefusesWhatIsWrong(t *testing.T) {
	w := start(t)
	pair := w.pair(w.Shop(0))
	token := pair["refresh_token"].(string)
	other := w.Do("POST", "/shopify/apps", map[string]any{})
	for name, c := range map[string]struct {
		params map[string]string
		status int
		code   string
	}{
		"no secret":            {map[string]string{"client_secret": ""}, 400, "invalid_request"},
		"wrong secret":         {map[string]string{"client_secret": "x", "code": "c"}, 401, "invalid_client"},
		"unknown app":          {map[string]string{"client_id": "x", "code": "c"}, 401, "invalid_client"},
		"unknown app asks":     {map[string]string{"client_id": "x", "grant_type": "client_credentials"}, 400, "application_cannot_be_found"},
		"code with grant_type": {map[string]string{"grant_type": "authorization_code", "code": "c"}, 400, "unsupported_grant_type"},
		"no code":              {map[string]string{}, 400, "invalid_request"},
		"odd expiring":         {map[string]string{"code": "c", "expiring": "yes"}, 400, "invalid_request"},
		"no refresh token":     {map[string]string{"grant_type": "refresh_token"}, 400, "invalid_request"},
		"foreign app": {map[string]string{
			"client_id": other["client_id"].(string), "client_secret": other["client_secret"].(string), "grant_type": "refresh_token", "refresh_token": token,
		}, 401, "invalid_request"},
		"public app asks":      {map[string]string{"grant_type": "client_credentials"}, 400, "shop_not_permitted"},
		"unknown token kind":   {map[string]string{"grant_type": exchange, "subject_token": "x", "subject_token_type": "y", "requested_token_type": offline}, 400, "invalid_request"},
		"forged ID token":      {map[string]string{"grant_type": exchange, "subject_token": "a.b.c", "subject_token_type": idToken, "requested_token_type": offline}, 400, "invalid_subject_token"},
		"trade of a pair":      {map[string]string{"grant_type": exchange, "subject_token": pair["access_token"].(string), "subject_token_type": offline, "requested_token_type": offline, "expiring": "1"}, 400, "invalid_subject_token"},
		"trade without an end": {map[string]string{"grant_type": exchange, "subject_token": "x", "subject_token_type": offline, "requested_token_type": offline}, 400, "invalid_subject_token"},
	} {
		if r := w.token(c.params); r.Status != c.status || r.Field("error") != c.code {
			t.Errorf("%s = %d %s, want %d %s", name, r.Status, r.Text, c.status, c.code)
		}
	}
	if r := w.Ask("POST", w.Base+"/admin/oauth/access_token", "text/plain", "code=1", "Accept", "application/json"); r.Field("error") != "invalid_request" {
		t.Errorf("plain text = %d %s", r.Status, r.Text)
	}
}

func TestRefusalsAreHTMLForThoseWhoDoNotAskForJSON(t *testing.T) {
	w := start(t)
	body := `{"client_id":"` + w.Setting("client_id") + `","client_secret":"` + w.Setting("client_secret") + `","grant_type":"refresh_token","refresh_token":"x"}`
	r := w.Ask("POST", w.Base+"/admin/oauth/access_token", "application/json", body, "Accept", "*/*")
	if r.Status != 401 || !strings.Contains(r.Text, "<title>401 - Oauth error invalid_request</title>") ||
		!strings.Contains(r.Text, "Oauth error invalid_request: This request requires an active refresh_token") {
		t.Errorf("refusal = %d %s, want a page", r.Status, r.Text)
	}
}

func TestWrongLinksStayOnThePage(t *testing.T) {
	w := start(t)
	fixed := w.Do("POST", "/shopify/apps", map[string]any{"profile": "store"})["client_id"].(string)
	w.Do("POST", "/shopify/apps", map[string]any{"client_id": w.App["client_id"], "redirect_uri": callback, "app_url": "https://hub.example/start"})
	for want, link := range map[string]string{
		"invalid_request: Could not find Shopify API application":           w.link("client_id", "nobody"),
		"invalid_request: The redirect_uri is not whitelisted":              w.link("redirect_uri", callback+"/"),
		"invalid_scope: The access scope is invalid: read_mind":             w.link("scope", "read_mind"),
		"missing_shopify_permission: missing_shopify_permission: read_all_": w.link("scope", "read_all_orders"),
		"invalid_request: The Shopify API application does not support":     w.link("client_id", fixed),
		"invalid_request: client_id or redirect_uri is missing":             w.link("redirect_uri", ""),
	} {
		got := w.Do("POST", "/shopify/consent", map[string]any{"url": link, "shops": []string{w.Shop(0)}})
		if refusal, _ := got["refusal"].(string); got["callback"] != "" || !strings.HasPrefix(refusal, "Oauth error "+want) {
			t.Errorf("consent to %s = %v, want the page to say %s", link, got, want)
		}
	}
	staff := map[string]any{"url": w.link(), "shops": []string{w.Shop(0)}, "fields": map[string]string{"person": "staff"}}
	if got := w.Do("POST", "/shopify/consent", staff); !strings.Contains(got["refusal"].(string), "does not have permission to grant") {
		t.Errorf("staff without the permission = %v", got)
	}
}

// TestPagesWorkAsPlainForms walks the pages as a browser without JavaScript does.
func TestPagesWorkAsPlainForms(t *testing.T) {
	w := start(t)
	const form = "application/x-www-form-urlencoded"
	page := w.Ask("GET", w.link(), "", "")
	if page.Status != 200 || !strings.Contains(page.Text, `name="account" value="`+w.Shop(1)+`"`) {
		t.Fatalf("log-in page = %d %s", page.Status, page.Text)
	}
	page = w.Ask("POST", w.link(), form, url.Values{"account": {w.Shop(1)}}.Encode())
	if !strings.Contains(page.Text, `name="store" value="`+w.Shop(1)+`"`) || !strings.Contains(page.Text, `name="decision" value="deny"`) {
		t.Fatalf("authorize page = %d %s", page.Status, page.Text)
	}
	page = w.Ask("POST", w.link(), form, url.Values{"store": {w.Shop(1)}, "decision": {"deny"}}.Encode())
	if page.Status != 200 || !strings.Contains(page.Text, "access_denied") {
		t.Errorf("refusing = %d %s, want a page and no callback", page.Status, page.Text)
	}
	page = w.Ask("POST", w.link(), form, url.Values{"store": {w.Shop(1)}, "decision": {"approve"}}.Encode())
	if to := page.Header.Get("Location"); page.Status != 302 || !strings.HasPrefix(to, callback+"?") {
		t.Errorf("agreeing = %d to %q, want the callback", page.Status, to)
	}
	page = w.Ask("GET", strings.Replace(w.link(), "127.0.0.1", "localhost", 1), "", "", "Host", "demo-2.localhost")
	if !strings.Contains(page.Text, "demo-2.myshopify.com") || strings.Contains(page.Text, `name="account"`) {
		t.Errorf("page at the host of a store = %s, want no log-in", page.Text)
	}
}

func TestInstallOpensTheAppURLWithASignedQuery(t *testing.T) {
	w := start(t)
	w.Do("POST", "/shopify/apps", map[string]any{"client_id": w.App["client_id"], "app_url": "http://127.0.0.1:9/start", "embedded": true})
	r := w.act("open")
	at, err := url.Parse(r.Header.Get("Location"))
	if err != nil || at.Query().Get("shop") != w.Shops[0]["host"] || len(at.Query().Get("hmac")) != 64 || at.Query().Get("timestamp") == "" {
		t.Fatalf("install = %d to %q", r.Status, r.Header.Get("Location"))
	}
	token := at.Query().Get("id_token")
	trade := func(want string) simtest.Reply {
		return w.token(map[string]string{"grant_type": exchange, "subject_token": token, "subject_token_type": idToken, "requested_token_type": want, "expiring": "1"})
	}
	if got := w.good(trade(offline)); got["refresh_token"] == nil {
		t.Errorf("offline token = %v, want a pair", got)
	}
	if got := w.good(trade(online)); got["associated_user"] == nil || got["refresh_token"] != nil {
		t.Errorf("online token = %v, want the user and no refresh token", got)
	}
	w.Advance(2 * time.Minute)
	if r := trade(offline); r.Status != 400 || r.Field("error") != "invalid_subject_token" {
		t.Errorf("old ID token = %d %s", r.Status, r.Text)
	}
}

func TestAskingForStaffBringsAnOnlineToken(t *testing.T) {
	w := start(t)
	got := w.good(w.token(map[string]string{"code": w.consent(w.Shop(0), "grant_options[]", "per-user").Get("code"), "expiring": "1"}))
	if got["associated_user"] == nil || got["refresh_token"] != nil {
		t.Errorf("token = %v, want one of a member of staff", got)
	}
}
