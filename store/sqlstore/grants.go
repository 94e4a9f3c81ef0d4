package sqlstore

import (
	"context"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlstore/clause"
	"github.com/grantkeep/grantkeep/store/sqlstore/terms"
)

// grantBody lists the columns of a grant that change, in the order of [grantValues] and [scanGrant].
const grantBody = `subject_kind, subject_id, parent_id, host, region, name, owner, state, renewable, fault,
	access, refresh, key_id, generation, version, expires_at, refresh_token_expires_at, authorization_expires_at,
	windows, scopes, facts, authorized_at, pair_from, pair_spent, pair_asked_at, due_at, retry_at, failures, warned,
	attempt_id, attempt_by, attempt_at, attempt_until, doubts, doubt_since, quota_day, quota_used, asked_at, updated_at, tags`

// grantParameters are the parameters of grantBody; $1 is the id.
const grantParameters = `$2, $3, $4, $5, $6, $7, $8, $9, $10, $11,
	$12, $13, $14, $15, $16, $17, $18, $19,
	$20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30,
	$31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41`

// platformOf reads the platform of a row of grants.
const platformOf = `(SELECT platform FROM apps WHERE apps.id = grants.app_id)`

// grantColumns is what scanGrant reads.
const grantColumns = `id, app_id, ` + platformOf + `, created_at, ` + grantBody

// grantValues returns the id and the values of grantBody.
func grantValues(g *gk.Grant) []any {
	return []any{
		g.ID,
		g.Subject.Kind, g.Subject.ID, g.Subject.Parent, g.Subject.Host, g.Subject.Region, g.Subject.Name, g.Owner, string(g.State), bit(g.Renewable), fault(g.Fault),
		blob(g.Access), blob(g.Refresh), g.KeyID, g.Generation, g.Version, ms(g.Expires), ms(g.RefreshExpires), ms(g.Ceiling),
		windows(g.Windows), document(g.Scopes), document(g.Facts), ms(g.AuthorizedAt), g.PairFrom, g.PairSpent, ms(g.PairAskedAt), msOrNull(g.DueAt), ms(g.RetryAt), g.Failures, g.Warned,
		g.AttemptID, g.AttemptBy, ms(g.AttemptAt), ms(g.AttemptUntil), g.Doubts, ms(g.DoubtSince), g.QuotaDay, g.QuotaUsed, ms(g.AskedAt), ms(g.UpdatedAt), document(g.Tags),
	}
}

// scanGrant reads a row of grantColumns.
func scanGrant(r Row) (gk.Grant, error) {
	var g gk.Grant
	err := r.Scan(&g.ID, &g.App, &g.Platform, at(&g.CreatedAt),
		&g.Subject.Kind, &g.Subject.ID, &g.Subject.Parent, &g.Subject.Host, &g.Subject.Region, &g.Subject.Name, &g.Owner, (*string)(&g.State), flag(&g.Renewable), document(&g.Fault),
		sealed(&g.Access), sealed(&g.Refresh), &g.KeyID, &g.Generation, &g.Version, at(&g.Expires), at(&g.RefreshExpires), at(&g.Ceiling),
		windowsOf(&g.Windows), document(&g.Scopes), document(&g.Facts), at(&g.AuthorizedAt), &g.PairFrom, &g.PairSpent, at(&g.PairAskedAt), at(&g.DueAt), at(&g.RetryAt), &g.Failures, &g.Warned,
		&g.AttemptID, &g.AttemptBy, at(&g.AttemptAt), at(&g.AttemptUntil), &g.Doubts, at(&g.DoubtSince), &g.QuotaDay, &g.QuotaUsed, at(&g.AskedAt), at(&g.UpdatedAt), document(&g.Tags))
	return g, err
}

// Grant implements [store.Grants]. The engine acts on what it reads, so a row that cannot be read is an error to it.
func (s *Store) Grant(ctx context.Context, v gk.Viewer, id string) (g gk.Grant, err error) {
	err = s.db.Snapshot(ctx, func(ctx context.Context, q Querier) error {
		if v.Key != gk.Engine().Key {
			g, err = grantBy(ctx, q, shownGrant, shownShop, v, id, "")
		} else {
			g, err = grant(ctx, q, v, id, "")
		}
		return err
	})
	return g, err
}

