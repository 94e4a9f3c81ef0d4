package all_test

import (
	"testing"

	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/all"
)

// TestWhatNoLineNamesIsTheApps: an operation that nobody has listed is never signed with a merchant's token.
func TestWhatNoLineNamesIsTheApps(t *testing.T) {
	for _, d := range all.Drivers() {
		f := d.Spec().Facts
		if f.Style != "operation" {
			if got := f.Permit("/nobody/has/listed/this"); got == "grant" {
				t.Errorf("%s: a path nobody has listed is %s", f.Code, got)
			}
			continue
		}
		for _, operation := range []string{"nobody.has.listed.this", f.Code + ".unheard.of.get", "Taobao.Trade.get"} {
			if got := f.Permit(operation); got != "app" {
				t.Errorf("%s: %s is %s, want app", f.Code, operation, got)
			}
		}
	}
}

func TestOperationsOfTaobao(t *testing.T) {
	var facts *platform.Facts
	for _, d := range all.Drivers() {
		if d.Spec().Code == "taobao" {
			facts = d.Spec().Facts
		}
	}
	for permit, operations := range map[string][]string{
		"grant": {
			"taobao.trade.fullinfo.get", "taobao.trades.sold.get", "taobao.item.update", "taobao.items.onsale.get", "taobao.sku.get",
			"taobao.skus.custom.get", "taobao.logistics.offline.send", "taobao.refund.get", "taobao.refunds.receive.get",
			"taobao.user.seller.get", "taobao.shop.seller.get", "taobao.picture.upload", "taobao.inventory.initial",
			"taobao.promotion.activity.get", "taobao.rate.list", "taobao.wangwang.eservice.chatpeers.get", "taobao.tmc.user.permit",
			"taobao.traderates.get", "taobao.openuid.get", "tmall.item.schema.update", "cainiao.waybill.ii.get",
		},
		"app": {
			"taobao.jushita.jdp.user.add", "taobao.jushita.jdp.users.get", "taobao.JUSHITA.jdp.user.delete", "taobao.appstore.subscribe.get",
			"taobao.tmc.messages.consume", "taobao.tmc.group.add", "taobao.tmc.user.get", "taobao.vas.order.search", "taobao.time.get",
			"taobao.top.ipout.get", "taobao.fuwu.sale.link.gen", "taobao.tradesomething.get", "taobao.tbk.item.get", "tmall.nobody.knows",
		},
		"never": {"taobao.top.auth.token.create", "taobao.top.auth.token.refresh", "taobao.TOP.auth.token.create", "taobao.tmc.user.cancel"},
	} {
		for _, operation := range operations {
			if got := facts.Permit(operation); got != permit {
				t.Errorf("%s is %s, want %s", operation, got, permit)
			}
		}
	}
}
