package keeper

import (
	"context"
	"errors"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

// errNotVisible is what a grant is to those who may not see it.
var errNotVisible = store.ErrNotFound

// Revoke ends a grant on purpose: the platform is told where it can be, the tokens are erased, and the grants that
// depend on this one end with it.
func (k *Keeper) Revoke(ctx context.Context, v gk.Viewer, id string) error {
	g, err := k.store.Grant(ctx, v, id)
	if err != nil {
		return err
	}
	if g.State != gk.Revoked {
		k.tellPlatform(ctx, g)
	}
	return k.erase(ctx, v, id, anyGeneration, v.Key, "revoked by us")
}

// tellPlatform gives a permission back where the platform takes it. It is a courtesy: our own end does not wait for it.
func (k *Keeper) tellPlatform(ctx context.Context, g gk.Grant) {
	a, err := k.apps.OpenByID(ctx, g.App)
	if err != nil {
		return
	}
	a.Owner = g.Owner
	r, ok := a.Driver.(platform.Revoker)
	if !ok || g.Subject.Kind == gk.KindApp {
		return
	}
	if a, err = a.Equipped(ctx); err != nil {
		return
	}
	cred, err := k.Credential(g, true)
	if err != nil {
		return
	}
	req, err := a.Request("revoke", func() (*platform.Request, error) { return r.RevokeRequest(a.Open, cred) })
	if err != nil || req == nil {
		return
	}
	if _, err := a.Ask(ctx, req, true, 30*time.Second); err != nil {
		k.log.Warn("the platform could not be told of a revocation", "grant", g.ID, "error", err)
	}
}

// anyGeneration erases a grant whatever pair it has.
const anyGeneration = -1

// erase moves a grant and those that depend on it to revoked, if it still has the generation that this was concluded
// from. The generation rises, so that a refresh under way finds nobody to give its pair to.
func (k *Keeper) erase(ctx context.Context, v gk.Viewer, id string, generation int64, actor, why string) error {
	now := k.Now()
	var parent gk.Grant
	err := k.store.UpdateGrant(ctx, v, id, now, func(g *gk.Grant) ([]gk.Event, error) {
		parent = gk.Grant{}
		if generation != anyGeneration && g.Generation != generation {
			return nil, store.ErrUnchanged
		}
		parent = *g
		if g.State == gk.Revoked {
			return nil, store.ErrUnchanged
		}
		return lifecycle.Erase(g, actor, why, now), nil
	})
	k.tokens.Drop(id)
	if err != nil || parent.Subject.ID == "" {
		return err
	}
	children, err := k.store.Children(ctx, parent.App, parent.Subject.ID)
	if err != nil {
		return err
	}
	for _, c := range children {
		if c.ID != id && c.State != gk.Revoked && lifecycle.EndsWith(c.Subject, parent.Subject) {
			err = errors.Join(err, k.erase(ctx, gk.Engine(), c.ID, anyGeneration, actor, why+" (its main account)"))
		}
	}
	return err
}

// Left hears that a merchant left: a push, or a cancel page. It is a hint. The platform is asked; only its answer ends
// the grant. at is the platform's own time of the event, zero if it did not tell: what is older than the merchant's
// last consent is ignored. It reports whether the grant has ended.
func (k *Keeper) Left(ctx context.Context, id string, at time.Time, actor string) (ended bool, err error) {
	g, err := k.store.Grant(ctx, gk.Engine(), id)
	if err != nil || g.State == gk.Revoked {
		return g.State == gk.Revoked, err
	}
	if !at.IsZero() && at.Before(g.AuthorizedAt) {
		return false, nil
	}
	a, err := k.apps.OpenByID(ctx, g.App)
	if err != nil {
		return false, err
	}
	a.Owner = g.Owner
	d := a.Driver
	if _, ok := d.(platform.Inspector); !ok { // nobody can be asked: the message alone proves it if it says when
		if at.IsZero() || !d.Spec().Facts.Push.Time {
			return false, nil
		}
		return true, k.erase(ctx, gk.Engine(), id, anyGeneration, actor, "the merchant left")
	}
	cred, err := k.Credential(g, true)
	if err != nil {
		return false, err
	}
	in, err := a.Inspect(ctx, cred)
	if err != nil || in.Alive == nil {
		return false, err
	}
	switch {
	case *in.Alive:
		return false, k.Seen(ctx, d, g, in)
	case !g.Ceiling.IsZero() && !g.Ceiling.After(k.Now().Add(lifecycle.ClockSlack)):
		return true, k.ranOut(ctx, id) // its time was over: nobody left
	case d.Spec().TokenRefused(in.Fault) && lifecycle.Explained(&g, k.Now()):
		return false, nil
	}
	return k.erasedAs(ctx, g, actor)
}

// erasedAs erases a grant whose merchant left, unless a newer token pair came meanwhile, and reports whether it has ended.
func (k *Keeper) erasedAs(ctx context.Context, g gk.Grant, actor string) (ended bool, err error) {
	if err := k.erase(ctx, gk.Engine(), g.ID, g.Generation, actor, "the merchant left"); err != nil {
		return false, err
	}
	now, err := k.store.Grant(ctx, gk.Engine(), g.ID)
	return now.State == gk.Revoked, err
}

// ranOut records that an authorization has reached its end.
func (k *Keeper) ranOut(ctx context.Context, id string) error {
	now := k.Now()
	return k.change(ctx, id, now, func(g *gk.Grant) ([]gk.Event, error) {
		if g.State == gk.Revoked || g.State == gk.Expired || g.Ceiling.After(now.Add(lifecycle.ClockSlack)) {
			return nil, errOvertaken
		}
		return lifecycle.RunOut(g, now), nil
	})
}

// Seen records what an inspection or a census told of a grant that lives, unless its merchant has agreed anew since. It
// writes what is news: a census that finds everything as it was writes nothing, but now and then that it was seen.
func (k *Keeper) Seen(ctx context.Context, d platform.Driver, asked gk.Grant, in platform.Inspection) error {
	now := k.Now()
	app, err := k.store.App(ctx, gk.Engine(), asked.App)
	if err != nil {
		return err
	}
	t := lifecycle.TermsOf(d, app)
	row := asked
	if outcome, _ := lifecycle.Learn(&row, t, in, now); outcome == lifecycle.NoNews {
		return nil // a row that has changed since it was read was written by somebody who knew more
	}
	return k.change(ctx, asked.ID, now, func(g *gk.Grant) ([]gk.Event, error) {
		if g.State == gk.Revoked || g.AuthorizedAt.After(asked.AuthorizedAt) {
			return nil, errOvertaken
		}
		outcome, events := lifecycle.Learn(g, t, in, now)
		if outcome == lifecycle.NoNews {
			return nil, errOvertaken
		}
		return events, nil
	})
}

// Announced records the end of an authorization that a proved message of the platform told at a moment.
func (k *Keeper) Announced(ctx context.Context, id string, end, said time.Time) error {
	g, err := k.store.Grant(ctx, gk.Engine(), id)
	if err != nil {
		return err
	}
	app, err := k.store.App(ctx, gk.Engine(), g.App)
	if err != nil {
		return err
	}
	d := k.apps.Driver(g.Platform)
	if d == nil {
		return nil
	}
	t, now := lifecycle.TermsOf(d, app), k.Now()
	return k.change(ctx, id, now, func(g *gk.Grant) ([]gk.Event, error) {
		if lifecycle.Announce(g, t, end, said, now) == lifecycle.NoNews {
			return nil, errOvertaken
		}
		return nil, nil
	})
}

// RevokeAndForget ends a grant as [Keeper.Revoke] does, and erases what is known of the merchant beside the ids by which
// the platform calls the account and we call the grant: those still tell a message about it from one about somebody else.
// It may be repeated, and serves for a grant that has ended long ago.
func (k *Keeper) RevokeAndForget(ctx context.Context, v gk.Viewer, id string) error {
	if err := k.Revoke(ctx, v, id); err != nil {
		return err
	}
	err := k.store.UpdateGrant(ctx, v, id, k.Now(), func(g *gk.Grant) ([]gk.Event, error) {
		if g.State != gk.Revoked { // the merchant has come back meanwhile
			return nil, store.ErrUnchanged
		}
		g.Subject.Name, g.Subject.Host, g.Subject.Region = "", "", ""
		g.Shops, g.Facts, g.Tags, g.Scopes, g.Fault = nil, nil, nil, nil, nil
		return nil, nil
	})
	k.tokens.Drop(id)
	return err
}
