package sqlstore

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	gk "github.com/grantkeep/grantkeep"
)

// where collects conditions that depend on what is asked, and their parameters. Start it with the parameters that the
// statement has already.
type where struct {
	text strings.Builder
	args []any
}

// and adds a condition on one value; %[1]s in it stands for the value's parameter.
func (w *where) and(condition string, v any) {
	fmt.Fprintf(&w.text, " AND "+condition, w.arg(v))
}

// in adds that a column has one of some values.
func (w *where) in(column string, values []string) {
	w.text.WriteString(" AND " + column + " IN (" + w.list(values) + ")")
}

// seen adds that a row exists for a viewer. owner is empty for tables whose rows have none.
func (w *where) seen(v gk.Viewer, app, owner string) {
	if len(v.Scopes) == 0 {
		w.text.WriteString(" AND 1 = 0")
	}
	if len(v.Apps) > 0 {
		w.in(app, v.Apps)
	}
	if len(v.Owners) > 0 && owner != "" {
		w.in(owner, v.Owners)
		w.text.WriteString(" AND " + owner + " <> ''")
	}
}

// arg adds a parameter and returns its name.
func (w *where) arg(v any) string {
	w.args = append(w.args, v)
	return "$" + strconv.Itoa(len(w.args))
}

// list adds parameters and returns their names. It repeats the last value until their number is a power of two, so
// that statements have few texts and stay prepared.
func (w *where) list(values []string) string {
	return repeated(values, func(v string) string { return w.arg(v) })
}

// subjects is list for subjects, by kind and id.
func (w *where) subjects(values []gk.Subject) string {
	return repeated(values, func(s gk.Subject) string { return "(" + w.arg(s.Kind) + ", " + w.arg(s.ID) + ")" })
}

// repeated joins the names of values, of which there is one at least.
func repeated[T any](values []T, name func(T) string) string {
	names := make([]string, 0, 2*len(values))
	for _, v := range values {
		names = append(names, name(v))
	}
	for n := len(names); n&(n-1) != 0; n++ {
		names = append(names, name(values[len(values)-1]))
	}
	return strings.Join(names, ", ")
}

// atMost is the LIMIT of a list; 0 means no limit.
func atMost(limit int) int64 {
	if limit <= 0 {
		return math.MaxInt64
	}
	return int64(limit)
}

// beginning returns the LIKE pattern (ESCAPE '\') of texts that begin with part. Only ASCII letters lose their case, as in
// SQL's lower() on both engines.
func beginning(part string) string {
	var b strings.Builder
	for _, r := range part {
		switch {
		case r == '%' || r == '_' || r == '\\':
			b.WriteByte('\\')
		case 'A' <= r && r <= 'Z':
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	b.WriteByte('%')
	return b.String()
}
