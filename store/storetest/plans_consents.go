package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/storetest/given"
)

// fillConsents stores many authorizations with a click each, pushes, replies and lines of the audit, by statements of its
// own: what is done for twenty thousand consents takes minutes otherwise.
func fillConsents(raw Raw) {
	bytes := "BYTEA"
	if raw.Store.Name() == "sqlite" {
		bytes = "BLOB"
	}
	all := fmt.Sprintf(`WITH RECURSIVE many (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM many WHERE i < %d)`, manyGrants-1)
	text := func(format string) string { return fmt.Sprintf(format, "CAST(100000 + i AS TEXT)") }
	hash := func(format string) string { return "CAST(" + text(format) + " AS " + bytes + ")" }
	app := `'app-' || CAST(i % 3 AS TEXT)`
	id := text(`'aut_00000000000000000000' || %s`)
	raw.Run(`INSERT INTO authorizations (id, app_id, created_at, kind, link_hash, owner, shop, grant_id, return_to, form, scopes, confirm,
			stage, reason, fault, grants, expires_at, updated_at) ` + all + `
		SELECT ` + id + `, ` + app + `, i, 'authorize', ` + hash(`'link' || %s`) + `, 'owner-' || CAST(i % 5000 AS TEXT), 's' || CAST(i AS TEXT) || '.example',
			'', '', '', '', 0, CASE WHEN i % 400 = 0 THEN 'begun' ELSE 'done' END, '', '', '', ` + aged + `, ` + aged + ` FROM many`)
	raw.Run(`INSERT INTO clicks (id, authorization_id, app_id, created_at, state_hash, stage, hint, held, answer_key, reason, fault, expires_at,
			spent_at, updated_at, code_hash) ` + all + `
		SELECT ` + text(`'clk_' || %s`) + `, ` + id + `, ` + app + `, i, ` + hash(`'state' || %s`) + `,
			CASE WHEN i % 4000 = 0 THEN 'exchanging' WHEN i % 400 = 0 THEN 'begun' ELSE 'done' END, '', 0, 0, '', '', ` + aged + `, 0, ` + aged + `,
			` + hash(`'code' || %s`) + ` FROM many`)
	raw.Run(`INSERT INTO pushes (app_id, dedup, kind, received_at, due_at) ` + all + `
		SELECT ` + app + `, ` + text(`'push-' || %s`) + `, 'other', ` + aged + `, CASE WHEN i % 1000 = 0 THEN i END FROM many`)
	raw.Run(`INSERT INTO replies (key_id, id, request, at) ` + all + `
		SELECT 'key-' || CAST(i % 7 AS TEXT), ` + hash(`'reply' || %s`) + `, ` + hash(`'x' || %s`) + `, ` + aged + ` FROM many`)
	raw.Run(`INSERT INTO audit (position, at, until, actor, action, app_id, grant_id, object, address, n, status) ` + all + `
		SELECT i + 1, ` + aged + `, 0, 'key-' || CAST(i % 70 AS TEXT), 'action-' || CAST(i % 20 AS TEXT), '', CASE WHEN i % 3 = 0 THEN '' ELSE ` +
		text(`'gr-' || %s`) + ` END, '', '', 1, 0 FROM many`)
	raw.Run(`UPDATE counters SET n = $1 WHERE name = 'audit'`, int64(manyGrants))
}

// aged is a moment of each row within the two hundred days before the epoch of the tests.
var aged = fmt.Sprintf(`%d - CAST(864000 AS BIGINT) * (i %% 20000)`, given.Epoch.UnixMilli())

