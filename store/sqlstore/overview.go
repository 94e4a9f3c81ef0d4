package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlstore/clause"
)

// GrantCounts implements [store.Overview].
func (s *Store) GrantCounts(ctx context.Context, v gk.Viewer) ([]store.GrantCount, error) {
	return grantCounts(ctx, s.lists(v), v)
}

// grantCounts reads the tally that triggers keep. It knows no owners, whose few grants are counted.
func grantCounts(ctx context.Context, q Querier, v gk.Viewer) ([]store.GrantCount, error) {
	var w clause.Where
	counted := `SELECT app_id, state, COUNT(*) AS n FROM grants WHERE 1 = 1`
	if len(v.Owners) == 0 {
		counted = `SELECT app_id, state, CAST(SUM(n) AS BIGINT) AS n FROM grant_tally WHERE 1 = 1`
	}
	w.Seen(v, "app_id", "owner")
	return all(ctx, q, func(r Row) (c store.GrantCount, err error) {
		return c, r.Scan(&c.App, &c.Platform, (*string)(&c.State), &c.N)
	}, `SELECT apps.id, apps.platform, counted.state, counted.n FROM apps JOIN (
			`+counted+w.Text.String()+` GROUP BY app_id, state
		) AS counted ON counted.app_id = apps.id WHERE counted.n > 0 ORDER BY apps.id, counted.state`, w.Args...)
}

// Backlogs implements [store.Overview]. The soonest due row of an app is the first of its index, and those in doubt have one.
func (s *Store) Backlogs(ctx context.Context, now time.Time) ([]store.Backlog, error) {
	type waiting struct {
		app string
		store.Backlog
	}
	rows, err := all(ctx, s.db.Lists(), func(r Row) (w waiting, err error) {
		return w, r.Scan(&w.app, &w.Platform, at(&w.Oldest), &w.InDoubt)
	}, `SELECT apps.id, apps.platform, COALESCE((SELECT MIN(due_at) FROM grants WHERE app_id = apps.id AND due_at <= $1), 0), COALESCE(doubtful.n, 0)
		FROM apps LEFT JOIN (
			SELECT app_id, COUNT(*) AS n FROM grants WHERE doubts > 0 AND state <> 'revoked' GROUP BY app_id
		) AS doubtful ON doubtful.app_id = apps.id
		ORDER BY apps.platform, apps.id`, ms(now))
	if err != nil {
		return nil, err
	}
	var platforms []store.Backlog
	for _, w := range rows {
		if n := len(platforms); n == 0 || platforms[n-1].Platform != w.Platform {
			platforms = append(platforms, store.Backlog{Platform: w.Platform, Apps: map[string]time.Time{}})
		}
		p := &platforms[len(platforms)-1]
		p.InDoubt += w.InDoubt
		p.Apps[w.app] = w.Oldest
		if p.Oldest.IsZero() || !w.Oldest.IsZero() && w.Oldest.Before(p.Oldest) {
			p.Oldest = w.Oldest
		}
	}
	return platforms, nil
}

// Unpublished implements [store.Overview].
func (s *Store) Unpublished(ctx context.Context) (int64, error) {
	return one(ctx, s.db.Lists(), scanNumber, `SELECT COUNT(*) FROM (SELECT 1 FROM events WHERE position IS NULL LIMIT 1000) AS fresh`)
}

// Troubled implements [store.Overview]. Each part has an index of its own, which holds what is troubled and nothing else.
func (s *Store) Troubled(ctx context.Context, v gk.Viewer, limit int) ([]gk.Grant, error) {
	w := clause.Where{Args: []any{clause.AtMost(limit)}}
	w.Seen(v, "app_id", "owner")
	seen := w.Text.String()
	return all(ctx, s.lists(v), shownGrant, `SELECT `+grantColumns+` FROM grants WHERE id IN (
		SELECT id FROM grants WHERE state <> 'active' AND state <> 'revoked'`+seen+`
		UNION SELECT id FROM grants WHERE fault <> '' AND state <> 'revoked'`+seen+`
		UNION SELECT id FROM grants WHERE doubts > 0 AND state <> 'revoked'`+seen+`
	) ORDER BY app_id, id LIMIT $1`, w.Args...)
}

