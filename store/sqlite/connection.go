package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlstore"
)

// connection is one connection with the statements prepared on it. One goroutine uses it at a time.
type connection struct {
	conn *sql.Conn
	kept map[string]*sql.Stmt
}

// mostKept bounds how many statements stay prepared. The store has about a hundred texts; viewers with many limits and
// lists with many filters make more, and those beyond run unprepared.
const mostKept = 500

func newConnection(ctx context.Context, db *sql.DB) (*connection, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, translate(err)
	}
	return &connection{conn: conn, kept: make(map[string]*sql.Stmt)}, nil
}

// Exec implements [sqlstore.Querier].
func (c *connection) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	stmt, err := c.prepare(ctx, query) //nolint:sqlclosecheck // the connection keeps it
	if err != nil {
		return 0, translate(err)
	}
	var result sql.Result
	if stmt != nil {
		result, err = stmt.ExecContext(ctx, args...)
	} else {
		result, err = c.conn.ExecContext(ctx, query, args...)
	}
	if err != nil {
		return 0, translate(err)
	}
	return result.RowsAffected()
}

// Query implements [sqlstore.Querier].
func (c *connection) Query(ctx context.Context, row func(sqlstore.Row) error, query string, args ...any) (err error) {
	stmt, err := c.prepare(ctx, query) //nolint:sqlclosecheck // the connection keeps it
	if err != nil {
		return translate(err)
	}
	var rows *sql.Rows
	if stmt != nil {
		rows, err = stmt.QueryContext(ctx, args...)
	} else {
		rows, err = c.conn.QueryContext(ctx, query, args...)
	}
	if err != nil {
		return translate(err)
	}
	defer func() { err = errors.Join(err, translate(rows.Close())) }()
	for rows.Next() {
		if err := row(rows); err != nil {
			return err
		}
	}
	return translate(rows.Err())
}

// prepare returns the prepared statement of a text, or nil if too many are kept already.
func (c *connection) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	if stmt := c.kept[query]; stmt != nil {
		return stmt, nil
	}
	if len(c.kept) >= mostKept {
		return nil, nil
	}
	stmt, err := c.conn.PrepareContext(ctx, nameless(unplanned(query)))
	if err == nil {
		c.kept[query] = stmt
	}
	return stmt, err
}

// limited finds a LIMIT that is a parameter and nothing else.
var limited = regexp.MustCompile(`LIMIT (\$[0-9]+)`)

// unplanned returns a text whose limits are sums: the number of a bare one goes into the plan, so that SQLite plans the
// statement again whenever it is bound, which takes longer than most statements do.
func unplanned(query string) string { return limited.ReplaceAllString(query, `LIMIT ($1 + 0)`) }

// nameless returns a text whose parameters are used in their order, each once, without their numbers. The driver looks up
// every numbered one by its name, among all of them; in an INSERT of many rows that takes longer than the INSERT.
func nameless(query string) string {
	if strings.Contains(query, "'") {
		return query // a sign in a text is no parameter
	}
	parts := strings.Split(query, "$")
	for i, part := range parts[1:] {
		number := strconv.Itoa(i + 1)
		rest, ok := strings.CutPrefix(part, number)
		if !ok || rest != "" && rest[0] >= '0' && rest[0] <= '9' {
			return query
		}
		parts[i+1] = rest
	}
	text := strings.Join(parts, "?")
	if into, ok := strings.CutPrefix(text, "INSERT INTO"); ok && !strings.Contains(text, "ON CONFLICT") {
		// A row that is refused ends its change, which takes back the others; that the statement could do so alone costs a
		// copy of every page that it touches.
		text = "INSERT OR FAIL INTO" + into
	}
	return text
}

// control runs a statement that steers a transaction, whatever becomes of the caller meanwhile. When that fails, the
// connection is not to be relied on.
func (c *connection) control(statement string) error {
	_, err := c.Exec(context.Background(), statement)
	if err != nil && !errors.Is(err, store.ErrUnavailable) {
		return fmt.Errorf("%w: %s: %s", store.ErrUnavailable, statement, err.Error())
	}
	return err
}

// sound reports whether the connection is in autocommit: only then a transaction can be begun on it.
func (c *connection) sound() bool { return c.control("BEGIN") == nil && c.control("ROLLBACK") == nil }

// rest gives back the memory of pages that are not in use.
func (c *connection) rest(ctx context.Context) error {
	_, err := c.Exec(ctx, `PRAGMA shrink_memory`)
	return err
}

// keep bounds the memory of pages that the connection keeps.
func (c *connection) keep(ctx context.Context, bytes int64) error {
	_, err := c.conn.ExecContext(ctx, `PRAGMA cache_size = -`+strconv.FormatInt(bytes>>10, 10))
	return translate(err)
}

// discard closes the statements and ends the connection. Closed only, it would go back to the pool of package sql, with
// the transaction that may be open on it.
func (c *connection) discard() error {
	var errs []error
	for _, stmt := range c.kept {
		errs = append(errs, stmt.Close())
	}
	err := c.conn.Raw(func(any) error { return driver.ErrBadConn })
	if errors.Is(err, driver.ErrBadConn) {
		err = nil
	}
	return errors.Join(append(errs, err)...)
}

// close closes the statements and the connection.
func (c *connection) close() error {
	var errs []error
	for _, stmt := range c.kept {
		errs = append(errs, stmt.Close())
	}
	return errors.Join(append(errs, c.conn.Close())...)
}
