package consent

import (
	"context"
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/platform"
)

// Pressed is what a press of the connect page's button leads to: the platform's page, and the cookie by which this
// browser is known again.
type Pressed struct {
	URL                     string
	CookieName, CookieValue string
	CookieLife              time.Duration
	Click                   string
	Finish                  time.Duration // time the merchant has on the platform's page; 0: unknown
}

// Press makes the platform's link, with a state of its own, bound to this browser. shop is what the merchant typed.
func (fl *Flow) Press(ctx context.Context, secret, shop string) (Pressed, error) {
	view, err := fl.Visit(ctx, secret)
	if err != nil {
		return Pressed{}, err
	}
	if view.Paste {
		return Pressed{}, &Refused{Reason: RefusedIncomplete}
	}
	hint, err := hintOf(view, shop)
	if err != nil {
		return Pressed{}, err
	}
	return fl.click(ctx, view.App, view.Authorization, hint, "")
}

// hintOf is whom a link is for; shop is what the merchant typed, where the page asks.
func hintOf(view Visit, shop string) (gk.Subject, error) {
	switch {
	case view.AskShop:
		host, err := apps.ShopHost(view.Spec, shop)
		return gk.Subject{Host: host}, err
	case view.Spec.Facts.ShopNeeded:
		return gk.Subject{Host: view.Authorization.Shop}, nil
	case view.Grant != nil:
		return view.Grant.Subject, nil
	}
	return gk.Subject{ID: view.Authorization.Shop}, nil
}

// click stores a click and builds its link. The link is made first: a driver that refuses leaves nothing behind.
func (fl *Flow) click(ctx context.Context, app gk.App, a gk.Authorization, hint gk.Subject, back string) (Pressed, error) {
	opened, err := fl.apps.Open(app)
	if err != nil {
		return Pressed{}, err
	}
	state, browser := apps.RandomText(), apps.RandomText()
	now := fl.keeper.Now()
	link, err := opened.Driver.Link(opened.Open, platform.Want{State: state, Cancel: a.Kind == gk.KindCancel, Hint: hint, Scopes: a.Scopes, Form: a.Form, Back: back})
	if err != nil {
		return Pressed{}, err
	}
	if back != "" { // it came in an address that anybody can write
		u, err := url.Parse(link.URL)
		if err != nil || !opened.Open.AllowsHost(u.Scheme, u.Host) {
			return Pressed{}, &Refused{Reason: RefusedIncomplete}
		}
	}
	c := gk.Click{
		ID: gk.NewID("clk", now), Authorization: a.ID, App: opened.App.ID, StateHash: digest(state), BrowserHash: digest(browser),
		Stage: gk.Begun, Hint: hint, ExpiresAt: now.Add(stateLife), CreatedAt: now, UpdatedAt: now,
	}
	if err := fl.store.CreateClick(ctx, c); err != nil {
		return Pressed{}, err
	}
	finish := link.Finish
	if finish == 0 {
		finish = time.Duration(opened.Driver.Spec().Facts.Link.Finish)
	}
	return Pressed{URL: link.URL, CookieName: fl.cookieName(c), CookieValue: browser, CookieLife: stateLife, Click: c.ID, Finish: finish}, nil
}

// cookieName names the cookie of one click, so that two tabs do not overwrite each other's.
func (fl *Flow) cookieName(c gk.Click) string {
	if len(c.StateHash) == 0 {
		return ""
	}
	name := "gk_c_" + base64.RawURLEncoding.EncodeToString(c.StateHash)[:8]
	if strings.HasPrefix(fl.keeper.PublicURL(), "https://") {
		return "__Host-" + name // clients drop a cookie with this prefix on plain http, which only loopback may have
	}
	return name
}

// Install answers a merchant who begins on the platform's side: the entry's proof is checked, and the browser goes
// straight to the platform's page, as the platforms' stores demand. The authorization has no owner.
func (fl *Flow) Install(ctx context.Context, appID string, in platform.Incoming) (Pressed, error) {
	opened, err := fl.apps.OpenByID(ctx, appID)
	if err != nil {
		return Pressed{}, err
	}
	starter, ok := opened.Driver.(platform.Starter)
	if !ok {
		return Pressed{}, &Refused{Reason: RefusedIncomplete}
	}
	entry, err := starter.ReadEntry(opened.Open, in)
	if err != nil {
		return Pressed{}, refusedBy(err)
	}
	if !fl.budgetFor(opened.App.ID).take(fl.keeper.Now()) {
		return Pressed{}, &Refused{Reason: RefusedBusy}
	}
	now := fl.keeper.Now()
	a := gk.Authorization{
		ID: gk.NewID("aut", now), App: opened.App.ID, Kind: gk.KindInstall, LinkHash: digest(apps.RandomText()), Shop: entry.Hint.Host,
		Stage: gk.Begun, ExpiresAt: now.Add(stateLife), CreatedAt: now, UpdatedAt: now,
	}
	if err := fl.store.CreateAuthorization(ctx, a); err != nil {
		return Pressed{}, err
	}
	return fl.click(ctx, opened.App, a, entry.Hint, entry.Back)
}

// refusedBy turns what a driver says of a callback or an entry into a Refused; other errors stay as they are.
func refusedBy(err error) error {
	var bad *platform.BadCallback
	switch {
	case errors.As(err, &bad):
		return &Refused{Reason: RefusedIncomplete, Fault: bad.Fault}
	case errors.Is(err, platform.ErrForged):
		return &Refused{Reason: RefusedForged}
	case errors.Is(err, platform.ErrForeignHost):
		return &Refused{Reason: RefusedIncomplete}
	}
	return err
}
