package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlstore/schema"
)

// Image is a database as it stands at one moment, for whoever copies all of it. A server may be at work on it meanwhile.
type Image struct {
	Copy

	Moved string // where everything was moved to; empty: nowhere

	db *sql.DB
	tx *sql.Tx
}

// OpenImage checks the database in a directory and begins to read it. This process must not have it open.
func OpenImage(ctx context.Context, dir string) (*Image, error) {
	if err := Exists(dir); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, databaseFile)
	c, err := examine(ctx, path)
	if err != nil {
		return nil, err
	}
	want, err := newest()
	if err == nil && c.Schema < want {
		err = fmt.Errorf("%s has schema %d, this program has %d: let a server of this version start on it once", path, c.Schema, want)
	}
	if err != nil {
		return nil, err
	}
	db, err := connect(ctx, path, 1, url.Values{"_query_only": {"1"}})
	if err != nil {
		return nil, err
	}
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, errors.Join(translate(err), db.Close())
	}
	i := &Image{Copy: c, db: db, tx: tx}
	// The moment is that of the first reading.
	row := tx.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM apps), (SELECT count(*) FROM grants), COALESCE((SELECT v FROM meta WHERE k = ?), '')`, store.MetaMoved)
	if err := row.Scan(&i.Apps, &i.Grants, &i.Moved); err != nil {
		return nil, errors.Join(translate(err), i.Close())
	}
	return i, nil
}

// Close ends the reading.
func (i *Image) Close() error { return errors.Join(i.tx.Rollback(), i.db.Close()) }

// tallyTable is filled by triggers wherever grants are written.
const tallyTable = "grant_tally"

// Tables returns the tables, each behind those that its rows refer to.
func (i *Image) Tables(ctx context.Context) ([]store.Table, error) {
	names, err := texts(ctx, i.tx, `SELECT name FROM sqlite_master
		WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT IN (?, ?) ORDER BY name`, schemaTable, tallyTable)
	if err != nil {
		return nil, err
	}
	var tables []store.Table
	placed := map[string]bool{}
	for len(tables) < len(names) {
		before := len(tables)
		for _, name := range names {
			parents, err := texts(ctx, i.tx, `SELECT "table" FROM pragma_foreign_key_list(?)`, name)
			if err != nil {
				return nil, err
			}
			if placed[name] || slices.ContainsFunc(parents, func(p string) bool { return !placed[p] && p != name }) {
				continue
			}
			t := store.Table{Name: name}
			if t.Columns, err = texts(ctx, i.tx, `SELECT name FROM pragma_table_info(?) ORDER BY cid`, name); err != nil {
				return nil, err
			}
			key, err := texts(ctx, i.tx, `SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk`, name)
			if err != nil {
				return nil, err
			}
			for _, column := range key {
				t.Key = append(t.Key, slices.Index(t.Columns, column))
			}
			if len(t.Key) == 0 {
				return nil, fmt.Errorf("sqlite: the table %s has no primary key", name)
			}
			placed[name] = true
			tables = append(tables, t)
		}
		if len(tables) == before {
			return nil, errors.New("sqlite: tables refer to each other in a circle")
		}
	}
	return tables, nil
}

// Rows reads all rows of a table, ordered by its key.
func (i *Image) Rows(ctx context.Context, t store.Table) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		rows, err := i.tx.QueryContext(ctx, schema.WholeTable(t))
		if err != nil {
			yield(nil, translate(err))
			return
		}
		defer func() { _ = rows.Close() }() // what it says is told by Err
		for rows.Next() {
			row := make([]any, len(t.Columns))
			places := make([]any, len(row))
			for n := range row {
				places[n] = &row[n]
			}
			if err := rows.Scan(places...); err != nil {
				yield(nil, translate(err))
				return
			}
			if !yield(row, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(nil, translate(err))
		}
	}
}

// texts reads one column.
func texts(ctx context.Context, tx *sql.Tx, query string, args ...any) (all []string, err error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, translate(err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, translate(err)
		}
		all = append(all, strings.Clone(text))
	}
	return all, translate(rows.Err())
}

// Hold is a data directory that no server can open, with a database that has this program's schema.
type Hold struct {
	path string
	lock *os.File
}

// HoldDir takes a data directory; [ErrLocked] while a server has it.
func HoldDir(ctx context.Context, dir string) (*Hold, error) {
	if err := Exists(dir); err != nil {
		return nil, err
	}
	s, err := Open(ctx, dir) // for its migrations
	if err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	lock, err := takeLock(dir)
	if err != nil {
		return nil, err
	}
	return &Hold{path: filepath.Join(dir, databaseFile), lock: lock}, nil
}

// Close lets others have the directory.
func (h *Hold) Close() error { return h.lock.Close() }

// SetMeta stores a value, or removes it where it is empty. No [Image] of the directory may be open.
func (h *Hold) SetMeta(ctx context.Context, name, value string) error {
	db, err := connect(ctx, h.path, 1, url.Values{})
	if err != nil {
		return err
	}
	if value == "" {
		_, err = db.ExecContext(ctx, `DELETE FROM meta WHERE k = ?`, name)
	} else {
		_, err = db.ExecContext(ctx, `INSERT INTO meta (k, v) VALUES (?, ?) ON CONFLICT (k) DO UPDATE SET v = excluded.v`, name, value)
	}
	return errors.Join(translate(err), db.Close())
}

// Pending returns the names of the migrations that the database in a directory lacks, all of them where there is none, and
// changes nothing. This process must not have it open.
func Pending(ctx context.Context, dir string) (names []string, err error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, databaseFile)
	ours, err := readMark(path)
	if err != nil {
		return nil, err
	}
	var had []int64
	if ours {
		db, err := connect(ctx, path, 1, url.Values{"_query_only": {"1"}})
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, db.Close()) }()
		rows, err := db.QueryContext(ctx, `SELECT version_id FROM `+schemaTable+` WHERE is_applied`)
		if err != nil {
			return nil, translate(err)
		}
		defer func() { _ = rows.Close() }() // what it says is told by Err
		for rows.Next() {
			var n int64
			if err := rows.Scan(&n); err != nil {
				return nil, translate(err)
			}
			had = append(had, n)
		}
		if err := rows.Err(); err != nil {
			return nil, translate(err)
		}
	}
	return schema.Pending(files, had)
}
