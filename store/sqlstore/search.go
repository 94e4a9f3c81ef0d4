package sqlstore

import (
	"context"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlstore/terms"
)

// mostFound is up to how many grants a query is answered by its terms. Where there are more, every few rows in the order
// of their ids is one of them, and walking that order finds a page sooner than sorting them does.
const mostFound = 5000

// readAtOnce is how many grants that were found by their terms one statement reads.
const readAtOnce = 256

// found returns the ids of the grants with a term of the query, sorted; many says that there are more than mostFound.
func found(ctx context.Context, q Querier, query string) (ids []string, many bool, err error) {
	query = terms.Fold(query)
	if query == "" {
		return nil, false, nil
	}
	wanted := [][]string{{terms.Whole(query)}}
	if utf8.RuneCountInString(query) > 1 {
		wanted = append(wanted, terms.InName(query))
	}
	for _, either := range wanted {
		some, err := foundByOne(ctx, q, either)
		if err != nil {
			return nil, false, err
		}
		if len(some) > mostFound {
			return nil, true, nil
		}
		ids = append(ids, some...)
	}
	slices.Sort(ids)
	return slices.Compact(ids), false, nil
}

// foundByOne returns the ids of the grants with the first of some terms that not more than mostFound have.
func foundByOne(ctx context.Context, q Querier, either []string) (ids []string, err error) {
	for _, term := range either {
		ids, err = all(ctx, q, scanText, `SELECT grant_id FROM grant_terms WHERE term >= $1 AND term < $2 LIMIT $3`,
			term, term+string(utf8.MaxRune), int64(mostFound+1))
		if err != nil || len(ids) <= mostFound {
			break
		}
	}
	return ids, err
}

// queried adds that a grant has the query: at the beginning of one of its ids, hosts and owner, or anywhere in a name.
func (w *where) queried(query string) {
	query = terms.Fold(query)
	w.and(`(folded LIKE %[1]s ESCAPE '\'`, "%"+terms.MarkWhole+literal(query)+"%")
	if utf8.RuneCountInString(query) > 1 {
		w.text.WriteString(` OR folded LIKE ` + w.arg("%"+terms.MarkName+"%"+literal(query)+"%") + ` ESCAPE '\'`)
	}
	w.text.WriteString(")")
}

// literal returns a text as a LIKE pattern with ESCAPE '\' has it. A folded text has no case left that LIKE could ignore.
func literal(text string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text)
}

// search lists grants that a query finds; w holds the other conditions, and the id after which they begin.
func search(ctx context.Context, q Querier, f store.GrantFilter, w func() *where) ([]gk.Grant, error) {
	ids, many, err := found(ctx, q, f.Query)
	if err != nil {
		return nil, err
	}
	if many {
		return listGrants(ctx, q, w(), f.Limit)
	}
	at, exact := slices.BinarySearch(ids, f.After)
	if exact {
		at++
	}
	var page []gk.Grant
	for ids = ids[at:]; len(ids) > 0 && (f.Limit <= 0 || len(page) < f.Limit); {
		n := min(len(ids), readAtOnce)
		some := w()
		some.in("id", ids[:n])
		left := 0
		if f.Limit > 0 {
			left = f.Limit - len(page)
		}
		more, err := listGrants(ctx, q, some, left)
		if err != nil {
			return nil, err
		}
		page, ids = append(page, more...), ids[n:]
	}
	return page, nil
}

// listGrants reads a page of grants.
func listGrants(ctx context.Context, q Querier, w *where, limit int) ([]gk.Grant, error) {
	most := w.arg(atMost(limit))
	return all(ctx, q, shownGrant, `SELECT `+grantColumns+` FROM grants
		WHERE id > $1`+w.text.String()+` ORDER BY id LIMIT `+most, w.args...)
}

// GrantsAt implements [store.Grants].
func (s *Store) GrantsAt(ctx context.Context, app, host string) (at []gk.Grant, err error) {
	if host = terms.Fold(host); host == "" {
		return nil, nil
	}
	err = s.db.Snapshot(ctx, func(ctx context.Context, q Querier) error {
		at = nil
		some, err := all(ctx, q, shownGrant, `SELECT `+grantColumns+` FROM grants
			WHERE app_id = $2 AND id IN (SELECT grant_id FROM grant_terms WHERE term = $1) ORDER BY id`, terms.Whole(host), app)
		if err != nil {
			return err
		}
		if err := addShops(ctx, q, some); err != nil {
			return err
		}
		for _, g := range some {
			here := terms.Fold(g.Subject.Host) == host
			for i := range g.Shops {
				here = here || terms.Fold(g.Shops[i].Host) == host
			}
			if here {
				at = append(at, g)
			}
		}
		return nil
	})
	return at, err
}

// foldInto stores the terms of a grant whose folded text was before. A row that was changed past this program may have some
// of them already.
func foldInto(ctx context.Context, q Querier, id, before, after string) error {
	if before == after {
		return nil
	}
	old, fresh := terms.Of(before), terms.Of(after)
	for _, term := range slices.Sorted(maps.Keys(old)) {
		if fresh[term] {
			continue
		}
		if _, err := exec(ctx, q, `DELETE FROM grant_terms WHERE term = $1 AND grant_id = $2`, term, id); err != nil {
			return err
		}
	}
	var rows [][]any
	for _, term := range slices.Sorted(maps.Keys(fresh)) {
		if !old[term] {
			rows = append(rows, []any{term, id})
		}
	}
	if err := insertMissing(ctx, q, `INSERT INTO grant_terms (term, grant_id)`, rows); err != nil {
		return err
	}
	_, err := exec(ctx, q, `UPDATE grants SET folded = $2 WHERE id = $1`, id, after)
	return err
}

// foldOld gives terms to grants that an older version stored, at most limit.
func (s *Store) foldOld(ctx context.Context, q Querier, limit int) (int, error) {
	found, err := all(ctx, q, shownGrant, `SELECT `+grantColumns+` FROM grants
		WHERE folded = '' ORDER BY id LIMIT $1`+s.lock.Skip, int64(limit))
	if err != nil {
		return 0, err
	}
	if err := addShops(ctx, q, found); err != nil {
		return 0, err
	}
	for i := range found {
		if err := foldInto(ctx, q, found[i].ID, "", terms.Text(&found[i])); err != nil {
			return 0, err
		}
	}
	return len(found), nil
}
