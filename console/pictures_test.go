package console_test

import (
	"strings"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/store"
)

// says fails unless a page holds all of some texts.
func (a answered) says(t *testing.T, what string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(a.body, want) {
			t.Errorf("%s does not say %q", what, want)
		}
	}
}

func TestTheCalendarShowsWhenAnAppsKeyEnds(t *testing.T) {
	h := newHouse(t)
	app := h.app("shopee")
	end := h.keeper.Now().Add(20 * 24 * time.Hour)
	if _, err := h.keeper.Apps().Update(t.Context(), gk.Engine(), app, apps.Change{Settings: map[string]string{"partner_key_expires_at": end.Format(time.RFC3339)}}); err != nil {
		t.Fatal(err)
	}
	page := h.login(store.RoleSupport).get("/console")
	page.says(t, "the calendar", "<polygon", "App key ends: Northline · Shopee, "+end.In(time.FixedZone("", 8*60*60)).Format(time.DateOnly), "/console/apps/"+app)
	now := h.keeper.Now().In(time.FixedZone("", 8*60*60))
	page.says(t, "the calendar", `dx="3">`+time.Date(now.Year(), now.Month()+2, 1, 0, 0, 0, 0, time.UTC).Format("Jan")+"</text>")
	if strings.Contains(page.body, "Nothing that needs a person ends within 90 days.") {
		t.Error("the calendar says that nothing ends, beside the end of a key")
	}
}

func TestTheOverviewTellsWhoComesNearALimit(t *testing.T) {
	h := newHouse(t)
	made, err := h.keeper.Apps().Create(t.Context(), gk.Engine(), apps.Input{Platform: "eleme", Name: "Northline", Settings: map[string]string{"app_key": "made-up", "app_secret": canary}})
	if err != nil {
		t.Fatal(err)
	}
	app := made.ID
	v := h.login(store.RoleSupport)
	day := h.keeper.Now().In(time.FixedZone("", 8*60*60))
	today := time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, time.UTC).Unix() / 86400
	h.grant(app, "grt_0001", func(g *gk.Grant) { g.QuotaDay, g.QuotaUsed = today, 48 })
	page := v.get("/console")
	page.says(t, "the row of the platform", "48 / 120", "Shop grt_0001, today", "/console/quotas#h-eleme")
	if strings.Contains(page.body, "token calls of the day") {
		t.Error("two fifths of a limit are something to do")
	}
	v.get("/console/grants/grt_0001").says(t, "the page of the grant", "Token calls today", "48 / 120", "not used yet")
	h.grant(app, "grt_0002", func(g *gk.Grant) { g.QuotaDay, g.QuotaUsed = today, 96 })
	v.get("/console").says(t, "the list of what is to do", "Shop grt_0002 has used 96 of 120 token calls of the day")
}

func TestTheClocksShowWhatIsPlannedAndWhatEndedAll(t *testing.T) {
	h := newHouse(t)
	app := furnish(h)
	v := h.login(store.RoleSupport)
	v.get("/console/grants/grt_0001").says(t, "a grant that is refreshed", `stroke="var(--accent)" stroke-width="2"></polygon>`, "refresh in ")
	v.get("/console/grants/grt_0002").says(t, "a grant that is over", `stroke-dasharray="3 3"`, ">ended</text>", "Not over, but refused")
	h.grant(app, "grt_0009", func(g *gk.Grant) { g.Expires, g.RefreshExpires, g.Ceiling = time.Time{}, time.Time{}, time.Time{} })
	if n := strings.Count(v.get("/console/grants/grt_0009").body, "The platform publishes no end"); n < 3 {
		t.Errorf("%d ends are said to be unpublished, want those of both tokens and of the authorization", n)
	}
	h.grant(app, "grt_0010", func(g *gk.Grant) {
		g.Fault = &gk.Fault{Platform: "shopee", Stage: "refresh", Code: "error_auth", Action: gk.Reauthorize}
	})
	v.get("/console/grants/grt_0010").says(t, "a grant that serves on and cannot be refreshed", "cannot be refreshed any more; the merchant must authorize again before")
}
