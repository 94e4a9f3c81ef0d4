package grantkeep

import (
	"maps"
	"time"
)

// Kinds of events. A routine refresh makes none.
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
	EventAppBroken      = "app.broken" // we cannot open it: its refreshes wait
	EventAppKeyExpiring = "app.key_expiring"

	EventWebhookTest     = "webhook.test"
	EventWebhookFailing  = "webhook.failing"
	EventWebhookDisabled = "webhook.disabled"

	EventQuotaNear        = "quota.near"
	EventSystemBehind     = "system.behind"
	EventSystemCaughtUp   = "system.caught_up"
	EventSystemSpilled    = "system.spilled"
	EventKeyVolume        = "key.volume"
	EventKeyNewNetwork    = "key.new_network"
	EventPrivacyRequested = "privacy.requested"
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

// For returns the event as a viewer may read it: who is limited to owners does not learn from whom a grant came, nor to
// whom it went.
func (e Event) For(v Viewer) Event {
	if len(v.Owners) == 0 || e.Kind != EventGrantMoved && e.Kind != EventGrantConfirmed {
		return e
	}
	e.Data = maps.Clone(e.Data)
	delete(e.Data, "from")
	delete(e.Data, "to")
	return e
}
