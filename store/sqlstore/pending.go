package sqlstore

import (
	"fmt"
	"io/fs"
	"slices"

	"github.com/pressly/goose/v3"

	"github.com/grantkeep/grantkeep/store"
)

// Pending returns the names of the migrations that a database lacks which has had those with these numbers. A database
// that has had one which this program does not know is a newer program's: [store.ErrForeign].
func Pending(files fs.FS, had []int64) ([]string, error) {
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		return nil, err
	}
	var names []string
	var newest int64
	for _, e := range entries {
		n, err := goose.NumericComponent(e.Name())
		if err != nil {
			return nil, err
		}
		newest = max(newest, n)
		if !slices.Contains(had, n) {
			names = append(names, e.Name())
		}
	}
	if len(had) > 0 && slices.Max(had) > newest {
		return nil, TooNew("the database", slices.Max(had), newest)
	}
	return names, nil
}

// TooNew is the error of a database that a newer program has written.
func TooNew(what string, have, want int64) error {
	return fmt.Errorf("%w: %s has schema %d, this program knows %d: a newer grantkeep has served it, and what it stored would be lost on an older one; "+
		"start that newer grantkeep, or restore the backup that was made before the upgrade", store.ErrForeign, what, have, want)
}
