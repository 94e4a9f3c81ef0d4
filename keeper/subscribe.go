package keeper

import (
	"context"
	"sync"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/platform"
)

// subscribe asks a platform to push about new grants, where it wants to be asked for each. A grant whose subscription
// fails is good all the same: the periodic check hears what the pushes would have told.
func (k *Keeper) subscribe(ctx context.Context, appID string, grants []string) {
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
	cred, err := k.credential(g, true)
	if err != nil {
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

// budget limits what strangers can make us ask: ten exchanges a minute for an app that nobody of ours began.
type budget struct {
	mu    sync.Mutex
	taken []time.Time
}

const budgetMost = 10

func (b *budget) take(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	kept := b.taken[:0]
	for _, t := range b.taken {
		if now.Sub(t) < time.Minute && !t.After(now) {
			kept = append(kept, t)
		}
	}
	b.taken = kept
	if len(kept) >= budgetMost {
		return false
	}
	b.taken = append(b.taken, now)
	return true
}

func (k *Keeper) budgetFor(app string) *budget {
	k.mu.Lock()
	defer k.mu.Unlock()
	b := k.budget[app]
	if b == nil {
		b = &budget{}
		k.budget[app] = b
	}
	return b
}
