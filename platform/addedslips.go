package platform

import "strings"

// mostNames and mostLeft bound which parameters are left out, and how many at a time.
const (
	mostNames = 12
	mostLeft  = 3
)

// AddedSlips are the texts of a query from which up to three parameters are left out: what a mail tool or a proxy adds
// to an address was not there when it was signed. text writes what is signed without the names given, in one form or
// several.
func AddedSlips(names []string, text func(left []string) []string) []Slip {
	names = names[:min(len(names), mostNames)]
	var all []Slip
	var leave func(from int, left []string)
	leave = func(from int, left []string) {
		for i := from; i < len(names); i++ {
			out := append(left[:len(left):len(left)], names[i])
			why := ": it was added to the address after it was signed, or must not be signed"
			if len(out) > 1 {
				why = ": they were added to the address after it was signed, or must not be signed"
			}
			for _, t := range text(out) {
				all = append(all, Slip{t, "right without " + Words(strings.Join(out, " and ")) + why})
			}
			if len(out) < mostLeft {
				leave(i+1, out)
			}
		}
	}
	leave(0, nil)
	return all
}
