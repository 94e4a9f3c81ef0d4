package shopee

// catalogue returns the endpoints that this platform has, by method and path. The ordinary ones answer with a few made-up
// things: they are there to be called.
func (s *simulator) catalogue() map[string]api {
	trade := func(what string) api {
		return api{kind: kindShop, trade: true, serve: func(c *call) (fields, *refusal) { return ordinary(c, what) }}
	}
	return map[string]api{
		"POST " + pathToken:   {bare: true, serve: s.getToken},
		"POST " + pathRefresh: {bare: true, serve: s.refreshToken},
		"POST " + pathResend:  {bare: true, serve: s.resend},
		"POST " + pathUpgrade: {serve: s.upgrade},

		"GET /api/v2/public/get_shops_by_partner":     {bare: true, serve: s.shopsByPartner},
		"GET /api/v2/public/get_merchants_by_partner": {bare: true, serve: s.merchantsByPartner},
		"GET /api/v2/public/get_shopee_ip_ranges":     {bare: true, serve: ipRanges},

		"GET /api/v2/shop/get_shop_info":                 {kind: kindShop, bare: true, serve: s.shopInfo},
		"GET /api/v2/merchant/get_merchant_info":         {kind: kindMerchant, bare: true, serve: s.merchantInfo},
		"GET /api/v2/merchant/get_shop_list_by_merchant": {kind: kindMerchant, serve: s.shopsOfMerchant},
		"GET /api/v2/global_product/get_global_item_list": {kind: kindMerchant, serve: func(c *call) (fields, *refusal) {
			return ordinary(c, "global_item_list")
		}},

		"GET /api/v2/shop/get_profile":                 trade("profile"),
		"POST /api/v2/shop/update_profile":             trade("profile"),
		"GET /api/v2/order/get_order_list":             trade("order_list"),
		"GET /api/v2/order/get_order_detail":           trade("order_list"),
		"GET /api/v2/order/get_shipment_list":          trade("order_list"),
		"POST /api/v2/order/set_note":                  trade("order"),
		"GET /api/v2/product/get_item_list":            trade("item"),
		"GET /api/v2/product/get_item_base_info":       trade("item_list"),
		"POST /api/v2/product/update_stock":            trade("success_list"),
		"POST /api/v2/product/update_price":            trade("success_list"),
		"GET /api/v2/logistics/get_shipping_parameter": trade("info_needed"),
		"POST /api/v2/logistics/ship_order":            trade("order"),

		"POST " + pathSetPush:                                  {bare: true, serve: s.setPush},
		"GET /api/v2/push/get_app_push_config":                 {serve: s.getPush},
		"GET /api/v2/push/get_lost_push_message":               {serve: s.lostPushes},
		"POST /api/v2/push/confirm_consumed_lost_push_message": {bare: true, serve: s.confirmLost},
	}
}

// ordinary answers with one made-up thing of the shop that calls.
func ordinary(c *call, what string) (fields, *refusal) {
	thing := fields{"order_sn": "26101" + c.link.shop.ID, "order_status": "READY_TO_SHIP", "item_id": 1000 + number(c.link.shop.ID)%1000}
	return fields{c.link.shop.Kind + "_id": number(c.link.shop.ID), what: []fields{thing}, "more": false}, nil
}
