package keeper

import (
	"context"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/keeper/spill"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/vault"
)

// Clicks is what the engine has done about merchants' clicks, by package consent.
type Clicks interface {
	// Resume goes on with clicks that a crash, or a database that was away, left half done. It returns when that has begun.
	Resume(ctx context.Context) error
	// Complete makes the grants of a click whose answer was stored again.
	Complete(ctx context.Context, click string) error
}

// Attend names who is asked about clicks.
func (k *Keeper) Attend(c Clicks) { k.clicks.Store(&c) }

// attended is who is asked about clicks.
func (k *Keeper) attended() Clicks {
	if c := k.clicks.Load(); c != nil {
		return *c
	}
	return noClicks{}
}

// noClicks is for a process in which nobody consents.
type noClicks struct{}

func (noClicks) Resume(context.Context) error           { return nil }
func (noClicks) Complete(context.Context, string) error { return nil }

// KeepAnswer commits the sealed answer to an exchange to its click; while the database is away it waits in the spill.
func (k *Keeper) KeepAnswer(ctx context.Context, click string, sealed gk.Sealed) {
	k.safe.keep(ctx, spill.Entry{Kind: spill.Answer, Click: click, Answer: sealed, KeyID: vault.KeyOf(sealed)})
}

// HoldsAnswer reports whether the answer of a click waits in this process to be stored.
func (k *Keeper) HoldsAnswer(click string) bool { return k.spill.Holds(click) }

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
