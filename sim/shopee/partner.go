package shopee

import (
	"net/url"
	"strconv"

	"github.com/grantkeep/grantkeep/sim"
)

// mostPerPage bounds the lists of what is linked to an app; mostShopsPerPage the one of a merchant's shops.
const (
	mostPerPage      = 100
	mostShopsPerPage = 500
)

// shopsByPartner lists the shops that are linked to the app, whether or not their codes were exchanged.
func (s *simulator) shopsByPartner(c *call) (fields, *refusal) {
	linked := s.links.alive(func(x *link) bool {
		return x.app == c.app && x.shop.Kind == kindShop && x.shop.Facts.Text("sip_of") == ""
	})
	linked, more, f := page(c.query, linked, mostPerPage)
	if f != nil {
		return nil, f
	}
	list := []fields{}
	for _, x := range linked {
		list = append(list, fields{
			"region": x.shop.Region, "shop_id": number(x.shop.ID), "auth_time": x.given.Unix(), "expire_time": x.ends.Unix(),
			s.options.affiliates(): s.affiliateList(x.shop),
		})
	}
	return fields{"authed_shop_list": list, "more": more}, nil
}

func (s *simulator) affiliateList(shop *sim.Shop) []fields {
	list := []fields{}
	for _, affiliate := range s.affiliates[shop.ID] {
		list = append(list, fields{"region": affiliate.Region, "affi_shop_id": number(affiliate.ID)})
	}
	return list
}

func (s *simulator) merchantsByPartner(c *call) (fields, *refusal) {
	linked := s.links.alive(func(x *link) bool { return x.app == c.app && x.shop.Kind == kindMerchant })
	linked, more, f := page(c.query, linked, mostPerPage)
	if f != nil {
		return nil, f
	}
	list := []fields{}
	for _, x := range linked {
		list = append(list, fields{"region": x.shop.Region, "merchant_id": number(x.shop.ID), "auth_time": x.given.Unix(), "expire_time": x.ends.Unix()})
	}
	return fields{"authed_merchant_list": list, "more": more}, nil
}

// page cuts the page out of a list that page_no (from 1) and page_size ask for.
func page[T any](q url.Values, all []T, most int) (part []T, more bool, f *refusal) {
	size, sizeErr := pageNumber(q, "page_size", most)
	at, atErr := pageNumber(q, "page_no", 1)
	if sizeErr != nil || atErr != nil || size < 1 || size > most || at < 1 {
		return nil, false, paramInvalid("page_no starts at 1, page_size is at most " + strconv.Itoa(most))
	}
	from := min(len(all), (at-1)*size)
	to := min(len(all), from+size)
	return all[from:to], to < len(all), nil
}

func pageNumber(q url.Values, name string, otherwise int) (int, error) {
	if !q.Has(name) {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(q.Get(name), 10, 32)
	return int(n), err
}

func ipRanges(*call) (fields, *refusal) {
	return fields{"ip_list": []string{"127.0.0.1"}}, nil
}

func (s *simulator) shopInfo(c *call) (fields, *refusal) {
	shop := c.link.shop
	affiliates := s.affiliateList(shop)
	info := fields{
		"shop_name": shop.Name, "region": shop.Region, "status": status(shop),
		"auth_time": c.link.given.Unix(), "expire_time": c.link.ends.Unix(),
		"is_cb": shop.Merchant != "", "is_sip": len(affiliates) > 0, "sip_affi_shops": affiliates,
	}
	if shop.Merchant != "" {
		info["merchant_id"] = number(shop.Merchant)
	}
	return info, nil
}

func (s *simulator) merchantInfo(c *call) (fields, *refusal) {
	m := c.link.shop
	return fields{"merchant_name": m.Name, "merchant_region": m.Region, "auth_time": c.link.given.Unix(), "expire_time": c.link.ends.Unix()}, nil
}

func (s *simulator) shopsOfMerchant(c *call) (fields, *refusal) {
	var shops []*sim.Shop
	for _, shop := range s.kit.Shops.OwnedBy(c.link.shop.Owner) {
		if shop.Kind == kindShop && shop.Merchant == c.link.shop.ID {
			shops = append(shops, shop)
		}
	}
	shops, more, f := page(c.query, shops, mostShopsPerPage)
	if f != nil {
		return nil, f
	}
	list := []fields{}
	for _, shop := range shops {
		list = append(list, fields{"shop_id": number(shop.ID), "region": shop.Region})
	}
	return fields{"shop_list": list, "more": more}, nil
}
