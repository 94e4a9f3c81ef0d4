package sqlite

import (
	"errors"
	"fmt"

	driver "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlstore"
)

// errClosed is the error of using the store after Close.
var errClosed = fmt.Errorf("%w: closed", store.ErrUnavailable)

// translate says an error of SQLite in the store's words. What is neither our mistake nor a row's is the machine's: a
// full disk, a file that cannot be read.
func translate(err error) error {
	var e *driver.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code() {
	case lib.SQLITE_CONSTRAINT_UNIQUE, lib.SQLITE_CONSTRAINT_PRIMARYKEY:
		return fmt.Errorf("%w: %s", store.ErrExists, e.Error())
	case lib.SQLITE_CONSTRAINT_FOREIGNKEY:
		return fmt.Errorf("%w: %s", sqlstore.ErrReference, e.Error())
	}
	switch e.Code() & 0xff { // the primary code
	case lib.SQLITE_CONSTRAINT, lib.SQLITE_ERROR, lib.SQLITE_MISUSE, lib.SQLITE_RANGE, lib.SQLITE_MISMATCH, lib.SQLITE_TOOBIG:
		return err
	default:
		return fmt.Errorf("%w: %s", store.ErrUnavailable, e.Error())
	}
}
