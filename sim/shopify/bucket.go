package shopify

import (
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// bucket is a leaky bucket: a call raises its level by one, a query by its cost.
type bucket struct {
	level float64
	at    time.Time
}

// limit is how much a bucket holds, and what it gives back in a second.
type limit struct{ size, leak float64 }

// Limits by a store's plan: of REST calls, and of points.
var (
	restLimits  = map[string]limit{"standard": {40, 2}, "advanced": {80, 4}, "plus": {400, 20}}
	pointLimits = map[string]limit{"standard": {2000, 100}, "advanced": {4000, 200}, "plus": {20000, 1000}}
)

// room lets out what has leaked and reports how much more fits.
func (b *bucket) room(now time.Time, l limit) float64 {
	if passed := now.Sub(b.at).Seconds(); passed > 0 {
		b.level = max(0, b.level-passed*l.leak)
	}
	b.at = now
	return l.size - b.level
}

// bucketOf returns the bucket of an app at a store.
func bucketOf(all map[place]*bucket, p *sim.Pair) *bucket {
	at := place{p.App, of(p).store.ID}
	if all[at] == nil {
		all[at] = &bucket{}
	}
	return all[at]
}
