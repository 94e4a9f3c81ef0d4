package postgres

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlstore"
)

const (
	mostChanges = 10_000          // of one answer of Changed; who has missed more reads everything again
	followedFor = time.Minute     // how old a position may be
	changesKept = 2 * time.Minute // how long a change can be asked for: longer than by any position
)

// position is a place among the changes: what a snapshot of one start of the server has seen, and when that was by the
// server's clock.
type position struct {
	started, snapshot string
	at                int64 // unix milliseconds
}

func (p position) String() string {
	return p.started + "|" + p.snapshot + "|" + strconv.FormatInt(p.at, 10)
}

func parsePosition(text string) (position, error) {
	parts := strings.Split(text, "|")
	if len(parts) != 3 {
		return position{}, fmt.Errorf("postgres: %d parts are no position among the changes", len(parts))
	}
	at, err := strconv.ParseInt(parts[2], 10, 64)
	return position{parts[0], parts[1], at}, err
}

// Changed implements [store.Grants]. A trigger notes each change with its transaction's number, so that those are found
// too which an older version of the program makes. Numbers are given at the beginning of a transaction and seen at its
// end; hence the search begins at the oldest that the position had not seen the end of, and leaves out what it had seen.
func (s *Store) Changed(ctx context.Context, since string) (store.Changes, error) {
	var was position
	seen := "1:1:"
	if since != "" {
		var err error
		if was, err = parsePosition(since); err != nil {
			return store.Changes{}, err
		}
		seen = was.snapshot
	}
	var is position
	var found []string
	err := s.engine.Query(ctx, func(r sqlstore.Row) error {
		var grant *string
		err := r.Scan(&is.started, &is.snapshot, &is.at, &grant)
		if grant != nil {
			found = append(found, *grant)
		}
		return err
	}, `SELECT present.*, changed.grant_id FROM (
			SELECT CAST(pg_postmaster_start_time() AS TEXT), CAST(pg_current_snapshot() AS TEXT),
				CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS BIGINT)) AS present
		LEFT JOIN (
			SELECT grant_id FROM grant_changes
			WHERE CAST($2 AS BIGINT) > 0 AND xid >= pg_snapshot_xmin(CAST($1 AS pg_snapshot))
				AND NOT pg_visible_in_snapshot(xid, CAST($1 AS pg_snapshot))
			LIMIT $2) AS changed ON TRUE`, seen, limitOf(since))
	if err != nil {
		return store.Changes{}, err
	}
	slices.Sort(found)
	changes := store.Changes{Position: is.String(), Grants: slices.Compact(found)}
	age := time.Duration(is.at-was.at) * time.Millisecond
	if since == "" || is.started != was.started || age < 0 || age > followedFor || len(found) > mostChanges {
		changes.Grants, changes.Gap = nil, true
	}
	return changes, s.forgetChanges(ctx, is)
}

// limitOf is how many changes are looked for: one more than are told, or none where there is no position to look from.
func limitOf(since string) int64 {
	if since == "" {
		return 0
	}
	return mostChanges + 1
}

// forgetChanges deletes, once in a while, the changes that nobody can ask for any more.
func (s *Store) forgetChanges(ctx context.Context, is position) error {
	s.swept.Lock()
	old := s.swept.position
	if old.started == is.started && time.Duration(is.at-old.at)*time.Millisecond < changesKept {
		s.swept.Unlock()
		return nil
	}
	s.swept.position = is
	s.swept.Unlock()
	if old.started != is.started {
		return nil
	}
	if _, err := s.engine.Exec(ctx, `DELETE FROM grant_changes WHERE xid < pg_snapshot_xmin(CAST($1 AS pg_snapshot))`, old.snapshot); err != nil {
		return err
	}
	return s.foldTally(ctx)
}

// tallyRows is how many rows the tally of grants may have before they are folded.
const tallyRows = 256

// foldTally makes few rows of many. What is added meanwhile is left for the next time, and of two who fold at once each has
// the rows that the other has not.
func (s *Store) foldTally(ctx context.Context) error {
	_, err := s.engine.Exec(ctx, `WITH gone AS (
			DELETE FROM grant_tally WHERE (SELECT COUNT(*) FROM grant_tally) > $1 RETURNING app_id, state, n)
		INSERT INTO grant_tally (app_id, state, n)
		SELECT app_id, state, SUM(n) FROM gone GROUP BY app_id, state HAVING SUM(n) <> 0`, int64(tallyRows))
	return err
}
