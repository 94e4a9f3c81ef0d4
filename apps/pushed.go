package apps

import (
	"context"
	"fmt"
	"slices"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

// pushedKept is how many values of a pushed secret are kept: the platform takes the one of before for a while.
const pushedKept = 2

// TakePushed seals what a platform pushed of an app's own credentials among its secrets, such as a ticket with which the
// app's token is asked for. at is the platform's moment: a message that comes late does not replace a later one. Only
// what the facts call pushed is taken.
func (r *Registry) TakePushed(ctx context.Context, id string, told map[string]gk.Secret, at time.Time) error {
	now := r.now()
	if at.IsZero() || at.After(now) {
		at = now
	}
	taken := false
	err := r.store.UpdateApp(ctx, gk.Engine(), id, now, func(app *gk.App) ([]gk.Event, error) {
		taken = false
		d := r.drivers[app.Platform]
		if d == nil {
			return nil, &Broken{app.ID, CodeNoDriver, fmt.Errorf("this build has no driver for %s", app.Platform)}
		}
		secrets, err := r.OpenSecrets(*app)
		if err != nil {
			return nil, err
		}
		for name, value := range told {
			if d.Spec().Facts.Settings[name].Role != platform.RolePushed {
				return nil, fmt.Errorf("%s pushed %q, which its facts do not call pushed", app.Platform, name)
			}
			known := secrets[name]
			if value.Empty() || len(known) > 0 && (known[0].Value == value.Reveal() || at.Before(known[0].Since)) {
				continue
			}
			secrets[name] = slices.Insert(known[:min(len(known), pushedKept-1)], 0, gk.AppSecret{Value: value.Reveal(), Since: at})
			taken = true
		}
		if !taken {
			return nil, store.ErrUnchanged
		}
		return nil, r.SealSecrets(app, secrets)
	})
	if taken && err == nil {
		r.changed(ctx, id, false)
	}
	return err
}
