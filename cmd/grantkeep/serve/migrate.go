package serve

import (
	"context"
	"fmt"
	"strings"

	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
	"github.com/grantkeep/grantkeep/store/postgres"
	"github.com/grantkeep/grantkeep/store/sqlite"
)

// What --migrate says.
const (
	migrateAuto  = "auto"
	migrateCheck = "check"
)

// maySetUp looks whether the start would change the schema where it was told not to. A server whose role may not change
// tables hears here what is missing, instead of a refusal of the database in its own words.
func maySetUp(ctx context.Context, how, data, database string) error {
	switch how {
	case migrateAuto:
		return nil
	case migrateCheck:
	default:
		return shell.Usage("--migrate is auto or check, not %q", how)
	}
	var missing []string
	var err error
	if database == "" {
		missing, err = sqlite.Pending(ctx, data)
	} else {
		var found postgres.State
		found, err = postgres.Look(ctx, database)
		missing = found.Pending
	}
	if err == nil && len(missing) > 0 {
		err = fmt.Errorf("the schema is not this version's, and --migrate=check changes nothing: %s missing; start one server once with --migrate=auto and a role that may make tables",
			strings.Join(missing, ", ")+map[bool]string{true: " is", false: " are"}[len(missing) == 1])
	}
	return err
}
