package api

import (
	"context"
	"strconv"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api/wire"
)

// Summary is how the grants stand that a key sees.
type Summary struct {
	Total          int64            `json:"total"`
	Platform       map[string]int64 `json:"platform"`
	State          map[string]int64 `json:"state"`
	WhoseMove      map[string]int64 `json:"whose_move" doc:"us, vendor, merchant, platform"`
	EndsWithinDays map[string]int64 `json:"ends_within_days" doc:"7, 30, 90: authorizations, and tokens that cannot be renewed"`
}

// soonDays are within how many days ends are counted.
var soonDays = []int{7, 30, 90}

func (s *server) summary(ctx context.Context, key gk.Key, _ *struct{}) (*wire.Output[Summary], error) {
	within := make([]time.Duration, len(soonDays))
	for i, days := range soonDays {
		within[i] = time.Duration(days) * 24 * time.Hour
	}
	found, err := s.Store.Summary(ctx, key.Viewer(), s.Keeper.Now(), within...)
	if err != nil {
		return nil, err
	}
	out := Summary{
		Total: found.Total, Platform: found.Platform, State: map[string]int64{}, WhoseMove: map[string]int64{}, EndsWithinDays: map[string]int64{},
	}
	for _, state := range []gk.State{gk.Active, gk.Held, gk.Suspended, gk.Expired, gk.Revoked} {
		out.State[string(state)] = found.State[string(state)]
	}
	for _, whose := range []string{gk.MoveUs, gk.MoveVendor, gk.MoveMerchant, gk.MovePlatform} {
		out.WhoseMove[whose] = found.WhoseMove[whose]
	}
	for i, days := range soonDays {
		out.EndsWithinDays[strconv.Itoa(days)] = found.Ends[i]
	}
	return wire.Answer(out), nil
}
