// Package clause writes the conditions of statements that depend on what is asked, with their parameters.
package clause

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"

	gk "github.com/grantkeep/grantkeep"
)

// Where collects conditions that depend on what is asked, and their parameters. Start it with the parameters that the
// statement has already.
type Where struct {
	Text strings.Builder
	Args []any
}

// And adds a condition on one value; %[1]s in it stands for the value's parameter.
func (w *Where) And(condition string, v any) {
	fmt.Fprintf(&w.Text, " AND "+condition, w.Arg(v))
}

// AndRange adds a condition on two values; %[1]s and %[2]s stand for their parameters.
func (w *Where) AndRange(condition, from, to string) {
	fmt.Fprintf(&w.Text, " AND "+condition, w.Arg(from), w.Arg(to))
}

// In adds that a column has one of some values.
func (w *Where) In(column string, values []string) {
	w.Text.WriteString(" AND " + column + " IN (" + w.List(values) + ")")
}

// Seen adds that a row exists for a viewer. owner is empty for tables whose rows have none.
func (w *Where) Seen(v gk.Viewer, app, owner string) {
	if len(v.Scopes) == 0 {
		w.Text.WriteString(" AND 1 = 0")
	}
	if len(v.Apps) > 0 {
		w.In(app, v.Apps)
	}
	if len(v.Owners) > 0 && owner != "" {
		w.In(owner, v.Owners)
		w.Text.WriteString(" AND " + owner + " <> ''")
	}
}

// Arg adds a parameter and returns its name.
func (w *Where) Arg(v any) string {
	w.Args = append(w.Args, v)
	return "$" + strconv.Itoa(len(w.Args))
}

// List adds parameters and returns their names. It repeats the last value until their number is a power of two, so
// that statements have few texts and stay prepared.
func (w *Where) List(values []string) string {
	return repeated(values, func(v string) string { return w.Arg(v) })
}

// Subjects is list for subjects, by kind and id.
func (w *Where) Subjects(values []gk.Subject) string {
	return repeated(values, func(s gk.Subject) string { return "(" + w.Arg(s.Kind) + ", " + w.Arg(s.ID) + ")" })
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

// AtMost is the LIMIT of a list; 0 means no limit.
func AtMost(limit int) int64 {
	if limit <= 0 {
		return math.MaxInt64
	}
	return int64(limit)
}

// Between returns what a text in lower case that begins with part is not less than, and less than; unlike LIKE with a
// parameter, an index can serve it. Only ASCII letters lose their case, as in SQL's lower() on both engines.
func Between(part string) (from, to string) {
	from = strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, part)
	return from, from + string(unicode.MaxRune)
}

// Literal returns a text as a LIKE pattern with ESCAPE '\' has it. A folded text has no case left that LIKE could ignore.
func Literal(text string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text)
}

// Moves are the conditions by which it is somebody's move, as [gk.Grant.WhoseMove] has it. Each part names what one of the
// partial indexes of grants is partial by, and no grant is in two of them.
func Moves(whose string) []string {
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
			faults = append(faults, `fault LIKE '%"action":"`+Literal(string(action))+`"%' ESCAPE '\'`)
		}
	}
	if len(faults) > 0 {
		parts = append(parts, `fault <> '' AND state <> 'revoked' AND state IN ('active', 'suspended') AND (`+strings.Join(faults, ` OR `)+`)`)
	}
	return parts
}

// Moved adds that it is somebody's move.
func (w *Where) Moved(whose string) {
	parts := Moves(whose)
	if len(parts) == 0 {
		w.Text.WriteString(" AND 1 = 0")
		return
	}
	w.Text.WriteString(` AND id IN (SELECT id FROM grants WHERE ` + strings.Join(parts, ` UNION ALL SELECT id FROM grants WHERE `) + `)`)
}
