package connect

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/nicksnyder/go-i18n/v2/i18n"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/shoplazza"
)

// hostile is a text as an attacker would choose it for a name.
const hostile = `"><script>alert(1)</script><img src=x onerror=alert(2)>{{.Vendor}}`

func pageIn(lang string) page {
	return page{Lang: lang, localize: i18n.NewLocalizer(loadTexts(), lang)}
}

func spec() *platform.Spec { return shoplazza.New().Spec() }

func render(t *testing.T, c templ.Component) string {
	t.Helper()
	var b bytes.Buffer
	if err := c.Render(t.Context(), &b); err != nil {
		t.Fatalf("page cannot be rendered: %v", err)
	}
	return b.String()
}

// check tells what no page of ours may have, whatever it shows.
func check(t *testing.T, name, lang, html string) {
	t.Helper()
	if !strings.Contains(html, `<html lang="`+lang+`">`) {
		t.Errorf("%s: page in %s does not say so", name, lang)
	}
	if n := strings.Count(html, "<h1>"); n != 1 {
		t.Errorf("%s: %d first headings, want 1", name, n)
	}
	for _, bad := range []string{"<script", "onerror=alert(2)>", "style=", "javascript:", "<no value>", "m.start.", "m.fail."} {
		if strings.Contains(html, bad) {
			t.Errorf("%s in %s holds %q:\n%s", name, lang, bad, html)
		}
	}
	if strings.Contains(strings.ReplaceAll(html, "{{.Vendor}}", ""), "{{") {
		t.Errorf("%s in %s holds a template", name, lang)
	}
}

func visit(mutate func(*consent.Visit)) consent.Visit {
	v := consent.Visit{
		Authorization: gk.Authorization{
			ID: "aut_01jd0000000000000000k7q2xm", Kind: gk.KindAuthorize, Owner: "cust-8841", ExpiresAt: time.Date(2026, 11, 27, 18, 0, 0, 0, time.UTC),
		},
		App:  gk.App{ID: "app_1", Platform: "shoplazza", Name: "Northline ERP"},
		Spec: spec(), AskShop: true,
	}
	if mutate != nil {
		mutate(&v)
	}
	return v
}

func TestStartPage(t *testing.T) {
	grant := gk.Grant{Subject: gk.Subject{Kind: "shop", ID: "2286999", Name: "demo-7"}, State: gk.Expired, Pair: gk.Pair{Expires: time.Date(2026, 11, 19, 17, 0, 0, 0, time.UTC)}}
	cases := map[string]struct {
		visit consent.Visit
		want  map[string][]string // by language
	}{
		"shop to be asked": {visit(nil), map[string][]string{
			"en":    {"Connect your Shoplazza shop to Northline ERP", "cust-8841", `name="shop"`, ".myshoplaza.com", "AUT-K7Q2XM", "2026-11-28"},
			"zh-CN": {"授权您的店匠店铺给 Northline ERP", "前往店匠授权"},
			"zh-TW": {"授權您的店匠 Shoplazza 賣場給 Northline ERP"},
		}},
		"shop known": {visit(func(v *consent.Visit) { v.AskShop, v.Authorization.Shop = false, "demo-7.myshoplaza.com" }), map[string][]string{
			"en": {"demo-7.myshoplaza.com"},
		}},
		"reconnect": {visit(func(v *consent.Visit) { v.AskShop, v.Grant = false, &grant }), map[string][]string{
			"en": {"Reconnect “demo-7”", "ended on 2026-11-20"}, // 17:00 UTC is the next day where the platform is
		}},
		"cancel": {visit(func(v *consent.Visit) { v.AskShop, v.Authorization.Kind = false, gk.KindCancel }), map[string][]string{
			"en": {"Cancel Northline ERP’s authorization"},
		}},
		"hostile names": {visit(func(v *consent.Visit) {
			v.App.Name, v.Authorization.Owner, v.Authorization.Shop = hostile, hostile, hostile
		}), nil},
	}
	for name, c := range cases {
		for _, tongue := range tongues {
			html := render(t, start(newStartPage(pageIn(tongue.Code), c.visit)))
			check(t, name, tongue.Code, html)
			if n := strings.Count(html, "<form"); n != 1 || !strings.Contains(html, `<form method="post">`) {
				t.Errorf("%s: %d forms, want one that posts", name, n)
			}
			if asked := strings.Contains(html, `name="shop"`); asked != c.visit.AskShop {
				t.Errorf("%s: field shop is there: %v, want %v", name, asked, c.visit.AskShop)
			}
			for _, want := range c.want[tongue.Code] {
				if !strings.Contains(html, want) {
					t.Errorf("%s in %s lacks %q:\n%s", name, tongue.Code, want, html)
				}
			}
		}
	}
}

