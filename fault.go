package grantkeep

import "time"

// Action is what a fault asks for: one of nine words that the catalogues, the engine and the contract share.
type Action string

// The nine actions.
const (
	Retry           Action = "retry"            // the same again, after a pause
	Backoff         Action = "backoff"          // the same again, not before the stated time
	Refresh         Action = "refresh"          // refresh the token, then the same again
	Reauthorize     Action = "reauthorize"      // the merchant must agree again
	FixConfig       Action = "fix_config"       // a setting of the app is wrong, here or at the platform
	FixRequest      Action = "fix_request"      // the call is wrong
	WaitApproval    Action = "wait_approval"    // somebody at the platform has to approve something
	ContactPlatform Action = "contact_platform" // only the platform's support can help
	None            Action = "none"             // nothing to do
)

// Actions lists the nine, in the contract's order.
func Actions() []Action {
	return []Action{Retry, Backoff, Refresh, Reauthorize, FixConfig, FixRequest, WaitApproval, ContactPlatform, None}
}

// Whose turn it can be.
const (
	MoveUs       = "us" // Grantkeep goes on by itself, nobody need act
	MoveVendor   = "vendor"
	MoveMerchant = "merchant"
	MovePlatform = "platform"
)

// Move says whose turn it is: us, vendor, merchant or platform.
func (a Action) Move() string {
	switch a {
	case Reauthorize:
		return MoveMerchant
	case FixConfig, FixRequest, ContactPlatform:
		return MoveVendor
	case WaitApproval:
		return MovePlatform
	case Retry, Backoff, Refresh, None:
		return MoveUs
	}
	return MoveVendor
}

// OfApp reports whether a fault with this action, met on our own refresh, is the app's rather than one grant's.
func (a Action) OfApp() bool { return a == FixConfig || a == WaitApproval || a == ContactPlatform }

// Fault is a failure of a platform that we understand.
type Fault struct {
	Platform   string        `json:"platform"`
	Stage      string        `json:"stage"`             // authorize, token, refresh, inspect, call, push
	Code       string        `json:"code"`              // the platform's own, "http:STATUS", or "local:…" for what we recognise ourselves
	Message    string        `json:"message,omitempty"` // the platform's own words, cut to 300 characters; may come from anybody
	Action     Action        `json:"action"`
	Terminal   bool          `json:"terminal"` // only the merchant can revive the grant
	Known      bool          `json:"known"`    // a row of the catalogue matched
	Row        string        `json:"row,omitempty"`
	RetryAfter time.Duration `json:"retry_after,omitempty"`
	RequestID  string        `json:"request_id,omitempty"`
	At         Time          `json:"at,omitzero"`
	Reason     string        `json:"reason,omitempty"` // lost_answer: the refusal answers a repeat whose first answer never arrived
}

// Error returns platform, stage and code. The message is left out: it is the platform's text and may carry anything.
func (f *Fault) Error() string { return f.Platform + ": " + f.Stage + ": " + f.Code }
