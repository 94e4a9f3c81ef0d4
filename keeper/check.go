package keeper

import (
	"context"
	"slices"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
)

// CheckApp looks whether an application can work: its clock, the spill, and what [apps.Registry.Check] looks at.
func (k *Keeper) CheckApp(ctx context.Context, v gk.Viewer, id string) ([]apps.Check, error) {
	checks, err := k.apps.Check(ctx, v, id)
	if err != nil {
		return nil, err
	}
	return slices.Concat([]apps.Check{k.checkClock(ctx)}, k.checkSpill(id), checks), nil
}

func (k *Keeper) checkClock(ctx context.Context) apps.Check {
	at, err := k.store.Clock(ctx)
	if err != nil {
		return apps.Check{Name: "clock", State: apps.CheckFailed, Detail: "the database does not answer"}
	}
	if drift := time.Since(at).Abs(); drift > clockDrift {
		return apps.Check{Name: "clock", State: apps.CheckFailed, Detail: "differs from the database's by " + drift.Round(time.Second).String() + "; synchronise both"}
	}
	return apps.Check{Name: "clock", State: apps.CheckOK, Detail: "agrees with the database's"}
}
