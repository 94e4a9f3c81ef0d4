//go:build screenshots

package e2e_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// looks are the ways in which every page is drawn: language, width, theme.
var looks = []struct {
	lang, theme string
	width       int64
}{
	{"zh-CN", "light", 1440}, {"zh-TW", "light", 360}, {"en", "dark", 1440}, {"en", "light", 1440}, {"zh-CN", "dark", 360}, {"zh-TW", "dark", 1440},
}

// shot is a page to draw: under the console, or with whole set at its own address; send marks a button
// there, which is pressed.
type shot struct {
	name, path string
	whole      bool
	send       string
}

func (s shot) address() string {
	if s.whole {
		return s.path
	}
	return "/console" + s.path
}

// fills fills fields of the first form that has the first of them, and marks its button.
func fills(fields ...string) string {
	text := "const f = document.querySelector('main form:has([name=" + fields[0] + "])');"
	for i := 0; i+1 < len(fields); i += 2 {
		text += fmt.Sprintf("f.elements[%q].value = %q;", fields[i], fields[i+1])
	}
	return "(() => {" + text + "f.querySelector('button').id = 'to-press'; return 1;})()"
}

// presses marks the button of a form.
func presses(form string) string {
	return fmt.Sprintf("(() => {document.querySelector(%q).querySelector('button').id = 'to-press'; return 1;})()", form)
}

// posted are the pages that a form leads to, and those of merchants.
func (d *demo) posted(grant string) []shot {
	pages := []shot{
		{name: "explained", path: "/explain", send: fills("q", `{"error":"Unauthorized client","error_description":"redis distributed lock error"}`)},
		{name: "unknown", path: "/explain", send: fills("platform", "eleme", "q", `{"error":"never_seen_before"}`)},
		{name: "compared", path: "/tools?do=request", send: fills("signed", "1000001/api/v2/nothing")},
		{name: "nojson", path: "/tools?do=parse", send: fills("input", "{ x")},
		{name: "sent", path: "/grants/" + grant, send: presses("form[action*='/link']")},
		{name: "madelink", path: "/links/new", send: fills("days", "7")},
		{name: "badlink", path: "/links/new", send: fills("owner", strings.Repeat("x", 199)+"\u0007")},
		{name: "checked", path: "/apps/" + d.Apps["shopee"], send: presses("form[action$='/check']")},
	}
	var made struct{ URL string }
	d.call(http.MethodPost, "/v1/authorizations", map[string]any{"app": d.Apps["shopee"]}, &made)
	return append(pages, shot{name: "connect", path: strings.TrimPrefix(made.URL, d.Server), whole: true})
}

