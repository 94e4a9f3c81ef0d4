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
	"github.com/grantkeep/grantkeep/platform"
)

// Fill implements [console.Demo].
func (d *Demonstration) Fill(ctx context.Context) error {
	var errs []error
	n := 0
	for _, code := range slices.Sorted(maps.Keys(d.Apps)) {
		id := d.Apps[code]
		box := d.Ready.Platforms[code]
		spec := d.Keeper.Apps().Driver(code).Spec()
		for i, shop := range box.Shops {
			if i == mostFilled {
				break
			}
			n++
			if err := d.connect(ctx, id, spec.Facts.ShopNeeded, code, shop, n); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", code, err))
				break
			}
		}
	}
	return errors.Join(errs...)
}

// mostFilled is how many shops of a platform one press connects.
const mostFilled = 8

// connect goes the way of a merchant: the link, the platform's page, the callback.
func (d *Demonstration) connect(ctx context.Context, app string, byHost bool, code string, shop simulate.Shop, n int) error {
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
		if name == pressed.CookieName {
			return pressed.CookieValue
		}
		return ""
	})
	return err
}
