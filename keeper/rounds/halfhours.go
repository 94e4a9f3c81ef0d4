package rounds

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/grantkeep/grantkeep/store"
)

// halfHoursEvery is how often counts are written down, on the real clock; nothing is written where nothing was counted.
const halfHoursEvery = 20 * time.Second

// Went is how many refreshes came and how many failed for a reason that is not the merchant's, since the process began.
type Went struct{ OK, Failed int64 }

// HalfHours writes down how refreshes go on each platform, by half hours of product time; its fields are set once.
type HalfHours struct {
	Store store.HalfHours
	Went  func() map[string]Went // by platform
	Now   func() time.Time

	written  map[string]Went
	lookedAt time.Time // on the real clock
	slot     time.Time // the half hour to which belongs what has not been written
}

// Look writes down what was counted since the last time. What cannot be written is written later.
func (p *HalfHours) Look(ctx context.Context) error {
	real, slot := time.Now(), p.Now().Truncate(store.HalfHourLength)
	if p.slot.IsZero() {
		p.slot = slot
	}
	if real.Sub(p.lookedAt) < halfHoursEvery && slot.Equal(p.slot) {
		return nil
	}
	p.lookedAt = real
	defer func() { p.slot = slot }()
	now := p.Went()
	var counts []store.HalfHour
	for _, platform := range slices.Sorted(maps.Keys(now)) {
		c := store.HalfHour{Platform: platform, Slot: p.slot, OK: now[platform].OK - p.written[platform].OK, Failed: now[platform].Failed - p.written[platform].Failed}
		if c.OK > 0 || c.Failed > 0 {
			counts = append(counts, c)
		}
	}
	if len(counts) == 0 {
		return nil
	}
	err := p.Store.AddHalfHours(ctx, counts)
	if err == nil {
		p.written = now
	}
	return err
}
