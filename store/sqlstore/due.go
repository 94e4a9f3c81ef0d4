package sqlstore

import (
	"context"
	"errors"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlstore/clause"
)

// dueRows are the rows that a claim may take, soonest first, with their locks.
const dueRows = `FROM grants
			WHERE app_id = $1 AND due_at <= $2 AND due_at >= $4 AND (attempt_until <= $2 OR attempt_until > $3)
			ORDER BY due_at LIMIT $5`

// damagedWait is how long a row that cannot be read is left out of claims before it is looked at again.
const damagedWait = time.Hour

// ClaimDue implements [store.Grants]. The rows are chosen, and locked, before they are written: with the choice inside
// the UPDATE's own condition, PostgreSQL may choose more than once. A claim with a row that cannot be read is undone:
// that row would be held, and its attempt become a doubt, without anybody having asked. It is set aside, and the claim
// made again without it.
func (s *Store) ClaimDue(ctx context.Context, app string, a store.Attempt, floor time.Time, limit int) ([]gk.Grant, error) {
	if limit <= 0 {
		return nil, nil
	}
	claimed, damaged, err := s.claim(ctx, app, a, floor, limit)
	if err != nil || damaged == nil {
		return claimed, err
	}
	set, err := s.setAside(ctx, app, a, floor, limit)
	if err != nil {
		return nil, err
	}
	claimed, damaged, err = s.claim(ctx, app, a, floor, limit)
	if err != nil {
		return nil, err
	}
	if damaged != nil { // others came up behind those set aside; the next claim sees to them
		claimed, set = nil, damaged
	}
	return claimed, orNil(set)
}

// errDamaged undoes a claim with a row that cannot be read.
var errDamaged = errors.New("sqlstore: damaged rows")

func (s *Store) claim(
	ctx context.Context, app string, a store.Attempt, floor time.Time, limit int,
) (claimed []gk.Grant, damaged *store.DamagedError, err error) {
	err = s.db.Change(ctx, func(ctx context.Context, q Querier) error {
		claimed, damaged, err = sound(ctx, q, scanGrant, `WITH due AS MATERIALIZED (
			SELECT id `+dueRows+s.lock.Skip+`)
		UPDATE grants SET
			doubts = CASE WHEN attempt_id <> '' THEN doubts + 1 ELSE doubts END,
			doubt_since = CASE WHEN attempt_id <> '' AND doubt_since = 0 THEN attempt_at ELSE doubt_since END,
			attempt_id = $6, attempt_by = $7, attempt_at = $2, attempt_until = $8, due_at = $8,
			version = version + 1, updated_at = $2
		WHERE id IN (SELECT id FROM due)
		RETURNING `+grantColumns,
			app, ms(a.AttemptAt), ms(a.AttemptAt.Add(gk.LongestLease)), ms(floor), int64(limit), a.AttemptID, a.AttemptBy, ms(a.AttemptUntil))
		if err == nil && damaged != nil {
			return errDamaged
		}
		return err
	})
	if errors.Is(err, errDamaged) {
		return nil, damaged, nil
	}
	return claimed, nil, err
}

// setAside looks at the rows that a claim would take, and puts off those that cannot be read. Nothing else of them is
// touched: whoever mends the row finds it as it was.
func (s *Store) setAside(
	ctx context.Context, app string, a store.Attempt, floor time.Time, limit int,
) (damaged *store.DamagedError, err error) {
	err = s.db.Change(ctx, func(ctx context.Context, q Querier) error {
		_, damaged, err = sound(ctx, q, scanGrant, `SELECT `+grantColumns+` `+dueRows+s.lock.Skip,
			app, ms(a.AttemptAt), ms(a.AttemptAt.Add(gk.LongestLease)), ms(floor), int64(limit))
		if err != nil || damaged == nil {
			return err
		}
		w := clause.Where{Args: []any{ms(a.AttemptAt.Add(damagedWait))}}
		_, err := exec(ctx, q, `UPDATE grants SET due_at = $1 WHERE id IN (`+w.List(damaged.IDs)+`)`, w.Args...)
		return err
	})
	return damaged, err
}

// errNoAttempt is a pair that nobody says he has bought.
var errNoAttempt = errors.New("sqlstore: a renewal without an attempt")

// SaveRefresh implements [store.Grants]. A repeat is counted from the first use of the spent token that may have been
// answered: the beginning of the doubt, or of the open attempt where there is none.
func (s *Store) SaveRefresh(ctx context.Context, r store.Refreshed) (saved bool, err error) {
	if r.Attempt == "" {
		return false, errNoAttempt
	}
	err = s.db.Single(ctx, func(ctx context.Context, q Querier) error {
		n, err := saveOne(ctx, q, &r)
		if err != nil || n == 1 {
			saved = n == 1
			return err
		}
		// Nothing was written now; it may have been before, by a commit whose answer was lost.
		before, err := all(ctx, q, scanNumber, `SELECT 1 FROM grants WHERE id = $1 AND pair_from = $2 AND pair_spent = $3`,
			r.Grant, r.Attempt, r.Spent)
		saved = len(before) > 0
		return err
	})
	return saved, err
}

// NextDue implements [store.Grants]. It asks the index once for each app, whatever the number of grants.
func (s *Store) NextDue(ctx context.Context, _ time.Time) (due time.Time, err error) {
	return one(ctx, s.db, func(r Row) (t time.Time, err error) { return t, r.Scan(at(&t)) },
		`SELECT min(soonest) FROM (
			SELECT (SELECT min(due_at) FROM grants WHERE grants.app_id = apps.id AND due_at IS NOT NULL) AS soonest
			FROM apps) AS dues`)
}

// DueApps implements [store.Apps].
func (s *Store) DueApps(ctx context.Context, now time.Time) ([]string, error) {
	return all(ctx, s.db, scanText, `SELECT id FROM apps
		WHERE EXISTS (
			SELECT 1 FROM grants
			WHERE app_id = apps.id AND due_at <= $1 AND (attempt_until <= $1 OR attempt_until > $2))
		ORDER BY id`, ms(now), ms(now.Add(gk.LongestLease)))
}

// toHasten are the grants of an app that are refreshed by themselves, held by nobody and due within a while.
const toHasten = `app_id = $1 AND due_at > $2 AND due_at <= $3 AND renewable = 1 AND attempt_id = ''`

// Hasten implements [store.Grants]. Rows that others hold are left out at first, so that nobody waits for anybody with rows
// of his own in hand; each of them is waited for by itself.
func (s *Store) Hasten(ctx context.Context, app string, now, until time.Time, limit int) (n int, err error) {
	args := []any{app, ms(now), ms(until)}
	hasten := func(which string, arg any) error {
		return s.db.Single(ctx, func(ctx context.Context, q Querier) error {
			moved, err := exec(ctx, q, `UPDATE grants SET due_at = $2, version = version + 1, updated_at = $2 WHERE `+which, append(args, arg)...)
			n += int(moved)
			return err
		})
	}
	err = hasten(`id IN (SELECT id FROM grants WHERE `+toHasten+` ORDER BY due_at LIMIT $4`+s.lock.Skip+`)`, int64(limit))
	if err != nil || n >= limit || s.lock.Skip == "" {
		return n, err
	}
	left, err := all(ctx, s.db, scanText, `SELECT id FROM grants WHERE `+toHasten+` ORDER BY due_at LIMIT $4`, append(args, int64(limit-n))...)
	for _, id := range left {
		if err := hasten(toHasten+` AND id = $4`, id); err != nil {
			return n, err
		}
	}
	return n, err
}
