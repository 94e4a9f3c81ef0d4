package keeper

import (
	"context"
	"errors"
	"net/http"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/outbound"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

// Use is a grant opened for one call: all that a driver needs to sign it.
type Use struct {
	Grant      gk.Grant
	Driver     platform.Driver
	App        platform.App
	Credential platform.Credential
	OfApp      bool // not a grant's: Grant names no more than the app
}

// Use opens a grant for one call on its behalf. What stands in the way of reading its token stands in the way here, with
// the same errors; a platform without tokens has nothing to read. stale says that the token is not what was asked for.
func (k *Keeper) Use(ctx context.Context, v gk.Viewer, id string, w TokenWant) (use Use, stale bool, err error) {
	served, err := k.Token(ctx, v, id, w)
	if err != nil && !errors.Is(err, ErrNoToken) {
		return Use{}, false, err
	}
	g := served.Grant
	d := k.apps.Driver(g.Platform)
	if err != nil && (d == nil || d.Spec().Facts.Tokens) {
		return Use{}, false, err
	}
	a, err := k.opened.Get(ctx, &k.tokens.Pulse, g.App, func(ctx context.Context) (apps.Opened, error) { return k.apps.OpenByID(ctx, g.App) })
	if err != nil {
		return Use{}, false, err
	}
	reach, err := k.reaches.Get(ctx, &k.tokens.Pulse, g.ID, func(ctx context.Context) (gk.Grant, error) {
		return k.store.Grant(ctx, gk.Engine(), g.ID)
	})
	if err != nil {
		return Use{}, false, err
	}
	use = Use{Grant: g, Driver: a.Driver, App: a.Open, Credential: platform.Credential{
		Subject: g.Subject, Shops: reach.Shops, Scopes: reach.Scopes, Facts: reach.Facts,
		Token: gk.Token{Access: served.Access, Expires: g.Expires, Windows: g.Windows},
	}}
	if err := use.equip(ctx, a); err != nil {
		return Use{}, false, err
	}
	use.App.Now, use.App.Nonce = k.Now(), apps.Nonce()
	return use, served.Stale, nil
}

// equip gives a call the app's own token, where the platform wants one.
func (u *Use) equip(ctx context.Context, a apps.Opened) error {
	equipped, err := a.Equipped(ctx)
	if err == nil {
		u.App.Token = equipped.Open.Token
	}
	return err
}

// UseApp opens an app for one call of its own, without a merchant's token. Operations of an app reach what belongs to all
// its merchants: who is limited to owners does not see them.
func (k *Keeper) UseApp(ctx context.Context, v gk.Viewer, id string) (Use, error) {
	if !v.SeesApp(id) || len(v.Owners) > 0 {
		return Use{}, store.ErrNotFound
	}
	if k.apps.Stopped(id) {
		return Use{}, apps.ErrStopped
	}
	a, err := k.opened.Get(ctx, &k.tokens.Pulse, id, func(ctx context.Context) (apps.Opened, error) { return k.apps.OpenByID(ctx, id) })
	if err != nil {
		return Use{}, err
	}
	partner := gk.Subject{Kind: gk.KindPartner}
	use := Use{
		Grant:  gk.Grant{App: id, Platform: a.App.Platform, Subject: partner},
		Driver: a.Driver, App: a.Open, OfApp: true, Credential: platform.Credential{Subject: partner},
	}
	if err := use.equip(ctx, a); err != nil {
		return Use{}, err
	}
	use.App.Now, use.App.Nonce = k.Now(), apps.Nonce()
	return use, nil
}

// Forward sends a request that a driver made of a call, to the app's hosts only, and returns when the headers of the
// answer are there. The caller closes the body; the request has no end but that of ctx. It is no refresh: a GET may go out
// twice when a kept-alive connection dies.
func (k *Keeper) Forward(ctx context.Context, use Use, req *http.Request) (*http.Response, error) {
	if !k.BeginWork() {
		return nil, ErrDraining
	}
	defer k.EndWork()
	return k.gate.For(use.Grant.App, use.Grant.Owner).Stream(ctx, req, outbound.Policy{Allow: use.App.AllowsHost, Timeout: longestForward})
}

// longestForward is how long a download may take in all. Whoever forwards it watches that it moves.
const longestForward = 24 * time.Hour

// Suspect hears that a platform refused the token of a grant in a call of somebody's, and that a refresh did not help. A
// call is shaped by its caller, so nothing is concluded from it; the platform is asked how the grant stands, at most once
// in five minutes, and only its answer counts.
func (k *Keeper) Suspect(id string) {
	if _, asked := k.suspects.Known(id); asked {
		return
	}
	k.suspects.Put(id, struct{}{}, time.Now())
	go func() {
		if !k.BeginWork() {
			return
		}
		defer k.EndWork()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := k.Look(ctx, id); err != nil {
			k.log.Info("a suspected grant could not be looked at", "grant", id, "error", err)
		}
	}()
}

// Look asks the platform how a grant stands and records what it tells.
func (k *Keeper) Look(ctx context.Context, id string) error {
	g, err := k.store.Grant(ctx, gk.Engine(), id)
	if err != nil || g.State == gk.Revoked {
		return err
	}
	a, err := k.apps.OpenByID(ctx, g.App)
	if err != nil {
		return err
	}
	if _, ok := a.Driver.(platform.Inspector); !ok {
		return nil
	}
	return k.probe(ctx, a, g)
}

// Ordered acts on news of a merchant's order: where the authorization ends with the order, a refresh brings the new end.
func (k *Keeper) Ordered(ctx context.Context, g gk.Grant) error {
	if !g.Renewable || !lifecycle.Fixed(&g) {
		return k.Look(ctx, g.ID)
	}
	err := k.refreshNow(ctx, g.ID, lifecycle.Asker{})
	var later *Later
	if errors.As(err, &later) {
		return nil // its next refresh brings the end as well
	}
	return err
}
