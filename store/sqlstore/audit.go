package sqlstore

import (
	"context"
	"maps"
	"slices"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlstore/clause"
)

const auditColumns = `position, at, until, actor, action, app_id, grant_id, object, address, n, status`

func scanAudit(r Row) (e store.AuditEntry, err error) {
	return e, r.Scan(&e.Position, at(&e.At), at(&e.Until), &e.Actor, &e.Action, &e.App, &e.Grant, &e.Object, &e.Address, &e.Count, &e.Status)
}

// Record implements [store.Audit].
func (s *Store) Record(ctx context.Context, entries ...store.AuditEntry) error {
	return s.change(ctx, func(ctx context.Context, q Querier) error { return record(ctx, q, entries) })
}

// record appends lines. The counter's row is locked until the commit: positions are without gaps, in the order of commits.
func record(ctx context.Context, q Querier, entries []store.AuditEntry) error {
	if _, err := exec(ctx, q, `UPDATE counters SET n = n + $1 WHERE name = 'audit'`, int64(len(entries))); err != nil {
		return err
	}
	last, err := one(ctx, q, scanNumber, `SELECT n FROM counters WHERE name = 'audit'`)
	if err != nil {
		return err
	}
	rows := make([][]any, len(entries))
	for i, e := range entries {
		position := last - int64(len(entries)-1-i)
		rows[i] = []any{position, ms(e.At), ms(e.Until), e.Actor, e.Action, e.App, e.Grant, e.Object, e.Address, e.Count, int64(e.Status)}
	}
	return insertMany(ctx, q, `audit`, auditColumns, rows)
}

// AuditAfter implements [store.Audit].
func (s *Store) AuditAfter(ctx context.Context, f store.AuditFilter) ([]store.AuditEntry, error) {
	w := clause.Where{Args: []any{f.After, clause.AtMost(f.Limit)}}
	if f.Actor != "" {
		w.And(`actor = %[1]s`, f.Actor)
	}
	if f.Action != "" {
		w.And(`action = %[1]s`, f.Action)
	}
	if f.Grant != "" {
		w.And(`grant_id = %[1]s AND grant_id <> ''`, f.Grant)
	}
	order := ` ORDER BY position`
	if f.Newest {
		order += ` DESC`
		if f.Before > 0 {
			w.And(`position < %[1]s`, f.Before)
		}
	}
	return all(ctx, s.db.Lists(), shownAudit, `SELECT `+auditColumns+` FROM audit
		WHERE position > $1`+w.Text.String()+order+` LIMIT $2`, w.Args...)
}

// LastUses implements [store.Audit]. Of each grant one line is looked up, however many there are.
func (s *Store) LastUses(ctx context.Context, grants []string) (map[string]time.Time, error) {
	last := map[string]time.Time{}
	if len(grants) == 0 {
		return last, nil
	}
	w := clause.Where{}
	w.In("g.id", grants)
	_, err := all(ctx, s.db.Lists(), func(r Row) (string, error) {
		var id string
		var until time.Time
		err := r.Scan(&id, at(&until))
		if err == nil && !until.IsZero() {
			last[id] = until
		}
		return id, err
	}, `SELECT g.id, COALESCE((SELECT a.until FROM audit a WHERE a.grant_id = g.id AND a.grant_id <> '' AND a.until > 0
		ORDER BY a.position DESC LIMIT 1), 0) FROM grants g WHERE 1 = 1`+w.Text.String(), w.Args...)
	return last, err
}

const (
	usualDays    = 14
	keepKeyUses  = 30 * 24 * time.Hour
	insertKeyUse = `INSERT INTO key_uses (key_id, day, n) VALUES ($1, $2, $3) ON CONFLICT (key_id, day) DO UPDATE SET n = key_uses.n + excluded.n`
)

// NoteUses implements [store.Audit]. The counter's row, locked first, has those who note come one after the other.
func (s *Store) NoteUses(ctx context.Context, uses []store.Use, day time.Time, judge func([]store.KeyUse) []gk.Event) error {
	entries := make([]store.AuditEntry, len(uses))
	byKey := map[string][]store.Use{}
	for i, u := range uses {
		entries[i] = u.AuditEntry
		byKey[u.Actor] = append(byKey[u.Actor], u)
	}
	return s.change(ctx, func(ctx context.Context, q Querier) error {
		if err := record(ctx, q, entries); err != nil {
			return err
		}
		var noted []store.KeyUse
		for _, key := range slices.Sorted(maps.Keys(byKey)) {
			k, err := noteKey(ctx, q, key, byKey[key], day)
			if err != nil {
				return err
			}
			noted = append(noted, k)
		}
		return addEvents(ctx, q, judge(noted))
	})
}

// noteKey adds the uses of one key.
func noteKey(ctx context.Context, q Querier, key string, uses []store.Use, day time.Time) (k store.KeyUse, err error) {
	k.Key = key
	var n int64
	for _, u := range uses {
		n += u.Count
	}
	if _, err := exec(ctx, q, insertKeyUse, key, ms(day), n); err != nil {
		return k, err
	}
	if k.After, err = one(ctx, q, scanNumber, `SELECT n FROM key_uses WHERE key_id = $1 AND day = $2`, key, ms(day)); err != nil {
		return k, err
	}
	k.Before = k.After - n
	earlier, err := all(ctx, q, scanNumber, `SELECT n FROM key_uses WHERE key_id = $1 AND day < $2 AND day >= $3`,
		key, ms(day), ms(day.AddDate(0, 0, -usualDays)))
	if err != nil {
		return k, err
	}
	for _, n := range earlier {
		k.Usual += n
	}
	if len(earlier) > 0 {
		k.Usual = max(1, k.Usual/int64(len(earlier)))
	}
	known, err := all(ctx, q, scanText, `SELECT network FROM key_networks WHERE key_id = $1`, key)
	if err != nil {
		return k, err
	}
	k.Known = len(known)
	slices.SortStableFunc(uses, func(a, b store.Use) int { return a.At.Compare(b.At) })
	for _, u := range uses {
		if u.Network == "" || slices.Contains(known, u.Network) || len(known) >= store.MostNetworks {
			continue
		}
		known = append(known, u.Network)
		k.Networks = append(k.Networks, u.Network)
		if err := insert(ctx, q, `INSERT INTO key_networks (key_id, network, first_at) VALUES ($1, $2, $3)`, key, u.Network, ms(u.At)); err != nil {
			return k, err
		}
	}
	return k, nil
}
