// Package entry lets people in: by a password and a second step, by a login link, or by what an identity provider says.
package entry

import (
	"github.com/grantkeep/grantkeep/console/desk"
	"github.com/grantkeep/grantkeep/console/provider"
	"github.com/grantkeep/grantkeep/console/session"
	"github.com/grantkeep/grantkeep/people"
	"github.com/grantkeep/grantkeep/store"
)

// Options is what the pages need beside the desk.
type Options struct {
	Throttle *session.Throttle
	Hashing  people.Hashing
	Codes    session.Codes
	Provider *provider.Provider // tells who somebody is who has no password here; nil: there is none
	Endless  bool               // login links are not throttled: whoever opens a demo's has nothing to guess
}

// pages are those pages.
type pages struct {
	*desk.Desk
	Options
}

// Route adds the pages. Those of the log-in stand at the root of the face, and are open to everybody.
func Route(d *desk.Desk, o Options) {
	c := &pages{d, o}
	d.Mux.HandleFunc("GET /login", c.Open(c.loginPage))
	d.Mux.HandleFunc("POST /login", c.Open(c.login))
	d.Mux.HandleFunc("GET /login/provider", c.Open(c.toProvider))
	d.Mux.HandleFunc("GET /login/callback", c.Open(c.fromProvider))
	d.Mux.HandleFunc("GET /login/{secret}", c.Open(c.invited))
	d.On("POST /logout", store.RoleSupport, c.logout)
}
