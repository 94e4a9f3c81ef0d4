package consent

import (
	"context"
	"errors"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

// cancelled completes a click on a platform's cancel page.
func (fl *Flow) cancelled(ctx context.Context, opened apps.Opened, c gk.Click, cb platform.Callback) {
	err := func() error {
		a, err := fl.store.Authorization(ctx, gk.Engine(), c.Authorization)
		if err != nil {
			return err
		}
		id := a.Grant
		if id == "" && cb.Subject.ID != "" {
			g, err := fl.store.GrantOf(ctx, gk.Engine(), opened.App.ID, cb.Subject.Kind, cb.Subject.ID)
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
			id = g.ID
		}
		ended := false
		if id != "" {
			if ended, err = fl.keeper.Left(ctx, id, time.Time{}, "merchant"); err != nil {
				return err
			}
		}
		if !ended {
			return fl.failClick(ctx, c.ID, gk.Exchanging, gk.ReasonUnconfirmed, nil)
		}
		now := fl.keeper.Now()
		return fl.store.UpdateClick(ctx, c.ID, now, func(c *gk.Click, a *gk.Authorization) ([]gk.Event, error) {
			c.Stage, a.Stage, a.Reason, a.Fault, a.Grants = gk.Done, gk.Done, "", nil, []string{id}
			return []gk.Event{{
				ID: gk.NewID("evt", now), Kind: gk.EventAuthorizationCompleted, Actor: "merchant", App: a.App, Authorization: a.ID,
				Grant: id, Owner: a.Owner, At: now, Data: map[string]any{"kind": a.Kind, "grants": []string{id}},
			}}, nil
		})
	}()
	if err != nil {
		fl.log.Warn("a cancellation could not be completed", "platform", opened.Driver.Spec().Code, "click", c.ID, "error", err)
	}
}
