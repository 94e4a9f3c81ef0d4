package sqlstore

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"unicode"

	gk "github.com/grantkeep/grantkeep"
)

// A grant is found by terms that are stored with it: the beginnings of its ids, hosts and owner, and every run of
// characters of its names. Its folded text holds all of them: ids and the like first, each after mark 1, then names, each
// after mark 2.
const (
	markWhole = "\x01"
	markName  = "\x02"
)

// Terms are cut: what is longer is compared with the folded text.
const (
	wholeCut = 64 // characters
	nameCut  = 8
)

// fold makes texts equal that differ in case alone, and drops control characters.
func fold(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		return least
	}, strings.ToValidUTF8(text, "\uFFFD"))
}

// foldGrant returns the folded text of a grant.
func foldGrant(g *gk.Grant) string {
	wholes, names := map[string]bool{}, map[string]bool{}
	add := func(to map[string]bool, texts ...string) {
		for _, text := range texts {
			if text = fold(text); text != "" {
				to[text] = true
			}
		}
	}
	add(wholes, g.ID, g.Subject.ID, g.Subject.Host, g.Owner)
	add(names, g.Subject.Name)
	for i := range g.Shops {
		add(wholes, g.Shops[i].ID, g.Shops[i].Host)
		add(names, g.Shops[i].Name)
	}
	var b strings.Builder
	for _, text := range slices.Sorted(maps.Keys(wholes)) {
		b.WriteString(markWhole + text)
	}
	for _, text := range slices.Sorted(maps.Keys(names)) {
		b.WriteString(markName + text)
	}
	return b.String()
}

// termsOf returns the terms of a folded text.
func termsOf(folded string) map[string]bool {
	terms := map[string]bool{}
	for folded != "" {
		mark, rest := folded[:1], folded[1:]
		end := strings.IndexAny(rest, markWhole+markName)
		if end < 0 {
			end = len(rest)
		}
		text := rest[:end]
		folded = rest[end:]
		if mark == markWhole {
			terms[wholeTerm(text)] = true
			continue
		}
		for from := range text {
			terms[nameTerm(text[from:])] = true
		}
	}
	return terms
}

// wholeTerm and nameTerm return the term of a folded text. A term is printable, to be readable in the table.
func wholeTerm(text string) string { return "=" + cut(text, wholeCut) }
func nameTerm(text string) string  { return "~" + cut(text, nameCut) }

// cut returns the first n characters of a text.
func cut(text string, n int) string {
	for at := range text {
		if n == 0 {
			return text[:at]
		}
		n--
	}
	return text
}

// termOf is a term and the grant that it finds.
type termOf struct{ term, grant string }

// inOrder returns terms as rows in the order of their table: neighbours are stored at one place.
func inOrder(terms []termOf) [][]any {
	slices.SortFunc(terms, func(a, b termOf) int {
		return cmp.Or(strings.Compare(a.term, b.term), strings.Compare(a.grant, b.grant))
	})
	rows := make([][]any, len(terms))
	for i, t := range terms {
		rows[i] = []any{t.term, t.grant}
	}
	return rows
}

// foldInto stores the terms of a grant whose folded text was before. A row that was changed past this program may have some
// of them already.
func foldInto(ctx context.Context, q Querier, id, before, after string) error {
	if before == after {
		return nil
	}
	old, fresh := termsOf(before), termsOf(after)
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
		if err := foldInto(ctx, q, found[i].ID, "", foldGrant(&found[i])); err != nil {
			return 0, err
		}
	}
	return len(found), nil
}
