package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	gk "github.com/grantkeep/grantkeep"
)

// Rotation is a key that has been added to those that seal what the database holds.
type Rotation struct {
	Key     int64  `json:"key" doc:"number of the key; no secret"`
	SealsAt moment `json:"seals_at" doc:"when it begins to seal; what older keys sealed is sealed again from then on"`
}

func (s *server) routeKeyring() {
	add(s, huma.Operation{
		OperationID: "rotate-keyring", Method: http.MethodPost, Path: "/v1/keyring/rotate", DefaultStatus: http.StatusAccepted, Summary: "Rotate the encryption keys",
		Description: "Adds a key that every instance takes at once and that seals a minute later. While one waits for its minute, the answer is that one. Older keys stay, since backups may need them.",
	}, func(ctx context.Context, maker gk.Key, _ *struct{}) (*output[Rotation], error) {
		if len(maker.Owners) > 0 || len(maker.Apps) > 0 {
			return nil, problem(forbidden, "this needs a key without limits: the keys that seal are everybody's")
		}
		r, err := s.keeper.RotateKeys(ctx)
		if err != nil {
			return nil, err
		}
		s.log.InfoContext(ctx, "keys rotated", "key", r.Key, "by", maker.ID)
		return &output[Rotation]{Rotation{r.Key, at(r.SealsAt)}}, nil
	})
}