// TopUses implements [store.Overview].
func (s *Store) TopUses(ctx context.Context, v gk.Viewer, platform string, day int64, limit int) ([]gk.Grant, error) {
	w := clause.Where{Args: []any{platform, day, clause.AtMost(limit)}}
	w.Seen(v, "app_id", "owner")
	return all(ctx, s.lists(v), shownGrant, `SELECT `+grantColumns+` FROM grants WHERE id IN (
		SELECT id FROM grants WHERE app_id IN (SELECT id FROM apps WHERE platform = $1) AND quota_day = $2 AND quota_used > 0`+w.Text.String()+`
		ORDER BY quota_used DESC, id LIMIT $3
	) ORDER BY quota_used DESC, id`, w.Args...)
}

// EndsByDay implements [store.Overview].
func (s *Store) EndsByDay(ctx context.Context, v gk.Viewer, from, until time.Time, offset time.Duration) ([]store.EndCount, error) {
	w := clause.Where{Args: []any{ms(from), ms(until), offset.Milliseconds()}}
	w.Seen(v, "app_id", "owner")
	seen := w.Text.String()
	part := func(kind, column, which string) string {
		return `SELECT (` + column + ` + $3) / 86400000 AS day, '` + kind + `' AS kind, COUNT(*) AS n FROM grants
			WHERE ` + column + ` >= $1 AND ` + column + ` < $2 AND ` + column + ` > 0 AND ` + which + seen + ` GROUP BY 1`
	}
	return all(ctx, s.lists(v), func(r Row) (c store.EndCount, err error) {
		return c, r.Scan(&c.Day, &c.Kind, &c.N)
	}, part(store.EndCeiling, "authorization_expires_at", `state IN ('active', 'suspended', 'held')`)+
		` UNION ALL `+part(store.EndToken, "expires_at", `renewable = 0 AND state IN ('active', 'held')`)+
		` UNION ALL `+part(store.EndRefresh, "refresh_token_expires_at", `state = 'suspended'`)+` ORDER BY 1, 2`, w.Args...)
}

// EventCounts implements [store.Overview].
func (s *Store) EventCounts(ctx context.Context, v gk.Viewer, from, until time.Time) (map[string]int64, error) {
	w := clause.Where{Args: []any{ms(from), ms(until)}}
	w.Seen(v, "app_id", "owner")
	counts := map[string]int64{}
	_, err := all(ctx, s.lists(v), func(r Row) (none struct{}, err error) {
		var kind string
		var n int64
		if err = r.Scan(&kind, &n); err == nil {
			counts[kind] = n
		}
		return none, err
	}, `SELECT kind, COUNT(*) FROM events WHERE at >= $1 AND at < $2`+w.Text.String()+` GROUP BY kind`, w.Args...)
	return counts, err
}

// RecentEvents implements [store.Overview].
func (s *Store) RecentEvents(ctx context.Context, v gk.Viewer, f store.RecentFilter) ([]gk.Event, error) {
	w := clause.Where{Args: []any{clause.AtMost(f.Limit)}}
	w.Seen(v, "app_id", "owner")
	if f.Before > 0 {
		w.And(`position < %[1]s`, f.Before)
	}
	if f.Kind != "" {
		w.And(`kind = %[1]s`, f.Kind)
	}
	if f.App != "" {
		w.And(`app_id = %[1]s`, f.App)
	}
	if f.Grant != "" {
		w.And(`grant_id = %[1]s`, f.Grant)
	}
	if f.Apps != nil {
		w.In("app_id", f.Apps)
	}
	if !f.Since.IsZero() {
		w.And(`at >= %[1]s`, ms(f.Since))
	}
	if !f.Until.IsZero() {
		w.And(`at < %[1]s`, ms(f.Until))
	}
	events, err := all(ctx, s.lists(v), shownEvent, `SELECT `+eventColumns+` FROM events
		WHERE position IS NOT NULL`+w.Text.String()+` ORDER BY position DESC LIMIT $1`, w.Args...)
	return shown(v, events), err
}

