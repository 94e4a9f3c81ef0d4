package sim

import (
	"fmt"
	"slices"
	"strings"
)

// Address is where a simulator answers: a path, or with a slash at the end all paths below it, and the steps that requests
// to it can belong to.
type Address struct {
	Path   string
	Stages []string
	// API: requests of other steps than call are signed calls of the API there, so that what it says of an app at any call
	// it says there too.
	API bool
}

// At tells where the simulator answers, so that a fault that no request can meet is refused instead of lying there armed.
func (f *Faults) At(addresses ...Address) { f.addresses = append(f.addresses, addresses...) }

// covers reports whether a request's path is one of the address.
func (a Address) covers(path string) bool {
	return a.Path == path || strings.HasSuffix(a.Path, "/") && strings.HasPrefix(path, a.Path)
}

// callsOfTheAPI reports whether token requests to a path are calls of the API.
func (f *Faults) callsOfTheAPI(path string) bool {
	return slices.ContainsFunc(f.addresses, func(a Address) bool { return a.API && a.covers(path) })
}

// below returns the addresses that a fault's path, which is a whole path or the beginning of one, can mean.
func (f *Faults) below(path string) []Address {
	exact := slices.ContainsFunc(f.addresses, func(a Address) bool { return a.Path == path })
	var found []Address
	for _, a := range f.addresses {
		if strings.HasPrefix(a.Path, path) || !exact && a.covers(path) {
			found = append(found, a)
		}
	}
	return found
}

// reachable refuses a fault that no request can meet: a row that is said at other steps or other addresses than the match
// asks for. A simulator that does not tell its addresses is asked for the step alone.
func (f *Faults) reachable(fault *Fault) error {
	if fault.rows == nil || fault.rows[0].Stage == "" && fault.Match.Path != "" {
		return nil // it can meet a page that belongs to no step, too
	}
	places := f.below(fault.Match.Path)
	if f.addresses == nil {
		places = []Address{{Stages: []string{"authorize", "token", "refresh", "call", "push"}}}
	}
	for _, a := range places {
		for _, stage := range a.Stages {
			if fault.Match.Stage != "" && fault.Match.Stage != stage {
				continue
			}
			for _, row := range fault.rows {
				if row.saidAt(stage, a.API, false) || row.saidAt(stage, a.API, true) {
					return nil
				}
			}
		}
	}
	return fmt.Errorf("fault %q: no request that matches can meet it; %s", fault.Name, f.places(fault))
}

// places says where the rows of a fault can be met.
func (f *Faults) places(fault *Fault) string {
	var said []string
	for _, row := range fault.rows {
		for _, a := range f.addresses {
			for _, stage := range a.Stages {
				place := stage + " at " + a.Path
				if (row.saidAt(stage, a.API, false) || row.saidAt(stage, a.API, true)) && !slices.Contains(said, place) {
					said = append(said, place)
				}
			}
		}
	}
	if len(said) == 0 {
		return "this simulator has no address where it is said"
	}
	return "it is said in " + strings.Join(said, ", ")
}

// aboutTheApp are the advices of rows that say something of an app, its limits or its caller's address.
var aboutTheApp = []string{"fix_config", "backoff", "wait_approval", "contact_platform"}

// saidAt reports whether a platform says a row in a step. By the way are the rows of calls that are about the app: a
// platform says them at its token addresses too, where those are calls of the API.
func (r Row) saidAt(stage string, api, byTheWay bool) bool {
	if byTheWay {
		return api && r.Stage == "call" && stage != "authorize" && slices.Contains(aboutTheApp, r.Action)
	}
	// What a platform says about pushes it says to the calls that subscribe to them.
	return r.Stage == "" || r.Stage == stage || r.Stage == "push" && stage == "call"
}
