package sqlstore

import (
	"strconv"
	"strings"

	"github.com/grantkeep/grantkeep/store"
)

// quoted writes names of columns; none of ours needs more.
func quoted(names []string) string { return `"` + strings.Join(names, `", "`) + `"` }

// keyOf returns the columns of a table's key.
func keyOf(t store.Table) []string {
	names := make([]string, 0, len(t.Key))
	for _, n := range t.Key {
		names = append(names, t.Columns[n])
	}
	return names
}

// WholeTable reads all rows of a table, ordered by its key.
func WholeTable(t store.Table) string {
	return `SELECT ` + quoted(t.Columns) + ` FROM ` + t.Name + ` ORDER BY ` + quoted(keyOf(t))
}

// DeleteRow deletes the row with a key.
func DeleteRow(t store.Table) string {
	var b strings.Builder
	b.WriteString(`DELETE FROM ` + t.Name)
	for n, name := range keyOf(t) {
		b.WriteString([]string{` WHERE `, ` AND `}[min(n, 1)] + quoted([]string{name}) + ` = $` + strconv.Itoa(n+1))
	}
	return b.String()
}

// UpdateRow writes all columns of the row that has the same key.
func UpdateRow(t store.Table) string {
	var b strings.Builder
	b.WriteString(`UPDATE ` + t.Name + ` SET `)
	for n, name := range t.Columns {
		if n > 0 {
			b.WriteString(", ")
		}
		b.WriteString(quoted([]string{name}) + ` = $` + strconv.Itoa(n+1))
	}
	for n, place := range t.Key {
		b.WriteString([]string{` WHERE `, ` AND `}[min(n, 1)] + quoted([]string{t.Columns[place]}) + ` = $` + strconv.Itoa(place+1))
	}
	return b.String()
}
