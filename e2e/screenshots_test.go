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

	"github.com/chromedp/chromedp"
)

// looks are the ways in which every page is drawn: language, width, theme.
var looks = []struct {
	lang, theme string
	width       int64
}{
	{"zh-CN", "light", 1440}, {"zh-TW", "light", 390}, {"en", "dark", 1440}, {"en", "light", 1440}, {"zh-CN", "dark", 390}, {"zh-TW", "dark", 1440},
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
		{"settings", "/settings"}, {"fault", "/demo/fault"}, {"confirm", "/grants/" + grants[0][1] + "/revoke"},
	}
	for i, g := range grants[:min(len(grants), 8)] {
		pages = append(pages, struct{ name, path string }{fmt.Sprintf("grant-%02d", i), "/grants/" + g[1]})
	}
	only := os.Getenv("GRANTKEEP_SCREENSHOTS_ONLY")
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
