package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path/filepath"
	"strconv"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver

	"github.com/grantkeep/grantkeep/store/sqlstore/schema"
)

// connect opens a pool whose connections all have the same settings: in the DSN, since a PRAGMA that is run reaches one
// connection only. What is deleted is overwritten in the pages that are written anyway: a merchant's name that was erased on
// request is not to be found in the file.
func connect(ctx context.Context, path string, most int, settings url.Values) (*sql.DB, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	settings["_pragma"] = append([]string{"busy_timeout(5000)", "foreign_keys(1)", "synchronous(FULL)", "secure_delete(FAST)"}, settings["_pragma"]...)
	settings.Set("_defensive", "1")
	settings.Set("_dqs", "0")
	settings.Set("_error_rc", "1")
	dsn := url.URL{Scheme: "file", Path: filepath.ToSlash(absolute), RawQuery: settings.Encode()}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(most)
	db.SetMaxIdleConns(most)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, translate(err)), db.Close())
	}
	return db, nil
}

// mark writes our application id into an empty file. That happens before the file gets a write-ahead log, so that the
// mark is always in the file itself.
func mark(ctx context.Context, path string) error {
	db, err := connect(ctx, path, 1, url.Values{"_pragma": {"application_id(" + strconv.Itoa(applicationID) + ")"}})
	if err != nil {
		return err
	}
	return db.Close()
}

// openWriter opens the one connection that writes. What each change would have to take back is kept in memory, since a file
// of its own takes longer than the change. It may hold so many pages that a large change does not write them twice, and the log before the file may grow so long that
// an import does not copy it into the file after each lot. What passes with its process need not reach the disk.
func openWriter(ctx context.Context, path string, passing bool) (*sql.DB, error) {
	pragmas := []string{"journal_mode(WAL)", "temp_store(MEMORY)", "cache_size(-16000)", "wal_autocheckpoint(4000)"}
	if passing {
		pragmas = append(pragmas, "synchronous(OFF)")
	}
	return connect(ctx, path, 1, url.Values{"_pragma": pragmas, "_txlock": {"immediate"}})
}

// openReaders opens the connections that read.
func openReaders(ctx context.Context, path string) (*sql.DB, error) {
	rows, lists := places()
	return connect(ctx, path, rows+lists, url.Values{"_query_only": {"1"}})
}

//go:embed migrations/*.sql
var migrations embed.FS

// schemaTable records which migrations a database has had.
const schemaTable = "grantkeep_schema"

// migrate brings the schema up to this program's version.
func migrate(ctx context.Context, db *sql.DB, path string) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, files,
		goose.WithTableName(schemaTable), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	have, want, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read the schema's version: %w", translate(err))
	}
	if have > want {
		return schema.TooNew(path, have, want)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate %s: %w", path, translate(err))
	}
	return nil
}

// newest is the version that this program's migrations lead to.
func newest() (int64, error) {
	files, err := fs.ReadDir(migrations, "migrations")
	if err != nil {
		return 0, err
	}
	var last int64
	for _, f := range files {
		n, err := goose.NumericComponent(f.Name())
		if err != nil {
			return 0, err
		}
		last = max(last, n)
	}
	return last, nil
}
