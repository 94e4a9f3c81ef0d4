package grantkeep

import "time"

// Kinds of events. A routine renewal makes none.
const (
	EventAuthorizationCompleted = "authorization.completed"
	EventAuthorizationFailed    = "authorization.failed"

	EventGrantCreated            = "grant.created"
	EventGrantAuthorized         = "grant.authorized"
	EventGrantHeld               = "grant.held"
	EventGrantConfirmed          = "grant.confirmed"
	EventGrantMoved              = "grant.moved"
	EventGrantShopsChanged       = "grant.shops_changed"
	EventGrantExpiring           = "grant.expiring"
	EventGrantNeedsAuthorization = "grant.needs_authorization"
	EventGrantInDoubt            = "grant.in_doubt"
	EventGrantSuspended          = "grant.suspended"
	EventGrantRecovered          = "grant.recovered"
	EventGrantExpired            = "grant.expired"
	EventGrantRevoked            = "grant.revoked"
	EventGrantLateAnswer         = "grant.late_answer"

	EventAppChanged     = "app.changed"
	EventAppPaused      = "app.paused"
	EventAppResumed     = "app.resumed"
	EventAppKeyExpiring = "app.key_expiring"

	EventSystemSpilled = "system.spilled"
)

// Event is one line of history, of the audit and of the outbox at once. Data never holds a secret.
type Event struct {
	ID            string
	Position      int64 // 0 until published
	Kind          string
	Actor         string // key id, "merchant", "platform" or "engine"
	App           string
	Grant         string
	Authorization string
	Owner         string
	GrantVersion  int64
	Data          map[string]any
	At            time.Time
}
