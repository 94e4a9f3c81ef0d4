package keeper

import (
	"context"
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
	if err := CheckOwner("owner", in.Owner); err != nil {
		return gk.Authorization{}, "", err
	}
	if in.Shop != "" && f.ShopNeeded {
		if in.Shop, err = givenHost(d.Spec(), in.Shop); err != nil {
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
	same := func(text string) bool {
		o, err := url.Parse(text)
		return err == nil && origin(o) == origin(u)
	}
	if !slices.ContainsFunc(app.ReturnOrigins, same) {
		return &Invalid{"return_to", "lies on none of the app's return_origins"}
	}
	return nil
}

// origin is an address's scheme, host and port as browsers compare them: in lower case, a scheme's own port left out.
func origin(u *url.URL) string {
	host, scheme := strings.ToLower(u.Host), strings.ToLower(u.Scheme)
	if own := map[string]string{"https": ":443", "http": ":80"}[scheme]; own != "" {
		host = strings.TrimSuffix(host, own)
	}
	return scheme + "://" + host
}

// givenHost reads the shop's host that a program gives: the host and nothing else, as a platform's own entry has to name
// it, or its first label.
func givenHost(spec *platform.Spec, text string) (string, error) {
	suffix := spec.Facts.ShopSuffix
	if !strings.Contains(text, ".") {
		text += suffix
	}
	host, err := spec.Host(text)
	if err != nil || !strings.HasSuffix(host, suffix) {
		return "", &Invalid{"shop", "must be the shop's host, such as shop-1" + suffix + ", without scheme, port and path"}
	}
	return host, nil
}

// ShopHost reads what a person calls their shop and returns its host; an *Invalid says which kind of mistake it is.
func ShopHost(spec *platform.Spec, text string) (string, error) {
	host, err := spec.ShopHost(text)
	var bad *platform.BadSetting
	if errors.As(err, &bad) {
		return "", &Invalid{bad.Name, bad.Why}
	}
	return host, err
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
