package console_test

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pelletier/go-toml/v2"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/console/frame"
	"github.com/grantkeep/grantkeep/store"
)

// furnish puts a grant of every kind into a house.
func furnish(h *house) string {
	app := h.app("shopee")
	now := h.keeper.Now()
	h.grant(app, "grt_0001", nil)
	h.grant(app, "grt_0002", func(g *gk.Grant) {
		g.State, g.Renewable, g.Subject.Name = gk.Expired, false, "小島日用選物"
		g.Expires, g.RefreshExpires, g.Ceiling, g.DueAt = now.Add(-time.Hour), now.Add(time.Hour), now.Add(-2*time.Hour), time.Time{}
		g.Fault = &gk.Fault{Platform: "shopee", Stage: "refresh", Code: "shop_access_expired", Message: "Your access to shop has expired.", Action: gk.Reauthorize, Terminal: true, RequestID: "e3f1"}
	})
	h.grant(app, "grt_0003", func(g *gk.Grant) { g.State, g.Expires = gk.Suspended, now.Add(-time.Minute) })
	h.grant(app, "grt_0004", func(g *gk.Grant) { g.Doubts, g.DoubtSince = 1, now })
	h.grant(app, "grt_0005", func(g *gk.Grant) { g.State, g.Owner = gk.Held, "" })
	h.grant(app, "grt_0006", func(g *gk.Grant) { g.State, g.Access, g.Refresh, g.Renewable = gk.Revoked, nil, nil, false })
	h.grant(app, "grt_0007", func(g *gk.Grant) {
		g.Renewable, g.Expires, g.Ceiling, g.Subject.Name = false, now.Add(5*24*time.Hour), time.Time{}, `<script>alert("x")</script>`
	})
	h.grant(app, "grt_0008", func(g *gk.Grant) {
		g.Fault = &gk.Fault{Platform: "shopee", Stage: "refresh", Code: "error_server", Action: gk.Backoff}
	})
	return app
}

var paths = []string{
	"", "/", "/grants", "/grants?list=todo", "/grants?move=merchant", "/grants?ends=30", "/grants?state=expired&platform=shopee", "/grants?q=nothing",
	"/links", "/links?state=open", "/links/new", "/apps", "/apps/new", "/apps/new?platform=eleme", "/explain", "/explain/shopee", "/tools", "/tools?do=parse",
	"/events", "/events?kind=grant.expired", "/settings", "/endpoints", "/alarms", "/alarms/new?channel=email", "/audit", "/audit?action=user.login", "/data", "/data/rotate", "/data/retire", "/quotas", "/explain?platform=shopee&row=refresh/error_auth", "/events?platform=eleme&from=2001-01-01",
	"/grants/grt_0001", "/grants/grt_0002", "/grants/grt_0003", "/grants/grt_0004", "/grants/grt_0005", "/grants/grt_0006", "/grants/grt_0007", "/grants/grt_0008",
	"/grants/grt_0002/revoke",
}

func TestEveryPageInEveryLanguage(t *testing.T) {
	h := newHouse(t)
	app := furnish(h)
	v := h.login(store.RoleAdministrator)
	heading := regexp.MustCompile(`<h1[ >]`)
	for _, lang := range []string{"zh-CN", "zh-TW", "en"} {
		v.lang = lang
		for _, path := range append(slices.Clone(paths), "/apps/"+app, "/apps/"+app+"/remove", "/apps/"+app+"/stop") {
			a := v.get("/console" + path)
			switch {
			case a.status != http.StatusOK:
				t.Errorf("%s in %s = %d", path, lang, a.status)
			case len(heading.FindAllString(a.body, -1)) != 1:
				t.Errorf("%s has %d h1, want one", path, len(heading.FindAllString(a.body, -1)))
			case !strings.Contains(a.body, `<html lang="`+lang+`"`):
				t.Errorf("%s is not in %s", path, lang)
			case strings.Contains(a.body, "{{"), strings.Contains(a.body, "no value"):
				t.Errorf("%s in %s has a text without its values", path, lang)
			case strings.Contains(a.body, "<script>alert"), strings.Contains(a.body, ` style="`), strings.Contains(a.body, "onclick"):
				t.Errorf("%s holds something that is inline", path)
			}
		}
	}
}

