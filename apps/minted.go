package apps

import (
	"context"
	"errors"
	"fmt"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/store"
)

// checkMinted counts the grants whose tokens die with the secret of before.
func (r *Registry) checkMinted(ctx context.Context, app gk.App, since string) (Check, error) {
	old := 0
	for after := ""; ; {
		grants, err := r.store.Grants(ctx, gk.Engine(), store.GrantFilter{App: app.ID, After: after, Limit: 500})
		var damaged *store.DamagedError // a row that cannot be read is refreshed by nobody, and told elsewhere
		if err != nil && !errors.As(err, &damaged) {
			return Check{}, err
		}
		for _, g := range grants {
			after = g.ID
			if g.Renewable && g.State != gk.Revoked && g.Subject.Kind != gk.KindApp && g.Facts[lifecycle.FactMinted] != since {
				old++
			}
		}
		if len(grants) == 0 {
			break
		}
	}
	if old > 0 {
		return Check{"secret", CheckFailed, fmt.Sprintf("%d grants still have tokens of the secret of before; they are refreshed within a day. Do not revoke it at the platform until none is left", old), nil}, nil
	}
	return Check{"secret", CheckOK, "all tokens are of the newest secret; the one of before can be revoked at the platform", nil}, nil
}
