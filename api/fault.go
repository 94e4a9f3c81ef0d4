package api

import (
	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/offline"
)

// fault tells a platform's failure with the catalogue's words: what it means, whose move it is, and what to do. nil
// stays nil. That of a platform that this build has no driver for has no words.
func (s *server) fault(f *gk.Fault, environment string) *offline.Fault {
	if f == nil {
		return nil
	}
	d := s.keeper.Driver(f.Platform)
	if d == nil {
		return &offline.Fault{Platform: f.Platform, Stage: f.Stage, Code: f.Code, Action: f.Action, Terminal: f.Terminal, WhoseMove: f.Action.Move(), Known: f.Known}
	}
	return offline.Describe(d, d.Spec().Open(platform.App{Environment: environment, Now: s.keeper.Now()}), f)
}