func TestAGrantSaysWhatIsWrongAndWhatToSend(t *testing.T) {
	h := newHouse(t)
	furnish(h)
	v := h.login(store.RoleSupport)
	a := v.get("/console/grants/grt_0002")
	for _, want := range []string{"小島日用選物", "the merchant must authorize again", "shop_access_expired", "The merchant’s move", "e3f1"} {
		if !strings.Contains(a.body, want) {
			t.Errorf("the page of an expired grant does not say %q", want)
		}
	}
	made := v.post("/console/grants/grt_0002/link")
	for _, want := range []string{h.url + "/connect/", `lang="zh-TW"`, "您好", `class="qr"`, "AUT-"} {
		if !strings.Contains(made.body, want) {
			t.Errorf("the message does not hold %q", want)
		}
	}
	if quiet := v.get("/console/grants/grt_0001").body; !strings.Contains(quiet, "All is well") || strings.Contains(quiet, "verdict") {
		t.Error("a grant that is well is not quiet")
	}
}

func TestQuotasNameWhoUsesThem(t *testing.T) {
	h := newHouse(t)
	app := h.app("shopee")
	h.grant(app, "grt_0001", func(g *gk.Grant) {
		shanghai := h.keeper.Now().In(time.FixedZone("", 8*60*60))
		g.QuotaDay, g.QuotaUsed = time.Date(shanghai.Year(), shanghai.Month(), shanghai.Day(), 0, 0, 0, 0, time.UTC).Unix()/86400, 48
	})
	h.grant(app, "grt_0002", func(g *gk.Grant) { g.QuotaDay, g.QuotaUsed = 1, 99 })
	body := h.login(store.RoleSupport).get("/console/quotas").body
	if !strings.Contains(body, "Shop grt_0001") || !strings.Contains(body, "48") || strings.Contains(body, "Shop grt_0002") {
		t.Error("the quotas do not name who used them today, or name who used them long ago")
	}
}

func TestTheOverviewNamesWhatNeedsSomebody(t *testing.T) {
	h := newHouse(t)
	furnish(h)
	a := h.login(store.RoleSupport).get("/console")
	for _, want := range []string{"小島日用選物", "1 grant ends within 7 days", "things to do", "What ends in the next 90 days", "/console/grants?state=expired"} {
		if !strings.Contains(a.body, want) {
			t.Errorf("the overview does not say %q", want)
		}
	}
}

func TestRolesAreRefusedWhatIsNotTheirs(t *testing.T) {
	h := newHouse(t)
	app := furnish(h)
	support := h.login(store.RoleSupport)
	for _, path := range []string{"/console/apps/new", "/console/grants/grt_0001/revoke", "/console/apps/" + app + "/remove"} {
		if a := support.get(path); a.status != http.StatusForbidden || !strings.Contains(a.body, "Your role does not allow this") {
			t.Errorf("support at %s = %d, want 403 in words", path, a.status)
		}
	}
	for path, fields := range map[string][]string{
		"/console/grants/grt_0001/refresh": nil, "/console/grants/grt_0001/revoke": {"typed", "0001"}, "/console/apps/" + app: {"name", "x"},
		"/console/settings/keys": {"name", "x", "scope", "admin"}, "/console/settings/people": {"name", "x", "role", "administrator"},
	} {
		if a := support.post(path, fields...); a.status != http.StatusForbidden {
			t.Errorf("POST %s by support = %d, want 403", path, a.status)
		}
	}
	operator := h.login(store.RoleOperator)
	if a := operator.post("/console/settings/people", "name", "x", "role", "administrator"); a.status != http.StatusForbidden {
		t.Errorf("a person made by an operator = %d, want 403", a.status)
	}
	if body := support.get("/console/settings").body; strings.Contains(body, "API keys") {
		t.Error("support sees the keys")
	}
}

func TestRevokingAsksAndWantsTheLastDigits(t *testing.T) {
	h := newHouse(t)
	furnish(h)
	v := h.login(store.RoleOperator)
	if a := v.post("/console/grants/grt_0008/revoke", "typed", "9999"); a.status != http.StatusUnprocessableEntity {
		t.Errorf("with other digits = %d, want 422", a.status)
	}
	if g, err := h.store.Grant(t.Context(), gk.Engine(), "grt_0008"); err != nil || g.State == gk.Revoked {
		t.Errorf("the grant is %s, %v; want it untouched", g.State, err)
	}
}

func TestSearchFindsGrantsAndExplainsErrors(t *testing.T) {
	h := newHouse(t)
	furnish(h)
	v := h.login(store.RoleSupport)
	for text, to := range map[string]string{"小島日用選物": "/console/grants/grt_0002", "grt_0003": "/console/grants/grt_0003", "Shop": "/console/grants?q=Shop"} {
		if a := v.post("/console/search", "q", text); a.to != to {
			t.Errorf("searching %q leads to %q, want %q", text, a.to, to)
		}
	}
	pastedToken := "4d5a6b7c8d9e0f1a2b3c4d5e6f7a8b9c"
	a := v.post("/console/search", "q", `{"error":"Unauthorized client","error_description":"redis distributed lock","access_token":"`+pastedToken+`"}`)
	if a.status != http.StatusOK || !strings.Contains(a.body, "The grant is not affected") {
		t.Errorf("a pasted error = %d, want it explained", a.status)
	}
	if strings.Contains(a.body, pastedToken) {
		t.Error("a pasted token is shown again")
	}
}

