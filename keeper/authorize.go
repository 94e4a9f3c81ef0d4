package keeper

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

const (
	linkLife  = 7 * 24 * time.Hour // of our link, unless asked otherwise
	stateLife = time.Hour          // of one click
)

// BeginInput is what a link for a merchant must achieve.
type BeginInput struct {
	App, Kind, Owner, Shop, ReturnTo, Grant, Form string
	Scopes                                        []string
	Confirm                                       bool
	Life                                          time.Duration // 0: seven days
}

// Begin stores an authorization and returns it with the address of its connect page. The address holds the link's
// secret and is shown this once; the store keeps its hash.
func (k *Keeper) Begin(ctx context.Context, v gk.Viewer, in BeginInput) (gk.Authorization, string, error) {
	app, err := k.store.App(ctx, v, in.App)
	if err != nil {
		return gk.Authorization{}, "", err
	}
	d := k.drivers[app.Platform]
	if d == nil {
		return gk.Authorization{}, "", &Invalid{"app", "is of platform " + app.Platform + ", which this build has no driver for"}
	}
	f := d.Spec().Facts
	switch in.Kind {
	case "":
		in.Kind = gk.KindAuthorize
	case gk.KindAuthorize:
	case gk.KindCancel:
		if !f.Link.Cancel {
			return gk.Authorization{}, "", &Invalid{"kind", d.Spec().Code + " has no page where a merchant cancels; use DELETE of the grant"}
		}
	default:
		return gk.Authorization{}, "", &Invalid{"kind", "is neither authorize nor cancel"}
	}
	if in.Form != "" && !slices.Contains(f.Link.Forms, in.Form) {
		return gk.Authorization{}, "", &Invalid{"form", "is none of " + strings.Join(f.Link.Forms, ", ")}
	}
	if in.Grant != "" {
		g, err := k.store.Grant(ctx, v, in.Grant)
		if err != nil {
			return gk.Authorization{}, "", err
		}
		if g.App != app.ID {
			return gk.Authorization{}, "", &Invalid{"grant", "belongs to another app"}
		}
		if in.Owner == "" {
			in.Owner = g.Owner
		}
		if in.Owner != g.Owner {
			return gk.Authorization{}, "", &Invalid{"owner", "is not the owner of this grant"}
		}
		if in.Shop == "" && f.ShopNeeded {
			in.Shop = g.Subject.Host
		}
	} else if in.Owner == "" && len(v.Owners) == 1 {
		in.Owner = v.Owners[0]
	}
	if !v.SeesOwner(in.Owner) {
		return gk.Authorization{}, "", &Invalid{"owner", "is outside this key's owners"}
	}
	if len(in.Owner) > 200 || strings.ContainsFunc(in.Owner, func(r rune) bool { return r < ' ' }) {
		return gk.Authorization{}, "", &Invalid{"owner", "is longer than 200 bytes or holds control characters"}
	}
	if in.Shop != "" && f.ShopNeeded {
		if in.Shop, err = ShopHost(d.Spec(), in.Shop); err != nil {
			return gk.Authorization{}, "", err
		}
	}
	if err := checkReturnTo(app, in.ReturnTo); err != nil {
		return gk.Authorization{}, "", err
	}
	if in.Confirm && in.ReturnTo == "" {
		return gk.Authorization{}, "", &Invalid{"confirm", "needs return_to, which carries the code"}
	}
	if in.Life < 0 || in.Life > 30*24*time.Hour {
		return gk.Authorization{}, "", &Invalid{"expires_in", "is not between 1 second and 30 days"}
	}
	if in.Life == 0 {
		in.Life = linkLife
	}
	now := k.Now()
	secret := randomText()
	a := gk.Authorization{
		ID: gk.NewID("aut", now), App: app.ID, Kind: in.Kind, LinkHash: digest(secret), Owner: in.Owner, Shop: in.Shop, Grant: in.Grant,
		ReturnTo: in.ReturnTo, Form: in.Form, Scopes: in.Scopes, Confirm: in.Confirm, Stage: gk.Begun,
		ExpiresAt: now.Add(in.Life), CreatedAt: now, UpdatedAt: now,
	}
	if err := k.store.CreateAuthorization(ctx, a); err != nil {
		return gk.Authorization{}, "", err
	}
	return a, k.options.PublicURL + "/connect/" + secret, nil
}

