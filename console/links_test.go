package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/store"
)

func TestALinkIsWithdrawnAndMadeAnew(t *testing.T) {
	h := newHouse(t)
	app := h.app("shopee")
	a, _, err := consent.New(h.keeper).Begin(t.Context(), gk.Engine(), consent.BeginInput{App: app, Owner: "cust-8841"})
	if err != nil {
		t.Fatal(err)
	}
	v := h.login(store.RoleSupport)
	way := "/console/links/" + a.ID + "/withdraw"
	v.get("/console/links?state=open").says(t, "a link that works", "not pressed yet", way)
	if asked := v.get(way); asked.status != http.StatusOK || !strings.Contains(asked.body, a.Number()) {
		t.Errorf("the question before = %d", asked.status)
	}
	if done := v.post(way); done.status != http.StatusSeeOther || done.to != "/console/links?done=withdrawn" {
		t.Errorf("withdrawing = %d to %s", done.status, done.to)
	}
	page := v.get("/console/links?state=lapsed")
	page.says(t, "a link that was withdrawn", "Lapsed unused", "/console/links/new?app="+app+"&amp;owner=cust-8841&amp;shop=")
	if strings.Contains(page.body, way) {
		t.Error("what is withdrawn can be withdrawn once more")
	}
	v.get("/console/links/new?app="+app+"&owner=cust-8841").says(t, "the form of a new link", `value="cust-8841"`)
	done, err := h.store.Authorization(t.Context(), gk.Engine(), a.ID)
	if err != nil || done.ExpiresAt.After(h.keeper.Now()) {
		t.Errorf("the link lives until %s (%v)", done.ExpiresAt, err)
	}
}

func TestAPageThatIsOlderThanTheGrantRefreshesNothing(t *testing.T) {
	h := newHouse(t)
	h.grant(h.app("shopee"), "grt_0001", nil)
	v := h.login(store.RoleOperator)
	v.get("/console/grants/grt_0001").says(t, "the page", `name="seen" value="3"`)
	if a := v.post("/console/grants/grt_0001/refresh", "seen", "2"); a.to != "/console/grants/grt_0001?done=changed" {
		t.Errorf("a refresh from an old page leads to %s", a.to)
	}
	g, err := h.store.Grant(t.Context(), gk.Engine(), "grt_0001")
	if err != nil || g.InDoubt() || g.Generation != 3 {
		t.Errorf("it was asked for all the same: generation %d, in doubt %v (%v)", g.Generation, g.InDoubt(), err)
	}
}

func TestEventsAreNarrowed(t *testing.T) {
	h := newHouse(t)
	h.grant(h.app("shopee"), "grt_0001", nil)
	g, err := h.store.Grant(t.Context(), gk.Engine(), "grt_0001")
	if err != nil {
		t.Fatal(err)
	}
	now := h.keeper.Now()
	err = h.store.Append(t.Context(), gk.Event{ID: gk.NewID("evt", now), Kind: gk.EventGrantSuspended, Actor: "engine", App: g.App, Grant: g.ID, Owner: g.Owner, At: now})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.store.Publish(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	v := h.login(store.RoleSupport)
	const row = "<td class=\"w\"><a href=\"/console/grants/grt_0001\">"
	for query, found := range map[string]bool{
		"": true, "platform=shopee": true, "platform=eleme": false, "grant=grt_0001": true, "grant=grt_0002": false, "kind=grant.suspended": true,
		"from=2001-01-01": true, "to=2001-01-01": false, "from=2101-01-01T00:00": false, "from=nonsense&platform=nonsense": true,
	} {
		if page := v.get("/console/events?" + query); strings.Contains(page.body, row) != found {
			t.Errorf("%q finds the event: %v, want %v", query, !found, found)
		}
	}
	zone := url.QueryEscape("2001-01-01T09:30")
	v.get("/console/events?from="+zone).says(t, "the form", `value="2001-01-01T09:30"`)
}
