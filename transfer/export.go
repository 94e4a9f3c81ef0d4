package transfer

import (
	"context"
	"errors"
	"maps"
	"slices"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/store"
)

// errUnreadable is the error of a grant with columns that cannot be read.
var errUnreadable = errors.New("transfer: columns of the grant cannot be read")

// exportPage is how many grants are read at once.
const exportPage = 500

// Export gives every grant that a viewer sees, with its tokens in clear, in the order of their ids, in the form in which
// Import takes it. Left out are revoked grants, which have no tokens, and held ones, which would come out confirmed; a
// grant whose row or tokens cannot be read, or whose app an administrator has stopped, is left out by name. It stops at
// the first error of each. An event of every app tells how many of its grants left, also where not all did.
//
// Whoever imports the result refreshes the same grants: the exporting installation must stop, since on platforms that spend
// a refresh token at its use each would end the other's.
func Export(ctx context.Context, k *keeper.Keeper, v gk.Viewer, f store.GrantFilter, each func(ImportRow) error, leave func(Left)) error {
	if f.App != "" && k.Apps().Stopped(f.App) {
		return apps.ErrStopped
	}
	given := map[string]int{}
	err := export(ctx, k, v, f, func(row ImportRow) error {
		given[row.App]++
		return each(row)
	}, leave)
	now := k.Now()
	var events []gk.Event
	for _, app := range slices.Sorted(maps.Keys(given)) {
		events = append(events, gk.Event{
			ID: gk.NewID("evt", now), Kind: gk.EventAppChanged, Actor: v.Key, App: app, At: now,
			Data: map[string]any{"change": "exported", "grants": given[app]},
		})
	}
	return errors.Join(err, k.Store().Append(context.WithoutCancel(ctx), events...))
}

// Left is a grant that an export leaves out although it was asked for.
type Left struct{ Grant, Why string }

// Why a grant is left out by name.
const (
	LeftDamaged = "damaged" // its row or its tokens cannot be read
	LeftStopped = "stopped" // its app is stopped
)

func export(
	ctx context.Context, k *keeper.Keeper, v gk.Viewer, f store.GrantFilter, each func(ImportRow) error, leave func(Left),
) error {
	f.Limit = exportPage
	for {
		page, err := k.Store().Grants(ctx, v, f)
		if err != nil {
			return err
		}
		for _, g := range page {
			if k.Apps().Stopped(g.App) {
				leave(Left{g.ID, LeftStopped})
				continue
			}
			if g.State == gk.Held || g.State == gk.Revoked {
				continue
			}
			row, err := openRow(k, g)
			if err != nil {
				leave(Left{g.ID, LeftDamaged})
				continue
			}
			if err := each(row); err != nil {
				return err
			}
		}
		if len(page) < exportPage {
			return nil
		}
		f.After = page[len(page)-1].ID
	}
}

func openRow(k *keeper.Keeper, g gk.Grant) (ImportRow, error) {
	if g.Fault != nil && g.Fault.Code == store.CodeUnreadable {
		return ImportRow{}, errUnreadable
	}
	cred, err := k.Credential(g, true)
	if err != nil {
		return ImportRow{}, err
	}
	facts := maps.Clone(g.Facts)
	delete(facts, lifecycle.FactSeen) // it is about us
	return ImportRow{
		App: g.App, Subject: g.Subject, Owner: g.Owner, Ceiling: g.Ceiling, Issued: g.PairAskedAt, Authorized: g.AuthorizedAt,
		Token:  cred.Token,
		Scopes: g.Scopes, Shops: g.Shops, Facts: facts,
	}, nil
}
