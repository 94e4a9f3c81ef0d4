package api

import (
	"context"
	"net/http"
	"net/url"

	"github.com/danielgtaylor/huma/v2"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api/door"
	"github.com/grantkeep/grantkeep/api/problem"
	"github.com/grantkeep/grantkeep/api/wire"
	"github.com/grantkeep/grantkeep/explain"
	"github.com/grantkeep/grantkeep/platform"
)

// question is what somebody knows of a failure.
type question struct {
	Platform    string                  `json:"platform" doc:"its code; GET /v1/platforms lists them"`
	Environment string                  `json:"environment,omitempty" enum:"production,sandbox"`
	Stage       string                  `json:"stage,omitempty" enum:"authorize,token,refresh,inspect,call,push"`
	Status      int                     `json:"status,omitempty" doc:"HTTP status of the platform's answer"`
	Code        wire.Setting            `json:"code,omitempty"`
	Message     string                  `json:"message,omitempty"`
	Body        string                  `json:"body,omitempty" doc:"the raw answer, or a pasted callback address"`
	Sent        map[string]wire.Setting `json:"sent,omitempty" doc:"the platform's parameters that the request carried"`
}

// explained is the answer to a question.
type explained struct {
	Fault *explain.Fault `json:"fault"`
}

func (s *server) explain(q question) (*wire.Output[explained], error) {
	d := s.Keeper.Apps().Driver(q.Platform)
	if d == nil {
		return nil, problem.Invalid("platform", "is no platform of this build; see /v1/platforms")
	}
	sent := url.Values{}
	for name, value := range q.Sent {
		sent.Set(name, string(value))
	}
	app := d.Spec().Open(platform.App{Environment: q.Environment, Now: s.Keeper.Now()})
	f := explain.Explain(d, app, explain.Question{
		Stage: q.Stage, Status: q.Status, Code: string(q.Code), Message: q.Message, Body: []byte(q.Body), Sent: sent,
	})
	return wire.Answer(explained{f}), nil
}

func (s *server) routeExplain() {
	door.Add(s.Door, huma.Operation{
		OperationID: "explain", Method: http.MethodGet, Path: "/v1/explain", Summary: "Say what a platform's error means",
		Description: "Raw answers go with POST: an address is kept in too many places.",
	}, func(_ context.Context, _ gk.Key, in *struct {
		Platform    string `query:"platform" required:"true" maxLength:"50" doc:"its code; GET /v1/platforms lists them"`
		Environment string `query:"environment" enum:"production,sandbox"`
		Stage       string `query:"stage" enum:"authorize,token,refresh,inspect,call,push"`
		Status      int    `query:"status" minimum:"0" maximum:"999"`
		Code        string `query:"code" maxLength:"200"`
		Message     string `query:"message" maxLength:"2000"`
	}) (*wire.Output[explained], error) {
		return s.explain(question{
			Platform: in.Platform, Environment: in.Environment, Stage: in.Stage, Status: in.Status, Code: wire.Setting(in.Code), Message: in.Message,
		})
	})

	door.Add(s.Door, huma.Operation{
		OperationID: "explain-answer", Method: http.MethodPost, Path: "/v1/explain", Summary: "Say what a platform's raw answer means",
	}, func(_ context.Context, _ gk.Key, in *struct{ Body question }) (*wire.Output[explained], error) {
		return s.explain(in.Body)
	})
}