// checkReturnTo is asked when a return address is stored and again when it is used.
func checkReturnTo(app gk.App, returnTo string) error {
	if returnTo == "" {
		return nil
	}
	u, err := url.Parse(returnTo)
	if err != nil || u.User != nil || u.Host == "" || !printableASCII(returnTo) || !web(u) {
		return &Invalid{"return_to", "is not an https address (plain http only on loopback)"}
	}
	if !slices.Contains(app.ReturnOrigins, u.Scheme+"://"+u.Host) {
		return &Invalid{"return_to", "lies on none of the app's return_origins"}
	}
	return nil
}

// ShopHost reads what a person calls their shop (a label, a host, or the whole address of its admin) and returns the
// host that the platform's facts allow, or an *Invalid that says which kind of mistake it is.
func ShopHost(spec *platform.Spec, text string) (string, error) {
	raw := strings.TrimSpace(text)
	if u, err := url.Parse(raw); err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" {
		if u.User != nil || u.Port() != "" {
			return "", &Invalid{"shop", "carries a port or a user name; only the shop's own host is needed"}
		}
		raw = u.Host
	}
	raw = strings.TrimSuffix(raw, "/")
	suffix := spec.Facts.ShopSuffix
	if raw != "" && !strings.ContainsAny(raw, "./\\@:#?% ") && suffix != "" {
		raw += suffix
	}
	host, err := spec.Host(raw)
	if err != nil || suffix != "" && !strings.HasSuffix(host, suffix) {
		if strings.Contains(raw, ".") && suffix != "" && !strings.HasSuffix(strings.ToLower(raw), suffix) {
			return "", &Invalid{"shop", "is not a host that ends in " + suffix + "; a custom domain does not work here"}
		}
		return "", &Invalid{"shop", "may hold letters, digits and hyphens only, then " + suffix}
	}
	return host, nil
}

// Visit is what a connect page shows.
type Visit struct {
	Authorization gk.Authorization
	App           gk.App
	Spec          *platform.Spec
	Grant         *gk.Grant // the one to reconnect
	AskShop       bool      // the page has a field `shop`
}

// Visit reads what a link is for. It changes nothing, whoever opens it.
func (k *Keeper) Visit(ctx context.Context, secret string) (Visit, error) {
	a, err := k.link(ctx, secret)
	if err != nil {
		return Visit{}, err
	}
	app, err := k.store.App(ctx, gk.Engine(), a.App)
	if err != nil {
		return Visit{}, err
	}
	d := k.drivers[app.Platform]
	if d == nil {
		return Visit{}, &Refused{Reason: RefusedLink}
	}
	view := Visit{Authorization: a, App: app, Spec: d.Spec(), AskShop: d.Spec().Facts.ShopNeeded && a.Shop == ""}
	if a.Grant != "" {
		g, err := k.store.Grant(ctx, gk.Engine(), a.Grant)
		if err != nil {
			return Visit{}, err
		}
		view.Grant = &g
	}
	return view, nil
}

func (k *Keeper) link(ctx context.Context, secret string) (gk.Authorization, error) {
	a, err := k.store.AuthorizationByLink(ctx, digest(secret))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return a, &Refused{Reason: RefusedLink}
	case err != nil:
		return a, err
	case a.Stage == gk.Done:
		return a, &Refused{Reason: RefusedUsed}
	case !a.ExpiresAt.After(k.Now()):
		return a, &Refused{Reason: RefusedLapsed}
	}
	return a, nil
}

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
func (k *Keeper) Press(ctx context.Context, secret, shop string) (Pressed, error) {
	view, err := k.Visit(ctx, secret)
	if err != nil {
		return Pressed{}, err
	}
	hint := gk.Subject{ID: view.Authorization.Shop}
	switch {
	case view.AskShop:
		if hint.Host, err = ShopHost(view.Spec, shop); err != nil {
			return Pressed{}, err
		}
		hint.ID = ""
	case view.Spec.Facts.ShopNeeded:
		hint = gk.Subject{Host: view.Authorization.Shop}
	case view.Grant != nil:
		hint = view.Grant.Subject
	}
	return k.click(ctx, view.App, view.Authorization, hint)
}

