package keeper

import (
	"context"
	"time"
)

// What comes in bulk, as events of an import do, is worked off in bulk, but no round of the scheduler is held up by it for
// longer than batchTime. Both are repeated until a batch is not full.
const (
	publishBatch = 5000
	sweepBatch   = 2000
	batchTime    = time.Second
)

// publish numbers fresh events until none are left or its time is over.
func (k *Keeper) publish(ctx context.Context) error {
	_, err := batches(publishBatch, func() (int, error) { return k.store.Publish(ctx, publishBatch) })
	return err
}

// sweep deletes what is past its keeping time until nothing is left or its time is over; done says that nothing is left.
func (k *Keeper) sweep(ctx context.Context) (done bool, err error) {
	return batches(sweepBatch, func() (int, error) { return k.store.Sweep(ctx, k.Now(), sweepBatch) })
}

// batches does batches until one is not full, or the time for them is over.
func batches(full int, do func() (int, error)) (done bool, err error) {
	for begun := time.Now(); ; {
		n, err := do()
		if err != nil {
			return false, err
		}
		if n < full {
			return true, nil
		}
		if time.Since(begun) >= batchTime {
			return false, nil
		}
	}
}
