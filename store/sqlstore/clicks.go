package sqlstore

import (
	"context"
	"errors"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlstore/clause"
)

// clickColumns lists the columns of a click in the order of [clickValues] and [scanClick].
const clickColumns = `id, authorization_id, app_id, created_at, state_hash, browser_hash, stage, hint, held,
	answer, answer_key, reason, fault, expires_at, spent_at, updated_at, code_hash`

// clickValues returns the values of clickColumns.
func clickValues(c *gk.Click) []any {
	return []any{
		c.ID, c.Authorization, c.App, ms(c.CreatedAt), blob(c.StateHash), blob(c.BrowserHash), string(c.Stage), document(c.Hint), bit(c.Held),
		blob(c.Answer), c.AnswerKey, c.Reason, fault(c.Fault), ms(c.ExpiresAt), ms(c.SpentAt), ms(c.UpdatedAt), blob(c.CodeHash),
	}
}

// scanClick reads a row of clickColumns.
func scanClick(r Row) (gk.Click, error) {
	var c gk.Click
	err := r.Scan(&c.ID, &c.Authorization, &c.App, at(&c.CreatedAt), &c.StateHash, &c.BrowserHash, (*string)(&c.Stage), document(&c.Hint), flag(&c.Held),
		sealed(&c.Answer), &c.AnswerKey, &c.Reason, document(&c.Fault), at(&c.ExpiresAt), at(&c.SpentAt), at(&c.UpdatedAt), &c.CodeHash)
	return c, err
}

// CreateClick implements [store.Authorizations].
func (s *Store) CreateClick(ctx context.Context, c gk.Click) error {
	return s.change(ctx, func(ctx context.Context, q Querier) error {
		err := insert(ctx, q, `INSERT INTO clicks (`+clickColumns+`)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`, clickValues(&c)...)
		if err != nil {
			return err
		}
		n, err := exec(ctx, q, `UPDATE authorizations SET stage = 'begun', reason = '', fault = '', updated_at = $2
			WHERE id = $1 AND stage <> 'done'`, c.Authorization, ms(c.CreatedAt))
		if err != nil {
			return err
		}
		if n == 0 {
			return store.ErrSpent
		}
		_, err = exec(ctx, q, `DELETE FROM clicks WHERE authorization_id = $1 AND stage = 'begun' AND id <> $2 AND id NOT IN (
			SELECT id FROM clicks WHERE authorization_id = $1 AND stage = 'begun' AND id <> $2 ORDER BY created_at DESC, id DESC LIMIT $3)`,
			c.Authorization, c.ID, int64(store.MostClicks-1))
		return err
	})
}

// Click implements [store.Authorizations].
func (s *Store) Click(ctx context.Context, id string) (gk.Click, error) {
	return one(ctx, s.db, scanClick, `SELECT `+clickColumns+` FROM clicks WHERE id = $1`, id)
}

// ClickByState implements [store.Authorizations].
func (s *Store) ClickByState(ctx context.Context, app string, stateHash []byte) (gk.Click, error) {
	return clickByState(ctx, s.db, app, stateHash)
}

func clickByState(ctx context.Context, q Querier, app string, stateHash []byte) (gk.Click, error) {
	return one(ctx, q, scanClick, `SELECT `+clickColumns+` FROM clicks WHERE state_hash = $1 AND app_id = $2`, blob(stateHash), app)
}

// SpendState implements [store.Authorizations].
func (s *Store) SpendState(ctx context.Context, app string, stateHash, codeHash []byte, held bool, now time.Time) (spent gk.Click, err error) {
	err = s.db.Single(ctx, func(ctx context.Context, q Querier) error {
		spent, err = one(ctx, q, scanClick, `UPDATE clicks SET stage = 'exchanging', spent_at = $3, held = $4, updated_at = $3, code_hash = $5
			WHERE state_hash = $1 AND app_id = $2 AND stage = 'begun' AND (expires_at = 0 OR expires_at > $3)
			RETURNING `+clickColumns, blob(stateHash), app, ms(now), bit(held), blob(codeHash))
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		c, err := clickByState(ctx, q, app, stateHash)
		if err == nil && c.Stage != gk.Begun {
			return store.ErrSpent
		}
		if err == nil {
			return store.ErrNotFound
		}
		return err
	})
	return spent, err
}

