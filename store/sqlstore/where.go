package sqlstore

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"

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

// andRange adds a condition on two values; %[1]s and %[2]s stand for their parameters.
func (w *where) andRange(condition, from, to string) {
	fmt.Fprintf(&w.text, " AND "+condition, w.arg(from), w.arg(to))
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

// between returns what a text in lower case that begins with part is not less than, and less than; unlike LIKE with a
// parameter, an index can serve it. Only ASCII letters lose their case, as in SQL's lower() on both engines.
func between(part string) (from, to string) {
	from = strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, part)
	return from, from + string(unicode.MaxRune)
}

// moves are the conditions by which it is somebody's move, as [gk.Grant.WhoseMove] has it. Each part names what one of the
// partial indexes of grants is partial by, and no grant is in two of them.
func moves(whose string) []string {
	var parts []string
	switch whose {
	case gk.MoveVendor:
		parts = append(parts, `state <> 'active' AND state <> 'revoked' AND state = 'held'`)
	case gk.MoveMerchant:
		parts = append(parts, `state <> 'active' AND state <> 'revoked' AND state = 'expired'`,
			`renewable = 0 AND expires_at > 0 AND fault = '' AND state IN ('active', 'suspended')`)
	}
	var faults []string
	for _, action := range gk.Actions() {
		if action.Move() == whose {
			// The quotes of a platform's own words are escaped in the text, so none of them reads like this.
			faults = append(faults, `fault LIKE '%"action":"`+literal(string(action))+`"%' ESCAPE '\'`)
		}
	}
	if len(faults) > 0 {
		parts = append(parts, `fault <> '' AND state <> 'revoked' AND state IN ('active', 'suspended') AND (`+strings.Join(faults, ` OR `)+`)`)
	}
	return parts
}

// moved adds that it is somebody's move.
func (w *where) moved(whose string) {
	parts := moves(whose)
	if len(parts) == 0 {
		w.text.WriteString(" AND 1 = 0")
		return
	}
	w.text.WriteString(` AND id IN (SELECT id FROM grants WHERE ` + strings.Join(parts, ` UNION ALL SELECT id FROM grants WHERE `) + `)`)
}
