// Package staff has the routes for whoever runs the server: API keys, people of the console, the encryption key set, the audit.
package staff

import "github.com/grantkeep/grantkeep/api/door"

// staffRoutes are the routes for whoever runs the server: keys, people, the audit.
type staffRoutes struct{ *door.Door }

// Route adds them.
func Route(d *door.Door) {
	s := staffRoutes{d}
	s.routeKeys()
	s.routeKeyring()
	s.routeAudit()
	s.routeUsers()
}
