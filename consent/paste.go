package consent

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/platform"
)

// longestPasted is how long a token that a merchant pastes may be.
const longestPasted = 4096

// Paste completes an authorization with a token that the merchant copied out of the platform's own pages, where that is
// how an app of this kind gets one. The platform is asked whose it is before anything is stored; what it does not vouch
// for is an *gk.Invalid of the field `token`. The result is for the browser that pasted it, as after a callback.
func (fl *Flow) Paste(ctx context.Context, secret, shop, token string) (Pressed, error) {
	view, err := fl.Visit(ctx, secret)
	if err != nil {
		return Pressed{}, err
	}
	if !view.Paste {
		return Pressed{}, &Refused{Reason: RefusedIncomplete}
	}
	hint, err := hintOf(view, shop)
	if err != nil {
		return Pressed{}, err
	}
	token = platform.TrimSetting(token)
	if token == "" || len(token) > longestPasted || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return Pressed{}, gk.BadInput("token", "is no token: it has no blanks, and letters, digits and signs only")
	}
	if !fl.budgetFor(view.App.ID + " pasted " + view.Authorization.ID).take(fl.keeper.Now()) {
		return Pressed{}, &Refused{Reason: RefusedBusy}
	}
	opened, err := fl.apps.Open(view.App)
	if err != nil {
		return Pressed{}, err
	}
	askedAt := fl.keeper.Now()
	issue := platform.Issue{Subject: hint, Token: gk.Token{Access: gk.NewSecret(token)}}
	if issue, err = fl.keeper.ConfirmPasted(ctx, opened, issue, nil); err != nil {
		return Pressed{}, pasteRefused(err)
	}
	return fl.pasted(ctx, opened, view.Authorization, answer{AskedAt: askedAt, Issues: sealable([]platform.Issue{issue})})
}

// pasteRefused is what the merchant is told of a token that the platform does not vouch for. An outage stays one.
func pasteRefused(err error) error {
	var f *gk.Fault
	var invalid *gk.Invalid
	if errors.As(err, &invalid) || errors.As(err, &f) && f.Action != gk.Retry && f.Action != gk.Backoff {
		return gk.BadInput("token", "is not accepted by the platform")
	}
	return err
}

// pasted keeps what was pasted and makes its grant, as if a click had brought it.
func (fl *Flow) pasted(ctx context.Context, opened apps.Opened, a gk.Authorization, ans answer) (Pressed, error) {
	now := fl.keeper.Now()
	browser := apps.RandomText()
	c := gk.Click{
		ID: gk.NewID("clk", now), Authorization: a.ID, App: opened.App.ID, StateHash: digest(apps.RandomText()), BrowserHash: digest(browser),
		Stage: gk.Exchanging, SpentAt: now, ExpiresAt: now.Add(stateLife), CreatedAt: now, UpdatedAt: now,
	}
	plain, err := json.Marshal(ans)
	if err != nil {
		return Pressed{}, err
	}
	sealed, err := fl.vault.Seal(answerPlace(c.ID), plain)
	if err != nil {
		return Pressed{}, err
	}
	if !fl.keeper.BeginWork() {
		return Pressed{}, keeper.ErrDraining
	}
	defer fl.keeper.EndWork()
	if err := fl.store.CreateClick(ctx, c); err != nil {
		return Pressed{}, err
	}
	ctx = context.WithoutCancel(ctx)
	fl.keeper.KeepAnswer(ctx, c.ID, sealed)
	if err := fl.Complete(ctx, c.ID); err != nil {
		fl.log.Warn("authorization not completed yet; it will be tried again", "app", opened.App.ID, "click", c.ID, "error", err)
	}
	return Pressed{URL: "/connect/result/" + c.ID, CookieName: fl.cookieName(c), CookieValue: browser, CookieLife: stateLife, Click: c.ID}, nil
}
