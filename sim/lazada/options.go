package lazada

import (
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

const day = 24 * time.Hour

// options are the switches: what the platform's documents leave open, its lifetimes and limits.
type options struct {
	codeLife, accessLife, accessLifeTest func() time.Duration
	refreshLifetime, refreshLifetimeTest func() time.Duration
	answerWithin                         func() time.Duration
	dailyQuota, rate                     func() int

	oldRefresh, newRefresh, oldAccess, reconsent, refreshLife func() string
	refusal, emptyValues, redirectURI, baseCountry            func() string
	infoForm, countryCase, idType, accountID, expiresType     func() string
	site                                                      func() string
	tokenOnCountryHosts, hmacMD5, needPartner                 func() bool
	duplicatePushes, stopPushes                               func() bool
}

func declare(o *sim.Switches) options {
	return options{
		codeLife:            o.Duration("code_life", 30*time.Minute, "How long a code can be exchanged."),
		accessLife:          o.Duration("access_life", 30*day, "How long an access token of an app that is online lives."),
		accessLifeTest:      o.Duration("access_life_test", 7*day, "How long an access token of an app in test lives."),
		refreshLifetime:     o.Duration("refresh_lifetime", 180*day, "How long after the consent an app that is online can refresh; 0: never."),
		refreshLifetimeTest: o.Duration("refresh_lifetime_test", 30*day, "How long after the consent an app in test can refresh: 30d, or 14d."),
		answerWithin:        o.Duration("answer_within", 500*time.Millisecond, "How long, in real time, a push waits for its answer."),
		dailyQuota:          o.Int("daily_quota", 0, 0, 100000000, "Calls a day of one app; 0: 10 million online, 10000 in test."),
		rate:                o.Int("rate", 500, 1, 1000000, "Calls a second of one app to one API but the token calls, before it is banned for a second."),

		oldRefresh: o.Choice("old_refresh", "usable", []string{"usable", "dies_at_once"}, "What becomes of a refresh token that was used."),
		newRefresh: o.Choice("new_refresh_string", "new", []string{"new", "same"}, "A refresh brings another refresh token, or the same text."),
		oldAccess: o.Choice("old_access", "lives", []string{"lives", "dies"},
			"What becomes of an access token when its pair is refreshed: it lives to its own end, or dies."),
		reconsent: o.Choice("reconsent", "kills", []string{"kills", "keeps"}, "What another consent of the same sellers does to the pair before."),
		refreshLife: o.Choice("refresh_life", "fixed", []string{"fixed", "renewed"},
			"The end of refreshing counts from the consent, or anew from each refresh."),
		refusal: o.Choice("refusal_callback", "none", []string{"none", "access_denied"},
			"What a seller's refusal sends back: nothing, or error=access_denied."),
		emptyValues: o.Choice("empty_values", "both", []string{"both", "strict"},
			"An empty value is signed as a bare name or left out (both), or as a bare name only."),
		redirectURI: o.Choice("redirect_uri", "exact", []string{"exact", "domain"}, "How a link's redirect_uri must fit the app's."),
		baseCountry: o.Choice("base_country", "first", append([]string{"first"}, countries...),
			"The country of a call whose Host tells none: the first of its grant, or this."),
		infoForm: o.Choice("seller_list", "documented", []string{"documented", "object", "user_info"},
			"How answers list sellers: country_user_info, in refreshes country_user_info_list; by country; or a lone one as user_info."),
		countryCase: o.Choice("country_case", "lower", []string{"lower", "upper"}, "How answers write countries."),
		idType:      o.Choice("id_type", "text", []string{"text", "number"}, "How answers write the ids of sellers."),
		accountID:   o.Choice("account_id", "told", []string{"told", "null"}, "Whether answers tell the id of the account."),
		expiresType: o.Choice("expires_type", "number", []string{"number", "text"}, "How answers write expires_in and refresh_expires_in."),
		site:        o.Choice("site_form", "lazada_sg", []string{"lazada_sg", "lazada-sg", "LAZADA_SG"}, "How pushes write the site."),
		tokenOnCountryHosts: o.Bool("token_on_country_hosts", false,
			"Token calls are also served where the Host tells a country."),
		hmacMD5:         o.Bool("hmac_md5", false, "sign_method=hmac, of older documents, is taken too."),
		needPartner:     o.Bool("need_partner", false, "A call without partner_id is MissingPartner, as one integrator met."),
		duplicatePushes: o.Bool("duplicate_pushes", false, "Every push is sent twice."),
		stopPushes:      o.Bool("stop_pushes", true, "Pushing stops when more than half of the attempts fail, until it is switched on again."),
	}
}