// click stores a click and builds its link. The link is made first: a driver that refuses leaves nothing behind.
func (k *Keeper) click(ctx context.Context, app gk.App, a gk.Authorization, hint gk.Subject) (Pressed, error) {
	d, open, err := k.OpenApp(app)
	if err != nil {
		return Pressed{}, err
	}
	state, browser := randomText(), randomText()
	now := k.Now()
	link, err := d.Link(open, platform.Want{State: state, Cancel: a.Kind == gk.KindCancel, Hint: hint, Scopes: a.Scopes, Form: a.Form})
	if err != nil {
		return Pressed{}, err
	}
	c := gk.Click{
		ID: gk.NewID("clk", now), Authorization: a.ID, App: app.ID, StateHash: digest(state), BrowserHash: digest(browser),
		Stage: gk.Begun, Hint: hint, ExpiresAt: now.Add(stateLife), CreatedAt: now, UpdatedAt: now,
	}
	if err := k.store.CreateClick(ctx, c); err != nil {
		return Pressed{}, err
	}
	finish := link.Finish
	if finish == 0 {
		finish = time.Duration(d.Spec().Facts.Link.Finish)
	}
	return Pressed{URL: link.URL, CookieName: k.cookieName(c), CookieValue: browser, CookieLife: stateLife, Click: c.ID, Finish: finish}, nil
}

// cookieName names the cookie of one click, so that two tabs do not overwrite each other's.
func (k *Keeper) cookieName(c gk.Click) string {
	if len(c.StateHash) == 0 {
		return ""
	}
	name := "gk_c_" + base64URL(c.StateHash)[:8]
	if strings.HasPrefix(k.options.PublicURL, "https://") {
		return "__Host-" + name // clients drop a cookie with this prefix on plain http, which only loopback may have
	}
	return name
}

// Install answers a merchant who begins on the platform's side: the entry's proof is checked, and the browser goes
// straight to the platform's page, as the platforms' stores demand. The authorization has no owner.
func (k *Keeper) Install(ctx context.Context, appID string, in platform.Incoming) (Pressed, error) {
	app, d, open, err := k.appOf(ctx, appID)
	if err != nil {
		return Pressed{}, err
	}
	starter, ok := d.(platform.Starter)
	if !ok {
		return Pressed{}, &Refused{Reason: RefusedIncomplete}
	}
	entry, err := starter.ReadEntry(open, in)
	if err != nil {
		return Pressed{}, refusedBy(err)
	}
	if !k.budgetFor(app.ID).take(k.Now()) {
		return Pressed{}, &Refused{Reason: RefusedBusy}
	}
	now := k.Now()
	a := gk.Authorization{
		ID: gk.NewID("aut", now), App: app.ID, Kind: gk.KindInstall, LinkHash: digest(randomText()), Shop: entry.Hint.Host,
		Stage: gk.Begun, ExpiresAt: now.Add(stateLife), CreatedAt: now, UpdatedAt: now,
	}
	if err := k.store.CreateAuthorization(ctx, a); err != nil {
		return Pressed{}, err
	}
	return k.click(ctx, app, a, entry.Hint)
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

// Outcome is how a click ended, or how it stands.
type Outcome struct {
	Click         gk.Click
	Authorization gk.Authorization
	App           gk.App
	Spec          *platform.Spec
	Grants        []gk.Grant
	Replay        bool      // the callback had been seen before; nothing was done again
	ReturnTo      string    // where the merchant may go on, with the result added; empty: nowhere
	ReturnKey     gk.Secret // signs ReturnTo; empty: it goes unsigned
	At            time.Time // when it stood so
	CookieName    string    // the cookie that lets this browser see the result
}

// Callback completes an authorization with what the platform sent back. cookie reads one of the browser's cookies. A
// callback that must not be believed is a *Refused: nothing is stored and nobody asked. One that was seen before shows
// the outcome and does nothing. The work goes on when ctx ends; Outcome then shows it under way.
func (k *Keeper) Callback(ctx context.Context, appID string, in platform.Incoming, cookie func(name string) string) (Outcome, error) {
	app, d, open, err := k.appOf(ctx, appID)
	if err != nil {
		return Outcome{}, err
	}
	cb, err := d.ReadCallback(open, in)
	if err != nil {
		return Outcome{}, refusedBy(err)
	}
	if cb.Empty && cb.State != "" {
		return Outcome{}, &Refused{Reason: RefusedIncomplete}
	}
	if cb.Empty {
		return Outcome{}, &Refused{Reason: RefusedEmpty}
	}
	if cb.State == "" {
		return k.unsolicited(ctx, app, d, open, cb)
	}
	c, err := k.store.ClickByState(ctx, app.ID, digest(cb.State))
	if errors.Is(err, store.ErrNotFound) {
		return Outcome{}, &Refused{Reason: RefusedState, Fault: stateFault(d)}
	}
	if err != nil {
		return Outcome{}, err
	}
	mine := sameHash(c.BrowserHash, cookie(k.cookieName(c)))
	if c.Stage != gk.Begun {
		if !mine {
			return Outcome{}, &Refused{Reason: RefusedState, Fault: stateFault(d)}
		}
		return k.await(ctx, c.ID, true)
	}
	if !c.ExpiresAt.After(k.Now()) {
		return Outcome{}, &Refused{Reason: RefusedState, Fault: stateFault(d)}
	}
	a, err := k.store.Authorization(ctx, gk.Engine(), c.Authorization)
	if err != nil {
		return Outcome{}, err
	}
	if cb.Cancel && a.Kind != gk.KindCancel {
		return Outcome{}, &Refused{Reason: RefusedIncomplete}
	}
	if cb.Fault != nil && a.Kind != gk.KindCancel { // some platforms tell a cancellation as a refusal
		return k.declined(ctx, c, cb.Fault)
	}
	if !k.begin() {
		return Outcome{}, ErrDraining
	}
	spent, err := k.store.SpendState(ctx, app.ID, digest(cb.State), !mine, k.Now())
	if err != nil {
		k.end()
		if errors.Is(err, store.ErrSpent) && mine {
			return k.await(ctx, c.ID, true) // another callback with this state was a moment earlier
		}
		if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrSpent) {
			return Outcome{}, &Refused{Reason: RefusedState, Fault: stateFault(d)}
		}
		return Outcome{}, err
	}
	go func() {
		defer k.end()
		k.exchange(context.WithoutCancel(ctx), d, open, a.Kind, spent, cb)
	}()
	return k.await(ctx, c.ID, false)
}