// TestScreenshots writes every page of the console for a person to look at: make screenshots.
func TestScreenshots(t *testing.T) {
	dir := os.Getenv("GRANTKEEP_SCREENSHOTS")
	if dir == "" {
		t.Fatal("GRANTKEEP_SCREENSHOTS names the folder; make screenshots sets it")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	d := startDemo(t)
	p := page{t, newBrowser(t)}
	p.do("logging in", chromedp.Navigate(d.Console))
	p.press("on every platform")
	p.do("the list", chromedp.Navigate(d.Server+"/console/grants"))
	text := read[string](p, "document.documentElement.outerHTML")
	grants := regexp.MustCompile(`/console/grants/(grt_[a-z0-9]+)`).FindAllStringSubmatch(text, -1)
	if len(grants) == 0 {
		t.Fatal("the demo has no grant")
	}
	for _, code := range []string{"shopee", "shoplazza"} {
		send(t, http.DefaultClient, http.MethodPost, d.Control+"/"+code+"/revoke", "", map[string]any{"subject": fmt.Sprint(d.Platforms[code].Shops[0]["id"])})
	}
	d.advance("720h")
	p.do("apps", chromedp.Navigate(d.Server+"/console/apps"))
	app := regexp.MustCompile(`/console/apps/(app_[a-z0-9]+)`).FindStringSubmatch(read[string](p, "document.documentElement.outerHTML"))[1]
	pages := []shot{
		{name: "overview"}, {name: "grants", path: "/grants"}, {name: "todo", path: "/grants?list=todo"}, {name: "links", path: "/links"}, {name: "newlink", path: "/links/new"}, {name: "apps", path: "/apps"}, {name: "app", path: "/apps/" + app},
		{name: "addapp", path: "/apps/new?platform=shopee"}, {name: "explain", path: "/explain"}, {name: "browse", path: "/explain/eleme"}, {name: "tools", path: "/tools?do=verify"}, {name: "events", path: "/events"},
		{name: "endpoints", path: "/endpoints"}, {name: "alarms", path: "/alarms"}, {name: "alarm", path: "/alarms/new?channel=dingtalk"}, {name: "quotas", path: "/quotas"}, {name: "audit", path: "/audit"}, {name: "data", path: "/data"},
		{name: "rotate", path: "/data/rotate"}, {name: "stop", path: "/apps/" + app + "/stop"}, {name: "settings", path: "/settings"}, {name: "fault", path: "/demo/fault"}, {name: "confirm", path: "/grants/" + grants[0][1] + "/revoke"},
		{name: "merchant", path: "/demo/merchant"}, {name: "filtered", path: "/grants?state=active&platform=shopee"}, {name: "nomatch", path: "/grants?q=nobody"}, {name: "nopage", path: "/nothing"},
		{name: "row", path: "/explain?platform=shopee&row=refresh/error_auth"}, {name: "byname", path: "/grants?sort=name"}, {name: "when", path: "/events?platform=shopee&from=2020-01-01"},
	}
	pages = append(pages, d.posted(grants[0][1])...)
	for i, g := range grants[:min(len(grants), 8)] {
		pages = append(pages, shot{name: fmt.Sprintf("grant-%02d", i), path: "/grants/" + g[1]})
	}
	look := os.Getenv("GRANTKEEP_SCREENSHOTS_LOOK")
	only := os.Getenv("GRANTKEEP_SCREENSHOTS_ONLY")
	var axe []byte
	if path := os.Getenv("GRANTKEEP_AXE"); path != "" {
		var err error
		if axe, err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	for _, one := range looks {
		if look != "" && fmt.Sprintf("%s-%s-%d", one.lang, one.theme, one.width) != look {
			continue
		}
		p = page{t, newBrowser(t, "status of 404", "status of 422")} // each has its own limit of time; there are pages of mistakes
		p.do("logging in", chromedp.Navigate(d.Console))
		p.do("settings", chromedp.Navigate(d.Server+"/console/settings"))
		read[int](p, fmt.Sprintf(`document.querySelector('[name=language]').value=%q;document.querySelector('[name=theme]').value=%q;`+
			`document.querySelector('form[action$="/settings"] button').id='save';1`, one.lang, one.theme))
		if _, err := chromedp.RunResponse(p.ctx, chromedp.Click(chromedp.CSS("#save"))); err != nil {
			t.Fatal(err)
		}
		for _, at := range pages {
			if only != "" && !strings.Contains(only, at.name) {
				continue
			}
			p.do(at.name, chromedp.EmulateViewport(one.width, 900), chromedp.Navigate(d.Server+at.address()))
			if at.send != "" {
				read[int](p, at.send)
				if _, err := chromedp.RunResponse(p.ctx, chromedp.Click(chromedp.CSS("#to-press"))); err != nil {
					t.Fatalf("%s: %v", at.name, err)
				}
			}
			if wide := read[int64](p, "document.documentElement.scrollWidth"); wide > one.width {
				t.Errorf("%s in %s is %d pixels wide, want at most %d: %s", at.name, one.lang, wide, one.width, read[string](p, `[...document.querySelectorAll("main *")]
					.filter(e => e.getBoundingClientRect().right > innerWidth).map(e => e.outerHTML.slice(0, 80)).slice(0, 5).join(" | ")`))
			}
			if axe != nil {
				p.passesAxe(axe, at.name+" in "+one.lang+" "+one.theme)
			}
			png, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
			if err != nil {
				t.Fatal(err)
			}
			name := fmt.Sprintf("%s-%s-%s-%d.png", url.PathEscape(at.name), one.lang, one.theme, one.width)
			if err := os.WriteFile(filepath.Join(dir, name), png, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestPictures writes the two pictures of the README: make screenshots.
func TestPictures(t *testing.T) {
	dir := os.Getenv("GRANTKEEP_PICTURES")
	if dir == "" {
		t.Fatal("GRANTKEEP_PICTURES names the folder; make screenshots sets it")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	d := startDemo(t)
	p := page{t, newBrowser(t)}
	p.do("logging in", chromedp.EmulateViewport(1200, 800), chromedp.Navigate(d.Console))
	p.press("on every platform")
	shoot := func(name string) {
		t.Helper()
		png, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), png, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p.do("the overview", chromedp.Navigate(d.Server+"/console"))
	shoot("overview.png")
	p.do("what somebody has to do", chromedp.Navigate(d.Server+"/console/grants?move=merchant"))
	grant := regexp.MustCompile(`/console/grants/grt_[a-z0-9]+`).FindString(read[string](p, "document.documentElement.outerHTML"))
	if grant == "" {
		t.Fatal("no merchant has anything to do")
	}
	p.do("a grant", chromedp.EmulateViewport(1200, 1000), chromedp.Navigate(d.Server+grant))
	p.press("Make the link")
	shoot("grant.png")
}

// passesAxe fails where axe-core finds something that keeps people from using the page: names, contrast, focus, landmarks.
func (p page) passesAxe(axe []byte, what string) {
	p.t.Helper()
	if _, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool](string(axe)+";true")); err != nil {
		p.t.Fatalf("%s: axe cannot be loaded: %v", what, err)
	}
	found, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](`axe.run(document, {resultTypes: ["violations"]}).then(r =>
		r.violations.map(v => v.id + ": " + v.nodes.map(n => n.target.join(" ")).slice(0, 3).join(" | ")).join("; "))`,
		func(p *runtime.EvaluateParams) { p.AwaitPromise = new(true) }))
	if err != nil {
		p.t.Fatalf("%s: axe: %v", what, err)
	}
	if found != "" {
		p.t.Errorf("%s: axe finds %s", what, found)
	}
}
