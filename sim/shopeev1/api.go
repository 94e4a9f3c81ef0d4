package shopeev1

// catalogue returns the endpoints by path. The ordinary ones answer with a few made-up things: they are there to be called.
func (s *simulator) catalogue() map[string]func(c *call) (fields, *refusal) {
	return map[string]func(c *call) (fields, *refusal){
		"/api/v1/shop/get_partner_shop": s.partnerShops,
		"/api/v1/shop/get":              s.ofShop(shopInfo),
		"/api/v1/push/get_config":       s.getConfig,
		"/api/v1/push/set_config":       s.setConfig,
		"/api/v1/orders/detail":         s.ofShop(s.orderDetail),
		"/api/v1/orders/basics":         s.ofShop(orderBasics),
		"/api/v1/items/get":             s.ofShop(items),
	}
}

// ofShop is a call for a shop: it names one that is linked to the app.
func (s *simulator) ofShop(serve func(c *call) (fields, *refusal)) func(c *call) (fields, *refusal) {
	return func(c *call) (fields, *refusal) {
		id, sent := c.body.integer("shopid")
		switch {
		case !sent:
			return nil, s.badParam("no shopid", "no shopid in the body")
		case id == "":
			return nil, s.badParam(textParam, "shopid is no integer")
		}
		c.link = s.linked[linkKey{c.app.ID, id}]
		switch {
		case c.link == nil || c.link.state == linkCancelled:
			return nil, no("error_auth", "partner and shop has no linked", "the shop is not linked to this app")
		case c.link.state == linkExpired && s.options.overdue() == "overdue":
			return nil, no("error_auth", "Your authorization is overdue", "the authorization is over")
		case c.link.state == linkExpired:
			return nil, no("error_auth", "your access to shop has expired", "the authorization is over")
		}
		c.shop = c.link.shop
		return serve(c)
	}
}

// partnerShops lists the shops linked to the app. A shopid that is sent all the same does no harm.
func (s *simulator) partnerShops(c *call) (fields, *refusal) {
	list := []fields{}
	for _, x := range s.living(c.app) {
		affiliates := []fields{}
		for _, shop := range s.kit.Shops.All() {
			if shop.Facts.Text("sip_of") == x.shop.ID {
				affiliates = append(affiliates, fields{"country": shop.Region, "a_shopid": number(shop.ID)})
			}
		}
		list = append(list, fields{
			"country": x.shop.Region, "shopid": number(x.shop.ID), "auth_time": x.given.Unix(), "expire_time": x.ends.Unix(), "sip_a_shops": affiliates,
		})
	}
	return fields{"authed_shops": list}, nil
}

func shopInfo(c *call) (fields, *refusal) {
	return fields{
		"shop_id": number(c.shop.ID), "shop_name": c.shop.Name, "country": c.shop.Region, "status": c.shop.Facts.Text("status"),
		"item_limit": 1000, "is_cb": false, "auth_time": c.link.given.Unix(), "expire_time": c.link.ends.Unix(),
		"videos": []string{}, "images": []string{},
	}, nil
}

// orderDetail answers for every order number that it is asked for.
func (s *simulator) orderDetail(c *call) (fields, *refusal) {
	list, ok := c.body["ordersn_list"].([]any)
	if !ok {
		return nil, s.badParam(textParam, "want ordersn_list")
	}
	orders := []fields{}
	for _, sn := range list {
		orders = append(orders, fields{"ordersn": sn, "order_status": "READY_TO_SHIP", "country": c.shop.Region})
	}
	return fields{"orders": orders, "errors": []string{}}, nil
}

func orderBasics(c *call) (fields, *refusal) {
	return fields{"orders": []fields{{"ordersn": "26101" + c.shop.ID, "order_status": "READY_TO_SHIP"}}, "more": false}, nil
}

func items(c *call) (fields, *refusal) {
	return fields{"items": []fields{{"item_id": 1000 + number(c.shop.ID)%1000, "shopid": number(c.shop.ID), "status": "NORMAL"}}, "more": false}, nil
}

func (s *simulator) getConfig(c *call) (fields, *refusal) {
	out := fields{"callback_url": c.app.Text("push_url")}
	for name, value := range s.settings[c.app.ID] {
		out[name] = value
	}
	return out, nil
}

// setConfig keeps what it is told, whatever that is: the members are not documented but for the address.
func (s *simulator) setConfig(c *call) (fields, *refusal) {
	kept := s.settings[c.app.ID]
	if kept == nil {
		kept = fields{}
		s.settings[c.app.ID] = kept
	}
	for name, value := range c.body {
		switch name {
		case "partner_id", "shopid", "timestamp":
		case "callback_url":
			address, ok := value.(string)
			if !ok {
				return nil, s.badParam(textParam, "callback_url is no text")
			}
			c.app.Settings["push_url"] = address
		default:
			kept[name] = value
		}
	}
	return fields{"result": "success"}, nil
}