// stateFault is the catalogue's word for a state that is not ours, where the platform's catalogue has one.
func stateFault(d platform.Driver) *gk.Fault {
	if row := d.Spec().Catalogue.Row(platform.StageAuthorize + "/local:state_mismatch"); row != nil {
		return d.Spec().Catalogue.Local(row.Stage, row.Code)
	}
	return nil
}

// unsolicited completes an entry that the platform itself began without our state: an authorization without owner.
// Whoever's browser brought it is of no interest, so that nobody can be tricked into taking somebody else's shop.
func (k *Keeper) unsolicited(ctx context.Context, app gk.App, d platform.Driver, open platform.App, cb platform.Callback) (Outcome, error) {
	if !d.Spec().Facts.Callback.Unsolicited || cb.Fault != nil {
		return Outcome{}, &Refused{Reason: RefusedNoState, Fault: cb.Fault}
	}
	now := k.Now()
	if !k.budgetFor(app.ID).take(now) {
		return Outcome{}, &Refused{Reason: RefusedBusy}
	}
	a := gk.Authorization{
		ID: gk.NewID("aut", now), App: app.ID, Kind: gk.KindInstall, LinkHash: digest(randomText()), Stage: gk.Begun,
		ExpiresAt: now.Add(stateLife), CreatedAt: now, UpdatedAt: now,
	}
	c := gk.Click{
		ID: gk.NewID("clk", now), Authorization: a.ID, App: app.ID, Stage: gk.Exchanging, SpentAt: now,
		ExpiresAt: now.Add(stateLife), CreatedAt: now, UpdatedAt: now,
	}
	if !k.begin() {
		return Outcome{}, ErrDraining
	}
	if err := k.store.CreateAuthorization(ctx, a); err != nil {
		k.end()
		return Outcome{}, err
	}
	if err := k.store.CreateClick(ctx, c); err != nil {
		k.end()
		return Outcome{}, err
	}
	go func() {
		defer k.end()
		k.exchange(context.WithoutCancel(ctx), d, open, a.Kind, c, cb)
	}()
	return k.await(ctx, c.ID, false)
}

