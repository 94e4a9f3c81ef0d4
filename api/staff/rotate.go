package staff

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api/door"
	"github.com/grantkeep/grantkeep/api/problem"
	"github.com/grantkeep/grantkeep/api/wire"
	"github.com/grantkeep/grantkeep/keeper/keyset"
)

// Rotation is a key that has been added to those that seal what the database holds.
type Rotation struct {
	Key     int64       `json:"key" doc:"number of the key; no secret"`
	SealsAt wire.Moment `json:"seals_at" doc:"when it begins to seal; what older keys sealed is sealed again from then on"`
}

// Standing is how the keys stand that seal what the database holds.
type Standing struct {
	Keys     []StandingKey `json:"keys" nullable:"false" doc:"in the order in which they were added"`
	Since    wire.Moment   `json:"since" doc:"when the set was last changed"`
	InTheWay []string      `json:"in_the_way" nullable:"false" doc:"why the older keys cannot be retired; empty where they can, and where there are none"`
}

// StandingKey is one of them.
type StandingKey struct {
	Key   int64 `json:"key" doc:"number of the key; no secret"`
	Seals bool  `json:"seals"`
}

// Retired are keys that were taken out of the set.
type Retired struct {
	Retired []int64 `json:"retired" nullable:"false"`
}

// unlimited refuses an API key with limits.
func unlimited(maker gk.Key) error {
	if len(maker.Owners) > 0 || len(maker.Apps) > 0 {
		return problem.New(problem.Forbidden, "this needs a key without limits: the keys that seal are everybody's")
	}
	return nil
}

// refusedKeyset is what the key set refuses, as a conflict that says what to do; another error stays as it is.
func refusedKeyset(err error) error {
	if why := keyset.Unable(err); why != "" {
		return problem.New(problem.Conflict, why)
	}
	if errors.Is(err, keyset.ErrNeeded) {
		return problem.New(problem.Conflict, err.Error())
	}
	return err
}

func (s staffRoutes) routeKeyset() {
	s.routeRetirement()
	door.Add(s.Door, huma.Operation{
		OperationID: "rotate-keyring", Method: http.MethodPost, Path: "/v1/keyring/rotate", DefaultStatus: http.StatusAccepted, Summary: "Rotate the encryption keys",
		Description: "Adds a key that every instance takes at once and that seals a minute later. While one waits for its minute, the answer is that one. Older keys stay until they are retired.",
	}, func(ctx context.Context, maker gk.Key, _ *struct{}) (*wire.Output[Rotation], error) {
		if err := unlimited(maker); err != nil {
			return nil, err
		}
		r, err := s.Keeper.Keys().Rotate(ctx)
		if err != nil {
			return nil, refusedKeyset(err)
		}
		s.Log.InfoContext(ctx, "keys rotated", "key", r.Key, "by", maker.ID)
		return wire.Answer(Rotation{r.Key, wire.At(r.SealsAt)}), nil
	})
}

func (s staffRoutes) routeRetirement() {
	door.Add(s.Door, huma.Operation{
		OperationID: "show-keyring", Method: http.MethodGet, Path: "/v1/keyring", Summary: "Show how the encryption keys stand",
		Description: "Tells the numbers of the keys, which of them seals, and what is in the way of retiring the others.",
	}, func(ctx context.Context, maker gk.Key, _ *struct{}) (*wire.Output[Standing], error) {
		if err := unlimited(maker); err != nil {
			return nil, err
		}
		found, err := s.Keeper.Keys().Standing(ctx)
		if err != nil {
			return nil, refusedKeyset(err)
		}
		shown := Standing{Since: wire.At(found.Since), InTheWay: wire.Texts(found.InTheWay)}
		for _, key := range found.Keys {
			shown.Keys = append(shown.Keys, StandingKey{key, key == found.Sealing})
		}
		return wire.Answer(shown), nil
	})
	type without struct {
		Body struct {
			Without []string `json:"without,omitempty" maxItems:"1000" doc:"identities of instances that are gone for good, and their disks with them: what was in their spill files is lost"`
		}
	}
	door.Add(s.Door, huma.Operation{
		OperationID: "retire-keyring", Method: http.MethodPost, Path: "/v1/keyring/retire", Summary: "Retire the older encryption keys",
		Description: "Takes the keys that no longer seal out of the set, once nothing is under them any more; until then it is a conflict that says what is. What is under a key that was retired can never be opened. A backup needs none of them: it holds the set of its time.",
	}, func(ctx context.Context, maker gk.Key, in *without) (*wire.Output[Retired], error) {
		if err := unlimited(maker); err != nil {
			return nil, err
		}
		retired, err := s.Keeper.Keys().Retire(ctx, in.Body.Without...)
		if err != nil {
			return nil, refusedKeyset(err)
		}
		s.Log.InfoContext(ctx, "keys retired", "keys", retired, "by", maker.ID)
		return wire.Answer(Retired{append([]int64{}, retired...)}), nil
	})
}
