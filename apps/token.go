package apps

import (
	"context"
	"errors"

	"github.com/grantkeep/grantkeep/platform"
)

// ErrNoToken says that the app's own token, which the platform wants beside a merchant's, could not be had.
var ErrNoToken = errors.New("keeper: the app's own token is not to be had")

// OnToken has f called for an app's own token. Whoever keeps grants keeps that too.
func (r *Registry) OnToken(f func(ctx context.Context, o Opened) (platform.Credential, error)) {
	r.token.Store(&f)
}

// Equipped returns the app with its own token, where the platform's facts say that requests about merchants' grants need
// one. It is asked for before each use, so that a driver never sees one that has ended.
func (o Opened) Equipped(ctx context.Context) (Opened, error) {
	get := o.registry.token.Load()
	if o.Driver.Spec().Facts.AppToken == nil || get == nil || o.Open.Token != nil {
		return o, nil
	}
	cred, err := (*get)(ctx, o)
	if err != nil {
		return o, errors.Join(ErrNoToken, err)
	}
	o.Open.Token = &cred
	return o, nil
}
