package shopify

import (
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// options are the switches: what the platform's documents leave open, its lifetimes and limits.
type options struct {
	codeLife, accessLife, refreshLife, credentialsLife func() time.Duration
	repeatWindow, tradeWindow                          func() time.Duration

	repeat, signing, hostParameter, refusal, refusals func() string
	badSecret, secondCredentials, callbackSecret      func() string
	endless, refreshAnswer, shopState, plan           func() string
	grantScopes, impliedReads, protectedCode          func() string
	askAgain, matchAppURL                             func() bool
}

func declare(o *sim.Switches) options {
	return options{
		codeLife:    o.Duration("code_life", 10*time.Minute, "How long a code can be exchanged: 10 minutes, perhaps 60 seconds."),
		accessLife:  o.Duration("access_life", time.Hour, "How long the access token of a pair lives."),
		refreshLife: o.Duration("refresh_life", 90*24*time.Hour, "How long a refresh token lives, anew with each refresh."),
		credentialsLife: o.Duration("credentials_life", 86399*time.Second,
			"How long a token for client credentials lives."),
		repeatWindow: o.Duration("repeat_window", 30*24*time.Hour,
			"How long a used refresh token still works while its successor is unused: 30d, 60m before 2026-08-28, 0 not at all."),
		tradeWindow: o.Duration("migration_window", 7*24*time.Hour,
			"How long a traded token without an end brings the same pair again; 0 before 2026-09-29."),

		repeat: o.Choice("repeat", "new_pair", []string{"new_pair", "same_pair"},
			"What the repeat of a used refresh token brings: another pair, or the one that its first use brought."),
		signing: o.Choice("query_signing", "doc", []string{"doc", "pct", "plus"},
			"What the hmac of a query signs: decoded values with a few escapes (doc), percent-encoded ones (pct), or these with + for a blank (plus)."),
		hostParameter: o.Choice("host_parameter", "unpadded", []string{"unpadded", "padded", "left_out"},
			"How the host parameter of callback and install request is written in base64, if at all."),
		refusal: o.Choice("refusal_by_merchant", "no_callback", []string{"no_callback", "access_denied"},
			"What a merchant's refusal sends back: nothing, or error=access_denied."),
		refusals: o.Choice("refusals", "json", []string{"json", "html"},
			"Refusals of the token endpoint are JSON when Accept asks for it, or HTML even then."),
		badSecret: o.Choice("bad_secret", "invalid_client", []string{"invalid_client", "invalid_request"},
			"A wrong client_id or client_secret is 401 invalid_client, or 400 invalid_request."),
		secondCredentials: o.Choice("second_credentials", "first_lives", []string{"first_lives", "first_ends"},
			"What becomes of the former token when client credentials are asked for again."),
		callbackSecret: o.Choice("callback_secret", "oldest", []string{"oldest", "newest"},
			"Which secret signs callbacks while an app has several."),
		endless: o.Choice("endless_tokens", "by_date", []string{"by_date", "accepted", "refused"},
			"Calls with a token without an end: 403 for public apps made since 2026-04-01, and from 2027-01-01 for all; accepted; or 403 for public apps."),
		refreshAnswer: o.Choice("refresh_answer", "complete", []string{"complete", "without_expires_in", "without_refresh_token"},
			"What the answer of a refresh holds."),
		shopState: o.Choice("shop_state", "open", []string{"open", "402", "423", "inactive"},
			"The state of every store that was not made with one of its own."),
		plan: o.Choice("plan", "standard", []string{"standard", "advanced", "plus"},
			"The plan of every store that was not made with one of its own: it sets the limits."),
		grantScopes: o.Choice("grant_scopes", "all", []string{"all", "without_last"},
			"The merchant grants every scope asked for, or all but the last."),
		impliedReads: o.Choice("implied_reads", "left_out", []string{"left_out", "told"},
			"Whether an answer with write_x also lists read_x."),
		protectedCode: o.Choice("protected_code", "told", []string{"told", "left_out"},
			"Whether the GraphQL error about protected customer data has extensions with a code."),
		askAgain: o.Bool("ask_again", true,
			"The authorize page asks again when nothing has changed; the platform goes straight to the callback."),
		matchAppURL: o.Bool("match_app_url", true, "The host of redirect_uri must be that of the app's app_url, where that is set."),
	}
}
