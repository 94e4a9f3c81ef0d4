package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/grantkeep/grantkeep/e2e"
)

// startFresh starts a server on an empty folder, and returns its address and the link that its operator finds.
func startFresh(t *testing.T) (address, link string) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: starts processes")
	}
	dir := filepath.Join(t.TempDir(), "data")
	var out, errors book
	p := exec.Command(e2e.Program, "serve", "--listen", "127.0.0.1:0", "--data", dir)
	p.Env, p.Stdout, p.Stderr = append(os.Environ(), "GRANTKEEP_TEST_MAIN=1"), &out, &errors
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.Process.Signal(syscall.SIGTERM) // it may have ended
		if err := p.Wait(); err != nil {
			t.Errorf("the server ended with %v after SIGTERM, want status 0\n%s", err, errors.String())
		}
	})
	for end := time.Now().Add(3 * time.Minute); address == ""; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the server is not ready:\n%s%s", out.String(), errors.String())
		}
		address = regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(out.String())
	}
	text, err := os.ReadFile(filepath.Join(dir, "console.link"))
	if err != nil {
		t.Fatal(err)
	}
	return address, strings.TrimSpace(string(text))
}

// TestPeopleInABrowser is what people of a vendor do who are not the first: who comes first to a fresh server, whose merchant is
// too slow, whose app has a wrong secret, who may not, who chooses many, and who likes it dark.
func TestPeopleInABrowser(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	p := page{t, newBrowser(t, "status of 403", "status of 404", "status of 410")}
	p.firstLogin()
	p.do("opening the demo", chromedp.Navigate(d.Console))
	p.tooSlow(d)
	grant := p.appFault(d)
	p.many()
	p.themes(d)
	p.refused(d, grant)
}

// firstLogin comes to a server that nobody has been at.
func (p page) firstLogin() {
	p.t.Helper()
	const password = "seven calm herons walk home"
	address, link := startFresh(p.t)
	p.do("the console", chromedp.Navigate(address+"/console"))
	p.says("Log in")
	p.do("the link", chromedp.Navigate(link))
	p.says("The link worked this once")
	p.do("a password", chromedp.SendKeys(chromedp.CSS(`input[name="fresh"]`), password))
	p.enter("the password")
	p.says("Password set")
	p.do("the overview", chromedp.Navigate(address+"/console"))
	p.says("Add an app")
	p.tabTo(`form[action$="/logout"] button`)
	p.enter("logging out")
	p.do("the link once more", chromedp.Navigate(link))
	p.says("Log in")
	p.do("name and password", chromedp.SendKeys(chromedp.CSS(`input[name="name"]`), "administrator"), chromedp.SendKeys(chromedp.CSS(`input[name="password"]`), password))
	p.enter("logging in")
	p.says("Overview")
}

// tooSlow is a merchant who is away from the platform's page for longer than it lives.
func (p page) tooSlow(d *demo) {
	p.t.Helper()
	p.do("a new link", chromedp.Navigate(d.Server+"/console/links/new?app="+d.Apps["shopee"]))
	p.do("making it", chromedp.Click(chromedp.CSS("main form button")), chromedp.WaitReady(chromedp.CSS("#made-link")))
	link := read[string](p, "document.getElementById('made-link').textContent")
	p.do("the link", chromedp.Navigate(link))
	p.press("Continue to Shopee")
	d.advance("10m")
	p.press("Log in")
	p.says("Too late")
	p.do("the link again", chromedp.Navigate(link))
	p.says("If it runs out, just start again here")
	p.press("Continue to Shopee")
	p.do("the account", chromedp.Click(chromedp.CSS(`input[type="radio"]`)))
	p.press("Log in")
	p.press("Confirm")
	p.press("Agree")
	p.says("Connected")
}

