package consent

import (
	"context"

	gk "github.com/grantkeep/grantkeep"
)

// Withdraw ends a link that has not led to a grant: whoever opens it then is told that it has lapsed. A merchant who
// is on the platform's page already may still finish.
func (fl *Flow) Withdraw(ctx context.Context, v gk.Viewer, id string) error {
	now := fl.keeper.Now()
	return fl.store.UpdateAuthorization(ctx, v, id, now, func(a *gk.Authorization) ([]gk.Event, error) {
		if a.Stage == gk.Done {
			return nil, gk.BadInput("authorization", "has been completed; revoke its grant")
		}
		if a.ExpiresAt.After(now) {
			a.ExpiresAt = now
		}
		return nil, nil
	})
}
