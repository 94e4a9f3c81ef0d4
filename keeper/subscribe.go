package keeper

import (
	"context"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/platform"
)

// Subscribe asks a platform to push about new grants, where it wants to be asked for each. A grant whose subscription
// fails is good all the same: the periodic check hears what the pushes would have told.
func (k *Keeper) Subscribe(ctx context.Context, appID string, grants []string) {
	opened, err := k.apps.OpenByID(ctx, appID)
	if err != nil {
		return
	}
	s, ok := opened.Driver.(platform.Subscriber)
	if !ok {
		return
	}
	for _, id := range grants {
		if err := k.subscribeGrant(ctx, s, opened, id); err != nil {
			k.log.Warn("pushes could not be subscribed to", "platform", opened.Driver.Spec().Code, "grant", id, "error", err)
		}
	}
}

func (k *Keeper) subscribeGrant(ctx context.Context, s platform.Subscriber, opened apps.Opened, id string) error {
	g, err := k.store.Grant(ctx, gk.Engine(), id)
	if err != nil || len(g.Access) == 0 {
		return err
	}
	opened.Owner = g.Owner
	cred, err := k.Credential(g, true)
	if err != nil {
		return err
	}
	if opened, err = opened.Equipped(ctx); err != nil {
		return err
	}
	requests, err := apps.Drive(opened, "subscribe", func() ([]*platform.Request, error) { return s.SubscribeRequests(opened.Open, cred) })
	if err != nil {
		return err
	}
	for _, req := range requests {
		reply, err := opened.Ask(ctx, req, false, 30*time.Second)
		if err != nil {
			return err
		}
		asked := platform.Asked{Stage: platform.StagePush, Subject: g.Subject, Sent: req.Sent}
		if err := opened.Diagnose(asked, reply); err != nil {
			return err
		}
	}
	return nil
}