// appFault is a wrong secret, which the overview tells and whoever enters the right one mends. It returns the page of a grant.
func (p page) appFault(d *demo) string {
	p.t.Helper()
	shop := d.Platforms["shoplazza"].Shops[0]
	p.do("a new link", chromedp.Navigate(d.Server+"/console/links/new?app="+d.Apps["shoplazza"]))
	p.do("making it", chromedp.Click(chromedp.CSS("main form button")), chromedp.WaitReady(chromedp.CSS("#made-link")))
	p.do("the link", chromedp.Navigate(read[string](p, "document.getElementById('made-link').textContent")))
	p.do("the shop's address", chromedp.SendKeys(chromedp.CSS(`input[name="shop"]`), shop["host"].(string)))
	p.press("Continue to Shoplazza")
	p.arrive(shop["id"].(string), "Agree")
	p.says("Connected")
	secret := func(value string) {
		p.t.Helper()
		p.do("the app", chromedp.Navigate(d.Server+"/console/apps/"+d.Apps["shoplazza"]))
		p.do("the secret", chromedp.SendKeys(chromedp.CSS(`input[name="settings.client_secret"]`), value))
		p.press("Save")
		p.says("Saved")
	}
	secret("made-up-and-wrong")
	p.do("the grants", chromedp.Navigate(d.Server+"/console/grants?platform=shoplazza"))
	grant := read[string](p, "document.querySelector('[data-row] a').getAttribute('href')")
	p.do("the grant", chromedp.Navigate(d.Server+grant))
	p.press("Refresh now")
	p.says("The refresh did not succeed")
	p.says("The old token serves")
	p.do("the overview", chromedp.Navigate(d.Console))
	p.says("1 thing to do")
	p.says("App “Demo ERP” is set up wrongly")
	p.says("Update the secret")
	secret(d.Platforms["shoplazza"].Apps[0]["client_secret"].(string))
	p.do("the grant", chromedp.Navigate(d.Server+grant))
	p.press("Refresh now")
	p.says("All is well")
	p.do("the overview", chromedp.Navigate(d.Console))
	p.says("Nothing to do")
	return grant
}

// many refreshes what is ticked in the list, by keyboard.
func (p page) many() {
	p.t.Helper()
	p.tabTo(`a[href$="/console/grants"]`)
	p.enter("the grants")
	p.tabTo(`input[name="id"]`)
	p.do("ticking", chromedp.KeyEvent(" "))
	p.tabTo(`button[value="refresh"]`)
	p.enter("refreshing what is ticked")
	p.says("Each platform is asked once")
	p.tabTo(`main form button[type="submit"]`)
	p.enter("refreshing")
	p.says("1 of 1 refreshed")
}

// themes are dark and light, whatever the machine likes.
func (p page) themes(d *demo) {
	p.t.Helper()
	for theme, colour := range map[string]string{"dark": "rgb(13, 16, 21)", "light": "rgb(245, 246, 248)"} {
		p.do("the settings", chromedp.Navigate(d.Server+"/console/settings"))
		p.do("the theme", chromedp.SetValue(chromedp.CSS(`select[name="theme"]`), theme))
		if _, err := chromedp.RunResponse(p.ctx, chromedp.Submit(chromedp.CSS(`select[name="theme"]`))); err != nil {
			p.t.Fatalf("saving the theme: %v", err)
		}
		if got := read[string](p, "getComputedStyle(document.body).backgroundColor"); got != colour {
			p.t.Errorf("the theme %s is drawn on %s, want %s", theme, got, colour)
		}
	}
}

// refused is somebody of the support, who may look and not touch.
func (p page) refused(d *demo, grant string) {
	p.t.Helper()
	p.do("the settings", chromedp.Navigate(d.Server+"/console/settings"))
	p.do("a name", chromedp.SendKeys(chromedp.CSS("#person-name"), "sue"))
	p.press("Add a person")
	link := read[string](p, "document.getElementById('invited').textContent")
	p.tabTo(`form[action$="/logout"] button`)
	p.enter("logging out")
	p.do("the link", chromedp.Navigate(link))
	p.do("a grant", chromedp.Navigate(d.Server+grant))
	p.says("Needs the role “Operator”")
	if n := read[int](p, `document.querySelectorAll('form[action$="/refresh"] button:not([disabled])').length`); n != 0 {
		p.t.Error("support has a button that refreshes")
	}
	for _, path := range []string{grant + "/revoke", "/console/apps/" + d.Apps["shoplazza"] + "/stop", "/console/audit", "/console/data"} {
		p.do(path, chromedp.Navigate(d.Server+path))
		p.says("Your role does not allow this")
	}
}
