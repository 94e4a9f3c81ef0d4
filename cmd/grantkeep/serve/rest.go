package serve

import (
	"context"
	"log/slog"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"github.com/grantkeep/grantkeep/store"
)

const (
	restEvery = 2 * time.Second
	// restBusy is how much a process allocates between two looks that has something to do. The rounds of a scheduler that
	// finds nothing due allocate a tenth of it.
	restBusy = 4 << 20
	// restWorth is how much must have been allocated for a collection to be worth its cost. So a process that is never
	// used collects a few times a minute, which takes some milliseconds each.
	restWorth = 6 << 20
)

// resting gives back memory when a process comes to rest: what its start, an import or a storm of refreshes needed would
// otherwise stay with it for as long as nothing makes it collect, which is for good where nothing more happens.
type resting struct {
	seen, freed uint64 // bytes allocated up to the last look, and up to the last time that memory was given back
}

// look gives back memory if the process was at rest since the last look and has garbage. It returns whether it did.
func (r *resting) look(allocated, live uint64, free func()) bool {
	quiet := allocated-r.seen < restBusy
	r.seen = allocated
	if !quiet || allocated-r.freed < max(restWorth, live/2) {
		return false
	}
	free()
	r.freed = allocated
	return true
}

// rest looks until ctx ends. A database in this process has caches of its own.
func rest(ctx context.Context, s store.Store, log *slog.Logger) {
	caches, _ := s.(interface {
		Rest(ctx context.Context) error
	})
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}, {Name: "/gc/heap/live:bytes"}}
	t := time.NewTicker(restEvery)
	defer t.Stop()
	for r := (resting{}); ; {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		metrics.Read(sample)
		r.look(sample[0].Value.Uint64(), sample[1].Value.Uint64(), func() {
			if caches != nil {
				if err := caches.Rest(ctx); err != nil && ctx.Err() == nil {
					log.Warn("the database's caches keep their memory", "error", err)
				}
			}
			debug.FreeOSMemory()
		})
	}
}
