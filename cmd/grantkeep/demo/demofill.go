package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/simulate"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/sim"
	"github.com/grantkeep/grantkeep/store"
)

// Fill implements [console.Demo]. Some of the shops are in trouble afterwards, each in a way of its own, so that there is
// something to see and to mend.
func (d *Demonstration) Fill(ctx context.Context) error {
	var errs []error
	n := 0
	for i, code := range slices.Sorted(maps.Keys(d.Apps)) {
		shops, err := d.shopsOf(ctx, code, i)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", code, err))
		}
		spec, accounts := d.Keeper.Apps().Driver(code).Spec(), map[string]bool{}
		for at, shop := range shops {
			if accounts[shop.Owner] {
				continue // its account has agreed to all its shops
			}
			accounts[shop.Owner] = shop.Owner != ""
			n++
			stranger := at == len(shops)-1 // another browser brings the last one back: it is held
			if err := d.connect(ctx, d.Apps[code], spec.Facts.ShopNeeded, code, shop, n, stranger); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", code, err))
				break
			}
		}
		if err := d.trouble(ctx, spec, i); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", code, err))
		}
	}
	return errors.Join(errs...)
}

// mostFilled is how many shops of a platform one press connects; madeUp of them get names of their own.
const (
	mostFilled = 6
	madeUp     = 3
)

// shopNames are made up.
var shopNames = []string{
	"木南茶事", "清水溪手作", "里山雜貨", "青禾家居旗舰店", "阿婆生煎", "小島日用選物", "北线户外", "云上花店", "Harbor & Pine", "山岚咖啡", "竹間書房", "Lighthouse Goods",
	"半亩园食品", "橘子汽水童裝", "Maple Street Toys", "星河数码", "春日里母婴", "海風選品", "二月花植物", "Cedar & Salt", "老城厢糕团", "晴耕雨讀文具", "南岸渔获", "Paper Lantern",
	"云岭菌菇", "日和寵物", "十里布坊",
}

// shopsOf is what a platform has, and some more with names that tell them apart.
func (d *Demonstration) shopsOf(ctx context.Context, code string, i int) ([]simulate.Shop, error) {
	shops := slices.Clone(d.Ready.Platforms[code].Shops)
	shops = shops[:min(len(shops), mostFilled-madeUp)]
	for more := range madeUp {
		text, err := d.controlled(ctx, "/"+code+"/shops", map[string]any{"name": shopNames[(madeUp*i+more)%len(shopNames)]})
		if err != nil {
			return shops, err
		}
		var made struct{ Shops []simulate.Shop }
		if err := json.Unmarshal(text, &made); err != nil {
			return shops, err
		}
		shops = append(made.Shops, shops...)
	}
	return shops, nil
}

// trouble brings the grants of a platform into every state that it has, one each, and leaves the others well. What a platform says
// is a row of its catalogue.
func (d *Demonstration) trouble(ctx context.Context, spec *platform.Spec, i int) error {
	grants, err := d.Store.Grants(ctx, gk.Engine(), store.GrantFilter{App: d.Apps[spec.Code], State: gk.Active, Limit: 2 * mostFilled})
	if err != nil {
		return err
	}
	var errs []error
	for at, bring := range []func(context.Context, *platform.Spec, gk.Grant) error{d.expire, d.suspend, d.end, d.odd(i)} {
		if at+1 < len(grants) { // one stays well
			errs = append(errs, bring(ctx, spec, grants[len(grants)-1-at]))
		}
	}
	return errors.Join(errs...)
}

// said has a platform say something to the next refresh, and refreshes. What comes of it is told on the grant's page.
func (d *Demonstration) said(ctx context.Context, g gk.Grant, what string) error {
	if err := d.Fault(ctx, g.Platform, what, 1); err != nil {
		return err
	}
	_, err := d.Keeper.Refresh(ctx, gk.Engine(), g.ID, false)
	var later *keeper.Later
	if errors.As(err, &later) {
		return nil
	}
	return err
}

