package postgres

import (
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlstore"
)

// errConflict is the error of a transaction that the server ended in favour of another; it may be begun again.
var errConflict = fmt.Errorf("%w: conflict", store.ErrUnavailable)

// translate says an error of the server or of the way to it in the store's words. Only the server's message and its
// SQLSTATE are kept: other parts of its answer quote the row, and other errors may quote a parameter.
// https://www.postgresql.org/docs/current/errcodes-appendix.html
func translate(err error) error {
	if err == nil || errors.Is(err, pgx.ErrTxCommitRollback) {
		return err
	}
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		text := err.Error()
		if strings.Contains(text, "failed to encode args") {
			return errors.New("a parameter does not fit its type")
		}
		return fmt.Errorf("%w: %s", store.ErrUnavailable, text)
	}
	switch e.Code {
	case "23505":
		return fmt.Errorf("%w: %s", store.ErrExists, e.Message)
	case "23503":
		return fmt.Errorf("%w: %s", sqlstore.ErrReference, e.Message)
	case "40001", "40P01":
		return fmt.Errorf("%w: %s", errConflict, e.Message)
	case "25006": // a replica, or a primary that is being replaced
		return fmt.Errorf("%w: %s", store.ErrUnavailable, e.Message)
	}
	switch e.Code[:2] {
	case "22": // its message quotes the value
		return fmt.Errorf("a value is refused (SQLSTATE %s)", e.Code)
	case "08", "28", "3D", "40", "53", "55", "57", "58", "F0", "XX":
		return fmt.Errorf("%w: %s (SQLSTATE %s)", store.ErrUnavailable, e.Message, e.Code)
	default:
		return fmt.Errorf("%s (SQLSTATE %s)", e.Message, e.Code)
	}
}