// declined records that the merchant, or the platform on their behalf, said no. The state is spent.
func (k *Keeper) declined(ctx context.Context, c gk.Click, f *gk.Fault) (Outcome, error) {
	reason := gk.ReasonRefused
	if f.Action == gk.Reauthorize {
		reason = gk.ReasonDenied
	}
	if err := k.failClick(ctx, c.ID, gk.Begun, reason, f); err != nil {
		return Outcome{}, err
	}
	return k.outcome(ctx, c.ID)
}

// failClick ends a click without a grant, if it still is at the stage that this was concluded from: the answer of one
// that has come further is not thrown away. Its authorization stays open for another click while its link lives.
func (k *Keeper) failClick(ctx context.Context, id string, from gk.Stage, reason string, f *gk.Fault) error {
	now := k.Now()
	return k.store.UpdateClick(ctx, id, now, func(c *gk.Click, a *gk.Authorization) ([]gk.Event, error) {
		if c.Stage != from {
			return nil, store.ErrUnchanged
		}
		c.Stage, c.Reason, c.Fault, c.Answer, c.AnswerKey = gk.Failed, reason, f, nil, 0
		if c.SpentAt.IsZero() {
			c.SpentAt = now
		}
		if a.Stage == gk.Done {
			return nil, nil
		}
		a.Stage, a.Reason, a.Fault = gk.Failed, reason, f
		data := faultData(f)
		data["reason"] = reason
		return []gk.Event{{
			ID: gk.NewID("evt", now), Kind: gk.EventAuthorizationFailed, Actor: "merchant", App: a.App, Authorization: a.ID, Owner: a.Owner, At: now, Data: data,
		}}, nil
	})
}

// Result shows how a click ended to the browser that made it, and to no other.
func (k *Keeper) Result(ctx context.Context, click string, cookie func(name string) string) (Outcome, error) {
	c, err := k.store.Click(ctx, click)
	if errors.Is(err, store.ErrNotFound) {
		return Outcome{}, &Refused{Reason: RefusedBrowser}
	}
	if err != nil {
		return Outcome{}, err
	}
	if !sameHash(c.BrowserHash, cookie(k.cookieName(c))) {
		return Outcome{}, &Refused{Reason: RefusedBrowser}
	}
	return k.outcome(ctx, c.ID)
}

// patience is how long a merchant's browser waits for the platform before it is shown that the work goes on.
const patience = 25 * time.Second

// await looks four times a second whether a click has ended, for at most patience.
func (k *Keeper) await(ctx context.Context, click string, replay bool) (Outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for tick := time.NewTicker(50 * time.Millisecond); ; {
		o, err := k.outcome(context.WithoutCancel(ctx), click)
		o.Replay = replay
		if err != nil || o.Click.Stage == gk.Done || o.Click.Stage == gk.Failed {
			tick.Stop()
			return o, err
		}
		select {
		case <-ctx.Done():
			tick.Stop()
			return o, nil
		case <-tick.C:
		}
	}
}

func (k *Keeper) outcome(ctx context.Context, click string) (Outcome, error) {
	c, err := k.store.Click(ctx, click)
	if err != nil {
		return Outcome{}, err
	}
	a, err := k.store.Authorization(ctx, gk.Engine(), c.Authorization)
	if err != nil {
		return Outcome{}, err
	}
	app, err := k.store.App(ctx, gk.Engine(), c.App)
	if err != nil {
		return Outcome{}, err
	}
	o := Outcome{Click: c, Authorization: a, App: app, CookieName: k.cookieName(c)}
	if d := k.drivers[app.Platform]; d != nil {
		o.Spec = d.Spec()
	}
	for _, id := range a.Grants {
		g, err := k.store.Grant(ctx, gk.Engine(), id)
		if err != nil {
			return Outcome{}, err
		}
		o.Grants = append(o.Grants, g)
	}
	o.At = k.Now()
	if mayReturn := checkReturnTo(app, a.ReturnTo) == nil; a.ReturnTo != "" && mayReturn {
		o.ReturnTo = a.ReturnTo
		o.ReturnKey, err = k.returnKeyOf(app)
	}
	return o, err
}

func digest(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

func sameHash(hash []byte, secret string) bool {
	return len(hash) > 0 && secret != "" && subtle.ConstantTimeCompare(hash, digest(secret)) == 1
}
