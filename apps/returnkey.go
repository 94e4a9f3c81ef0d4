package apps

import (
	"context"

	gk "github.com/grantkeep/grantkeep"
)

// returnKey is the name of an app's return key among its secrets. No platform has a setting of this name.
const returnKey = "grantkeep_return"

// NewReturnKey makes the key that signs the return addresses of an app, in place of the one before, and returns it: this
// once. Without one, results are passed on unsigned.
func (r *Registry) NewReturnKey(ctx context.Context, v gk.Viewer, app string) (gk.Secret, error) {
	now := r.now()
	text := "gkr_" + RandomText()
	err := r.store.UpdateApp(ctx, v, app, now, func(a *gk.App) ([]gk.Event, error) {
		secrets, err := r.OpenSecrets(*a)
		if err != nil {
			return nil, err
		}
		secrets[returnKey] = []gk.AppSecret{{Value: text, Since: now}}
		if err := r.SealSecrets(a, secrets); err != nil {
			return nil, err
		}
		return []gk.Event{{
			ID: gk.NewID("evt", now), Kind: gk.EventAppChanged, Actor: v.Key, App: a.ID, At: now, Data: map[string]any{"change": "return_key"},
		}}, nil
	})
	if err != nil {
		return gk.Secret{}, err
	}
	r.changed(ctx, app, false)
	return gk.NewSecret(text), nil
}

// ReturnKeyOf opens the return key of an app; empty where there is none.
func (r *Registry) ReturnKeyOf(app gk.App) (gk.Secret, error) {
	secrets, err := r.OpenSecrets(app)
	if err != nil || len(secrets[returnKey]) == 0 {
		return gk.Secret{}, err
	}
	return gk.NewSecret(secrets[returnKey][0].Value), nil
}
