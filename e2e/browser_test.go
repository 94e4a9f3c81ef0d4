package e2e_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// newBrowser starts a browser with an empty profile. What it complains of, on its console or about a page's policy, is an
// error of the test, but for what a test expects. Without Chromium the test fails, unless GRANTKEEP_TEST_NO_CHROMIUM=1 says that this machine has none.
func newBrowser(t *testing.T, expected ...string) context.Context {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: needs a browser")
	}
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("GRANTKEEP_TEST_NO_CHROMIUM") == "1" {
			t.Skip("SKIPPED, nothing is known of the pages in a browser: this machine has no chromium, and GRANTKEEP_TEST_NO_CHROMIUM=1")
		}
		t.Fatal("chromium is not in PATH; make install-deps installs it on Debian (GRANTKEEP_TEST_NO_CHROMIUM=1 skips the browser tests)")
	}
	life := 10 * time.Minute
	if os.Getenv("GRANTKEEP_SCREENSHOTS") != "" {
		life = time.Hour // there are dozens of pages
	}
	ctx, cancel := context.WithTimeout(t.Context(), life)
	t.Cleanup(cancel)
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(path), chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("lang", "en"), chromedp.WindowSize(1024, 800))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses to run as root with it
	}
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	var mu sync.Mutex
	var complaints []string
	complain := func(format string, args ...any) {
		text := fmt.Sprintf(format, args...)
		if slices.ContainsFunc(expected, func(e string) bool { return strings.Contains(text, e) }) {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		complaints = append(complaints, text)
	}
	err = chromedp.Listen(ctx, func(event any) {
		switch e := event.(type) {
		case *log.EventEntryAdded: // also what a page's policy has blocked
			if e.Entry.Level == log.EntryLevelError && !strings.HasSuffix(e.Entry.URL, "/favicon.ico") {
				complain("log: %s %s", e.Entry.Text, e.Entry.URL)
			}
		case *runtime.EventConsoleAPICalled:
			if e.Type == runtime.ConsoleAPICalledTypeError {
				complain("console: %v", e.Args)
			}
		case *runtime.EventExceptionThrown:
			complain("exception: %s", e.ExceptionDetails.Text)
		}
	})
	if err != nil {
		t.Fatalf("chromium does not start: %v", err)
	}
	t.Cleanup(func() {
		mu.Lock()
		defer mu.Unlock()
		for _, c := range complaints {
			t.Errorf("the browser complains: %s", c)
		}
	})
	return ctx
}

// page is a page in a browser.
type page struct {
	t   *testing.T
	ctx context.Context
}

func (p page) do(what string, actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, actions...); err != nil {
		p.t.Fatalf("%s: %v", what, err)
	}
}

// read evaluates an expression of JavaScript on the page.
func read[T any](p page, expression string) T {
	p.t.Helper()
	value, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// press presses the button with a label and waits for the page that it leads to. What it waits for at most is long enough for
// a loaded machine, and short enough that a label which is gone is told.
func (p page) press(label string) {
	p.t.Helper()
	button := chromedp.Search(fmt.Sprintf(`//button[contains(normalize-space(.), %q)]`, label))
	ctx, cancel := context.WithTimeout(p.ctx, 3*time.Minute)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, chromedp.Click(button)); err != nil {
		p.t.Fatalf("pressing %q: %v; the page says:\n%s", label, err, p.text())
	}
}

// text is what the page says.
func (p page) text() string { return read[string](p, "document.body.innerText") }

// says fails unless the page says something.
func (p page) says(want string) {
	p.t.Helper()
	if text := p.text(); !strings.Contains(text, want) {
		p.t.Fatalf("the page does not say %q:\n%s", want, text)
	}
}

// fits fails if the page scrolls sideways on a telephone of 360 pixels.
func (p page) fits(what string) {
	p.t.Helper()
	p.do(what, chromedp.EmulateViewport(360, 640))
	wide := read[int](p, "document.documentElement.scrollWidth")
	if wide > 360 {
		p.t.Errorf("%s is %d pixels wide on a telephone of 360", what, wide)
	}
	p.do(what, chromedp.EmulateViewport(1024, 800))
}

