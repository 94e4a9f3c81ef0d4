package problem

import (
	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/explain"
	"github.com/grantkeep/grantkeep/platform"
)

// Fault tells a platform's failure with the catalogue's words: what it means, whose move it is, and what to do. nil
// stays nil. That of a platform that this build has no driver for has our own words.
func (s *Answers) Fault(f *gk.Fault, environment string) *explain.Fault {
	if f == nil {
		return nil
	}
	d := s.Keeper.Apps().Driver(f.Platform)
	if d == nil {
		return explain.Describe(nil, platform.App{}, f)
	}
	return explain.Describe(d, d.Spec().Open(platform.App{Environment: environment, Now: s.Keeper.Now()}), f)
}
