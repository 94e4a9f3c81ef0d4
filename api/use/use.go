// Package use has the routes by which a grant is used: its token is read, and calls are signed, sent and passed on.
package use

import (
	"net/http"

	"github.com/grantkeep/grantkeep/api/door"
)

// useRoutes are the routes by which a grant is used: its token is read, and calls are signed, sent and passed on.
type useRoutes struct {
	*door.Door
	windows []string // partial permissions that platforms have
}

// Route adds them, and returns what stands before the mux for the sake of paths that are passed on.
func Route(d *door.Door) (straight func(http.Handler) http.Handler) {
	s := useRoutes{Door: d, windows: d.Keeper.Apps().Windows()}
	s.routeTokens()
	s.nameWindows()
	s.routeGateway()
	return s.straight
}
