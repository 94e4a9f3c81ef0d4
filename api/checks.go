package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	gk "github.com/grantkeep/grantkeep"
)

func (s *server) routeChecks() {
	add(s, huma.Operation{
		OperationID: "check-installation", Method: http.MethodGet, Path: "/v1/checks", Summary: "Check the instance that answers, and its database",
		Description: "Database, clock, keys, versions of the instances, backlog, webhooks and alarms, spill file and disk. What concerns one app is told by its own check.",
	}, func(ctx context.Context, key gk.Key, _ *struct{}) (*output[list[check]], error) {
		if len(key.Owners) > 0 || len(key.Apps) > 0 {
			return nil, problem(forbidden, "this needs a key without limits: it tells of everybody's installation")
		}
		found := s.keeper.CheckUp(ctx)
		checks := list[check]{Items: make([]check, 0, len(found))}
		for _, c := range found {
			checks.Items = append(checks.Items, check{Name: c.Name, State: c.State, Detail: c.Detail})
		}
		return &output[list[check]]{checks}, nil
	})
}
