package apps

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// Codes of what keeps us from opening an application.
const (
	CodeNoDriver   = "local:no_driver"            // this build has no driver for its platform
	CodeAppSecrets = "local:app_secrets"          // its stored secrets do not open
	CodeEndpoint   = "local:endpoint_not_allowed" // it points at a host that this process was not started with
)

// Broken is an application that this process cannot open. It concerns that app alone: its refreshes wait, its grants end
// in their time, and everybody else goes on.
type Broken struct {
	App  string
	Code string
	Err  error
}

// Error returns the app and what is wrong with it.
func (b *Broken) Error() string { return fmt.Sprintf("app %s cannot be opened: %v", b.App, b.Err) }

// Unwrap returns what is wrong.
func (b *Broken) Unwrap() error { return b.Err }

// foreignEndpoint names the first endpoint of an app whose host was not named at start; empty if there is none.
func (r *Registry) foreignEndpoint(app gk.App) string {
	for _, name := range slices.Sorted(maps.Keys(app.Endpoints)) {
		if u, err := url.Parse(app.Endpoints[name]); err != nil || !r.mayPointAt(u) {
			return name
		}
	}
	return ""
}

// FaultOf returns the fault of an application as people are shown it: what keeps us from opening it comes before what
// its platform said.
func (r *Registry) FaultOf(app gk.App) *gk.Fault {
	code := app.Broken
	if _, err := r.Open(app); err != nil {
		var b *Broken
		if errors.As(err, &b) {
			code = b.Code
		}
	} else if code != "" {
		code = "" // it opens again, which its next turn notes
	}
	if code == "" {
		return app.Fault
	}
	return BrokenFault(app, code)
}

// BrokenFault is the fault of an app that cannot be opened.
func BrokenFault(app gk.App, code string) *gk.Fault {
	return &gk.Fault{Platform: app.Platform, Stage: platform.StageRefresh, Code: code, Action: gk.FixConfig, Known: true}
}
