package keeper

import (
	"context"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

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
		g.Shops, g.Facts, g.Scopes, g.Fault = nil, nil, nil, nil
		return nil, nil
	})
	k.tokens.Drop(id)
	return err
}
