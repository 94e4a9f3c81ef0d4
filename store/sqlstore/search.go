package sqlstore

import (
	"context"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlstore/clause"
	"github.com/grantkeep/grantkeep/store/sqlstore/terms"
)

// mostFound is up to how many grants a query is answered by reading all of its terms. Where there are more, a page of them
// is soon met by walking the grants in the order of their ids, unless they stand together at another place.
const mostFound = 5000

// walkedFirst is how many grants are walked before those of the terms are sorted, which costs as much as there are.
const walkedFirst = 1000

// readAtOnce is how many grants that were found by their terms one statement reads.
const readAtOnce = 256

// found returns the ids of the grants with a term of the query, sorted, or, where there are more than mostFound of one,
// nothing but the terms.
func found(ctx context.Context, q Querier, query string) (ids, many []string, err error) {
	query = terms.Fold(query)
	if query == "" {
		return nil, nil, nil
	}
	wanted := [][]string{{terms.Whole(query)}}
	if utf8.RuneCountInString(query) > 1 {
		wanted = append(wanted, terms.InName(query))
	}
	tooMany := false
	for _, either := range wanted {
		some, by, err := foundByOne(ctx, q, either)
		if err != nil {
			return nil, nil, err
		}
		ids, many, tooMany = append(ids, some...), append(many, by), tooMany || len(some) > mostFound
	}
	if tooMany {
		return nil, many, nil
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil, nil
}

// foundByOne returns the ids of the grants with the first of some terms that not more than mostFound have, and that term;
// the last one where all have more.
func foundByOne(ctx context.Context, q Querier, either []string) (ids []string, by string, err error) {
	for _, by = range either {
		ids, err = all(ctx, q, scanText, `SELECT grant_id FROM grant_terms WHERE term >= $1 AND term < $2 LIMIT $3`,
			by, by+string(utf8.MaxRune), int64(mostFound+1))
		if err != nil || len(ids) <= mostFound {
			break
		}
	}
	return ids, by, err
}

// queried adds that a grant has the query: at the beginning of one of its ids, hosts and owner, or anywhere in a name.
func queried(w *clause.Where, query string) {
	query = terms.Fold(query)
	w.And(`(folded LIKE %[1]s ESCAPE '\'`, "%"+terms.MarkWhole+clause.Literal(query)+"%")
	if utf8.RuneCountInString(query) > 1 {
		w.Text.WriteString(` OR folded LIKE ` + w.Arg("%"+terms.MarkName+"%"+clause.Literal(query)+"%") + ` ESCAPE '\'`)
	}
	w.Text.WriteString(")")
}

// search lists grants that a query finds; w returns the other conditions, for ids after one.
func search(ctx context.Context, q Querier, f store.GrantFilter, w func(after string) *clause.Where) ([]gk.Grant, error) {
	ids, many, err := found(ctx, q, f.Query)
	if err != nil {
		return nil, err
	}
	if many != nil {
		return searchMany(ctx, q, f, many, w)
	}
	at, exact := slices.BinarySearch(ids, f.After)
	if exact {
		at++
	}
	return among(ctx, q, ids[at:], f.Limit, w)
}

// among reads a page of those of some grants that meet the conditions.
func among(ctx context.Context, q Querier, ids []string, limit int, w func(after string) *clause.Where) ([]gk.Grant, error) {
	var page []gk.Grant
	for len(ids) > 0 && (limit <= 0 || len(page) < limit) {
		n := min(len(ids), readAtOnce)
		some := w("")
		some.In("id", ids[:n])
		more, err := listGrants(ctx, q, some, left(limit, len(page)))
		if err != nil {
			return nil, err
		}
		page, ids = append(page, more...), ids[n:]
	}
	return page, nil
}

// left is the limit of what a page still lacks.
func left(limit, have int) int {
	if limit <= 0 {
		return 0
	}
	return limit - have
}

// searchMany lists grants with terms that very many have. It walks the first grants, and asks the terms for the next ones,
// more each time, only where those did not fill the page.
func searchMany(ctx context.Context, q Querier, f store.GrantFilter, many []string, w func(after string) *clause.Where) ([]gk.Grant, error) {
	last, err := all(ctx, q, scanText, `SELECT id FROM grants WHERE id > $1 ORDER BY id LIMIT 1 OFFSET $2`, f.After, int64(walkedFirst))
	if err != nil {
		return nil, err
	}
	if f.Limit <= 0 || len(last) == 0 {
		return listGrants(ctx, q, w(f.After), f.Limit)
	}
	after := last[0]
	walked := w(f.After)
	walked.And(`id <= %[1]s`, after)
	page, err := listGrants(ctx, q, walked, f.Limit)
	for size := readAtOnce; err == nil && len(page) < f.Limit; size *= 4 {
		var ids []string
		if ids, err = nextWith(ctx, q, many, after, size); err != nil || len(ids) == 0 {
			break
		}
		var more []gk.Grant
		more, err = among(ctx, q, ids, f.Limit-len(page), w)
		page, after = append(page, more...), ids[len(ids)-1]
	}
	if err != nil {
		return nil, err
	}
	return page, nil
}

// nextWith returns the next ids behind one of grants with any of some terms.
func nextWith(ctx context.Context, q Querier, many []string, after string, n int) ([]string, error) {
	w := clause.Where{Args: []any{after, int64(n)}}
	var parts []string
	for _, term := range many {
		parts = append(parts, `SELECT grant_id FROM grant_terms WHERE term >= `+w.Arg(term)+` AND term < `+w.Arg(term+string(utf8.MaxRune))+` AND grant_id > $1`)
	}
	return all(ctx, q, scanText, `SELECT grant_id FROM (`+strings.Join(parts, ` UNION ALL `)+`) AS named GROUP BY grant_id ORDER BY grant_id LIMIT $2`, w.Args...)
}

// listGrants reads a page of grants.
func listGrants(ctx context.Context, q Querier, w *clause.Where, limit int) ([]gk.Grant, error) {
	most := w.Arg(clause.AtMost(limit))
	return all(ctx, q, shownGrant, `SELECT `+grantColumns+` FROM grants
		WHERE id > $1`+w.Text.String()+` ORDER BY id LIMIT `+most, w.Args...)
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
