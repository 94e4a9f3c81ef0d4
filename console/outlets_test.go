package console_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

func TestAnEndpointIsAddedShownAndRemoved(t *testing.T) {
	h := newHouse(t)
	furnish(h)
	v := h.login(store.RoleOperator)
	if a := v.post("/console/endpoints", "url", "http://127.0.0.1/hook", "kinds", "*"); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, `class="wrong"`) {
		t.Fatalf("an endpoint that is never dialled = %d, want it refused beside its field", a.status)
	}
	a := v.post("/console/endpoints", "url", "https://erp.example.com/hook", "kinds", "grant.*, app.paused", "description", "ERP")
	secret := regexp.MustCompile(`whsec_[A-Za-z0-9+/=]+`).FindString(a.body)
	path := regexp.MustCompile(`/console(/endpoints/whk_[a-z0-9]+)`).FindStringSubmatch(a.body)
	if a.status != http.StatusOK || secret == "" || path == nil {
		t.Fatalf("adding an endpoint = %d without its secret", a.status)
	}
	if again := v.get("/console" + path[1]); strings.Contains(again.body, secret) || !strings.Contains(again.body, "erp.example.com") || !strings.Contains(again.body, "grant.* app.paused") {
		t.Error("an endpoint's page shows the secret twice, or not what it gets")
	}
	if a := v.get("/console" + path[1] + "/replay?hours=24"); a.status != http.StatusOK || !strings.Contains(a.body, "Deliver up to") {
		t.Errorf("asking for a replay = %d", a.status)
	}
	if a := v.post("/console"+path[1]+"/replay?after=0&until=0", "x", "y"); a.status != http.StatusSeeOther {
		t.Errorf("a replay of nothing = %d", a.status)
	}
	if a := v.post("/console"+path[1]+"/enable", "on", "false"); a.status != http.StatusSeeOther || !strings.Contains(v.get("/console/endpoints").body, "Switched off") {
		t.Errorf("switching off = %d, or the list does not say so", a.status)
	}
	support := h.login(store.RoleSupport)
	if a := support.post("/console"+path[1]+"/remove", "x", "y"); a.status != http.StatusForbidden {
		t.Errorf("support removes an endpoint: %d", a.status)
	}
	if a := v.post("/console"+path[1]+"/remove", "x", "y"); a.status != http.StatusSeeOther || v.get("/console"+path[1]).status != http.StatusNotFound {
		t.Errorf("removing = %d, or it stays", a.status)
	}
}

func TestAnAlarmKeepsItsSecretsMasked(t *testing.T) {
	h := newHouse(t)
	v := h.login(store.RoleOperator)
	robot := "https://oapi.dingtalk.com/robot/send?access_token=" + canary
	a := v.post("/console/alarms/new", "channel", "dingtalk", "settings.url", robot, "kinds", "grant.expired", "severity", "warning", "language", "zh-TW", "group", "10m0s", "from", "22:00", "until", "07:00", "zone", "Asia/Taipei")
	if a.status != http.StatusSeeOther {
		t.Fatalf("adding an alarm = %d\n%s", a.status, a.body)
	}
	path := strings.TrimSuffix(a.to, "?done=saved")
	if page := v.get(path).body; !strings.Contains(page, `value="***"`) || !strings.Contains(page, `value="22:00"`) { // get fails where the canary shows
		t.Error("an alarm's page does not show the masked address and the quiet hours")
	}
	if a := v.post(path, "channel", "dingtalk", "settings.url", "***", "language", "en", "group", "0s", "kinds", "nonsense"); a.status != http.StatusUnprocessableEntity {
		t.Errorf("a kind that no event has = %d", a.status)
	}
	if a := v.post(path, "channel", "dingtalk", "settings.url", "***", "language", "en", "group", "0s", "digest", "09:30", "digest_zone", "Asia/Taipei"); a.status != http.StatusSeeOther {
		t.Errorf("a change = %d", a.status)
	}
	if page := v.get(path).body; !strings.Contains(page, `name="digest" type="time" value="09:30"`) || !strings.Contains(page, `value="Asia/Taipei" selected`) {
		t.Error("the form does not say when the daily message comes")
	}
	if a := v.post(path+"/remove", "x", "y"); a.status != http.StatusSeeOther {
		t.Errorf("removing = %d", a.status)
	}
}

