package tiktokshop

import (
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// options are the switches: what the platform's documents leave open, its lifetimes and limits.
type options struct {
	codeLife, accessLife func() time.Duration
	rate                 func() int

	oldRefresh, oldAccess, refreshText, earlyRefresh func() string
	reauthorization, decline, expireIn, httpStatus   func() string
	push6, messageStyle, grantedScopes               func() string
	strictGrantType, refreshAfterEnd                 func() bool
	callbackExtras, pushAddressRule                  func() bool
}

func declare(o *sim.Switches) options {
	return options{
		codeLife:   o.Duration("code_life", 30*time.Minute, "How long a code can be exchanged."),
		accessLife: o.Duration("access_life", 7*24*time.Hour, "How long an access token lives."),
		rate:       o.Int("rate", 50, 1, 1000000, "Calls a second for one app, shop and endpoint."),

		oldRefresh: o.Choice("old_refresh", "dies", []string{"dies", "lives", "grace:5m", "first_use"},
			"What becomes of a refresh token that was used: it dies, lives to its end or five minutes more, or until the new pair is first used."),
		oldAccess: o.Choice("old_access", "lives", []string{"lives", "dies"},
			"What becomes of an access token that was renewed: it lives to its own end, or dies."),
		refreshText: o.Choice("refresh_text", "new", []string{"new", "same"}, "A renewal brings another refresh token, or the same text."),
		earlyRefresh: o.Choice("early_renewal", "new_pair", []string{"new_pair", "same_pair"},
			"What a renewal more than an hour before the end brings."),
		strictGrantType: o.Bool("strict_grant_type", false, "A renewal must say grant_type=refresh_token."),
		refreshAfterEnd: o.Bool("refresh_after_access_end", true, "A pair can be renewed after its access token has ended."),
		reauthorization: o.Choice("reauthorization", "dies", []string{"dies", "lives"},
			"What becomes of a pair when its account authorizes again."),
		decline: o.Choice("decline", "auth_denied", []string{"auth_denied", "access_denied"},
			"What a refusal sends back: code=null, error=auth_denied and the state, or error=access_denied and code=null without it."),
		callbackExtras: o.Bool("callback_extras", true, "The callback also carries app_key, locale and shop_region."),
		expireIn: o.Choice("expire_in", "moment", []string{"moment", "seconds_left"},
			"What access_token_expire_in and refresh_token_expire_in tell."),
		grantedScopes: o.Choice("granted_scopes", "told", []string{"told", "left_out"}, "Whether token answers hold granted_scopes."),
		httpStatus: o.Choice("http_status", "as_seen", []string{"as_seen", "always_200"},
			"Refused calls have the status that developers saw, or 200."),
		push6: o.Choice("push6", "one_per_shop", []string{"one_per_shop", "first_only"},
			"Whether the end of a grant of several shops is told once for each."),
		messageStyle: o.Choice("message_style", "2026", []string{"2026", "older"}, "The texts of expired tokens and wrong signatures."),
		pushAddressRule: o.Bool("push_address_rule", false,
			"The event API takes https addresses with a domain name and no port only, as on the platform."),
	}
}