// TestBothShopsAreNamed says which shop agreed in place of the one that the link is for: to the browser in which it agreed.
func TestBothShopsAreNamed(t *testing.T) {
	for name, c := range map[string]struct {
		shop  string
		click gk.Click
		want  string
		never string
	}{
		"both known":     {"demo-1.myshoplaza.com", gk.Click{Hint: gk.Subject{Name: "Tea House"}}, "for “demo-1.myshoplaza.com”, and you authorized “Tea House”", ""},
		"any other":      {"", gk.Click{Hint: gk.Subject{Name: "Tea House"}}, "You authorized “Tea House”, and this link", ""},
		"not known":      {"demo-1.myshoplaza.com", gk.Click{}, "for “demo-1.myshoplaza.com”, and you authorized another shop", ""},
		"an older click": {"demo-1.myshoplaza.com", gk.Click{Hint: gk.Subject{Host: "demo-1.myshoplaza.com"}}, "you authorized another shop", ""},
		"elsewhere":      {"demo-1.myshoplaza.com", gk.Click{Held: true, Hint: gk.Subject{Name: "Tea House"}}, "you authorized another shop", "Tea House"},
	} {
		c.click.Stage, c.click.Reason = gk.Failed, gk.ReasonOtherSubject
		o := consent.Outcome{Click: c.click, Authorization: gk.Authorization{ID: "aut_01jd0000000000000000k7q2xm", Shop: c.shop}, App: gk.App{Platform: "shoplazza", Name: "ERP"}, Spec: spec()}
		html := render(t, notice(newFailure(pageIn("en").about(o.App, o.Spec), o, true)))
		if !strings.Contains(html, c.want) || c.never != "" && strings.Contains(html, c.never) {
			t.Errorf("%s: the page lacks %q, or has %q:\n%s", name, c.want, c.never, html)
		}
	}
}

// TestALongWaitIsToldAsOne stops asking every three seconds, and lets the merchant go.
func TestALongWaitIsToldAsOne(t *testing.T) {
	spent := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	o := consent.Outcome{
		Click: gk.Click{Stage: gk.Issued, SpentAt: spent}, At: spent.Add(10 * time.Second), Spec: spec(),
		Authorization: gk.Authorization{ID: "aut_01jd0000000000000000k7q2xm"}, App: gk.App{Platform: "shoplazza", Name: "ERP"},
	}
	if html := render(t, notice(newWait(pageIn("en").about(o.App, o.Spec), o, false))); !strings.Contains(html, "do not authorize again") {
		t.Errorf("the first seconds of waiting:\n%s", html)
	}
	o.At = spent.Add(2 * time.Minute)
	if html := render(t, notice(newWait(pageIn("en").about(o.App, o.Spec), o, false))); !strings.Contains(html, "you can close this page") || !strings.Contains(html, `content="20"`) {
		t.Errorf("two minutes of waiting:\n%s", html)
	}
	o.Click.Stage, o.Click.SpentAt = gk.Begun, time.Time{}
	for start, want := range map[bool]int{true: 1, false: 0} { // the page of the platform may be closed, and only its browser can go back
		html := render(t, notice(newWait(pageIn("en").about(o.App, o.Spec), o, start)))
		if n := strings.Count(html, "/connect/again/"+o.Click.ID); n != want {
			t.Errorf("waiting for the merchant, start %t: %d ways back to the platform's page, want %d", start, n, want)
		}
	}
}

