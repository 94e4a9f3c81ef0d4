package console_test

import (
	"slices"
	"testing"

	"github.com/grantkeep/grantkeep/store"
)

// TestWhatPeopleDoIsInTheAudit has acts of several kinds written down with the person and the address.
func TestWhatPeopleDoIsInTheAudit(t *testing.T) {
	h := newHouse(t)
	app := furnish(h)
	v := h.login(store.RoleAdministrator)
	h.visitor().post("/login", "name", "administrator-1", "password", "not the password")
	v.post("/console/grants/grt_0002/link")
	v.post("/console/grants/grt_0005/owner", "owner", "cust-7")
	v.post("/console/grants/grt_0008/revoke", "typed", "0008")
	v.post("/console/apps/"+app, "name", "Renamed")
	v.post("/console/settings/keys", "name", "erp", "scope", "read")
	v.post("/console/settings/people", "name", "new-one", "role", store.RoleSupport)
	lines, err := h.store.AuditAfter(t.Context(), store.AuditFilter{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	somebody, err := h.store.PersonByName(t.Context(), "administrator-1")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []store.AuditEntry{
		{Action: "user.login"}, {Action: "user.login", Status: 401}, {Action: "grant.link", Grant: "grt_0002"}, {Action: "grant.confirm", Grant: "grt_0005"},
		{Action: "grant.revoke", Grant: "grt_0008"}, {Action: "app.change", App: app}, {Action: "key.create"}, {Action: "user.create"},
	} {
		if !slices.ContainsFunc(lines, func(e store.AuditEntry) bool {
			return e.Action == want.Action && e.Status == want.Status && e.Actor == somebody.ID && e.Address == "127.0.0.1" &&
				(want.Grant == "" || e.Grant == want.Grant) && (want.App == "" || e.App == want.App)
		}) {
			t.Errorf("the audit has no line of %s (%d) by %s", want.Action, want.Status, somebody.ID)
		}
	}
}
