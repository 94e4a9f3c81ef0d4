package postgres

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlstore"
)

//go:embed migrations/*.sql
var migrations embed.FS

// schemaTable records which migrations a database has had. It is made first, and marks a schema as ours.
const schemaTable = "grantkeep_schema"

// prepareSchema makes sure that the server can be used and that its tables are ours, and migrates them. Where nothing is to
// be migrated it changes nothing, so that a role without the right to may run the program.
func prepareSchema(ctx context.Context, e *engine) error {
	if err := examine(ctx, e); err != nil {
		return err
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300)) // once a second, for five minutes
	if err != nil {
		return err
	}
	db := stdlib.OpenDBFromPool(e.pool)
	defer func() { _ = db.Close() }() // it holds nothing; the pool is closed by its owner
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files,
		goose.WithTableName(schemaTable), goose.WithDisableGlobalRegistry(true), goose.WithSessionLocker(locker))
	if err != nil {
		return err
	}
	have, want, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read the schema's version: %w", translate(err))
	}
	if have > want {
		return sqlstore.TooNew("the database", have, want)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", translate(err))
	}
	return nil
}

// examine refuses a server that the SQL does not run on, and a schema that somebody else uses.
func examine(ctx context.Context, e *engine) error {
	var version, tables, ours int64
	var encoding, schema string
	err := e.Query(ctx, func(r sqlstore.Row) error { return r.Scan(&version, &encoding, &schema, &tables, &ours) },
		`SELECT CAST(current_setting('server_version_num') AS BIGINT), current_setting('server_encoding'), COALESCE(current_schema(), ''),
			count(*), count(*) FILTER (WHERE tablename = $1)
		FROM pg_tables WHERE schemaname = current_schema()`, schemaTable)
	switch {
	case err != nil:
		return err
	case version < 120000:
		return fmt.Errorf("the server has version %d; version 12 or later is needed", version/10000)
	case encoding != "UTF8":
		return fmt.Errorf("the database has the encoding %s; make one with ENCODING 'UTF8'", encoding)
	case schema == "":
		return fmt.Errorf("the role's search_path names no schema that exists; make one, or name one in the URL (search_path=…)")
	case ours == 0 && tables > 0:
		return fmt.Errorf("%w: schema %s has %d tables of something else, which are left as they are; give grantkeep a database, or a schema, of its own", store.ErrForeign, schema, tables)
	}
	return nil
}
