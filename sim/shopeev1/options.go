package shopeev1

import (
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

const day = 24 * time.Hour

// options are the switches of the platform: lifetimes, limits, and what its documents leave open.
type options struct {
	pageLife, life, tolerance, ban       func() time.Duration
	rateLimit                            func() int
	plays, errorStatus, overdue          func() string
	refusal, cancelRedirect, pushKey     func() string
	suspended, silent, plural, extraCode func() bool
}

func declare(o *sim.Switches) options {
	return options{
		pageLife:  o.Duration("page_life", 3*time.Minute, "How long the seller has on the authorization page."),
		life:      o.Duration("authorization_life", 365*day, "How long an authorization lasts."),
		tolerance: o.Duration("timestamp_tolerance", 5*time.Minute, "How far a timestamp may be off; no number is documented for version 1."),
		ban:       o.Duration("ban", time.Hour, "How long an app is banned that calls too often."),
		rateLimit: o.Int("rate_limit", 1000, 0, 1_000_000, "Calls per minute and app before the ban; 0: no limit."),

		plays: o.Choice("host", "any", []string{"any", "production", "sandbox"},
			"Which environment this host is: apps of the other one are unknown here."),
		errorStatus: o.Choice("error_status", "200", []string{"200", "403"},
			"HTTP status of error_auth; most reports name 200."),
		overdue: o.Choice("expired_text", "access", []string{"access", "overdue"},
			"How an authorization that is over is told: your access to shop has expired, or Your authorization is overdue."),
		refusal: o.Choice("refusal", "stays", []string{"stays", "redirects"},
			"Whether a seller who refuses stays on the page, or is sent back without a shop_id."),
		cancelRedirect: o.Choice("cancel_redirect", "bare", []string{"bare", "shop_id", "stays"},
			"What a cancelling seller is sent back with."),
		pushKey: o.Choice("push_signed_with", "push_key", []string{"push_key", "partner_key"},
			"The key that signs pushes: one of their own, or the partner key."),

		suspended: o.Bool("api_suspended", false, "Version 1 is shut down: every call is answered so."),
		silent:    o.Bool("omit_msg", false, "Errors come without their msg."),
		plural:    o.Bool("error_params", false, "Wrong parameters are told as error_params instead of error_param."),
		extraCode: o.Bool("extra_code", false, "The callback carries a code that means nothing."),
	}
}
