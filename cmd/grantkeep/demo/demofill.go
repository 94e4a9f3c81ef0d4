package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/simulate"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/platform"
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
			stranger := at == len(shops)-1 && i%3 == 0 // another browser brings the last one back: it is held
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

// mostFilled is how many shops of a platform one press connects.
const mostFilled = 5

// shopNames are made up.
var shopNames = []string{
	"木南茶事", "清水溪手作", "里山雜貨", "青禾家居旗舰店", "阿婆生煎", "小島日用選物", "北线户外", "云上花店", "Harbor & Pine", "山岚咖啡", "竹間書房", "Lighthouse Goods",
	"半亩园食品", "橘子汽水童裝", "Maple Street Toys", "星河数码", "春日里母婴", "海風選品",
}

// shopsOf is what a platform has, and some more with names that tell them apart.
func (d *Demonstration) shopsOf(ctx context.Context, code string, i int) ([]simulate.Shop, error) {
	shops := slices.Clone(d.Ready.Platforms[code].Shops)
	shops = shops[:min(len(shops), mostFilled-2)]
	for more := range 2 {
		text, err := d.controlled(ctx, "/"+code+"/shops", map[string]any{"name": shopNames[(2*i+more)%len(shopNames)]})
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

// troubles are what a platform says to a refresh, by the action that follows from it; each platform has one in turn.
var troubles = []struct {
	action   gk.Action
	terminal bool
	trick    string // instead of what a platform says
}{
	{action: gk.Reauthorize, terminal: true}, {action: gk.FixConfig}, {trick: "cut-after"}, {action: gk.Backoff}, {action: gk.Reauthorize, terminal: true},
}

// trouble has one of the shops of a platform refused, and a merchant of another one leave.
func (d *Demonstration) trouble(ctx context.Context, spec *platform.Spec, i int) error {
	grants, err := d.Store.Grants(ctx, gk.Engine(), store.GrantFilter{App: d.Apps[spec.Code], State: gk.Active, Limit: mostFilled})
	if err != nil || len(grants) == 0 {
		return err
	}
	if i%2 == 0 && len(grants) > 2 {
		subject := grants[len(grants)-1].Subject.ID
		if err := d.control(ctx, "/"+spec.Code+"/revoke", map[string]any{"subject": subject}); err != nil {
			return err
		}
	}
	what := troubles[i%len(troubles)]
	fault := what.trick
	for _, row := range spec.Catalogue.Rows() {
		if fault == "" && row.Stage == platform.StageRefresh && row.Action == what.action && row.Terminal == what.terminal && row.Code != "" && !row.Local() {
			fault = row.Code
		}
	}
	g := grants[0]
	if fault == "" || !g.Renewable {
		return nil // this platform has no such trouble
	}
	if err := d.Fault(ctx, spec.Code, fault, 1); err != nil {
		return err
	}
	_, err = d.Keeper.Refresh(ctx, gk.Engine(), g.ID, false)
	var later *keeper.Later
	if errors.As(err, &later) {
		return nil // it is told on the grant's page
	}
	return err
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
