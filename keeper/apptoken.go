package keeper

import (
	"context"
	"errors"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

// CodeNoAppToken is the code of a grant whose refresh waits for the app's own token.
const CodeNoAppToken = "local:no_app_token"

// appToken returns the own token of an app. It is a grant of its own, so that it is claimed, refreshed and sealed as any
// other, and one process refreshes it for all; the first use makes it.
func (k *Keeper) appToken(ctx context.Context, a apps.Opened) (platform.Credential, error) {
	own := gk.Subject{Kind: gk.KindApp, ID: a.App.ID, Name: a.App.Name}
	served, err := k.TokenOf(ctx, gk.Engine(), a.App.ID, own.Kind, own.ID, TokenWant{})
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, ErrRevoked) {
		if err = k.beginOwn(ctx, a, own); err == nil {
			served, err = k.TokenOf(ctx, gk.Engine(), a.App.ID, own.Kind, own.ID, TokenWant{})
		}
	}
	if err != nil {
		return platform.Credential{}, err
	}
	return platform.Credential{Subject: own, Token: gk.Token{Access: served.Access, Expires: served.Grant.Expires}}, nil
}

// beginOwn makes the grant of an app's own token, without a token yet.
func (k *Keeper) beginOwn(ctx context.Context, a apps.Opened, own gk.Subject) error {
	now := k.Now()
	id := gk.NewID("grt", now)
	err := k.store.PutGrants(ctx, a.App.ID, "", "", []gk.Subject{own}, now,
		func(existing []gk.Grant, _ *gk.Authorization, _ *gk.Click) ([]gk.Grant, []gk.Event, error) {
			var old *gk.Grant
			if len(existing) > 0 {
				if old = &existing[0]; old.State != gk.Revoked {
					return nil, nil, store.ErrUnchanged // somebody else was first
				}
				id = old.ID
			}
			g, events := lifecycle.Own(old, id, a.App, own, now)
			return []gk.Grant{g}, events, nil
		})
	if errors.Is(err, store.ErrUnchanged) {
		err = nil
	}
	k.tokens.drop(id)
	return err
}
