package sqlstore

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

// mostFound is up to how many grants a query is answered by its terms. Where there are more, every few rows in the order
// of their ids is one of them, and walking that order finds a page sooner than sorting them does.
const mostFound = 5000

// readAtOnce is how many grants that were found by their terms one statement reads.
const readAtOnce = 256

// found returns the ids of the grants with a term of the query, sorted; many says that there are more than mostFound.
func found(ctx context.Context, q Querier, query string) (ids []string, many bool, err error) {
	query = fold(query)
	if query == "" {
		return nil, false, nil
	}
	terms := []string{wholeTerm(query)}
	if utf8.RuneCountInString(query) > 1 {
		terms = append(terms, nameTerm(query))
	}
	for _, term := range terms {
		some, err := all(ctx, q, scanText, `SELECT grant_id FROM grant_terms WHERE term >= $1 AND term < $2 LIMIT $3`,
			term, term+string(utf8.MaxRune), int64(mostFound+1))
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

// queried adds that a grant has the query: at the beginning of one of its ids, hosts and owner, or anywhere in a name.
func (w *where) queried(query string) {
	query = fold(query)
	w.and(`(folded LIKE %[1]s ESCAPE '\'`, "%"+markWhole+literal(query)+"%")
	if utf8.RuneCountInString(query) > 1 {
		w.text.WriteString(` OR folded LIKE ` + w.arg("%"+markName+"%"+literal(query)+"%") + ` ESCAPE '\'`)
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
	if host = fold(host); host == "" {
		return nil, nil
	}
	err = s.db.Snapshot(ctx, func(ctx context.Context, q Querier) error {
		at = nil
		some, err := all(ctx, q, shownGrant, `SELECT `+grantColumns+` FROM grants
			WHERE app_id = $2 AND id IN (SELECT grant_id FROM grant_terms WHERE term = $1) ORDER BY id`, wholeTerm(host), app)
		if err != nil {
			return err
		}
		if err := addShops(ctx, q, some); err != nil {
			return err
		}
		for _, g := range some {
			here := fold(g.Subject.Host) == host
			for i := range g.Shops {
				here = here || fold(g.Shops[i].Host) == host
			}
			if here {
				at = append(at, g)
			}
		}
		return nil
	})
	return at, err
}
