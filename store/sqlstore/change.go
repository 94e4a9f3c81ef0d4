package sqlstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlstore/clause"
	"github.com/grantkeep/grantkeep/store/sqlstore/terms"
)

// UpdateGrant implements [store.Grants].
func (s *Store) UpdateGrant(ctx context.Context, v gk.Viewer, id string, at time.Time, change func(*gk.Grant) ([]gk.Event, error)) error {
	return s.change(ctx, func(ctx context.Context, q Querier) error {
		g, err := grant(ctx, q, v, id, s.lock.Wait)
		if err != nil {
			return err
		}
		before := g
		was, err := printGrant(&g)
		if err != nil {
			return err
		}
		events, err := change(&g)
		if err != nil {
			return err
		}
		if err := updateGrant(ctx, q, &before, was, &g, at); err != nil {
			return err
		}
		return addEvents(ctx, q, events, &g)
	})
}

// updateGrant writes a grant over what it was before, which was printed before the change.
func updateGrant(ctx context.Context, q Querier, before *gk.Grant, was print, g *gk.Grant, at time.Time) error {
	g.ID, g.App, g.Version, g.UpdatedAt = before.ID, before.App, before.Version+1, at
	g.Shops = gk.UniqueShops(g.Shops)
	if _, err := exec(ctx, q, `UPDATE grants SET (`+grantBody+`) = (`+grantParameters+`) WHERE id = $1`, grantValues(g)...); err != nil {
		return err
	}
	is, err := printGrant(g)
	if err != nil {
		return err
	}
	if err := foldInto(ctx, q, g.ID, was.folded, is.folded); err != nil || is.shops == was.shops {
		return err
	}
	return replaceShops(ctx, q, g)
}

// insertGrants makes grants.
func insertGrants(ctx context.Context, q Querier, grants []*gk.Grant, at time.Time) error {
	rows := make([][]any, 0, len(grants))
	stored := make([]termOf, 0, len(grants)*usualTerms)
	for _, g := range grants {
		g.Version, g.UpdatedAt = 1, at
		g.Shops = gk.UniqueShops(g.Shops)
		if g.CreatedAt.IsZero() {
			g.CreatedAt = at
		}
		folded := terms.Text(g)
		for term := range terms.In(folded) {
			stored = append(stored, termOf{term, g.ID})
		}
		rows = append(rows, append(grantValues(g), g.App, ms(g.CreatedAt), folded))
	}
	if err := insertMany(ctx, q, `grants`, `id, `+grantBody+`, app_id, created_at, folded`, rows); err != nil {
		return err
	}
	if err := insertMany(ctx, q, `grant_terms`, `term, grant_id`, inOrder(stored)); err != nil {
		return err
	}
	return insertShops(ctx, q, grants...)
}

// usualTerms is about how many terms a grant has.
const usualTerms = 20

// manySubjects is how many make a change that writes much, as a lot of an import does.
const manySubjects = 64

// insertionRaces is how often PutGrants looks again when somebody made the same grant between its look and its insertion.
const insertionRaces = 3

// PutGrants implements [store.Grants]. It locks click, authorization and grants in this order, the grants by subject.
func (s *Store) PutGrants(ctx context.Context, app, authorization, click string, subjects []gk.Subject, at time.Time,
	change func(existing []gk.Grant, auth *gk.Authorization, click *gk.Click) ([]gk.Grant, []gk.Event, error),
) error {
	put := func(ctx context.Context, q Querier) error {
		c, err := s.lockClick(ctx, q, click)
		if err != nil {
			return err
		}
		a, err := s.lockAuthorization(ctx, q, authorization)
		if err != nil {
			return err
		}
		existing, were, err := s.lockGrants(ctx, q, app, subjects)
		if err != nil {
			return err
		}
		before := make(map[string]gk.Grant, len(existing))
		for _, g := range existing {
			before[g.ID] = g
		}
		grants, events, err := change(existing, a, c)
		if err != nil {
			return err
		}
		var fresh []*gk.Grant
		for i := range grants {
			g := &grants[i]
			if g.ID == "" {
				return errors.New("sqlstore: a grant without an id")
			}
			old, known := before[g.ID]
			if !known {
				g.App = app
				fresh = append(fresh, g)
				continue
			}
			if err := updateGrant(ctx, q, &old, were[g.ID], g, at); err != nil {
				return fmt.Errorf("grant %s: %w", g.ID, err)
			}
		}
		if err := insertGrants(ctx, q, fresh, at); err != nil {
			return err
		}
		if err := updateAttempt(ctx, q, c, a, at); err != nil {
			return err
		}
		return addEvents(ctx, q, events, pointers(grants)...)
	}
	way := s.db.Change
	if len(subjects) >= manySubjects {
		way = s.db.Alone
	}
	var err error
	for range insertionRaces {
		if err = unlessUnchanged(way(ctx, put)); !errors.Is(err, store.ErrExists) {
			return err
		}
	}
	return err
}

// lockGrants reads and locks the grants that subjects have in an app; what they were is printed by grant id. It looks for all
// of them at once: of grants that another transaction makes together it sees all or none.
func (s *Store) lockGrants(ctx context.Context, q Querier, app string, subjects []gk.Subject) (found []gk.Grant, were map[string]print, err error) {
	if len(subjects) == 0 {
		return nil, nil, nil
	}
	var w clause.Where
	found, err = all(ctx, q, scanGrant, `WITH wanted (kind, subject) AS (VALUES `+w.Subjects(subjects)+`)
		SELECT `+grantColumns+` FROM grants
		WHERE id IN (SELECT g.id FROM wanted JOIN grants AS g
			ON g.app_id = `+w.Arg(app)+` AND g.subject_kind = wanted.kind AND g.subject_id = wanted.subject)
		ORDER BY subject_kind, subject_id`+s.lock.Wait, w.Args...)
	if err != nil {
		return nil, nil, err
	}
	if err := addShopsBy(ctx, q, scanShop, found); err != nil {
		return nil, nil, err
	}
	were = make(map[string]print, len(found))
	for i := range found {
		if were[found[i].ID], err = printGrant(&found[i]); err != nil {
			return nil, nil, err
		}
	}
	return found, were, nil
}

func pointers(grants []gk.Grant) []*gk.Grant {
	to := make([]*gk.Grant, len(grants))
	for i := range grants {
		to[i] = &grants[i]
	}
	return to
}

// termOf is a term and the grant that it finds.
type termOf struct{ term, grant string }

// inOrder returns terms as rows in the order of their table, each once: neighbours are stored at one place.
func inOrder(found []termOf) [][]any {
	slices.SortFunc(found, func(a, b termOf) int {
		return cmp.Or(strings.Compare(a.term, b.term), strings.Compare(a.grant, b.grant))
	})
	found = slices.Compact(found)
	rows, values := make([][]any, len(found)), make([]any, 0, 2*len(found))
	for i, t := range found {
		values = append(values, t.term, t.grant)
		rows[i] = values[2*i : 2*i+2 : 2*i+2]
	}
	return rows
}
