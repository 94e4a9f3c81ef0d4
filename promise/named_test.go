package promise_test

import (
	"context"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

// named tells the gate what a call is about. Of two calls that wait with the same name it would depend on the machine
// which one came first.
//
// It also answers what a process would be told by a database elsewhere: its clock, and which database it is.
type named struct {
	store.Store

	p *process
}

// Clock tells a process whose clock is off that the database's shows another time.
func (n named) Clock(ctx context.Context) (time.Time, error) {
	_, err := n.Store.Clock(ctx) // a server's does not live in virtual time
	return time.Now().Add(-time.Duration(n.p.slip.Load())), err
}

// Incarnation changes when another database takes over.
func (n named) Incarnation(ctx context.Context) (string, error) {
	if _, err := n.Store.Incarnation(ctx); err != nil {
		return "", err
	}
	return n.p.world.incarnation(n.p), nil
}

type aboutKey struct{}

func about(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, aboutKey{}, id)
}

func aboutOf(ctx context.Context) string {
	if id, ok := ctx.Value(aboutKey{}).(string); ok {
		return " " + id
	}
	return ""
}

func (n named) Grant(ctx context.Context, v gk.Viewer, id string) (gk.Grant, error) {
	return n.Store.Grant(about(ctx, id), v, id)
}

func (n named) GrantOf(ctx context.Context, v gk.Viewer, app, kind, id string) (gk.Grant, error) {
	return n.Store.GrantOf(about(ctx, id), v, app, kind, id)
}

func (n named) Tokens(ctx context.Context, ids []string) ([]gk.Grant, error) {
	return n.Store.Tokens(about(ctx, ids[0]), ids)
}

func (n named) UpdateGrant(
	ctx context.Context, v gk.Viewer, id string, at time.Time, change func(*gk.Grant) ([]gk.Event, error),
) error {
	return n.Store.UpdateGrant(about(ctx, id), v, id, at, change)
}

func (n named) SaveRefresh(ctx context.Context, r store.Refreshed) (bool, error) {
	return n.Store.SaveRefresh(about(ctx, r.Grant), r)
}

func (n named) ClaimDue(ctx context.Context, app string, a store.Attempt, floor time.Time, limit int) ([]gk.Grant, error) {
	return n.Store.ClaimDue(about(ctx, app), app, a, floor, limit)
}

func (n named) App(ctx context.Context, v gk.Viewer, id string) (gk.App, error) {
	return n.Store.App(about(ctx, id), v, id)
}

func (n named) UpdateApp(
	ctx context.Context, v gk.Viewer, id string, at time.Time, change func(*gk.App) ([]gk.Event, error),
) error {
	return n.Store.UpdateApp(about(ctx, id), v, id, at, change)
}

func (n named) Click(ctx context.Context, id string) (gk.Click, error) {
	return n.Store.Click(about(ctx, id), id)
}

func (n named) UpdateClick(
	ctx context.Context, id string, at time.Time, change func(*gk.Click, *gk.Authorization) ([]gk.Event, error),
) error {
	return n.Store.UpdateClick(about(ctx, id), id, at, change)
}