// row finds what a platform says to a refresh that asks for one of some actions; empty: nothing.
func row(spec *platform.Spec, terminal bool, actions ...gk.Action) string {
	for _, action := range actions {
		for _, row := range spec.Catalogue.Rows() {
			if row.Stage == platform.StageRefresh && row.Action == action && row.Terminal == terminal && row.Code != "" && !row.Local() {
				return row.Code
			}
		}
	}
	return ""
}

// expire ends an authorization: by a refusal, or where nothing is refreshed by its time.
func (d *Demonstration) expire(ctx context.Context, spec *platform.Spec, g gk.Grant) error {
	if what := row(spec, true, gk.Reauthorize); what != "" && g.Renewable {
		return d.said(ctx, g, what)
	}
	if len(g.Access) == 0 {
		return nil // the platform's own list, which is all that there is of it, would say that it lives
	}
	return d.over(ctx, g, func(g *gk.Grant, now time.Time) { g.Ceiling = now })
}

// suspend has a refresh refused for a while, and the token in hand end meanwhile.
func (d *Demonstration) suspend(ctx context.Context, spec *platform.Spec, g gk.Grant) error {
	what := row(spec, false, gk.FixRequest, gk.Backoff, gk.Retry)
	if what == "" || !g.Renewable || len(g.Access) == 0 {
		return nil // this platform has no such trouble
	}
	if err := d.said(ctx, g, what); err != nil {
		return err
	}
	return d.over(ctx, g, func(*gk.Grant, time.Time) {})
}

// over ends the token that is in hand, and what else is told to end with it.
func (d *Demonstration) over(ctx context.Context, g gk.Grant, with func(*gk.Grant, time.Time)) error {
	now := d.Keeper.Now()
	return d.Store.UpdateGrant(ctx, gk.Engine(), g.ID, now, func(g *gk.Grant) ([]gk.Event, error) {
		g.Expires = now
		with(g, now)
		return lifecycle.Lapse(g, now), nil
	})
}

// end revokes a grant, as one of the staff would.
func (d *Demonstration) end(ctx context.Context, _ *platform.Spec, g gk.Grant) error {
	return d.Keeper.Revoke(ctx, gk.Engine(), g.ID)
}

// odd is what goes wrong on some platforms only: an app whose secret is refused, an answer that is lost, a merchant who leaves.
func (d *Demonstration) odd(i int) func(context.Context, *platform.Spec, gk.Grant) error {
	return func(ctx context.Context, spec *platform.Spec, g gk.Grant) error {
		what := ""
		switch {
		case !g.Renewable:
		case i%4 == 1:
			what = row(spec, false, gk.FixConfig)
		case i%4 == 2:
			what = sim.CutAfter
		case i%4 == 3:
			return d.control(ctx, "/"+spec.Code+"/revoke", map[string]any{"subject": g.Subject.ID})
		}
		if what == "" {
			return nil
		}
		return d.said(ctx, g, what)
	}
}

// connect goes the way of a merchant: the link, the platform's page, the callback.
func (d *Demonstration) connect(ctx context.Context, app string, byHost bool, code string, shop simulate.Shop, n int, stranger bool) error {
	in := consent.BeginInput{App: app, Owner: fmt.Sprintf("cust-%04d", 1000+n)}
	if byHost {
		in.Shop = shop.Host
	}
	_, link, err := d.Consent.Begin(ctx, gk.Engine(), in)
	if err != nil {
		return err
	}
	secret := link[len(d.Server+"/connect/"):]
	pressed, err := d.Consent.Press(ctx, secret, "")
	if err != nil {
		return err
	}
	var back struct {
		Callback string `json:"callback"`
	}
	text, err := d.controlled(ctx, "/"+code+"/consent", map[string]any{"url": pressed.URL, "shops": []string{shop.ID}, "decision": "approve"})
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &back); err != nil || back.Callback == "" {
		return errors.New("the simulated platform sends the merchant nowhere")
	}
	incoming := platform.Incoming{Method: http.MethodGet, URL: back.Callback, Header: http.Header{}}
	_, err = d.Consent.Callback(ctx, app, incoming, func(name string) string {
		if name == pressed.CookieName && !stranger {
			return pressed.CookieValue
		}
		return ""
	})
	return err
}
