package sqlstore

import (
	"context"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlstore/clause"
)

// authorizationColumns lists the columns of an authorization in the order of [authorizationValues] and [scanAuthorization].
const authorizationColumns = `id, app_id, created_at, kind, link_hash, owner, shop, grant_id, return_to, form, scopes,
	confirm, confirm_hash, stage, reason, fault, grants, expires_at, updated_at`

// authorizationValues returns the values of authorizationColumns.
func authorizationValues(a *gk.Authorization) []any {
	return []any{
		a.ID, a.App, ms(a.CreatedAt), a.Kind, blob(a.LinkHash), a.Owner, a.Shop, a.Grant, a.ReturnTo, a.Form, document(a.Scopes),
		bit(a.Confirm), blob(a.ConfirmHash), string(a.Stage), a.Reason, fault(a.Fault), document(a.Grants), ms(a.ExpiresAt), ms(a.UpdatedAt),
	}
}

// scanAuthorization reads a row of authorizationColumns.
func scanAuthorization(r Row) (gk.Authorization, error) {
	var a gk.Authorization
	err := r.Scan(&a.ID, &a.App, at(&a.CreatedAt), &a.Kind, &a.LinkHash, &a.Owner, &a.Shop, &a.Grant, &a.ReturnTo, &a.Form, document(&a.Scopes),
		flag(&a.Confirm), &a.ConfirmHash, (*string)(&a.Stage), &a.Reason, document(&a.Fault), document(&a.Grants), at(&a.ExpiresAt), at(&a.UpdatedAt))
	return a, err
}

// CreateAuthorization implements [store.Authorizations].
func (s *Store) CreateAuthorization(ctx context.Context, a gk.Authorization) error {
	return s.change(ctx, func(ctx context.Context, q Querier) error {
		return insert(ctx, q, `INSERT INTO authorizations (`+authorizationColumns+`)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)`, authorizationValues(&a)...)
	})
}

// Authorization implements [store.Authorizations].
func (s *Store) Authorization(ctx context.Context, v gk.Viewer, id string) (gk.Authorization, error) {
	return authorization(ctx, s.db, v, id, "")
}

// authorization reads one authorization; lock is empty or ends the statement.
func authorization(ctx context.Context, q Querier, v gk.Viewer, id, lock string) (gk.Authorization, error) {
	w := clause.Where{Args: []any{id}}
	w.Seen(v, "app_id", "owner")
	return one(ctx, q, scanAuthorization, `SELECT `+authorizationColumns+` FROM authorizations WHERE id = $1`+w.Text.String()+lock, w.Args...)
}

// Authorizations implements [store.Authorizations].
func (s *Store) Authorizations(ctx context.Context, v gk.Viewer, f store.AuthorizationFilter) ([]gk.Authorization, error) {
	w := clause.Where{Args: []any{clause.AtMost(f.Limit)}}
	w.Seen(v, "app_id", "owner")
	if f.App != "" {
		w.And(`app_id = %[1]s`, f.App)
	}
	if f.Owner != "" {
		w.And(`owner = %[1]s AND owner <> ''`, f.Owner)
	}
	if f.Stage != "" {
		w.And(`stage = %[1]s`, f.Stage)
	}
	if f.IDEnd != "" {
		w.And(`substr(id, 25) = %[1]s`, f.IDEnd)
	}
	if f.Query != "" {
		from, to := clause.Between(f.Query)
		w.AndRange(`(id >= %[1]s AND id < %[2]s OR
			lower(shop) >= %[1]s AND lower(shop) < %[2]s OR
			lower(owner) >= %[1]s AND lower(owner) < %[2]s)`, from, to)
	}
	if !f.ExpiresAfter.IsZero() {
		w.And(`expires_at > %[1]s`, ms(f.ExpiresAfter))
	}
	if !f.ExpiresUntil.IsZero() {
		w.And(`expires_at <= %[1]s`, ms(f.ExpiresUntil))
	}
	if f.Before != "" {
		w.And(`id < %[1]s`, f.Before)
	}
	return all(ctx, s.lists(v), shownAuthorization, `SELECT `+authorizationColumns+` FROM authorizations
		WHERE id <> ''`+w.Text.String()+` ORDER BY id DESC LIMIT $1`, w.Args...)
}

// AuthorizationByLink implements [store.Authorizations].
func (s *Store) AuthorizationByLink(ctx context.Context, linkHash []byte) (gk.Authorization, error) {
	return one(ctx, s.db, scanAuthorization, `SELECT `+authorizationColumns+` FROM authorizations WHERE link_hash = $1`, blob(linkHash))
}

// UpdateAuthorization implements [store.Authorizations].
func (s *Store) UpdateAuthorization(ctx context.Context, v gk.Viewer, id string, at time.Time, change func(*gk.Authorization) ([]gk.Event, error)) error {
	return s.change(ctx, func(ctx context.Context, q Querier) error {
		a, err := authorization(ctx, q, v, id, s.lock.Wait)
		if err != nil {
			return err
		}
		before := a
		events, err := change(&a)
		if err != nil {
			return err
		}
		a.ID, a.App, a.CreatedAt = before.ID, before.App, before.CreatedAt
		if err := updateAuthorization(ctx, q, &a, at); err != nil {
			return err
		}
		return addEvents(ctx, q, events)
	})
}

func updateAuthorization(ctx context.Context, q Querier, a *gk.Authorization, at time.Time) error {
	a.UpdatedAt = at
	_, err := exec(ctx, q, `UPDATE authorizations SET (`+authorizationColumns+`)
		= ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) WHERE id = $1`, authorizationValues(a)...)
	return err
}