func TestEveryEndOfAClickHasAPage(t *testing.T) {
	fault := func(a gk.Action) *gk.Fault {
		return &gk.Fault{Platform: "shoplazza", Stage: "token", Code: "invalid_grant", Message: hostile, Action: a, Row: "authorize/access_denied"}
	}
	clicks := []gk.Click{
		{Stage: gk.Begun}, {Stage: gk.Exchanging}, {Stage: gk.Issued},
		{Stage: gk.Failed, Reason: "a reason of a later version"},
	}
	for _, reason := range []string{
		gk.ReasonDenied, gk.ReasonOtherSubject, gk.ReasonOwnerConflict, gk.ReasonLostAnswer, gk.ReasonUnconfirmed, gk.ReasonExpired, gk.ReasonRefused,
	} {
		clicks = append(clicks, gk.Click{Stage: gk.Failed, Reason: reason})
	}
	for _, a := range gk.Actions() {
		clicks = append(clicks, gk.Click{Stage: gk.Failed, Reason: gk.ReasonRefused, Fault: fault(a)})
	}
	for _, c := range clicks {
		o := consent.Outcome{
			Click: c, Authorization: gk.Authorization{ID: "aut_01jd0000000000000000k7q2xm"},
			App: gk.App{Platform: "shoplazza", Name: hostile}, Spec: spec(), ReturnTo: "https://erp.example/back?tab=1&status=completed",
		}
		for _, tongue := range tongues {
			name := string(c.Stage) + " " + c.Reason
			p := pageIn(tongue.Code).about(o.App, o.Spec)
			p.Ref = o.Authorization.Number()
			if c.Stage != gk.Failed {
				html := render(t, notice(newWait(p, o, true)))
				check(t, name, tongue.Code, html)
				if !strings.Contains(html, `http-equiv="refresh" content="3"`) {
					t.Errorf("%s: the page does not ask again", name)
				}
				continue
			}
			m := newFailure(p, o, false)
			html := render(t, notice(m))
			check(t, name, tongue.Code, html)
			if len(m.Texts) == 0 {
				t.Errorf("%s: nothing is said", name)
			}
			for _, want := range []string{"AUT-K7Q2XM", "https://erp.example/back?authorization=aut_01jd0000000000000000k7q2xm&amp;status=failed&amp;tab=1"} {
				if !strings.Contains(html, want) {
					t.Errorf("%s lacks %q:\n%s", name, want, html)
				}
			}
		}
	}
}

func TestDonePageListsShopsAndWhatIsMissing(t *testing.T) {
	o := consent.Outcome{
		Click:         gk.Click{Stage: gk.Done},
		Authorization: gk.Authorization{ID: "aut_01jd0000000000000000k7q2xm"},
		App:           gk.App{Platform: "shoplazza", Name: "Northline ERP"}, Spec: spec(),
		Grants: []gk.Grant{
			{
				State: gk.Active, Renewable: true, Ceiling: time.Date(2027, 11, 20, 0, 0, 0, 0, time.UTC), Facts: map[string]string{"missing_scopes": "write_order read_finance"},
				Shops: []gk.Shop{{ID: "1", Name: hostile}, {ID: "2", Host: "second.myshoplaza.com"}, {ID: "3", Name: "Lost shop", LostAt: gk.At(time.Unix(1, 0))}},
			},
			{State: gk.Active, Renewable: true, Subject: gk.Subject{ID: "77001234"}, Facts: map[string]string{"missing_scopes": "write_order"}},
		},
		ReturnTo: "https://erp.example/back",
	}
	for _, tongue := range tongues {
		p := pageIn(tongue.Code).about(o.App, o.Spec)
		html := render(t, done(newDonePage(p, o, "c0de")))
		check(t, "done", tongue.Code, html)
		for _, want := range []string{"second.myshoplaza.com", "77001234", "2027-11-20", "write_order, read_finance", "gk_confirm=c0de&amp;status=completed"} {
			if !strings.Contains(html, want) {
				t.Errorf("done in %s lacks %q:\n%s", tongue.Code, want, html)
			}
		}
		if strings.Contains(html, "Lost shop") {
			t.Errorf("a shop that was lost is shown as connected")
		}
	}
	o.Grants[0].State = gk.Held
	if html := render(t, done(newDonePage(pageIn("en").about(o.App, o.Spec), o, ""))); !strings.Contains(html, "takes effect when Northline ERP has confirmed it") {
		t.Errorf("a held grant is shown as in force:\n%s", html)
	}
}

func TestOnlyAddressesOfTheWebBecomeLinks(t *testing.T) {
	html := render(t, back(pageIn("en"), `javascript:alert(1)`))
	if strings.Contains(html, "javascript:") {
		t.Errorf("a script became a link: %s", html)
	}
}

func TestBackTo(t *testing.T) {
	cases := []struct{ returnTo, code, want string }{
		{"", "", ""},
		{"https://erp.example/x", "", "https://erp.example/x?authorization=aut_1&status=completed"},
		{"https://erp.example/x?a=1", "c0de", "https://erp.example/x?a=1&authorization=aut_1&gk_confirm=c0de&status=completed"},
		{"https://erp.example/x?status=failed&status=x&gk_confirm=forged&authorization=other#part", "", "https://erp.example/x?authorization=aut_1&status=completed#part"},
	}
	for _, c := range cases {
		if got := backTo(c.returnTo, "aut_1", "completed", c.code); got != c.want {
			t.Errorf("backTo(%q, code %q) = %q, want %q", c.returnTo, c.code, got, c.want)
		}
	}
}