func TestTheAuditIsReadNewestFirstAndAsAFile(t *testing.T) {
	h := newHouse(t)
	furnish(h)
	v := h.login(store.RoleAdministrator)
	v.post("/console/grants/grt_0002/link")
	v.post("/console/settings/people", "name", "new-one", "role", store.RoleSupport)
	body := v.get("/console/audit").body
	if later, earlier := strings.Index(body, "<code>user.create"), strings.Index(body, "<code>grant.link"); later < 0 || earlier < later {
		t.Errorf("the audit has user.create at %d and grant.link at %d, want the later act first", later, earlier)
	}
	if strings.Contains(v.get("/console/audit?action=user.login").body, "<code>grant.link") {
		t.Error("a filter does not narrow")
	}
	file := v.get("/console/audit.csv?action=grant.link")
	if file.header.Get("Content-Type") != "text/csv; charset=utf-8" || strings.Count(file.body, "\n") != 2 || !strings.Contains(file.body, "administrator-1,grant.link,,grt_0002") {
		t.Errorf("the file is %q", file.body)
	}
	if a := h.login(store.RoleOperator).get("/console/audit"); a.status != http.StatusForbidden {
		t.Errorf("an operator reads the audit: %d", a.status)
	}
}

func TestAnAppIsStoppedByTypingAndStartedAgain(t *testing.T) {
	h := newHouse(t)
	app := furnish(h)
	v := h.login(store.RoleAdministrator)
	if a := v.post("/console/apps/"+app+"/stop", "typed", "nope"); a.status != http.StatusUnprocessableEntity || h.keeper.Apps().Stopped(app) {
		t.Errorf("stopping without the right digits = %d", a.status)
	}
	if a := v.post("/console/apps/"+app+"/stop", "typed", app[len(app)-4:]); a.status != http.StatusSeeOther || !h.keeper.Apps().Stopped(app) {
		t.Errorf("stopping = %d", a.status)
	}
	if page := v.get("/console/apps/" + app).body; !strings.Contains(page, "An administrator has stopped this app") {
		t.Error("the app's page does not say that it is stopped")
	}
	if page := v.get("/console/grants/grt_0003").body; !strings.Contains(page, "an administrator has stopped the app") {
		t.Error("the page of a grant of a stopped app does not say why it cannot be refreshed")
	}
	if a := v.post("/console/grants/grt_0003/refresh"); a.status != http.StatusSeeOther || !strings.HasSuffix(a.header.Get("Location"), "done=refused") {
		t.Errorf("a refresh of a stopped app = %d %s, want the page that says why not", a.status, a.header.Get("Location"))
	}
	if a := v.post("/console/apps/"+app+"/start", "x", "y"); a.status != http.StatusSeeOther || h.keeper.Apps().Stopped(app) {
		t.Errorf("starting = %d", a.status)
	}
}

func TestAnEventSaysHowManyEndpointsHaveIt(t *testing.T) {
	h := newHouse(t)
	app := furnish(h)
	v := h.login(store.RoleOperator)
	var ids []string
	for _, name := range []string{"one", "two"} {
		made := v.post("/console/endpoints", "url", "https://"+name+".example.com/hook", "kinds", "*", "description", name)
		ids = append(ids, regexp.MustCompile(`/console/endpoints/(whk_[a-z0-9]+)`).FindStringSubmatch(made.body)[1])
	}
	e := gk.Event{ID: "evt_1", Kind: gk.EventAppPaused, App: app, At: h.keeper.Now()}
	if err := h.store.Append(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	if _, err := h.store.Publish(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	var d []store.Delivery
	for _, id := range ids {
		d = append(d, store.Delivery{Outlet: id, Event: e.ID, Kind: e.Kind, Position: 1, State: store.Pending, DueAt: h.keeper.Now()})
	}
	if err := h.store.Redeliver(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	d[0].State, d[0].LastStatus, d[0].DueAt = store.Delivered, http.StatusNoContent, time.Time{}
	if err := h.store.SettleDeliveries(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if page := v.get("/console/events").body; !strings.Contains(page, `href="/console/endpoints/`+ids[1]+`?state=pending">1/2<`) {
		t.Errorf("the event does not say that one of two has it, or where the other one is: %q", regexp.MustCompile(`[0-9]/2<`).FindString(page))
	}
}
