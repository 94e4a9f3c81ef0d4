package lazada

import (
	"net/url"
	"slices"
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// countries are those that have an API host of their own.
func (d driver) countries() []string {
	var list []string
	for _, e := range d.spec.Facts.Endpoints {
		for name := range e.Bases {
			if country, ok := strings.CutPrefix(name, "api_"); ok {
				list = append(list, country)
			}
		}
	}
	slices.Sort(list)
	return list
}

// host returns the base of a country's API. An override of it goes before one of api, which stands for all countries.
func (d driver) host(app platform.App, country string) (*url.URL, error) {
	if !slices.Contains(d.countries(), country) {
		return nil, &platform.BadCall{Field: "shop", Why: "is of a country without an API; there are " + strings.Join(d.countries(), ", ")}
	}
	name := "api_" + country
	if !app.Overridden(name) && app.Overridden("api") {
		name = "api"
	}
	return app.Base(name, "")
}

// known returns the ids of the sellers that a credential reaches, sorted, as far as they are known.
func known(cred platform.Credential) []string {
	var list []string
	for _, s := range cred.Shops {
		if s.LostAt.IsZero() {
			list = append(list, s.ID)
		}
	}
	if len(list) == 0 && cred.Facts[factSellers] != "" {
		list = strings.Split(cred.Facts[factSellers], ",")
	}
	if len(list) == 0 && cred.Subject.Kind == gk.KindShop && cred.Subject.ID != "" {
		list = []string{cred.Subject.ID}
	}
	slices.Sort(list)
	return list
}

// countryOf returns the country whose host a call goes to: that of the shop that it names, else of the only one. The
// host picks the seller, so a call without a country would reach somebody's shop by chance.
func (d driver) countryOf(cred platform.Credential, shop string) (string, error) {
	reached := known(cred)
	if shop != "" {
		m := shopIDs.FindStringSubmatch(shop)
		if m == nil {
			return "", &platform.BadCall{Field: "shop", Why: "must be country and seller, such as sg:1000777"}
		}
		if len(reached) > 0 && !slices.Contains(reached, shop) {
			return "", &platform.BadCall{Field: "shop", Why: "is none of this grant's shops"}
		}
		return m[1], nil
	}
	if len(reached) == 1 {
		if m := shopIDs.FindStringSubmatch(reached[0]); m != nil {
			return m[1], nil
		}
	}
	if region := strings.ToLower(cred.Subject.Region); region != "" && len(reached) < 2 {
		return region, nil
	}
	return "", &platform.BadCall{Field: "shop", Why: "is needed: name the shop, such as sg:1000777; its country has an API host of its own"}
}