// grant reads one grant with its shops; lock is empty or ends the statement.
func grant(ctx context.Context, q Querier, v gk.Viewer, id, lock string) (gk.Grant, error) {
	return grantBy(ctx, q, strictGrant, scanShop, v, id, lock)
}

func grantBy(
	ctx context.Context, q Querier, scan func(Row) (gk.Grant, error), scanShops func(Row) (ownedShop, error), v gk.Viewer, id, lock string,
) (gk.Grant, error) {
	w := clause.Where{Args: []any{id}}
	w.Seen(v, "app_id", "owner")
	g, err := one(ctx, q, scan, `SELECT `+grantColumns+` FROM grants WHERE id = $1`+w.Text.String()+lock, w.Args...)
	if err != nil {
		return gk.Grant{}, err
	}
	g.Shops, err = shopsOf(ctx, q, scanShops, id)
	return g, err
}

// GrantOf implements [store.Grants].
func (s *Store) GrantOf(ctx context.Context, v gk.Viewer, app, kind, id string) (g gk.Grant, err error) {
	w := clause.Where{Args: []any{app, kind, id}}
	w.Seen(v, "app_id", "owner")
	err = s.db.Snapshot(ctx, func(ctx context.Context, q Querier) error {
		g, err = one(ctx, q, scanGrant, `SELECT `+grantColumns+` FROM grants
			WHERE app_id = $1 AND subject_kind = $2 AND subject_id = $3`+w.Text.String(), w.Args...)
		if err != nil {
			return err
		}
		g.Shops, err = shopsOf(ctx, q, scanShop, g.ID)
		return err
	})
	return g, err
}

// Grants implements [store.Grants].
func (s *Store) Grants(ctx context.Context, v gk.Viewer, f store.GrantFilter) (found []gk.Grant, err error) {
	conditions := func(after string) *clause.Where {
		from := f
		from.After = after
		return filtered(v, from)
	}
	err = s.lists(v).Snapshot(ctx, func(ctx context.Context, q Querier) error {
		if f.Query != "" {
			found, err = search(ctx, q, f, conditions)
		} else {
			found, err = listGrants(ctx, q, conditions(f.After), f.Limit)
		}
		if err != nil {
			return err
		}
		return addShops(ctx, q, found)
	})
	return found, err
}

// filtered returns the conditions of a filter. A partial index serves a condition only if the statement says what it is
// partial by.
func filtered(v gk.Viewer, f store.GrantFilter) *clause.Where {
	w := &clause.Where{Args: []any{f.After}}
	w.Seen(v, "app_id", "owner")
	if f.Platform != "" {
		w.And(`app_id IN (SELECT id FROM apps WHERE platform = %[1]s)`, f.Platform)
	}
	if f.App != "" {
		w.And(`app_id = %[1]s`, f.App)
	}
	if f.Owner != "" {
		w.And(`owner = %[1]s AND owner <> ''`, f.Owner)
	}
	if f.State != "" {
		w.And(`state = %[1]s`, string(f.State))
	}
	if f.State != "" && f.State != gk.Active {
		w.Text.WriteString(` AND state <> 'active'`)
	}
	if !f.ExpiresBefore.IsZero() {
		w.And(`id IN (SELECT id FROM grants WHERE renewable = 0 AND expires_at > 0 AND expires_at < %[1]s
			UNION ALL SELECT id FROM grants WHERE authorization_expires_at > 0 AND authorization_expires_at < %[1]s)`, ms(f.ExpiresBefore))
	}
	if f.WhoseMove != "" {
		w.Moved(f.WhoseMove)
	}
	if f.TagName != "" {
		w.And(`id IN (SELECT grant_id FROM grant_terms WHERE term = %[1]s)`, terms.Tag(f.TagName, f.TagValue))
	}
	if f.Query != "" {
		queried(w, f.Query)
	}
	return w
}

