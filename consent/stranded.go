package consent

import (
	"context"
	"errors"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/keeper"
)

// Stranded reports whether an authorization keeps an answer of the platform that no grant was made of.
func (fl *Flow) Stranded(ctx context.Context, authorization string) (bool, error) {
	clicks, err := fl.store.StrandedClicks(ctx, authorization)
	return len(clicks) > 0, err
}

// Place makes the grants of answers that an authorization keeps. named says whom an answer is for where the platform
// does not tell. It takes a key that is not limited to owners.
func (fl *Flow) Place(ctx context.Context, v gk.Viewer, authorization string, named *gk.Subject) (gk.Authorization, error) {
	a, err := fl.store.Authorization(ctx, v, authorization)
	if err != nil {
		return gk.Authorization{}, err
	}
	if len(v.Owners) > 0 {
		return gk.Authorization{}, keeper.ErrForbidden
	}
	opened, err := fl.apps.OpenByID(ctx, a.App)
	if err != nil {
		return gk.Authorization{}, err
	}
	if named != nil {
		subject, err := apps.CheckSubject(opened.Driver.Spec(), *named)
		if err != nil {
			return gk.Authorization{}, err
		}
		if subject.ID == "" {
			return gk.Authorization{}, gk.BadInput("subject.id", "is missing")
		}
		named = &subject
	}
	clicks, err := fl.store.StrandedClicks(ctx, authorization)
	if err != nil {
		return gk.Authorization{}, err
	}
	if len(clicks) == 0 {
		return gk.Authorization{}, gk.BadInput("id", "names an authorization that keeps no answer to be placed")
	}
	if !fl.keeper.BeginWork() {
		return gk.Authorization{}, keeper.ErrDraining
	}
	defer fl.keeper.EndWork()
	for _, c := range clicks {
		err := fl.place(context.WithoutCancel(ctx), c, named)
		var unknown *unidentifiedError
		if errors.As(err, &unknown) {
			if f := apps.FaultIn(err); f != nil {
				return gk.Authorization{}, f
			}
			return gk.Authorization{}, gk.BadInput("subject", "is needed: the platform does not say who authorized")
		}
		if err != nil {
			return gk.Authorization{}, err
		}
	}
	return fl.store.Authorization(ctx, v, authorization)
}