func TestAMerchantConnectsInABrowser(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	d.only("shoplazza")
	p := page{t, newBrowser(t)}
	p.do("opening the demo", chromedp.Navigate(d.Console))
	p.says("No grants yet")
	p.fits("the overview of an empty demo")

	p.do("a new link", chromedp.Navigate(d.Server+"/console/links/new?app="+d.Apps["shoplazza"]))
	p.fits("the form of a link")
	p.do("making it", chromedp.Click(chromedp.CSS("main form button")), chromedp.WaitReady(chromedp.CSS("#made-link")))
	p.fits("the link that was made")
	start := read[string](p, "document.getElementById('made-link').textContent")
	p.do("the start page", chromedp.Navigate(start))
	p.says("Shoplazza")
	for _, language := range []struct{ code, heading string }{
		{"zh-CN", "店铺"}, {"zh-TW", "賣場"}, {"en", "Connect your Shoplazza shop"},
	} {
		p.do("the start page", chromedp.Navigate(start+"?lang="+language.code))
		lang, heading := read[string](p, "document.documentElement.lang"), read[string](p, "document.querySelector('h1').innerText")
		if lang != language.code || !strings.Contains(heading, language.heading) {
			t.Errorf("with lang=%s the page is in %q and begins %q, want %q in it", language.code, lang, heading, language.heading)
		}
		p.fits("the start page in " + language.code)
	}
	shop := d.Platforms["shoplazza"].Shops[0]
	p.do("the shop's address", chromedp.SendKeys(chromedp.CSS(`input[name="shop"]`), shop["host"].(string)))
	p.press("Continue to Shoplazza")

	// The merchant is on the platform's pages.
	p.do("logging in", chromedp.Click(chromedp.CSS(fmt.Sprintf(`input[type="radio"][value="%s"]`, shop["id"]))))
	p.fits("the platform's page")
	p.press("Log in")
	p.says(shop["name"].(string))
	p.press("Agree")

	p.says("Connected")
	p.says(shop["name"].(string))
	p.fits("the result")
	end := read[string](p, "location.href")
	if !strings.HasPrefix(end, d.Server+"/connect/result/") || strings.Contains(end, "code=") {
		t.Errorf("the merchant ends at %s, want the result's address without the code", end)
	}

	p.do("going back to the demo", chromedp.Navigate(d.Server))
	p.says("Nothing to do")
	p.fits("the overview with a grant")
	p.do("the grants", chromedp.Navigate(d.Server+"/console/grants"))
	p.says(shop["name"].(string))
	p.says("Active")
	p.fits("the list of grants")
	p.do("the grant", chromedp.Navigate(read[string](p, "document.querySelector('[data-row] a').href")))
	p.says("All is well")
	p.says("Sealed, generation 1")
	p.fits("the page of a grant")
	p.press("+30 days") // a whole year passes in TestTheDemoKeepsAShopForAYear
	p.says("All is well")
	p.stories(d, shop)
	p.do("the console again", chromedp.Navigate(d.Console))
	p.byKeyboard(shop["name"].(string))
}

