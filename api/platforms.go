package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api/door"
	"github.com/grantkeep/grantkeep/api/wire"
	"github.com/grantkeep/grantkeep/platform"
)

// Platform is a driver of this build: what its platform is like, what an app there needs, and what the driver can do.
type Platform struct {
	Code     string                      `json:"code"`
	Names    platform.Texts              `json:"names"`
	Maturity string                      `json:"maturity" enum:"alpha,beta,stable"`
	Profiles []string                    `json:"profiles" nullable:"false"`
	Subjects []string                    `json:"subjects" nullable:"false"`
	Settings map[string]platform.Setting `json:"settings" doc:"by the platform's own names"`
	Powers   []string                    `json:"powers" nullable:"false" doc:"what the driver can do beyond links, exchanges and calls"`
	Facts    *platform.Facts             `json:"facts"`
}

// powers names what a driver can do, found by assertion, so that the list cannot lie.
func powers(d platform.Driver) []string {
	var has []string
	for _, p := range []struct {
		name string
		is   func(platform.Driver) bool
	}{
		{"renew", able[platform.Refresher]},
		{"inspect", able[platform.Inspector]},
		{"census", able[platform.Census]},
		{"subscribe", able[platform.Subscriber]},
		{"receive", able[platform.Receiver]},
		{"pull", able[platform.Puller]},
		{"start", able[platform.Starter]},
		{"revoke", able[platform.Revoker]},
		{"verify", able[platform.Verifier]},
	} {
		if p.is(d) {
			has = append(has, p.name)
		}
	}
	return wire.Texts(has)
}

func able[T any](d platform.Driver) bool {
	_, ok := d.(T)
	return ok
}

func (s *server) routePlatforms() {
	door.Add(s.Door, huma.Operation{
		OperationID: "list-platforms", Method: http.MethodGet, Path: "/v1/platforms", Summary: "List the platforms of this build",
	}, func(context.Context, gk.Key, *struct{}) (*wire.Output[wire.List[Platform]], error) {
		l := wire.List[Platform]{Items: make([]Platform, 0, len(s.o.Drivers))}
		for _, d := range s.o.Drivers {
			f := d.Spec().Facts
			l.Items = append(l.Items, Platform{
				Code: f.Code, Names: f.Names, Maturity: f.Maturity, Profiles: wire.Texts(f.Profiles), Subjects: wire.Texts(f.Subjects),
				Settings: f.Settings, Powers: powers(d), Facts: f,
			})
		}
		return wire.Answer(l), nil
	})
}
