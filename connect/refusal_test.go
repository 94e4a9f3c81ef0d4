package connect

import (
	"slices"
	"strings"
	"testing"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/all"
	"github.com/grantkeep/grantkeep/platform/douyin"
	"github.com/grantkeep/grantkeep/platform/eleme"
	"github.com/grantkeep/grantkeep/platform/lazada"
	"github.com/grantkeep/grantkeep/platform/shopee"
	"github.com/grantkeep/grantkeep/platform/shopify"
	"github.com/grantkeep/grantkeep/platform/taobao"
	"github.com/grantkeep/grantkeep/platform/tiktokshop"
)

// refusalPage renders the page of a click that ended with a row of a platform's catalogue.
func refusalPage(t *testing.T, spec *platform.Spec, row *platform.Row, reason string, start bool) (message, string) {
	t.Helper()
	o := consent.Outcome{
		Authorization: gk.Authorization{ID: "aut_01jd0000000000000000k7q2xm"}, App: gk.App{Platform: spec.Code, Name: "Northline ERP"}, Spec: spec,
		Click: gk.Click{ID: "clk_1", Stage: gk.Failed, Reason: reason, Fault: &gk.Fault{
			Platform: spec.Code, Stage: row.Stage, Code: row.Code, Message: row.Example, Action: row.Action, Row: row.ID,
		}},
	}
	m := newFailure(pageIn("en").about(o.App, spec), o, start)
	return m, render(t, notice(m))
}

// saidElsewhere are the merchant's moves that no page of a failure tells: another shop than the link's has a page of its own, and
// the others end no click.
var saidElsewhere = []string{
	"token/local:store_mismatch", "token/local:subject_mismatch", "token/local:shop_mismatch", "token/local:subject_differs",
	"token/error_param#4", "token/hub_resend_code_sandbox", "token/hub_upgrade_code_failed", "authorize/hub_v1_cancelled",
	"authorize/local:no_callback",
}

// TestMerchantIsToldTheTruthOfARefusal goes through every refusal that any catalogue has at the stages in which a merchant
// stands before the page.
func TestMerchantIsToldTheTruthOfARefusal(t *testing.T) {
	for _, d := range all.Drivers() {
		spec := d.Spec()
		for _, row := range spec.Catalogue.Rows() {
			if row.Stage != platform.StageAuthorize && row.Stage != platform.StageToken {
				continue
			}
			kind := spec.Refusal(&gk.Fault{Row: row.ID})
			// An older release stored "denied" for whatever a merchant could mend: the words follow the catalogue.
			for _, reason := range []string{gk.ReasonRefused, gk.ReasonDenied} {
				m, html := refusalPage(t, spec, row, reason, true)
				if said := slices.Contains(m.Texts, "m.fail.cancel"); said != (kind == platform.RefusedCancelled) {
					t.Errorf("%s %s: that the merchant did not agree is said: %v; the refusal is %q", spec.Code, row.ID, said, kind)
				}
				if strings.Count(html, `class="btn main-act"`) > 1 {
					t.Errorf("%s %s: more than one button", spec.Code, row.ID)
				}
				if row.Action == gk.Reauthorize && kind == "" && !slices.Contains(saidElsewhere, row.ID) {
					t.Errorf("%s %s: the merchant's move, but page.refusals of its platform.toml does not say which", spec.Code, row.ID)
				}
				if row.Action == gk.Reauthorize && m.Go == "" && kind != platform.RefusedTest {
					t.Errorf("%s %s: the merchant's move, but nothing to press", spec.Code, row.ID)
				}
			}
			m, _ := refusalPage(t, spec, row, gk.ReasonRefused, false)
			switch kind {
			case platform.RefusedOrder, platform.RefusedMain, platform.RefusedOther, platform.RefusedTest, platform.RefusedSuspended:
				if slices.Contains(m.Texts, "m.fail.again") {
					t.Errorf("%s %s: the link is to be opened again, which cannot help: %q", spec.Code, row.ID, kind)
				}
			}
		}
	}
}

func TestKnownRefusals(t *testing.T) {
	for _, c := range []struct {
		driver platform.Driver
		text   string // the example of a row
		want   string
	}{
		{taobao.New(), "authorize reject", "You did not agree"},
		{taobao.New(), "parent account should authorize in web way first.", "main account"},
		{taobao.New(), "Application 12345678 need purchase", "Order the service first"},
		{eleme.New(), "The requested merchant has not yet been ordered service", "I have ordered it, continue"},
		{eleme.New(), "Please use the specified sandbox account for testing", "only test accounts"},
		{shopee.New(), "operation overtime", "page ran out"},
		{shopify.New(), "Your account does not have permission to grant the requested access for this app.", "account that owns the shop"},
		{tiktokshop.New(), "Invalid auth code.", "page ran out"},
		{lazada.New(), "Please subscribe to the application first", "Order the service first"},
		{douyin.New(), "请使用主账号登录", "main account"},
	} {
		spec := c.driver.Spec()
		i := slices.IndexFunc(spec.Catalogue.Rows(), func(r *platform.Row) bool { return r.Example == c.text })
		if i < 0 {
			t.Fatalf("%s has no row %q", spec.Code, c.text)
		}
		if _, html := refusalPage(t, spec, spec.Catalogue.Rows()[i], gk.ReasonRefused, true); !strings.Contains(html, c.want) {
			t.Errorf("%s %q: the page lacks %q:\n%s", spec.Code, c.text, c.want, html)
		}
	}
}

func TestChineseIsSpaced(t *testing.T) {
	for text, want := range map[string]string{
		"铺给Demo ERP": "铺给 Demo ERP", "前往店匠 Shoplazza授權": "前往店匠 Shoplazza 授權", "约需 2 分钟。": "约需 2 分钟。",
		"到2027-11-20": "到 2027-11-20", "「Shop」的": "「Shop」的", "English only": "English only",
	} {
		if got := spaced(text); got != want {
			t.Errorf("spaced(%q) = %q, want %q", text, got, want)
		}
	}
}