// An app that gets its tokens itself has a form for a shop, and no button for a link that nobody could use.
func TestAnAppThatAsksItselfNeedsNoLink(t *testing.T) {
	h := newHouse(t)
	linked := h.app("shopee")
	app, err := h.keeper.Apps().Create(t.Context(), gk.Engine(), apps.Input{
		Platform: "douyin", Profile: "self_use", Name: "Ours", Settings: map[string]string{"app_key": "3409409348479354011", "app_secret": canary},
	})
	if err != nil {
		t.Fatal(err)
	}
	v := h.login(store.RoleOperator)
	v.lang = "en"
	for id, asks := range map[string]bool{app.ID: true, linked: false} {
		page := v.get("/console/apps/" + id).body
		if strings.Contains(page, "/apps/"+id+"/obtain") != asks || strings.Contains(page, "/links/new?app="+id) == asks {
			t.Errorf("the page of %s: want a form %v, else a link", id, asks)
		}
	}
	if a := v.post("/console/apps/"+app.ID+"/obtain", "shop", "no number"); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, `value="no number"`) {
		t.Errorf("a shop that is none = %d, want 422 with what was typed", a.status)
	}
	if a := v.post("/console/apps/"+linked+"/obtain", "shop", "1"); a.status != http.StatusNotFound {
		t.Errorf("an app that needs a merchant = %d, want 404", a.status)
	}
}

func TestSecretsWantThePasswordOnceMore(t *testing.T) {
	h := newHouse(t)
	v := h.login(store.RoleAdministrator)
	if a := v.post("/console/settings/keys", "name", "erp", "scope", "read"); a.status != http.StatusOK || !strings.Contains(a.body, "gk_made_up") {
		t.Fatalf("a key soon after the login = %d", a.status)
	}
	if strings.Contains(v.get("/console/settings").body, "gk_made_up") {
		t.Error("the key is shown twice")
	}
	h.pass(16 * time.Minute)
	if a := v.post("/console/settings/keys", "name", "erp", "scope", "read"); a.status != http.StatusSeeOther || !strings.HasPrefix(a.to, "/login?again=1") {
		t.Errorf("a key long after it = %d to %q, want the password asked for", a.status, a.to)
	}
}

func TestToolsComputeAndKeepQuiet(t *testing.T) {
	h := newHouse(t)
	v := h.login(store.RoleSupport)
	in := `{"platform":"eleme","stage":"refresh","status":200,"body":"{\"error\":\"invalid_grant\"}"}`
	if a := v.post("/console/tools", "do", "parse", "input", in); a.status != http.StatusOK || !strings.Contains(a.body, "invalid_grant") {
		t.Errorf("parse = %d", a.status)
	}
	if a := v.post("/console/tools", "do", "parse", "input", "{\n  x"); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, "2:") {
		t.Errorf("no JSON = %d, want line and column\n%s", a.status, a.body)
	}
}

func TestCataloguesAgree(t *testing.T) {
	texts := map[string]map[string]string{}
	for _, lang := range []string{"en", "zh-CN", "zh-TW"} {
		b, err := os.ReadFile(filepath.Join("locale", lang+".toml"))
		if err != nil {
			t.Fatal(err)
		}
		read, m := map[string]any{}, map[string]string{}
		if err := toml.Unmarshal(b, &read); err != nil {
			t.Fatal(err)
		}
		for id, text := range read {
			switch text := text.(type) {
			case string:
				m[id] = text
			case map[string]any: // a text that differs for one and for many
				one, _ := text["one"].(string)
				if m[id], _ = text["other"].(string); one == "" || m[id] == "" {
					t.Errorf("%s in %s wants one and other", id, lang)
				}
			}
		}
		texts[lang] = m
	}
	values := regexp.MustCompile(`\{\{\.(\w+)\}\}`)
	named := func(text string) string {
		names := values.FindAllString(text, -1)
		slices.Sort(names)
		return strings.Join(slices.Compact(names), " ")
	}
	for id, text := range texts["en"] {
		for _, lang := range []string{"zh-CN", "zh-TW"} {
			other, ok := texts[lang][id]
			if !ok || named(other) != named(text) && !strings.HasPrefix(id, "msg.") {
				t.Errorf("%s in %s differs in its values from English, or is missing", id, lang)
			}
		}
	}
	if len(texts["en"]) != len(texts["zh-CN"]) || len(texts["en"]) != len(texts["zh-TW"]) {
		t.Error("the catalogues have different texts")
	}
}