// Summary implements [store.Overview].
func (s *Store) Summary(ctx context.Context, v gk.Viewer, now time.Time, within ...time.Duration) (found store.Summary, err error) {
	err = s.lists(v).Snapshot(ctx, func(ctx context.Context, q Querier) error {
		found = store.Summary{Platform: map[string]int64{}, State: map[string]int64{}, WhoseMove: map[string]int64{}}
		counts, err := grantCounts(ctx, q, v)
		if err != nil {
			return err
		}
		for _, c := range counts {
			found.Total += c.N
			found.Platform[c.Platform] += c.N
			found.State[string(c.State)] += c.N
		}
		for _, whose := range []string{gk.MoveUs, gk.MoveVendor, gk.MoveMerchant, gk.MovePlatform} {
			for _, part := range clause.Moves(whose) {
				var w clause.Where
				w.Seen(v, "app_id", "owner")
				n, err := one(ctx, q, scanNumber, `SELECT COUNT(*) FROM grants WHERE `+part+w.Text.String(), w.Args...)
				if err != nil {
					return err
				}
				if n > 0 {
					found.WhoseMove[whose] += n
				}
			}
		}
		found.Ends, err = ends(ctx, q, v, now, within)
		return err
	})
	return found, err
}

// ends counts the grants of which something ends for good within some spans, with one walk of each of two indexes. A grant
// that both have counts once.
func ends(ctx context.Context, q Querier, v gk.Viewer, now time.Time, within []time.Duration) ([]int64, error) {
	counts := make([]int64, len(within))
	if len(within) == 0 {
		return counts, nil
	}
	for _, kind := range []struct{ column, which, but string }{
		{"authorization_expires_at", `authorization_expires_at > 0`, ``},
		{"expires_at", `renewable = 0 AND expires_at > 0`, ` AND NOT (authorization_expires_at >= $1 AND authorization_expires_at < %[1]s)`},
	} {
		w := clause.Where{Args: []any{ms(now), ms(now.Add(slices.Max(within)))}}
		var columns []string
		for _, long := range within {
			until := w.Arg(ms(now.Add(long)))
			but := ""
			if kind.but != "" {
				but = fmt.Sprintf(kind.but, until)
			}
			columns = append(columns, `COUNT(CASE WHEN `+kind.column+` < `+until+but+` THEN 1 END)`)
		}
		w.Seen(v, "app_id", "owner")
		_, err := one(ctx, q, func(r Row) (none struct{}, err error) {
			some, into := make([]int64, len(within)), make([]any, len(within))
			for i := range some {
				into[i] = &some[i]
			}
			if err = r.Scan(into...); err == nil {
				for i := range counts {
					counts[i] += some[i]
				}
			}
			return none, err
		}, `SELECT `+strings.Join(columns, `, `)+` FROM grants WHERE `+kind.which+` AND `+kind.column+` >= $1 AND `+kind.column+` < $2
			AND state IN ('active', 'suspended', 'held')`+w.Text.String(), w.Args...)
		if err != nil {
			return nil, err
		}
	}
	return counts, nil
}

// AddHalfHours implements [store.HalfHours].
func (s *Store) AddHalfHours(ctx context.Context, counts []store.HalfHour) error {
	return s.change(ctx, func(ctx context.Context, q Querier) error {
		for _, c := range counts {
			_, err := exec(ctx, q, `INSERT INTO half_hours (platform, slot, ok, failed) VALUES ($1, $2, $3, $4)
				ON CONFLICT (platform, slot) DO UPDATE SET ok = half_hours.ok + excluded.ok, failed = half_hours.failed + excluded.failed`,
				c.Platform, ms(c.Slot.Truncate(store.HalfHourLength)), c.OK, c.Failed)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// HalfHoursSince implements [store.HalfHours].
func (s *Store) HalfHoursSince(ctx context.Context, from time.Time) ([]store.HalfHour, error) {
	return all(ctx, s.db.Lists(), func(r Row) (c store.HalfHour, err error) {
		return c, r.Scan(&c.Platform, at(&c.Slot), &c.OK, &c.Failed)
	}, `SELECT platform, slot, ok, failed FROM half_hours WHERE slot >= $1 ORDER BY platform, slot`, ms(from))
}