// stories are what the people of a vendor do with a grant that exists: an error is explained, a merchant who has left comes back,
// another refuses.
func (p page) stories(d *demo, shop map[string]any) {
	p.t.Helper()
	grant := read[string](p, "location.pathname")
	look := func(path, want string) {
		p.t.Helper()
		p.do(path, chromedp.Navigate(d.Server+path))
		p.says(want)
	}
	p.do("the box", chromedp.SendKeys(chromedp.CSS(`[role="search"] input[name="q"]`), `{"error":"Unauthorized client","error_description":"redis distributed lock error"}`))
	p.enter("what was pasted")
	p.says("What to do")
	p.says("The grant is not affected")

	// The merchant has cancelled on the platform's side. Support finds the shop by its name and sends a link.
	d.control("POST", "/shoplazza/revoke", map[string]any{"subject": shop["id"]}, nil)
	for end := time.Now().Add(3 * time.Minute); !strings.Contains(p.text(), "Revoked") && time.Now().Before(end); { // the platform's message comes when it comes
		p.do("the grant", chromedp.Navigate(d.Server+grant))
	}
	p.do("the box", chromedp.SendKeys(chromedp.CSS(`[role="search"] input[name="q"]`), shop["name"].(string)))
	p.enter("the shop")
	p.says("Revoked")
	p.press("Make the link")
	link := read[string](p, "document.getElementById('made-link').textContent")
	p.do("the link", chromedp.Navigate(link))
	p.press("Continue to Shoplazza")
	p.arrive(shop["id"].(string), "Agree")
	p.says("Connected")
	look(grant, "Active")

	// Another merchant does not want to.
	p.do("a new link", chromedp.Navigate(d.Server+"/console/links/new?app="+d.Apps["shoplazza"]))
	p.do("making it", chromedp.Click(chromedp.CSS("main form button")), chromedp.WaitReady(chromedp.CSS("#made-link")))
	p.do("the link", chromedp.Navigate(read[string](p, "document.getElementById('made-link').textContent")))
	p.do("the shop's address", chromedp.SendKeys(chromedp.CSS(`input[name="shop"]`), shop["host"].(string)))
	p.press("Continue to Shoplazza")
	p.arrive(shop["id"].(string), "Refuse")
	p.says("You did not agree")
	look("/console/links?state=failed", "The merchant did not agree")
}

// arrive is a merchant on the platform's pages, who logs in as a shop and decides.
func (p page) arrive(shop, decision string) {
	p.t.Helper()
	p.do("logging in", chromedp.Click(chromedp.CSS(fmt.Sprintf(`input[type="radio"][value="%s"]`, shop))))
	p.press("Log in")
	p.press(decision)
}

// byKeyboard does the work of an operator without a mouse: a password, logging out and in, finding a shop, refreshing it.
func (p page) byKeyboard(shop string) {
	p.t.Helper()
	const password = "seven calm herons walk home"
	p.tabTo(`a[href$="/console/settings"]`)
	p.enter("the settings")
	p.tabTo(`input[name="fresh"]`)
	p.do("a password", chromedp.KeyEvent(password))
	p.enter("the password")
	p.says("Password set")
	p.tabTo(`form[action$="/logout"] button`)
	p.enter("logging out")
	p.tabTo(`input[name="name"]`)
	p.do("a name", chromedp.KeyEvent("demo"))
	p.tabTo(`input[name="password"]`)
	p.do("the password", chromedp.KeyEvent(password))
	p.enter("logging in")
	p.says("Overview")
	p.tabTo(`input[name="q"]`)
	p.do("the search", chromedp.KeyEvent(shop))
	p.enter("the shop")
	p.says("All is well")
	p.tabTo(`form[action$="/refresh"] button`)
	p.enter("a refresh")
	p.says("Active")
	p.tabTo(`form[action$="/logout"] button`)
	p.enter("logging out")
	p.says("Log in")
}

// enter presses Enter and waits for the page that it leads to.
func (p page) enter(what string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, 3*time.Minute)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, chromedp.KeyEvent(kb.Enter)); err != nil {
		p.t.Fatalf("%s by Enter: %v; the page says:\n%s", what, err, p.text())
	}
}

// tabTo presses Tab until an element has the focus. At every stop the focus has to be seen: with a ring, and under nothing.
func (p page) tabTo(selector string) {
	p.t.Helper()
	for range 100 {
		p.do("Tab", chromedp.KeyEvent(kb.Tab))
		at := read[string](p, fmt.Sprintf(`(() => {
			const e = document.activeElement, r = e.getBoundingClientRect();
			if (e === document.body) return "";
			const ring = x => { const s = getComputedStyle(x); return s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2; };
			const over = document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2);
			if (!ring(e) && !ring(e.parentElement)) return "no ring around " + e.outerHTML.slice(0, 200);
			if (!over || !e.contains(over) && !over.contains(e)) return "hidden: " + e.outerHTML.slice(0, 200);
			return e.matches(%q) ? "there" : "";
		})()`, selector))
		switch at {
		case "there":
			return
		case "":
		default:
			p.t.Errorf("a stop of Tab is not seen: %s", at)
		}
	}
	p.t.Fatalf("Tab never comes to %s; the page says:\n%s", selector, p.text())
}
