package shoplazza

import (
	"math"
	"time"
)

// bucket is a leaky bucket: every call raises its level by one.
type bucket struct {
	level float64
	at    time.Time
}

// drain lets out what has leaked since the last call, at a number of calls a second.
func (b *bucket) drain(now time.Time, leak int) {
	if passed := now.Sub(b.at).Seconds(); passed > 0 {
		b.level = max(0, b.level-passed*float64(leak))
	}
	b.at = now
}

// wait returns the whole seconds until one more call fits, 0 if it fits at once.
func (b *bucket) wait(size, leak int) int {
	over := b.level + 1 - float64(size)
	if over <= 0 {
		return 0
	}
	return int(math.Ceil(over / float64(leak)))
}

func (b *bucket) used() int { return int(math.Ceil(b.level)) }
