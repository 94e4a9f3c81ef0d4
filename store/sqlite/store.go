package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlstore"
)

var _ store.Store = (*Store)(nil)

// Store is an open database. It is safe for concurrent use.
type Store struct {
	*sqlstore.Store

	lock    *os.File
	writes  *sql.DB
	reads   *sql.DB
	engine  *engine
	place   string // of the file
	closing sync.Once
	closed  error

	mu     sync.Mutex
	living map[string]bool // who announced themselves by this process
}

// Open opens the database in a directory, and makes both if they are not there. The error wraps [store.ErrForeign] if the
// file there is not ours or was made by a newer version, and [ErrLocked] if another process has the directory open.
func Open(ctx context.Context, dir string) (*Store, error) { return open(ctx, dir, false) }

// OpenPassing is Open for a database that is thrown away with its process, as the demo's: its commits survive the process, and
// no more, since none waits for the disk.
func OpenPassing(ctx context.Context, dir string) (*Store, error) { return open(ctx, dir, true) }

func open(ctx context.Context, dir string, passing bool) (_ *Store, err error) {
	s := &Store{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.release())
		}
	}()
	if err := makeDir(dir); err != nil {
		return nil, err
	}
	if s.lock, err = takeLock(dir); err != nil {
		return nil, err
	}
	path, err := prepareFile(ctx, dir)
	if err != nil {
		return nil, err
	}
	if s.place, err = placeOf(path); err != nil {
		return nil, err
	}
	if s.writes, err = openWriter(ctx, path, passing); err != nil {
		return nil, err
	}
	if err := migrate(ctx, s.writes, path); err != nil {
		return nil, err
	}
	if s.reads, err = openReaders(ctx, path); err != nil {
		return nil, err
	}
	if s.engine, err = newEngine(ctx, s.writes, s.reads); err != nil {
		return nil, err
	}
	s.Store = sqlstore.New(s.engine)
	return s, nil
}

// Name returns sqlite.
func (s *Store) Name() string { return "sqlite" }

// Ping returns nil if the database answers on every connection that reads.
func (s *Store) Ping(ctx context.Context) error {
	return errors.Join(s.engine.answer(ctx), s.engine.lists.answer(ctx))
}

// Clock returns this process's clock, which is the database's as well.
func (s *Store) Clock(context.Context) (time.Time, error) {
	return time.Now().UTC().Truncate(time.Millisecond), nil
}

// Incarnation never changes: nobody can put another file in the place of the one that this process holds.
func (s *Store) Incarnation(context.Context) (string, error) { return "sqlite", nil }

// Changed says that there is nothing to ask: nobody but this process writes.
func (s *Store) Changed(context.Context, string) (store.Changes, error) {
	return store.Changes{Sole: true}, nil
}

// Close waits for writes that have begun and closes the database. A second call returns what the first did.
func (s *Store) Close() error {
	s.closing.Do(func() { s.closed = s.release() })
	return s.closed
}

// release ends what was opened, the lock last.
func (s *Store) release() error {
	var errs []error
	if s.engine != nil {
		errs = append(errs, s.engine.close())
	}
	if s.reads != nil {
		errs = append(errs, s.reads.Close())
	}
	if s.writes != nil {
		errs = append(errs, s.writes.Close())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	return errors.Join(errs...)
}

// Rest gives back what the connections keep in memory of the database. It is for a process that has nothing to do.
func (s *Store) Rest(ctx context.Context) error {
	return errors.Join(s.engine.rest(ctx), s.engine.lists.rest(ctx),
		s.engine.writes.change(ctx, func(ctx context.Context, _ sqlstore.Querier) error { return s.engine.writes.conn.rest(ctx) }, false))
}

// Keep has the connection that writes keep so much of the database in memory, at most, for as long as it has something to do.
// An import goes through its indexes again and again; what it does not keep it reads once more for each lot.
func (s *Store) Keep(ctx context.Context, bytes int64) error {
	return s.engine.writes.change(ctx, func(ctx context.Context, _ sqlstore.Querier) error { return s.engine.writes.conn.keep(ctx, bytes) }, false)
}

// Pool counts the connections, the one that writes too.
func (s *Store) Pool() store.Pool {
	w, r := s.writes.Stats(), s.reads.Stats()
	return store.Pool{
		Open: int64(w.OpenConnections + r.OpenConnections), Used: int64(w.InUse + r.InUse), Most: int64(w.MaxOpenConnections + r.MaxOpenConnections),
	}
}
