package lazada

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/answer"
)

// seller is one of the sellers that a token reaches.
type seller struct{ country, id, code string }

// shopID is a seller's id with its country, since ids are not known to be unique beyond one.
func (s seller) shopID() string { return s.country + ":" + s.id }

var (
	digits  = regexp.MustCompile(`\A[0-9]{1,20}\z`)
	shopIDs = regexp.MustCompile(`\A([a-z]{2}):([0-9]{1,20})\z`)
)

// factSellers is the fact that keeps the ids of a grant's sellers, sorted.
const factSellers = "sellers"

// sellers reads the list of sellers in each of the forms that are recorded: a list under two names, an object by country,
// and one object of a lone seller. A country or an id that cannot be one spoils the whole answer.
func sellers(fields answer.Object) ([]seller, error) {
	var raws []json.RawMessage
	var countries []string
	for _, name := range []string{"country_user_info", "country_user_info_list"} {
		raw := fields[name]
		if !fields.Has(name) || len(raws) > 0 {
			continue
		}
		if json.Unmarshal(raw, &raws) == nil {
			continue
		}
		byCountry := fields.Object(name)
		if byCountry == nil {
			return nil, &platform.Garbled{Why: name + " is neither a list nor an object"}
		}
		raws = nil
		for _, country := range slices.Sorted(maps.Keys(byCountry)) {
			raws, countries = append(raws, byCountry[country]), append(countries, country)
		}
	}
	if len(raws) == 0 && fields.Has("user_info") {
		raws = []json.RawMessage{fields["user_info"]}
	}
	var all []seller
	for i, raw := range raws {
		info := answer.Object(platform.JSONObject(raw))
		s := seller{country: info.Words("country"), id: platform.JSONText(info["seller_id"]), code: info.Words("short_code")}
		if s.country == "" && i < len(countries) {
			s.country = countries[i]
		}
		if s.country == "" {
			s.country = fields.Words("country")
		}
		if s.id == "" {
			s.id = platform.JSONText(info["user_id"])
		}
		s.country = strings.ToLower(s.country)
		if !shopIDs.MatchString(s.shopID()) {
			return nil, &platform.Garbled{Why: "a seller has no country or no number"}
		}
		if !slices.ContainsFunc(all, func(o seller) bool { return o.shopID() == s.shopID() }) {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b seller) int { return strings.Compare(a.shopID(), b.shopID()) })
	return all, nil
}

// subject names who agreed: the seller itself where there is one; else the account, which has a number in most answers
// and none in others: then the list of its sellers stands for it.
func subject(fields answer.Object, all []seller) gk.Subject {
	account := platform.JSONText(fields["account_id"])
	switch {
	case len(all) == 1:
		return gk.Subject{Kind: gk.KindShop, ID: all[0].shopID(), Region: all[0].country, Name: all[0].code}
	case len(all) == 0:
		return gk.Subject{}
	case digits.MatchString(account) && strings.Trim(account, "0") != "":
		return gk.Subject{Kind: gk.KindAccount, ID: account, Name: codes(all)}
	}
	sum := sha256.Sum256([]byte(ids(all)))
	return gk.Subject{Kind: gk.KindAccount, ID: "sellers:" + hex.EncodeToString(sum[:])[:32], Name: codes(all)}
}

// ids joins the sorted ids of sellers by commas.
func ids(all []seller) string {
	var list []string
	for _, s := range all {
		list = append(list, s.shopID())
	}
	return strings.Join(list, ",")
}

func codes(all []seller) string {
	var list []string
	for _, s := range all {
		if s.code != "" {
			list = append(list, s.code)
		}
	}
	return strings.Join(list, " ")
}

// belongs reports whether an answer can be about the subject that was asked for. An answer that lists nobody can; a list
// must hold the seller asked for; an account is compared with what the answer has of it.
func belongs(asked, told gk.Subject, all []seller) bool {
	switch {
	case asked.ID == "" || len(all) == 0 || asked.Same(told):
		return true
	case asked.Kind == gk.KindShop:
		return slices.ContainsFunc(all, func(s seller) bool { return s.shopID() == asked.ID })
	}
	// One answer of an account tells its number, the next one may not: then only the list could differ, and it may grow.
	return told.Kind == gk.KindAccount && strings.HasPrefix(told.ID, "sellers:") != strings.HasPrefix(asked.ID, "sellers:")
}

// shops lists what a token reaches. A refresh tells no names, so that it does not replace those which the platform was
// asked for.
func shops(all []seller, stage string) []gk.Shop {
	var list []gk.Shop
	for _, s := range all {
		shop := gk.Shop{ID: s.shopID(), Region: s.country}
		if s.code != "" {
			shop.Facts = map[string]string{"short_code": s.code}
			if stage != platform.StageRefresh {
				shop.Name = s.code
			}
		}
		list = append(list, shop)
	}
	return list
}

// facts keeps the choice of the consent and the sellers, which tell where questions about the grant must go.
func facts(fields answer.Object, all []seller) map[string]string {
	kept := make(map[string]string)
	if country := strings.ToLower(fields.Words("country")); country != "" {
		kept["country"] = country
	}
	if len(all) > 0 {
		kept[factSellers] = ids(all)
	}
	if len(kept) == 0 {
		return nil
	}
	return kept
}
