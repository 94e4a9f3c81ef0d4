package api

import (
	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/explain"
	"github.com/grantkeep/grantkeep/platform"
)

// fault tells a platform's failure with the catalogue's words: what it means, whose move it is, and what to do. nil
// stays nil, and so does the fault of a platform that this build has no driver for.
func (s *server) fault(f *gk.Fault, environment string) *explain.Fault {
	if f == nil {
		return nil
	}
	d := s.keeper.Driver(f.Platform)
	if d == nil {
		return nil
	}
	return explain.Describe(d, d.Spec().Open(platform.App{Environment: environment, Now: s.keeper.Now()}), f)
}
