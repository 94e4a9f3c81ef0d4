package staff

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api/door"
	"github.com/grantkeep/grantkeep/api/problem"
	"github.com/grantkeep/grantkeep/api/wire"
)

// Rotation is a key that has been added to those that seal what the database holds.
type Rotation struct {
	Key     int64       `json:"key" doc:"number of the key; no secret"`
	SealsAt wire.Moment `json:"seals_at" doc:"when it begins to seal; what older keys sealed is sealed again from then on"`
}

func (s staffRoutes) routeKeyring() {
	door.Add(s.Door, huma.Operation{
		OperationID: "rotate-keyring", Method: http.MethodPost, Path: "/v1/keyring/rotate", DefaultStatus: http.StatusAccepted, Summary: "Rotate the encryption keys",
		Description: "Adds a key that every instance takes at once and that seals a minute later. While one waits for its minute, the answer is that one. Older keys stay, since backups may need them.",
	}, func(ctx context.Context, maker gk.Key, _ *struct{}) (*wire.Output[Rotation], error) {
		if len(maker.Owners) > 0 || len(maker.Apps) > 0 {
			return nil, problem.New(problem.Forbidden, "this needs a key without limits: the keys that seal are everybody's")
		}
		r, err := s.Keeper.RotateKeys(ctx)
		if err != nil {
			return nil, err
		}
		s.Log.InfoContext(ctx, "keys rotated", "key", r.Key, "by", maker.ID)
		return wire.Answer(Rotation{r.Key, wire.At(r.SealsAt)}), nil
	})
}
