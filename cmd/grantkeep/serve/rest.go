package serve

import (
	"context"
	"log/slog"
	"os"
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
	// heapRoom is how much a process that has something to do allocates between two collections, at least. Its own measure,
	// as much as it keeps, is a few MiB for an installation of some thousand grants, and collecting all the time is then a
	// quarter of what a refresh costs, and a tenth of a read of a token. What is left over is given back at rest.
	heapRoom = 96 << 20
	// heapShare is which part of what the process may use that room is at most.
	heapShare = 8
	// pagesKept is how much of a database in this process stays in memory while much is written.
	pagesKept = 64 << 20
	// heapLeast bounds what follows from it for a heap of next to nothing.
	heapLeast = 4 << 20
)

// room returns how much a process allocates between two collections that may use so much memory.
func room(limit uint64) uint64 { return min(heapRoom, limit/heapShare) }

// pace returns by how many per cent of what it keeps a heap may grow before it is looked through: the runtime's hundred, or
// more where that is less than the room.
func pace(live, room uint64) int { return int(max(100, room*100/max(live, heapLeast))) }

// pacing keeps the runtime at the pace of what the process keeps, unless the operator has said otherwise.
type pacing struct {
	percent int
	room    uint64
}

func (p *pacing) look(live uint64, set func(percent int) int) {
	want := pace(live, p.room)
	if apart := want - p.percent; apart > p.percent/4 || -apart > p.percent/4 { // setting it stops everything for a moment
		p.percent = want
		set(want)
	}
}

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
		Keep(ctx context.Context, bytes int64) error
	})
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}, {Name: "/gc/heap/live:bytes"}}
	t := time.NewTicker(restEvery)
	defer t.Stop()
	limit := min(memoryLimit(os.DirFS("/")), uint64(debug.SetMemoryLimit(-1)))
	if caches != nil {
		if err := caches.Keep(ctx, int64(min(pagesKept, limit/heapShare))); err != nil && ctx.Err() == nil {
			log.Warn("the database's caches keep their usual size", "error", err)
		}
	}
	p, own := pacing{percent: 100, room: room(limit)}, os.Getenv("GOGC") == ""
	for r := (resting{}); ; {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		metrics.Read(sample)
		if own {
			p.look(sample[1].Value.Uint64(), debug.SetGCPercent)
		}
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
