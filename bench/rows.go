package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// The floor of an import is a program that knows all rows beforehand and does nothing but store them, by the quickest way that
// the database has, some thousand in a transaction: as wide as those of the product, with as many indexes, and found by as
// many terms.
const (
	rawLot      = 2000
	rawTerms    = 17 // of a row: the product's for the names of this bench
	rawTogether = 64 // rows of one INSERT
	rawCache    = "-64000"
)

// rawTables are the tables of the floor; without is what a table ends with that is nothing but its key.
func rawTables(without string) []string {
	return []string{
		`CREATE TABLE raw_grants (id TEXT PRIMARY KEY, app TEXT NOT NULL, subject TEXT NOT NULL, owner TEXT NOT NULL, key_id BIGINT NOT NULL, due BIGINT NOT NULL, body TEXT NOT NULL)`,
		`CREATE UNIQUE INDEX raw_grants_subject ON raw_grants (app, subject)`,
		`CREATE INDEX raw_grants_due ON raw_grants (app, due)`,
		`CREATE INDEX raw_grants_owner ON raw_grants (owner, id)`,
		`CREATE INDEX raw_grants_key ON raw_grants (key_id)`,
		`CREATE TABLE raw_events (id TEXT PRIMARY KEY, grant_id TEXT NOT NULL, at BIGINT NOT NULL, place BIGINT NOT NULL, body TEXT NOT NULL)`,
		`CREATE INDEX raw_events_age ON raw_events (at)`,
		`CREATE INDEX raw_events_fresh ON raw_events (at, place, id)`,
		`CREATE INDEX raw_events_grant ON raw_events (grant_id, at, place, id)`,
		`CREATE TABLE raw_terms (term TEXT NOT NULL, grant_id TEXT NOT NULL, PRIMARY KEY (term, grant_id))` + without,
	}
}

// rawAway takes away what an earlier case has left.
func rawAway() []string {
	return []string{`DROP TABLE IF EXISTS raw_grants`, `DROP TABLE IF EXISTS raw_events`, `DROP TABLE IF EXISTS raw_terms`}
}

// rawRows is a lot of the floor.
type rawRows struct {
	table   string
	columns []string
	rows    [][]any
}

// rawLots returns n rows in lots.
func rawLots(n int) [][]rawRows {
	var lots [][]rawRows
	body, event := strings.Repeat("x", 900), strings.Repeat("y", 120)
	for from := 0; from < n; from += rawLot {
		grants := rawRows{table: "raw_grants", columns: []string{"id", "app", "subject", "owner", "key_id", "due", "body"}}
		events := rawRows{table: "raw_events", columns: []string{"id", "grant_id", "at", "place", "body"}}
		terms := rawRows{table: "raw_terms", columns: []string{"term", "grant_id"}}
		for i := from; i < min(from+rawLot, n); i++ {
			id, name := fmt.Sprintf("grt_%026d", i), fmt.Sprintf("store %d", 1_000_000+i)
			grants.rows = append(grants.rows, []any{id, "app_01234567890123456789012345", name[6:], "cust-" + name[6:], int64(1), int64(i) * 1000, body})
			events.rows = append(events.rows, []any{fmt.Sprintf("evt_%026d", i), id, int64(from), int64(i), event})
			own := []string{"=" + id, "=" + name[6:], "=store-" + name[6:] + ".myshoplaza.com", "=cust-" + name[6:]}
			for at := range name {
				own = append(own, "~"+name[at:min(at+8, len(name))])
			}
			for _, term := range own[:rawTerms] {
				terms.rows = append(terms.rows, []any{term, id})
			}
		}
		slices.SortFunc(terms.rows, func(a, b []any) int { return strings.Compare(a[0].(string)+a[1].(string), b[0].(string)+b[1].(string)) })
		lots = append(lots, []rawRows{grants, events, terms})
	}
	return lots
}

func (f sqliteFile) rows(ctx context.Context, n int) (float64, error) {
	db, err := sql.Open("sqlite", "file:"+f.dir+"-rows.db?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=temp_store(MEMORY)&_pragma=cache_size("+
		rawCache+")&_pragma=wal_autocheckpoint(4000)&_txlock=immediate")
	if err != nil {
		return 0, err
	}
	defer func() { _ = db.Close() }() // nothing of it is kept
	db.SetMaxOpenConns(1)
	for _, text := range append(rawAway(), rawTables(" WITHOUT ROWID")...) {
		if _, err := db.ExecContext(ctx, text); err != nil {
			return 0, err
		}
	}
	lots := rawLots(n)
	begun := time.Now()
	for _, lot := range lots {
		if err := insertRaw(ctx, db, lot); err != nil {
			return 0, err
		}
	}
	return rate(n, time.Since(begun)), nil
}

func insertRaw(ctx context.Context, db *sql.DB, lot []rawRows) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit it says so
	for _, t := range lot {
		var stmt *sql.Stmt
		for some := range slices.Chunk(t.rows, rawTogether) {
			if stmt == nil || len(some) < rawTogether {
				places := "(?" + strings.Repeat(", ?", len(t.columns)-1) + ")"
				stmt, err = tx.PrepareContext(ctx, "INSERT INTO "+t.table+" VALUES "+places+strings.Repeat(", "+places, len(some)-1))
				if err != nil {
					return err
				}
				defer func() { _ = stmt.Close() }() // with its transaction at the latest
			}
			if _, err := stmt.ExecContext(ctx, slices.Concat(some...)...); err != nil {
				return err
			}
		}
	}
	return tx.Commit()
}

func (s *pgServer) rows(ctx context.Context, n int) (seen float64, err error) {
	conn, err := pgx.Connect(ctx, s.url)
	if err != nil {
		return 0, err
	}
	defer func() {
		// The product would take them for another program's.
		_, dropped := conn.Exec(ctx, `DROP TABLE IF EXISTS raw_grants, raw_events, raw_terms`)
		err = errors.Join(err, dropped, conn.Close(ctx))
	}()
	for _, text := range rawTables("") {
		if _, err := conn.Exec(ctx, text); err != nil {
			return 0, err
		}
	}
	lots := rawLots(n)
	begun := time.Now()
	for _, lot := range lots {
		err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			for _, t := range lot {
				if _, err := tx.CopyFrom(ctx, pgx.Identifier{t.table}, t.columns, pgx.CopyFromRows(t.rows)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return 0, err
		}
	}
	return rate(n, time.Since(begun)), nil
}
