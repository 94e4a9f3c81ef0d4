// Package desk is what every page of the console stands on: who comes, what they may see, how they are answered, and how
// what they do is written down.
package desk

import (
	"log/slog"
	"net/http"
	"net/url"
	clean "path"
	"strings"
	"time"

	"github.com/nicksnyder/go-i18n/v2/i18n"

	"github.com/grantkeep/grantkeep/console/frame"
	"github.com/grantkeep/grantkeep/console/session"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

// Desk receives the visits. Every field but Demo is required.
type Desk struct {
	Keeper  *keeper.Keeper
	Store   store.Store
	Drivers []platform.Driver // in the order in which they are listed
	Base    string            // path before every page but the log-in
	Log     *slog.Logger
	Now     func() time.Time // the clock on the wall, by which logins live
	Texts   *i18n.Bundle
	Mux     *http.ServeMux
	Demo    interface{ Happened() frame.Passed } // nil unless this is the demo
	Known   func() map[string]int64              // how many there are of what the menu leads to, if that was counted; nil: nobody knows
	Stage   func() string                        // the environment of all our apps, if it is one and known
	*session.Sessions
}

// On has a page for somebody who has at least a role; a pattern is a method and a path below Base.
func (d *Desk) On(pattern, role string, handle func(*Visit) error) {
	method, path, _ := strings.Cut(pattern, " ")
	d.Mux.HandleFunc(method+" "+d.Base+path, d.Inside(role, handle))
}

// Next keeps a path of the console's own: anything else would be an open redirect.
func (d *Desk) Next(path string) string {
	u, err := url.Parse(path)
	if err != nil || u.Host != "" || u.Scheme != "" || u.Path != d.Base && !strings.HasPrefix(u.Path, d.Base+"/") || u.Path != clean.Clean(u.Path) || strings.Contains(path, `\`) {
		return ""
	}
	return path
}