func TestLanguageOf(t *testing.T) {
	cases := []struct{ query, accept, want string }{
		{"", "", "zh-CN"},
		{"", "zh", "zh-CN"},
		{"", "zh-SG,en;q=0.5", "zh-CN"},
		{"", "zh-HK", "zh-TW"},
		{"", "zh-MO,zh;q=0.9", "zh-TW"},
		{"", "zh-Hant", "zh-TW"},
		{"", "de-DE,de;q=0.9,en;q=0.5", "en"},
		{"", "th-TH", "en"},
		{"", "\x00;;q=", "en"},
		{"lang=zh-TW", "en", "zh-TW"},
		{"lang=tlh", "en", "en"},
	}
	for _, c := range cases {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/connect/x?"+c.query, nil)
		if c.accept != "" {
			r.Header["Accept-Language"] = []string{c.accept}
		}
		if got := languageOf(r); got != c.want {
			t.Errorf("languageOf(%q, %q) = %q, want %q", c.query, c.accept, got, c.want)
		}
	}
}

func TestMistake(t *testing.T) {
	cases := map[string]string{
		"":                            "m.host.empty",
		"  ":                          "m.host.empty",
		"www.northline.com":           "m.host.custom",
		"northline.myshoplazza.com":   "m.host.custom",
		"127.0.0.1":                   "m.host.custom",
		"north_line":                  "m.host.bad",
		"north line.myshoplaza.com":   "m.host.bad",
		"north_line.MYSHOPLAZA.com  ": "m.host.bad",
	}
	for typed, want := range cases {
		if got := mistake(typed, ".myshoplaza.com"); got != want {
			t.Errorf("mistake(%q) = %s, want %s", typed, got, want)
		}
	}
}

func TestFormSourcesNameSimulators(t *testing.T) {
	app := gk.App{Endpoints: map[string]string{"authorize": "http://127.0.0.1:7701", "token": "http://127.0.0.1:7701/", "api": "https://relay.example"}}
	if got, want := formSources(app), "'self' https: http://127.0.0.1:7701"; got != want {
		t.Errorf("formSources = %q, want %q", got, want)
	}
}

// TestStylesheetStaysWithinOldBrowsers keeps out what the browsers inside chat programs of 2020 do not know.
func TestStylesheetStaysWithinOldBrowsers(t *testing.T) {
	if len(stylesheet) > 30_000 {
		t.Errorf("stylesheet has %d bytes, want at most 30,000", len(stylesheet))
	}
	bare := regexp.MustCompile(`(?s)/\*.*?\*/`).ReplaceAllString(stylesheet, "")
	for _, bad := range []string{":has(", "light-dark(", "@container", "@import", "url(", "@font-face", "&"} {
		if strings.Contains(bare, bad) {
			t.Errorf("stylesheet holds %q", bad)
		}
	}
}

func TestStartPageAsksForTheLongestPeriod(t *testing.T) {
	choosing := func(longest time.Duration, kind string) consent.Visit {
		return visit(func(v *consent.Visit) {
			v.Authorization.Kind = kind
			v.Spec.Facts.Link.Chooses, v.Spec.Facts.Link.Longest = true, platform.Duration(longest)
		})
	}
	for _, tongue := range []string{"en", "zh-CN", "zh-TW"} {
		p := pageIn(tongue)
		for want, v := range map[string]consent.Visit{
			" 365 ":                   choosing(365*24*time.Hour, gk.KindAuthorize),
			periodWithoutDays[tongue]: choosing(0, gk.KindAuthorize),
		} {
			if html := render(t, start(newStartPage(p, v))); !strings.Contains(html, want) {
				t.Errorf("%s: the page does not say %q:\n%s", tongue, want, html)
			}
		}
		for name, v := range map[string]consent.Visit{
			"no choice":      visit(nil),
			"a cancellation": choosing(365*24*time.Hour, gk.KindCancel),
		} {
			if html := render(t, start(newStartPage(p, v))); strings.Contains(html, " 365 ") || strings.Contains(html, periodWithoutDays[tongue]) {
				t.Errorf("%s: the page of %s speaks of a period", tongue, name)
			}
		}
	}
}

// periodWithoutDays is a part of the text for platforms that do not publish their longest period.
var periodWithoutDays = map[string]string{"en": "Choose the longest that is offered", "zh-CN": "可选的最长期限", "zh-TW": "可選的最長期限"}
