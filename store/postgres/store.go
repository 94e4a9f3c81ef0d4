package postgres

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlstore"
)

var _ store.Store = (*Store)(nil)

// Store is an open database. It is safe for concurrent use.
type Store struct {
	*sqlstore.Store

	swept struct { // the position up to which changes are deleted next
		sync.Mutex

		position position
	}
	engine   *engine
	presence presence
}

// mostConnections is how many connections a process keeps unless its URL says otherwise (pool_max_conns): more than the
// library's one per processor, since most of them wait for a disk.
const mostConnections = 20

// Open connects to the database that a URL names and brings its schema up to this program's version. The error wraps
// [store.ErrForeign] if the schema holds another program's tables or was made by a newer version, and
// [store.ErrUnavailable] if the server does not answer. It holds no password.
func Open(ctx context.Context, url string) (*Store, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	if !strings.Contains(url, "pool_max_conns") {
		config.MaxConns = mostConnections
	}
	if config.ConnConfig.RuntimeParams["application_name"] == "" {
		config.ConnConfig.RuntimeParams["application_name"] = "grantkeep"
	}
	e, err := connect(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", translate(err))
	}
	if err := prepareSchema(ctx, e); err != nil {
		e.close()
		return nil, fmt.Errorf("postgres: %w", err)
	}
	return &Store{Store: sqlstore.New(e), engine: e, presence: presence{config: config.ConnConfig.Copy()}}, nil
}

// listConnections is how many of a process's connections are for lists: as many as can keep half of its processors busy
// with what they find, since a database on the same machine and the refreshes need the others; a fifth of all at most,
// one at least.
func listConnections(all int32) int32 {
	return max(1, min(all/5, int32(runtime.GOMAXPROCS(0)/2)))
}

// connect makes the pools.
func connect(ctx context.Context, config *pgxpool.Config) (*engine, error) {
	forLists := config.Copy()
	forLists.MaxConns = listConnections(config.MaxConns)
	forLists.MinConns, forLists.MinIdleConns = min(config.MinConns, forLists.MaxConns), min(config.MinIdleConns, forLists.MaxConns)
	config.MaxConns = max(1, config.MaxConns-forLists.MaxConns)
	config.MinConns, config.MinIdleConns = min(config.MinConns, config.MaxConns), min(config.MinIdleConns, config.MaxConns)
	rows, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	lists, err := pgxpool.NewWithConfig(ctx, forLists)
	if err != nil {
		rows.Close()
		return nil, err
	}
	return &engine{reader{rows, patience, nil}, reader{lists, listPatience, errBusy}}, nil
}

// Name returns postgresql.
func (s *Store) Name() string { return "postgresql" }

// Ping returns nil if the database answers.
func (s *Store) Ping(ctx context.Context) error {
	_, err := s.Clock(ctx)
	return err
}

// Clock returns the server's time.
func (s *Store) Clock(ctx context.Context) (now time.Time, err error) {
	err = s.engine.Query(ctx, func(r sqlstore.Row) error {
		var ms int64
		if err := r.Scan(&ms); err != nil {
			return err
		}
		now = time.UnixMilli(ms).UTC()
		return nil
	}, `SELECT `+serverTime)
	return now, err
}

// Incarnation returns the moment at which the server was started. A replica that takes over has another one than the
// server before it, as has one that was set back to a copy.
func (s *Store) Incarnation(ctx context.Context) (started string, err error) {
	err = s.engine.Query(ctx, func(r sqlstore.Row) error { return r.Scan(&started) },
		`SELECT CAST(pg_postmaster_start_time() AS TEXT)`)
	return started, err
}

// Close waits for what is under way and closes the connections.
func (s *Store) Close() error {
	s.presence.mu.Lock()
	defer s.presence.mu.Unlock()
	_ = s.presence.close() // the server frees the lock in any case
	s.engine.close()
	return nil
}

// Pool counts the connections of both pools.
func (s *Store) Pool() store.Pool {
	a, b := s.engine.pool.Stat(), s.engine.lists.pool.Stat()
	return store.Pool{
		Open: int64(a.TotalConns() + b.TotalConns()), Used: int64(a.AcquiredConns() + b.AcquiredConns()), Most: int64(a.MaxConns() + b.MaxConns()),
	}
}
