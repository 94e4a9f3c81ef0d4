package shoplazza

import (
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// options are the switches: what the platform's documents leave open, its lifetimes and limits.
type options struct {
	codeLife, accessLife, refreshLife, partnerLife func() time.Duration

	rotation, oldAccess                                    func() string
	reuseKills, codeReuseKills                             func() bool
	refreshAfterExpiry, requireRedirect, matchRedirect     func() bool
	denyCallback, authorizeErrors, signature, grantScopes  func() string
	callbackExtras, shortAnswer, httpsWebhooks, shopScope  func() bool
	grantStatus, clientStatus, noTokenStatus               func() int
	appBucket, appLeak, storeBucket, storeLeak, mostTopics func() int
}

func declare(o *sim.Switches) options {
	return options{
		codeLife:    o.Duration("code_life", 10*time.Minute, "How long a code can be exchanged."),
		accessLife:  o.Duration("access_life", 31556952*time.Second, "How long an access token lives: one mean year."),
		refreshLife: o.Duration("refresh_life", 0, "How long a refresh token lives; 0: until it is used or revoked."),
		partnerLife: o.Duration("partner_life", 2*time.Hour, "How long the Partner API's token lives."),

		rotation: o.Choice("rotation", "immediate", []string{"immediate", "on_first_use"},
			"A used refresh token is spent at once, or when the new access token is first used."),
		oldAccess: o.Choice("old_access", "dies", []string{"dies", "lives"},
			"What becomes of an access token when its pair is replaced: it dies with its refresh token, or lives to its own end."),
		reuseKills:     o.Bool("reuse_kills", false, "Presenting a spent refresh token revokes the store's latest pair too."),
		codeReuseKills: o.Bool("code_reuse_kills", false, "Presenting a spent code revokes the pair that it was exchanged for."),
		refreshAfterExpiry: o.Bool("refresh_after_expiry", true,
			"A pair can be refreshed after its access token has ended."),
		requireRedirect: o.Bool("require_redirect_uri", true, "A refresh without redirect_uri is invalid_grant."),
		matchRedirect:   o.Bool("match_redirect_uri", false, "A refresh with another redirect_uri than the authorization's is invalid_grant."),

		denyCallback: o.Choice("deny_callback", "error", []string{"none", "error", "signed"},
			"What a merchant's refusal sends back: nothing, error and state, or these with shop and hmac."),
		authorizeErrors: o.Choice("authorize_errors", "page", []string{"page", "callback"},
			"Where errors of the link itself are told once client and redirect_uri are known to be right."),
		signature: o.Choice("signature", "raw", []string{"raw", "encoded"},
			"The hmac of a query signs decoded values, or encoded ones as an official SDK does."),
		grantScopes: o.Choice("grant_scopes", "all", []string{"all", "without_last"},
			"The merchant grants every scope asked for, or all but the last."),
		callbackExtras: o.Bool("callback_extras", false, "The callback also carries store_id and timestamp."),
		shortAnswer:    o.Bool("short_answer", false, "Token answers lack scope, expires_in, created_at and locale, as old documents show."),
		httpsWebhooks:  o.Bool("https_webhooks", false, "A webhook's address must be https, as on the platform."),
		shopScope:      o.Bool("shop_scope", false, "GET shop needs the scope read_shop."),

		grantStatus:   o.Int("invalid_grant_status", 400, 400, 599, "HTTP status of invalid_grant."),
		clientStatus:  o.Int("invalid_client_status", 401, 400, 599, "HTTP status of invalid_client."),
		noTokenStatus: o.Int("bad_token_status", 401, 400, 499, "HTTP status of a call with a missing or dead token: 401, or 400 as some pages say."),

		appBucket:   o.Int("app_bucket", 40, 1, 1000000, "Calls that one app may make to one store at once."),
		appLeak:     o.Int("app_leak", 2, 1, 1000000, "Calls a second that the app's bucket gives back."),
		storeBucket: o.Int("store_bucket", 80, 1, 1000000, "Calls that all apps may make to one store at once."),
		storeLeak:   o.Int("store_leak", 20, 1, 1000000, "Calls a second that the store's bucket gives back."),
		mostTopics:  o.Int("most_webhooks", 200, 1, 100000, "Webhooks that one app may have at one store."),
	}
}
