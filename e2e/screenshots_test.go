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
	send(t, http.DefaultClient, http.MethodPost, d.Control+"/clock", "", map[string]any{"advance": "720h"})
	p.do("apps", chromedp.Navigate(d.Server+"/console/apps"))
	app := regexp.MustCompile(`/console/apps/(app_[a-z0-9]+)`).FindStringSubmatch(read[string](p, "document.documentElement.outerHTML"))[1]
	pages := []struct{ name, path string }{
		{"overview", ""}, {"grants", "/grants"}, {"todo", "/grants?list=todo"}, {"links", "/links"}, {"newlink", "/links/new"}, {"apps", "/apps"}, {"app", "/apps/" + app},
		{"addapp", "/apps/new?platform=shopee"}, {"explain", "/explain"}, {"browse", "/explain/eleme"}, {"tools", "/tools?do=verify"}, {"events", "/events"},
		{"endpoints", "/endpoints"}, {"alarms", "/alarms"}, {"alarm", "/alarms/new?channel=dingtalk"}, {"quotas", "/quotas"}, {"audit", "/audit"}, {"data", "/data"},
		{"rotate", "/data/rotate"}, {"stop", "/apps/" + app + "/stop"}, {"settings", "/settings"}, {"fault", "/demo/fault"}, {"confirm", "/grants/" + grants[0][1] + "/revoke"},
	}
	for i, g := range grants[:min(len(grants), 8)] {
		pages = append(pages, struct{ name, path string }{fmt.Sprintf("grant-%02d", i), "/grants/" + g[1]})
	}
	only := os.Getenv("GRANTKEEP_SCREENSHOTS_ONLY")
	var axe []byte
	if path := os.Getenv("GRANTKEEP_AXE"); path != "" {
		var err error
		if axe, err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	for _, look := range looks {
		p = page{t, newBrowser(t)} // each has its own limit of time
		p.do("logging in", chromedp.Navigate(d.Console))
		p.do("settings", chromedp.Navigate(d.Server+"/console/settings"))
		read[int](p, fmt.Sprintf(`document.querySelector('[name=language]').value=%q;document.querySelector('[name=theme]').value=%q;`+
			`document.querySelector('form[action$="/settings"] button').id='save';1`, look.lang, look.theme))
		if _, err := chromedp.RunResponse(p.ctx, chromedp.Click(chromedp.CSS("#save"))); err != nil {
			t.Fatal(err)
		}
		for _, one := range pages {
			if only != "" && !strings.Contains(only, one.name) {
				continue
			}
			p.do(one.name, chromedp.EmulateViewport(look.width, 900), chromedp.Navigate(d.Server+"/console"+one.path))
			if wide := read[int64](p, "document.documentElement.scrollWidth"); wide > look.width {
				t.Errorf("%s in %s is %d pixels wide, want at most %d", one.name, look.lang, wide, look.width)
			}
			if axe != nil {
				p.passesAxe(axe, one.name+" in "+look.lang+" "+look.theme)
			}
			png, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
			if err != nil {
				t.Fatal(err)
			}
			name := fmt.Sprintf("%s-%s-%s-%d.png", url.PathEscape(one.name), look.lang, look.theme, look.width)
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
