package taobao

import (
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

const day = 24 * time.Hour

// options are the switches: what the platform's documents leave open, its lifetimes and limits.
type options struct {
	codeLife, dayLife, yearLife, orderLife func() time.Duration
	r2Life, w2Life, ban, redelivery        func() time.Duration

	redirectRule, authorizeErrors, boundError         func() string
	otherError, oldAccess, numbers, openUID           func() string
	testingWindows, shortGrantError                   func() string
	browserFlow, errorState, sameRedirect, rememberMe func() bool
	singleUse, moduleRefresh, ordinaryWindows         func() bool
	permitNeeded, cancelUserID                        func() bool

	refreshesADay, gatewayTokenCode, callsAMinute func() int
}

func declare(o *sim.Switches) options {
	return options{
		codeLife:  o.Duration("code_life", 30*time.Minute, "How long a code can be exchanged."),
		dayLife:   o.Duration("testing_life", day, "How long a grant lives in formal testing, and that of an xTao app always."),
		yearLife:  o.Duration("fixed_life", 365*day, "How long a grant lives that hangs on no order: back office, new business."),
		orderLife: o.Duration("order_life", 365*day, "How long a new order runs, and by how much a renewal lengthens it, unless told."),
		r2Life:    o.Duration("r2_life", 3*day, "How long sensitive reads work after an authorization or a refresh."),
		w2Life:    o.Duration("w2_life", 30*time.Minute, "How long sensitive writes work after an authorization or a refresh."),
		ban:       o.Duration("ban", time.Minute, "How long an app that calls an API too often is shut out from it."),
		redelivery: o.Duration("redelivery", 0,
			"How long after it was fetched an unconfirmed message comes again; 0: with the next fetch."),

		redirectRule: o.Choice("redirect_rule", "domain", []string{"domain", "exact"},
			"redirect_uri must share the registrable domain of the registered callback, or equal it."),
		authorizeErrors: o.Choice("authorize_errors", "documented", []string{"documented", "page", "callback"},
			"Where refusals of the authorize page are told: at the callback those that are documented so; all on the page; or all at the callback once client and redirect_uri are right."),
		boundError: o.Choice("bound_error", "1001", []string{"1001", "bind"},
			"How an account that is not bound is refused: page error 1001, or the text that lists the bound ones."),
		otherError: o.Choice("other_error", "invalid_client", []string{"invalid_client", "invalid_request", "access_denied"},
			"The value of error where the documents give the description only."),
		oldAccess: o.Choice("old_access", "lives", []string{"lives", "dies"},
			"What becomes of an access token when its grant gets a later one."),
		numbers: o.Choice("numbers", "number", []string{"number", "string"}, "How token answers write numbers."),
		openUID: o.Choice("open_uid", "taobao_open_uid", []string{"taobao_open_uid", "open_uid", "none"},
			"Under which name a token answer holds the open id."),
		testingWindows: o.Choice("testing_windows", "recorded", []string{"recorded", "online"},
			"Windows of an app in testing: half an hour of r1 and w1 and no r2 and w2, as recorded once, or as when online."),
		shortGrantError: o.Choice("short_grant_error", "53", []string{"53", "42"}, "The code of a call whose window is over."),

		browserFlow:     o.Bool("browser_flow", false, "response_type=token is served: the token comes in the fragment."),
		errorState:      o.Bool("error_state", true, "state comes back with errors too."),
		sameRedirect:    o.Bool("same_redirect_uri", true, "An exchange must repeat the redirect_uri of its authorization."),
		rememberMe:      o.Bool("remember_login", false, "The browser stays logged in until it logs off."),
		singleUse:       o.Bool("single_use_refresh", true, "A refresh token works once."),
		moduleRefresh:   o.Bool("shop_module_refresh", false, "Grants of shop modules can be refreshed."),
		ordinaryWindows: o.Bool("enforce_r1_w1", false, "Calls after the end of r1 or w1 are refused with 42."),
		permitNeeded:    o.Bool("tmc_permit_needed", true, "AuthCancel reaches only apps that the seller was permitted for (taobao.tmc.user.permit)."),
		cancelUserID:    o.Bool("auth_cancel_user_id", true, "AuthCancel holds user_id beside open_id."),

		refreshesADay:    o.Int("refreshes_a_day", 60, 0, 1000000, "Refreshes of one grant from midnight to midnight, GMT+8."),
		gatewayTokenCode: o.Int("gateway_token_code", 15, 1, 999, "Gateway code of a refused taobao.top.auth.token call."),
		callsAMinute:     o.Int("calls_a_minute", 0, 0, 1000000, "Calls of one app to one API in a minute before it is banned; 0: any number."),
	}
}