// UpdateClick implements [store.Authorizations].
func (s *Store) UpdateClick(ctx context.Context, id string, at time.Time, change func(*gk.Click, *gk.Authorization) ([]gk.Event, error)) error {
	return s.change(ctx, func(ctx context.Context, q Querier) error {
		c, err := s.lockClick(ctx, q, id)
		if err != nil {
			return err
		}
		a, err := s.lockAuthorization(ctx, q, c.Authorization)
		if err != nil {
			return err
		}
		events, err := change(c, a)
		if err != nil {
			return err
		}
		if err := updateAttempt(ctx, q, c, a, at); err != nil {
			return err
		}
		return addEvents(ctx, q, events)
	})
}

// lockClick reads and locks a click; nil for no id.
func (s *Store) lockClick(ctx context.Context, q Querier, id string) (*gk.Click, error) {
	if id == "" {
		return nil, nil
	}
	c, err := one(ctx, q, scanClick, `SELECT `+clickColumns+` FROM clicks WHERE id = $1`+s.lock.Wait, id)
	return &c, err
}

// lockAuthorization reads and locks an authorization, for the engine; nil for no id.
func (s *Store) lockAuthorization(ctx context.Context, q Querier, id string) (*gk.Authorization, error) {
	if id == "" {
		return nil, nil
	}
	a, err := authorization(ctx, q, gk.Engine(), id, s.lock.Wait)
	return &a, err
}

// updateAttempt writes a click and an authorization; nil stands for none. What they belong to does not change.
func updateAttempt(ctx context.Context, q Querier, c *gk.Click, a *gk.Authorization, at time.Time) error {
	if c != nil {
		c.UpdatedAt = at
		_, err := exec(ctx, q, `UPDATE clicks SET (`+clickColumns+`)
			= ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) WHERE id = $1`, clickValues(c)...)
		if err != nil {
			return err
		}
	}
	if a != nil {
		return updateAuthorization(ctx, q, a, at)
	}
	return nil
}

// ClickByCode implements [store.Authorizations].
func (s *Store) ClickByCode(ctx context.Context, app string, codeHash []byte) (gk.Click, error) {
	return one(ctx, s.db, scanClick, `SELECT `+clickColumns+` FROM clicks WHERE app_id = $1 AND code_hash = $2`, app, blob(codeHash))
}

// OpenClicks implements [store.Authorizations]. Stranded clicks have a reason.
func (s *Store) OpenClicks(ctx context.Context, before time.Time, limit int) ([]gk.Click, error) {
	found, damaged, err := sound(ctx, s.db, scanClick, `SELECT `+clickColumns+` FROM (
		SELECT `+clickColumns+`, row_number() OVER (PARTITION BY app_id ORDER BY updated_at, id) AS place FROM clicks
		WHERE stage IN ('exchanging', 'issued') AND updated_at <= $1 AND reason = '') AS waiting
		WHERE place <= $2 ORDER BY updated_at, id`, ms(before), clause.AtMost(limit))
	if err != nil {
		return nil, err
	}
	return found, orNil(damaged)
}

// StrandedClicks implements [store.Authorizations].
func (s *Store) StrandedClicks(ctx context.Context, authorization string) ([]gk.Click, error) {
	return all(ctx, s.db, scanClick, `SELECT `+clickColumns+` FROM clicks
		WHERE authorization_id = $1 AND stage = 'issued' AND reason <> '' ORDER BY id`, authorization)
}