// Children implements [store.Grants].
func (s *Store) Children(ctx context.Context, app, parent string) (found []gk.Grant, err error) {
	if parent == "" {
		return nil, nil
	}
	err = s.db.Snapshot(ctx, func(ctx context.Context, q Querier) error {
		found, err = all(ctx, q, shownGrant, `SELECT `+grantColumns+` FROM grants
			WHERE app_id = $1 AND parent_id = $2 AND parent_id <> '' ORDER BY id`, app, parent)
		if err != nil {
			return err
		}
		return addShops(ctx, q, found)
	})
	return found, err
}

// SealedOtherwise implements [store.Grants]. A revoked grant has no tokens, and keeps the key that had sealed them.
func (s *Store) SealedOtherwise(ctx context.Context, key int64, limit int) (ids []string, err error) {
	err = s.db.Snapshot(ctx, func(ctx context.Context, q Querier) error {
		ids, err = all(ctx, q, scanText, `SELECT id FROM (
			SELECT id FROM grants WHERE key_id < $1 AND (access IS NOT NULL OR refresh IS NOT NULL)
			UNION ALL SELECT id FROM grants WHERE key_id > $1 AND (access IS NOT NULL OR refresh IS NOT NULL)) AS sealed
			LIMIT $2`, key, limit)
		return err
	})
	return ids, err
}

// tokensAtOnce is how many ids one statement of Tokens takes: far below what either engine allows.
const tokensAtOnce = 1024

// Tokens implements [store.Grants].
func (s *Store) Tokens(ctx context.Context, ids []string) (found []gk.Grant, err error) {
	var damaged *store.DamagedError
	err = s.db.Snapshot(ctx, func(ctx context.Context, q Querier) error {
		if found, damaged, err = tokens(ctx, q, ids); err != nil {
			return err
		}
		return addShops(ctx, q, found)
	})
	if err != nil {
		return nil, err
	}
	return found, orNil(damaged)
}

func tokens(ctx context.Context, q Querier, ids []string) (found []gk.Grant, damaged *store.DamagedError, err error) {
	for len(ids) > 0 {
		n := min(len(ids), tokensAtOnce)
		var w clause.Where
		some, bad, err := sound(ctx, q, scanToken, `SELECT id, app_id, `+platformOf+`, subject_kind, subject_id, parent_id, host, region, name,
			owner, state, renewable, fault, access, key_id, generation, expires_at, refresh_token_expires_at, authorization_expires_at,
			windows, pair_asked_at, due_at, retry_at, doubts, attempt_id, attempt_by, attempt_at, attempt_until, tags
			FROM grants WHERE id IN (`+w.List(ids[:n])+`)`, w.Args...)
		if err != nil {
			return nil, nil, err
		}
		if bad != nil && damaged != nil {
			bad.IDs, bad.Why = append(bad.IDs, damaged.IDs...), append(bad.Why, damaged.Why...)
		}
		if bad != nil {
			damaged = bad
		}
		found, ids = append(found, some...), ids[n:]
	}
	return found, damaged, nil
}

// scanToken reads a row of Tokens.
func scanToken(r Row) (gk.Grant, error) {
	var g gk.Grant
	err := r.Scan(&g.ID, &g.App, &g.Platform, &g.Subject.Kind, &g.Subject.ID, &g.Subject.Parent, &g.Subject.Host, &g.Subject.Region, &g.Subject.Name,
		&g.Owner, (*string)(&g.State), flag(&g.Renewable), document(&g.Fault), sealed(&g.Access), &g.KeyID, &g.Generation, at(&g.Expires), at(&g.RefreshExpires), at(&g.Ceiling),
		windowsOf(&g.Windows), at(&g.PairAskedAt), at(&g.DueAt), at(&g.RetryAt), &g.Doubts, &g.AttemptID, &g.AttemptBy, at(&g.AttemptAt), at(&g.AttemptUntil), document(&g.Tags))
	return g, err
}
