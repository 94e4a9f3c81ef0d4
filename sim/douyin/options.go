package douyin

import (
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

const day = 24 * time.Hour

// options are the switches: what the platform's documents leave open, its lifetimes and limits.
type options struct {
	codeLife, accessLife, refreshLife, lastHour, authorizationLife func() time.Duration
	rate                                                           func() int

	escaping, signMethod, shopID, expiresIn, afterEndLost, code func() string
	refusal, authCheck                                          func() string
	doubleSlash, oldCodes, nullRefused, concurrent              func() bool
}

func declare(o *sim.Switches) options {
	return options{
		codeLife:          o.Duration("code_life", 10*time.Minute, "How long a code can be exchanged."),
		accessLife:        o.Duration("access_life", 7*day, "How long an access token lives."),
		refreshLife:       o.Duration("refresh_life", 14*day, "How long a refresh token lives, from the making of its pair."),
		lastHour:          o.Duration("last_hour", time.Hour, "How long before the end of the access token a refresh brings a new pair, and how long the old one lives on."),
		authorizationLife: o.Duration("authorization_life", 365*day, "How long an authorization lives after it was confirmed."),
		rate:              o.Int("rate", 1000, 1, 1000000, "Calls a second of one app to one method."),

		escaping: o.Choice("escaping", "raw", []string{"raw", "sorted", "html", "gson", "any"},
			"Which text of param_json a signature may cover: the body as sent only; or also sorted and compact; with & < > escaped; with = and ' too; any of these."),
		signMethod: o.Choice("sign_method_absent", "md5", []string{"md5", "refused"},
			"A call without sign_method is signed with MD5, or refused."),
		shopID:    o.Choice("shop_id", "number", []string{"number", "text"}, "How token answers write shop_id."),
		expiresIn: o.Choice("expires_in", "seconds", []string{"seconds", "moment"}, "Whether expires_in tells the seconds left, or a moment."),
		afterEndLost: o.Choice("after_end_lost", "dead", []string{"dead", "repeatable"},
			"A refresh token used after the end of its access token is dead at once, or brings the same new pair for an hour."),
		code: o.Choice("code", "repeatable", []string{"repeatable", "once"}, "How often a code can be exchanged within its life."),
		refusal: o.Choice("refusal_callback", "none", []string{"none", "access_denied"},
			"What a merchant's refusal sends back: nothing, or error=access_denied."),
		authCheck: o.Choice("auth_info_token", "optional", []string{"optional", "required"},
			"Whether open.getAuthInfo needs an access token."),
		doubleSlash: o.Bool("double_slash", false, "A path with a doubled slash is routed."),
		oldCodes:    o.Bool("old_codes", false, "Refused calls of tokens and authorizations have the old numbers, without sub_code."),
		nullRefused: o.Bool("null_refused", false, "A null in param_json is refused."),
		concurrent:  o.Bool("concurrent", false, "The next refresh of each pair meets another one that runs at the same time, once."),
	}
}
