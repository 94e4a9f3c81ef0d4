package keeper

import (
	"context"
)

// Clicks is what the engine has done about merchants' clicks, by package consent.
type Clicks interface {
	// Resume goes on with clicks that a crash, or a database that was away, left half done. It returns when that has begun.
	Resume(ctx context.Context) error
	// Complete makes the grants of a click whose answer was stored again.
	Complete(ctx context.Context, click string) error
}

// Attend names who is asked about clicks. It is called before Run.
func (k *Keeper) Attend(c Clicks) { k.clicks = c }

// noClicks is for a process in which nobody consents.
type noClicks struct{}

func (noClicks) Resume(context.Context) error           { return nil }
func (noClicks) Complete(context.Context, string) error { return nil }
