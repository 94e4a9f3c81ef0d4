package shell

import (
	"slices"

	"github.com/grantkeep/grantkeep/client"
)

// ShowChecks prints checks and fails if one of them did.
func ShowChecks(s Streams, checks []client.Check, asJSON bool) error {
	failed := slices.ContainsFunc(checks, func(c client.Check) bool { return c.State == "failed" })
	if asJSON {
		if err := PrintJSON(s.Out, checks); err != nil {
			return err
		}
	} else {
		rows := make([][]string, 0, len(checks))
		for _, c := range checks {
			rows = append(rows, []string{c.State, c.Name, c.Detail})
		}
		PrintTable(s.Out, []string{"State", "Check", "Detail"}, rows)
	}
	if failed {
		return ErrFailed
	}
	return nil
}
