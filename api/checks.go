package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api/door"
	"github.com/grantkeep/grantkeep/api/problem"
	"github.com/grantkeep/grantkeep/api/wire"
)

func (s *server) routeChecks() {
	door.Add(s.Door, huma.Operation{
		OperationID: "check-installation", Method: http.MethodGet, Path: "/v1/checks", Summary: "Check the instance that answers, and its database",
		Description: "Database, clock, keys, versions of the instances, backlog, webhooks and alarms, spill file and disk. What concerns one app is told by its own check.",
	}, func(ctx context.Context, key gk.Key, _ *struct{}) (*wire.Output[wire.List[check]], error) {
		if len(key.Owners) > 0 || len(key.Apps) > 0 {
			return nil, problem.New(problem.Forbidden, "this needs a key without limits: it tells of everybody's installation")
		}
		found := s.Keeper.CheckUp(ctx)
		checks := wire.List[check]{Items: make([]check, 0, len(found))}
		for _, c := range found {
			checks.Items = append(checks.Items, check{Name: c.Name, State: c.State, Detail: c.Detail})
		}
		return wire.Answer(checks), nil
	})
}
