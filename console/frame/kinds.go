package frame

import (
	"slices"
	"strings"

	gk "github.com/grantkeep/grantkeep"
)

// Kinds are the events that have a name of their own in the catalogue.
var Kinds = []string{
	gk.EventAuthorizationCompleted, gk.EventAuthorizationFailed, gk.EventGrantCreated, gk.EventGrantAuthorized, gk.EventGrantHeld,
	gk.EventGrantConfirmed, gk.EventGrantMoved, gk.EventGrantShopsChanged, gk.EventGrantExpiring, gk.EventGrantNeedsAuthorization,
	gk.EventGrantInDoubt, gk.EventGrantSuspended, gk.EventGrantRecovered, gk.EventGrantExpired, gk.EventGrantRevoked, gk.EventGrantLateAnswer,
	gk.EventAppChanged, gk.EventAppPaused, gk.EventAppResumed, gk.EventAppBroken, gk.EventAppKeyExpiring,
	gk.EventWebhookTest, gk.EventWebhookFailing, gk.EventWebhookDisabled, gk.EventQuotaNear, gk.EventSystemBehind, gk.EventSystemSpilled,
	gk.EventKeyVolume, gk.EventKeyNewNetwork, gk.EventPrivacyRequested,
}

// KindOf says an event's kind in words; one that this page does not know keeps its own name.
func KindOf(p Page, kind string) string {
	if slices.Contains(Kinds, kind) {
		return p.T("event." + kind)
	}
	return kind
}

// Joined writes a list.
func Joined[T ~string](list []T) string {
	texts := make([]string, len(list))
	for i, t := range list {
		texts[i] = string(t)
	}
	return strings.Join(texts, ", ")
}
