package explain

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

//go:embed ours.csv
var oursCSV string

// Own is a state of our own: no platform says it, and it is the same on all of them.
type Own struct {
	Code   string
	Action gk.Action
	Cause  platform.Texts
	Remedy platform.Texts
}

var own = mustOwn(oursCSV)

// Ours lists our own states in the order of the file.
func Ours() []Own { return slices.Clone(own) }

// ourRow returns the first of some codes that is a state of our own; nil if none is.
func ourRow(codes ...string) *Own {
	for _, code := range codes {
		if i := slices.IndexFunc(own, func(o Own) bool { return code != "" && o.Code == code }); i >= 0 {
			return &own[i]
		}
	}
	return nil
}

// mustOwn reads the file, which is part of the program: a mistake in it is one of ours.
func mustOwn(text string) []Own {
	r := csv.NewReader(strings.NewReader(text))
	records, err := r.ReadAll()
	if err != nil {
		panic(fmt.Sprintf("explain: ours.csv: %v", err))
	}
	var all []Own
	for i, rec := range records[1:] {
		o := Own{
			Code: rec[0], Action: gk.Action(rec[1]),
			Cause: platform.Texts{ZhCN: rec[2], ZhTW: rec[3], En: rec[4]}, Remedy: platform.Texts{ZhCN: rec[5], ZhTW: rec[6], En: rec[7]},
		}
		if !slices.Contains(gk.Actions(), o.Action) || slices.Contains(rec, "") {
			panic(fmt.Sprintf("explain: ours.csv: row %d: an action is unknown or a text missing", i+1))
		}
		all = append(all, o)
	}
	return all
}