func TestOwnJavaScriptIsShort(t *testing.T) {
	b, err := os.ReadFile("console.js")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(b), "\n"); n > 150 {
		t.Errorf("console.js has %d lines, want 150 at most", n)
	}
}

func TestAGrantShowsItsAttemptsAndTheExactRequestWithoutSecrets(t *testing.T) {
	h := newHouse(t)
	app := h.app("shopee")
	h.grant(app, "grt_0001", func(g *gk.Grant) {
		g.Failures = 3
		g.Fault = &gk.Fault{Platform: "shopee", Stage: "refresh", Code: "error_server", Action: gk.Backoff, RequestID: "e3f1a09c", At: gk.At(h.keeper.Now().Add(-time.Minute))}
	})
	page := h.login(store.RoleSupport).get("/console/grants/grt_0001").body
	for _, want := range []string{"Refused at: refresh · 3 in a row", "e3f1a09c", "Refreshed: generation 3, bought with 2", "/api/v2/auth/access_token/get?", "sign=***", "&#34;refresh_token&#34;:&#34;***&#34;", `shop_id&#34;:77000001`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if regexp.MustCompile(`sign=[0-9a-f]{8}`).MatchString(page) || strings.Contains(page, "not-shown") {
		t.Error("the request shows what was made with a secret")
	}
}

func TestTheOverviewDrawsHowRefreshesWent(t *testing.T) {
	h := newHouse(t)
	furnish(h)
	now := h.keeper.Now()
	err := h.store.AddHalfHours(t.Context(), []store.HalfHour{
		{Platform: "shopee", Slot: now, OK: 90, Failed: 10}, {Platform: "shopee", Slot: now.Add(-3 * time.Hour), Failed: 5},
		{Platform: "shopee", Slot: now.Add(-24 * time.Hour), OK: 1000}, {Platform: "eleme", Slot: now, OK: 7},
	})
	if err != nil {
		t.Fatal(err)
	}
	page := h.login(store.RoleSupport).get("/console").body
	for _, want := range []string{
		`aria-label="Shopee, last 24 hours: failures in 2 of 48 half hours, the last at `, `<b class="warn">85.7%</b>`, "of 105 refreshes",
		`y="20.0" height="6.0" rx="1.500" fill="var(--warn-fill)"`, `y="0.0" height="26.0" rx="1.500" fill="var(--bad-fill)"`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the overview does not draw %q", want)
		}
	}
	if n := strings.Count(page, `height="3" fill="var(--line)"`); n != 46 {
		t.Errorf("%d half hours are empty, want 46", n)
	}
}

func TestExplainHasExamplesAndADraftOfWhatIsUnknown(t *testing.T) {
	h := newHouse(t)
	v := h.login(store.RoleSupport)
	page := v.get("/console/explain")
	page.says(t, "explain", "Examples to press")
	if n := strings.Count(page.body, `class="chip" href="/console/explain?platform=`); n < 3*9-3 {
		t.Errorf("there are %d examples, want about three of each platform", n)
	}
	a := v.post("/console/explain", "platform", "eleme", "stage", "refresh", "q", `{"error":"never_seen_before","error_description":"odd thing 123456789"}`)
	a.says(t, "an unknown error", "Not in the catalogue", "A row for the catalogue", "eleme,refresh,never_seen_before,")
	if strings.Contains(a.body, "eleme,refresh,never_seen_before,odd thing 123456789") {
		t.Error("the row keeps a number that is one shop's")
	}
	v.get("/console/explain?platform=shopee&row=refresh/error_auth").says(t, "a row", "From another source")
}

func TestOlderKeysAreRetiredByAButton(t *testing.T) {
	h := newHouse(t)
	v := h.login(store.RoleAdministrator)
	page := v.get("/console/data")
	page.says(t, "the page of the data", "seals, since")
	if strings.Contains(page.body, "/console/data/retire") {
		t.Error("a set of one key has one to retire")
	}
	if _, err := h.keeper.Keys().Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	v.get("/console/data").says(t, "the page of the data", "Older keys that only open: 1")
	if a := v.post("/console/data/retire", "typed", "nothing"); a.status != http.StatusUnprocessableEntity {
		t.Errorf("without what is to be typed = %d", a.status)
	}
	set, err := h.store.Keyset(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	a := v.post("/console/data/retire", "typed", frame.Last(frame.Plain(set.Primary)))
	if a.status != http.StatusConflict {
		t.Errorf("a key that is needed is retired: %d", a.status)
	}
	a.says(t, "the refusal", "The older keys are still needed; nothing was changed")
}
