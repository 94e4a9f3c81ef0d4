package eleme

import (
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// options are the switches: what the platform's documents leave open, its lifetimes and limits.
type options struct {
	codeLife, productionLife, sandboxLife, refreshLife func() time.Duration
	refreshGrace, personalOverlap, enterpriseOverlap   func() time.Duration

	tokenGap                     func() time.Duration
	tokensPerDay, callsPerSecond func() int
	gapText                      func() string

	errorStatus                                      func() string
	nopStatus                                        func() int
	cancelError, authorizeErrors, callbackMatch      func() string
	unknownRefresh, revokedRefresh, invalidShop      func() string
	callbackRequired, httpsOnly, saasPackage         func() bool
	statusLayout, sandboxStatus, relieveTime, userID func() string

	pushTries func() int
	pushWait  func() time.Duration
	pushCheck func() string
}

func declare(o *sim.Switches) options {
	return options{
		codeLife:       o.Duration("code_life", 10*time.Minute, "How long a code can be exchanged."),
		productionLife: o.Duration("access_life", 30*24*time.Hour, "How long an access token of a production app lives."),
		sandboxLife:    o.Duration("sandbox_access_life", 24*time.Hour, "How long an access token of a sandbox app lives."),
		refreshLife:    o.Duration("refresh_life", 35*24*time.Hour, "How long a refresh token lives; 0: until it is replaced or revoked."),
		refreshGrace:   o.Duration("refresh_grace", 30*time.Minute, "How long a replaced refresh token can be used once more."),
		personalOverlap: o.Duration("personal_overlap", 10*time.Minute,
			"How long a personal app's access token works after a new one was issued."),
		enterpriseOverlap: o.Duration("enterprise_overlap", 10*time.Minute,
			"The same for an enterprise app; 0: the old access token dies at once."),

		tokenGap:       o.Duration("token_gap", time.Second, "The least time between two token calls for an app and account."),
		tokensPerDay:   o.Int("tokens_per_day", 120, 1, 1000000, "Token calls for an app and account from one midnight in Shanghai to the next."),
		callsPerSecond: o.Int("calls_per_second", 1000, 1, 1000000, "API calls of an app within one second."),
		gapText: o.Choice("gap_text", "frequency", []string{"frequency", "lock"},
			"Two token calls within a second are answered with Exceed frequency limits, or with a failed distributed lock."),

		errorStatus: o.Choice("error_status", "400", []string{"400", "200"}, "HTTP status of authorization and token errors."),
		nopStatus:   o.Int("nop_status", 200, 200, 599, "HTTP status of API errors."),
		cancelError: o.Choice("cancel_error", "access_denied", []string{"access_denied", "unauthorized_client"},
			"The error that the callback gets when the merchant cancels."),
		authorizeErrors: o.Choice("authorize_errors", "json", []string{"json", "callback"},
			"Where errors of a link are told whose client_id and redirect_uri are right."),
		callbackMatch: o.Choice("callback_match", "exact", []string{"exact", "ignore_query"},
			"redirect_uri equals the registered callback to the letter, or up to its query."),
		callbackRequired: o.Bool("callback_required", false, "An app without a registered callback is refused; else it may use any."),
		httpsOnly:        o.Bool("https_only", false, "Callback and push addresses must be https to be registered, as on the platform."),

		unknownRefresh: o.Choice("unknown_refresh", "not_found", []string{"not_found", "unauthorized", "invalid_request"},
			"What a refresh token that was never issued is answered with: 无效的refreshtoken, Unauthorized refresh_token, Unauthorized refresh token."),
		revokedRefresh: o.Choice("revoked_refresh", "cancelled", []string{"cancelled", "unauthorized"},
			"What a refresh after the merchant's cancellation is answered with: Authorization is cancelled, or Unauthorized refresh_token."),
		invalidShop: o.Choice("invalid_shop", "text", []string{"text", "expired"},
			"What a refresh for an invalid shop is answered with: 当前店铺已失效, or The requested refresh token is expired."),

		saasPackage: o.Bool("saas_package", true, "Apps have the permission package that getTokenStatus needs."),
		statusLayout: o.Choice("token_status", "number", []string{"number", "text"},
			"getTokenStatus tells status and expireTime as 1 or 0 and milliseconds, or as VALID or INVALID and text."),
		sandboxStatus: o.Choice("sandbox_token_status", "true", []string{"true", "valid", "invalid"},
			"What getTokenStatus says of sandbox tokens, where the platform's answers are not reliable."),

		relieveTime: o.Choice("relieve_time", "text", []string{"text", "number"},
			"relieveOAuthTime of a cancellation push: text without a zone, or milliseconds."),
		userID:    o.Choice("push_user_id", "number", []string{"number", "text"}, "userId in pushes."),
		pushTries: o.Int("push_tries", 3, 1, 100, "How often a push is tried until it is answered with ok."),
		pushWait:  o.Duration("push_wait", time.Minute, "The wait between two tries of a push."),
		pushCheck: o.Choice("push_check", "log", []string{"log", "require"},
			"The GET that tests a push address when it is registered is only logged, or must be answered with ok before anything is pushed."),
	}
}
