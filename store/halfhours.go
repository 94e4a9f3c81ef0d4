package store

import (
	"context"
	"time"
)

// HalfHourLength is the time that is counted together.
const HalfHourLength = 30 * time.Minute

// KeepHalfHours is how long counts are kept.
const KeepHalfHours = 8 * 24 * time.Hour

// HalfHour is how many refreshes on a platform came and how many failed for a reason that is not the merchant's, in the half
// hour that begins at Slot.
type HalfHour struct {
	Platform   string
	Slot       time.Time
	OK, Failed int64
}

// HalfHours is how refreshes went lately. It is there to be looked at: what a process has not written when it dies is missing, and what
// was written although the answer was lost is counted twice.
type HalfHours interface {
	// AddHalfHours adds to the counts of half hours.
	AddHalfHours(ctx context.Context, counts []HalfHour) error
	// HalfHoursSince lists the counts of the half hours from a moment on, ordered by platform and time.
	HalfHoursSince(ctx context.Context, from time.Time) ([]HalfHour, error)
}
