package shopee

import (
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

const day = 24 * time.Hour

// options are the switches of the platform: lifetimes, limits, and what its documents leave open.
type options struct {
	codeLife, accessLife, refreshLife, overlap, replayLife, pageLife, tolerance func() time.Duration

	replay, expireIn, authorizationEnd, oldPair         func() string
	errorStatus, errorPrefix                            func() string
	unknownPartner, wrongSign, badCode, badToken        func() string
	badRefresh, noLink, ipRefusal                       func() string
	refusal, cancelRedirect, affiliates                 func() string
	pushKey, pushType, cancelPush, lostData             func() string
	pushStrings, intranet, largeIDs, upgrade, suspended func() bool
	rateLimit, dailyLimit, pushPage                     func() int
}

func declare(o *sim.Switches) options {
	return options{
		codeLife:    o.Duration("code_life", 10*time.Minute, "How long a code (also a resend code) can be exchanged."),
		accessLife:  o.Duration("access_life", 4*time.Hour, "How long an access token lives; the first one counts from the seller's consent."),
		refreshLife: o.Duration("refresh_life", 30*day, "How long an unused refresh token lives."),
		overlap:     o.Duration("access_overlap", 5*time.Minute, "How long the old access token still works after a refresh."),
		replayLife:  o.Duration("replay_life", 4*time.Hour, "How long a used refresh token returns the same pair, where refresh_replay says same_pair."),
		pageLife:    o.Duration("page_life", 3*time.Minute, "How long the seller has on the authorization page."),
		tolerance:   o.Duration("timestamp_tolerance", 5*time.Minute, "How far a signed timestamp may be off."),

		replay: o.Choice("refresh_replay", "same_pair", []string{"same_pair", "once"},
			"What a used refresh token brings: the same new pair for a while (FAQ), or a refusal (API page)."),
		expireIn: o.Choice("expire_in", "relative", []string{"relative", "epoch"},
			"Whether expire_in is a number of seconds or, as in one sample, a moment."),
		authorizationEnd: o.Choice("authorization_end", "day_end", []string{"day_end", "exact"},
			"Whether an authorization ends at 23:59:59 (UTC+8) of its last day, or to the second."),
		oldPair: o.Choice("reauthorization", "kills", []string{"kills", "keeps"},
			"What a new authorization does to the pair before, as soon as its code is exchanged."),

		errorStatus: o.Choice("error_status", "403", []string{"403", "200"},
			"HTTP status of refused tokens and signatures; every other error is 200."),
		errorPrefix: o.Choice("error_prefix", "none", []string{"none", "common", "module"},
			"Whether error codes carry a module's name: error_auth, common.error_auth, or order.error_auth."),
		unknownPartner: o.Choice("unknown_partner", "invalid_partner_id", []string{"invalid_partner_id", "error_sign", "error_auth"},
			"The code for a partner_id that does not exist."),
		wrongSign: o.Choice("wrong_sign", "error_sign", []string{"error_sign", "common.error_auth"},
			"The code for a wrong signature."),
		badCode: o.Choice("bad_code", "invalid_code", []string{"invalid_code", "error_auth"},
			"The code for a code that is wrong, used or too old: the error list has the first, the sample the second."),
		badToken: o.Choice("bad_access_token", "error_auth", []string{"error_auth", "invalid_acceess_token", "invalid_access_token"},
			"The code for an access token that does not work."),
		badRefresh: o.Choice("bad_refresh_token", "error_auth", []string{"error_auth", "by_subject"},
			"The code for a refresh token that does not work: error_auth, or error_shop_refresh_token and error_merchant_refresh_token."),
		noLink: o.Choice("no_link", "shop_no_linked", []string{"shop_no_linked", "partner_shop_no_link", "error_auth", "error_permission"},
			"The code for a call to a shop that is not linked."),
		ipRefusal: o.Choice("ip_refusal", "json", []string{"json", "html"},
			"How an address outside of the whitelist is refused: by the gateway, or by the edge in front of it."),

		refusal: o.Choice("refusal", "stays", []string{"stays", "redirects"},
			"Whether a seller who refuses stays on the page, or is sent back without a code."),
		cancelRedirect: o.Choice("cancel_redirect", "bare", []string{"bare", "shop_id", "stays"},
			"What a cancelling seller is sent back with."),
		affiliates: o.Choice("affiliates_key", "sip_affi_shop_list", []string{"sip_affi_shop_list", "sip_affi_shops"},
			"The name of the list of affiliate shops in get_shops_by_partner: the page has the first, its sample the second."),

		pushKey: o.Choice("push_signed_with", "push_key", []string{"push_key", "partner_key"},
			"The key that signs pushes: the console's push key, or the partner key as the guide says."),
		pushType: o.Choice("push_content_type", "application/json", []string{"application/json", "text/plain", "none"},
			"The content type of pushes."),
		cancelPush: o.Choice("cancel_push", "sampled", []string{"sampled", "shop_id", "shopid", "list", "extra"},
			"Where push 2 names the shop; sampled: shopid for an expiry, only in the extra text for a cancellation."),
		lostData: o.Choice("lost_push_data", "data", []string{"data", "whole"},
			"What the text data of a lost push holds: the push's member data, or the whole push."),

		pushStrings: o.Bool("push_strings", false, "Pushes write shop_id and success as strings, as the sandbox sometimes does."),
		intranet:    o.Bool("push_intranet_refused", false, "Push addresses in private networks are refused; simulators mostly have no other."),
		largeIDs:    o.Bool("large_ids", true, "Ids above 4294967295 are taken, as samples have them; the check's text says otherwise."),
		upgrade:     o.Bool("upgrade_code", false, "The endpoint that trades upgrade codes of version 1 is online."),
		suspended:   o.Bool("api_suspended", false, "Every call is answered with api_suspended."),

		rateLimit:  o.Int("rate_limit", 0, 0, 1_000_000, "Calls per minute and app; 0: no limit."),
		dailyLimit: o.Int("daily_limit", 0, 0, 1_000_000_000, "Calls per day (UTC+8) and app; 0: no limit."),
		pushPage:   o.Int("expiry_page", 100, 1, 10_000, "How many ids one page of push 12 holds."),
	}
}
