package api

import (
	"context"
	"net/http"
	"net/url"

	"github.com/danielgtaylor/huma/v2"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/explain"
	"github.com/grantkeep/grantkeep/platform"
)

// question is what somebody knows of a failure.
type question struct {
	Platform    string             `json:"platform"`
	Environment string             `json:"environment,omitempty" enum:"production,sandbox"`
	Stage       string             `json:"stage,omitempty" enum:"authorize,token,refresh,inspect,call,push"`
	Status      int                `json:"status,omitempty" doc:"HTTP status of the platform's answer"`
	Code        setting            `json:"code,omitempty"`
	Message     string             `json:"message,omitempty"`
	Body        string             `json:"body,omitempty" doc:"the raw answer, or a pasted callback address"`
	Sent        map[string]setting `json:"sent,omitempty" doc:"the platform's parameters that the request carried"`
}

// explained is the answer to a question.
type explained struct {
	Fault *explain.Fault `json:"fault"`
}

func (s *server) explain(q question) (*output[explained], error) {
	d := s.keeper.Apps().Driver(q.Platform)
	if d == nil {
		return nil, invalid("platform", "is no platform of this build; see /v1/platforms")
	}
	sent := url.Values{}
	for name, value := range q.Sent {
		sent.Set(name, string(value))
	}
	app := d.Spec().Open(platform.App{Environment: q.Environment, Now: s.keeper.Now()})
	f := explain.Explain(d, app, explain.Question{
		Stage: q.Stage, Status: q.Status, Code: string(q.Code), Message: q.Message, Body: []byte(q.Body), Sent: sent,
	})
	return &output[explained]{explained{f}}, nil
}

func (s *server) routeExplain() {
	add(s, huma.Operation{
		OperationID: "explain", Method: http.MethodGet, Path: "/v1/explain", Summary: "Say what a platform's error means",
		Description: "Raw answers go with POST: an address is kept in too many places.",
	}, func(_ context.Context, _ gk.Key, in *struct {
		Platform    string `query:"platform" required:"true" maxLength:"50"`
		Environment string `query:"environment" enum:"production,sandbox"`
		Stage       string `query:"stage" enum:"authorize,token,refresh,inspect,call,push"`
		Status      int    `query:"status" minimum:"0" maximum:"999"`
		Code        string `query:"code" maxLength:"200"`
		Message     string `query:"message" maxLength:"2000"`
	}) (*output[explained], error) {
		return s.explain(question{
			Platform: in.Platform, Environment: in.Environment, Stage: in.Stage, Status: in.Status, Code: setting(in.Code), Message: in.Message,
		})
	})

	add(s, huma.Operation{
		OperationID: "explain-answer", Method: http.MethodPost, Path: "/v1/explain", Summary: "Say what a platform's raw answer means",
	}, func(_ context.Context, _ gk.Key, in *struct{ Body question }) (*output[explained], error) {
		return s.explain(in.Body)
	})
}
