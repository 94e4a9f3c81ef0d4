package bench

import (
	"context"
	"database/sql"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	_ "modernc.org/sqlite" // the driver
)

// clients is how many the raw loop of commits has.
const clients = 64

// database is where the product keeps its rows.
type database interface {
	name() string
	flags(data string) []string // that serve gets for it
	// commits returns what the raw loop reaches: durable commits of one row each, a second.
	commits(ctx context.Context, n int) (float64, error)
	// rows returns how many rows a second a program stores that does nothing else.
	rows(ctx context.Context, n int) (float64, error)
	// bytes returns how much of a disk the rows take, with their logs.
	bytes(ctx context.Context, data string) (int64, error)
}

// sqliteFile is a directory of SQLite's.
type sqliteFile struct{ dir string }

func (f sqliteFile) name() string          { return "sqlite" }
func (f sqliteFile) flags(string) []string { return nil }

func (f sqliteFile) bytes(_ context.Context, data string) (int64, error) { return bytesUnder(data) }

func (f sqliteFile) commits(ctx context.Context, n int) (float64, error) {
	db, err := sql.Open("sqlite", "file:"+f.dir+"-raw.db?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_txlock=immediate")
	if err != nil {
		return 0, err
	}
	defer func() { _ = db.Close() }() // nothing of it is kept
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, rawTable+`; `+rawEmpty); err != nil {
		return 0, err
	}
	if _, err := db.ExecContext(ctx, `WITH RECURSIVE s(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n < 9999)
		INSERT INTO raw (id, text, n) SELECT n, hex(zeroblob(400)), 0 FROM s`); err != nil {
		return 0, err
	}
	update, err := db.PrepareContext(ctx, rawUpdate)
	if err != nil {
		return 0, err
	}
	defer func() { _ = update.Close() }() // as above
	return loop(n, func(i int) error {
		_, err := update.ExecContext(ctx, i%10_000, rawText(i))
		return err
	})
}

// The table of the raw loop has rows about as long as a grant's.
const (
	rawTable  = `CREATE TABLE IF NOT EXISTS raw (id BIGINT PRIMARY KEY, text TEXT NOT NULL, n BIGINT NOT NULL)`
	rawEmpty  = `DELETE FROM raw`
	rawUpdate = `UPDATE raw SET text = $2, n = n + 1 WHERE id = $1`
)

func rawText(i int) string {
	text := make([]byte, 800)
	for at := range text {
		text[at] = 'a' + byte((i+at)%26)
	}
	return strconv.Itoa(i) + string(text)
}

func (s *pgServer) commits(ctx context.Context, n int) (float64, error) {
	pool, err := pgxpool.New(ctx, s.url+"&pool_max_conns="+strconv.Itoa(clients))
	if err != nil {
		return 0, err
	}
	defer pool.Close()
	for _, text := range []string{rawTable, rawEmpty, `INSERT INTO raw SELECT n, repeat('a', 800), 0 FROM generate_series(0, 9999) AS n`} {
		if _, err := pool.Exec(ctx, text); err != nil {
			return 0, err
		}
	}
	seen, err := loop(n, func(i int) error {
		_, err := pool.Exec(ctx, rawUpdate, i%10_000, rawText(i))
		return err
	})
	if _, dropped := pool.Exec(ctx, `DROP TABLE raw`); err == nil {
		err = dropped // the product would take it for another program's
	}
	return seen, err
}

// loop runs do n times among the clients and returns how many a second.
func loop(n int, do func(i int) error) (float64, error) {
	begun := time.Now()
	var all sync.WaitGroup
	failed := make(chan error, clients)
	for c := range clients {
		all.Go(func() {
			for i := c; i < n; i += clients {
				if err := do(i); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	all.Wait()
	took := time.Since(begun)
	select {
	case err := <-failed:
		return 0, err
	default:
		return rate(n, took), nil
	}
}