// callConsents calls the methods that read or change authorizations, clicks, pushes, replies and the audit.
func callConsents(ctx context.Context, t *testing.T, s store.Store) {
	t.Helper()
	now := given.Epoch.Add(time.Hour)
	id, click := "aut_00000000000000000000100007", "clk_100007"
	one := gk.Viewer{Key: "key", Scopes: gk.Scopes(), Owners: []string{"owner-7"}}
	results := map[string]error{}
	for _, v := range []gk.Viewer{given.Someone, one} {
		for i, f := range []store.AuthorizationFilter{
			{}, {App: "app-1"}, {Owner: "owner-7"}, {Stage: "begun"}, {IDEnd: "100007"}, {Query: "s77.ex"}, {Query: "owner-7"}, {Query: "aut_0"}, {Before: id},
			{ExpiresAfter: now}, {ExpiresUntil: now},
		} {
			f.Limit = 50
			_, results[fmt.Sprint("Authorizations ", i)] = s.Authorizations(ctx, v, f)
		}
		_, results["Authorization"] = s.Authorization(ctx, one, id)
	}
	_, results["AuthorizationByLink"] = s.AuthorizationByLink(ctx, []byte("link100007"))
	results["UpdateAuthorization"] = s.UpdateAuthorization(ctx, given.Engine, id, now, func(a *gk.Authorization) ([]gk.Event, error) {
		a.Reason = "x"
		return nil, nil
	})
	_, results["Click"] = s.Click(ctx, click)
	_, results["ClickByState"] = s.ClickByState(ctx, "app-1", []byte("state100007"))
	_, results["ClickByCode"] = s.ClickByCode(ctx, "app-1", []byte("code100007"))
	results["UpdateClick"] = s.UpdateClick(ctx, click, now, func(c *gk.Click, _ *gk.Authorization) ([]gk.Event, error) {
		c.Reason = "x"
		return nil, nil
	})
	_, results["SpendState"] = s.SpendState(ctx, "app-1", []byte("state100400"), []byte("code"), false, given.Epoch.AddDate(-1, 0, 0))
	results["CreateClick"] = s.CreateClick(ctx, gk.Click{ID: "clk-new", Authorization: "aut_00000000000000000000100400", App: "app-1", StateHash: []byte("n"), Stage: "begun", ExpiresAt: now})
	_, results["OpenClicks"] = s.OpenClicks(ctx, now, 50)
	_, results["StrandedClicks"] = s.StrandedClicks(ctx, id)

	results["KeepPushes"] = s.KeepPushes(ctx, store.Push{App: "app-1", Dedup: "new", ReceivedAt: now})
	_, results["PushApps"] = s.PushApps(ctx, now)
	_, results["ClaimPushes"] = s.ClaimPushes(ctx, "app-1", now, now.Add(time.Minute), 10)
	results["DeferPush"] = s.DeferPush(ctx, "app-1", "push-100007", now)
	results["FinishPush"] = s.FinishPush(ctx, "app-1", "push-100007")

	reply := store.Reply{Key: "key-1", ID: []byte("new"), Request: []byte("x"), At: now}
	_, _, results["ReserveReply"] = s.ReserveReply(ctx, reply)
	results["SetReply"] = s.SetReply(ctx, reply)
	results["DropReply"] = s.DropReply(ctx, "key-1", []byte("new"))

	for i, f := range []store.AuditFilter{{}, {After: 10_000}, {Actor: "key-7"}, {Action: "action-3"}, {Grant: "gr-100007"}, {Actor: "key-7", Grant: "gr-100007"}} {
		f.Limit = 50
		_, results[fmt.Sprint("AuditAfter ", i)] = s.AuditAfter(ctx, f)
	}
	results["NoteUses"] = s.NoteUses(ctx, []store.Use{{AuditEntry: store.AuditEntry{Actor: "key-7", Count: 1}, Network: "n"}}, given.Epoch, func([]store.KeyUse) []gk.Event { return nil })
	_, results["Sweep of the old"] = s.Sweep(ctx, given.Epoch.AddDate(0, 0, -100), 50)
	for what, err := range results {
		if err != nil {
			t.Errorf("%s = %v", what, err)
		}
	}
}
