package keeper

import (
	"context"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/vault"
)

// KeepAnswer commits the sealed answer to an exchange to its click; while the database is away it waits in the spill.
func (k *Keeper) KeepAnswer(ctx context.Context, click string, sealed gk.Sealed) {
	k.keep(ctx, entry{Kind: entryAnswer, Click: click, Answer: sealed, KeyID: vault.KeyOf(sealed)})
}

// HoldsAnswer reports whether the answer of a click waits in this process to be stored.
func (k *Keeper) HoldsAnswer(click string) bool { return k.spill.holds(click) }

// storeAnswer commits an answer to its click. A click that has ended meanwhile took its answer from elsewhere.
func (k *Keeper) storeAnswer(ctx context.Context, e entry) error {
	return k.store.UpdateClick(ctx, e.Click, k.Now(), func(c *gk.Click, _ *gk.Authorization) ([]gk.Event, error) {
		if c.Stage == gk.Issued || c.Stage == gk.Done {
			return nil, store.ErrUnchanged
		}
		c.Stage, c.Answer, c.AnswerKey, c.Reason, c.Fault = gk.Issued, e.Answer, e.KeyID, "", nil
		return nil, nil
	})
}
