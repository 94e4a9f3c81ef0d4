package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlstore"
)

// serverTime is the server's clock in milliseconds.
const serverTime = `CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS BIGINT)`

// presence is how this process proves that it lives: an advisory lock of its identity, held on a connection of its own.
// Whatever ends the process ends the connection, and the server frees the lock; a process that is stopped keeps it.
type presence struct {
	config *pgx.ConnConfig

	mu          sync.Mutex // held while the connection is used
	conn        *pgx.Conn  // nil: lost, or a pooler stands between
	identity    string     // empty: not announced
	incarnation int64
	pooled      bool
}

// How long Announce waits for the lock: the server may take a moment to notice the end of the process before, and
// longer if that one's machine is gone, which the probes of its connection tell.
const (
	lockWait     = 3 * time.Second
	lockWaitGone = 30 * time.Second
	lockPoll     = 100 * time.Millisecond
	seenLately   = 5 * time.Second
)

// Announce implements [store.Instances].
func (s *Store) Announce(ctx context.Context, identity, version string) (string, error) {
	p := &s.presence
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.identity != "" {
		return "", fmt.Errorf("postgres: this process is announced as %s already", p.identity)
	}
	begun := time.Now()
	for {
		free, err := p.hold(ctx, identity)
		if err != nil {
			return "", err
		}
		if free {
			break
		}
		seen, err := s.seenFor(ctx, identity)
		if err != nil {
			return "", err
		}
		if waited := time.Since(begun); waited > lockWaitGone || waited > lockWait && seen < seenLately {
			return "", fmt.Errorf("%w: another process with the identity %s is at work; "+
				"give each process a data directory (--data) of its own", store.ErrInUse, identity)
		}
		select {
		case <-time.After(lockPoll):
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
	n, err := s.Announced(ctx, identity, version, !p.pooled, serverTime)
	if err != nil {
		return "", errors.Join(err, p.close())
	}
	p.identity, p.incarnation = identity, n
	return store.ByOf(identity, n), nil
}

// seenFor returns for how long an identity was not seen.
func (s *Store) seenFor(ctx context.Context, identity string) (ago time.Duration, err error) {
	err = s.engine.Query(ctx, func(r sqlstore.Row) error {
		var ms int64
		if err := r.Scan(&ms); err != nil {
			return err
		}
		ago = time.Duration(ms) * time.Millisecond
		return nil
	}, `SELECT `+serverTime+` - seen_at FROM instances WHERE id = $1`, identity)
	return ago, err
}

// hold takes the lock of an identity on a connection of its own, and reports whether it was free. Behind a pooler that
// gives a connection away after each transaction a lock proves nothing, and none is taken: the server process that
// answers is another than the one that greeted us.
func (p *presence) hold(ctx context.Context, identity string) (free bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, p.config)
	if err != nil {
		return false, translate(err)
	}
	defer func() {
		if p.conn != conn {
			err = errors.Join(err, translate(conn.Close(context.WithoutCancel(ctx))))
		}
	}()
	var server int64
	if err := conn.QueryRow(ctx, `SELECT CAST(pg_backend_pid() AS BIGINT)`).Scan(&server); err != nil {
		return false, translate(err)
	}
	if p.pooled = uint32(server) != conn.PgConn().PID(); p.pooled {
		return true, nil
	}
	// A machine that is gone says no goodbye; the server asks after it. On a socket of the same machine this says nothing.
	if _, err := conn.Exec(ctx, `SELECT set_config('tcp_keepalives_idle', '5', false),
		set_config('tcp_keepalives_interval', '5', false), set_config('tcp_keepalives_count', '2', false)`); err != nil {
		return false, translate(err)
	}
	a, b := lockOf(identity)
	if err := conn.QueryRow(ctx, `SELECT pg_try_advisory_lock($1, $2)`, a, b).Scan(&free); err != nil {
		return false, translate(err)
	}
	if free {
		p.conn = conn
	}
	return free, nil
}

// lockOf returns the two numbers of an identity's lock. They are positive, as the server shows them.
func lockOf(identity string) (a, b int32) {
	sum := sha256.Sum256([]byte("grantkeep instance " + identity))
	part := func(from int) int32 { return int32(binary.BigEndian.Uint32(sum[from:]) >> 1) }
	return part(0), part(4)
}

// Seen implements [store.Instances]. A lock whose connection was lost is taken again on another.
func (s *Store) Seen(ctx context.Context) error {
	p := &s.presence
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.identity == "" {
		return nil
	}
	if p.conn != nil {
		limited, cancel := context.WithTimeout(ctx, patience)
		err := p.conn.Ping(limited)
		cancel()
		if err != nil {
			_ = p.close() // it is lost already
		}
	}
	if p.conn == nil && !p.pooled {
		free, err := p.hold(ctx, p.identity)
		if err != nil {
			return err
		}
		if !free {
			return fmt.Errorf("%w: another process has taken the identity %s", store.ErrInUse, p.identity)
		}
	}
	var n int64
	err := s.engine.Single(ctx, func(ctx context.Context, q sqlstore.Querier) (err error) {
		n, err = q.Exec(ctx, `UPDATE instances SET seen_at = `+serverTime+`
			WHERE id = $1 AND incarnation = $2`, p.identity, p.incarnation)
		return err
	})
	if err == nil && n == 0 {
		return fmt.Errorf("%w: another process has taken the identity %s", store.ErrInUse, p.identity)
	}
	return err
}

// instance is a row of instances, and whether its lock is held.
type instance struct {
	incarnation int64
	session     bool
	unseen      time.Duration
	held        bool
}

// Dead implements [store.Instances].
func (s *Store) Dead(ctx context.Context) ([]store.Gone, error) {
	s.presence.mu.Lock()
	own, incarnation := s.presence.identity, s.presence.incarnation
	s.presence.mu.Unlock()
	if own == "" {
		return nil, nil
	}
	all, err := s.Attempting(ctx)
	if err != nil {
		return nil, err
	}
	var dead []store.Gone
	for _, by := range all {
		identity, n, ok := store.IdentityOf(by)
		if !ok || identity == own && n == incarnation {
			continue
		}
		i, found, err := s.instance(ctx, identity)
		if err != nil {
			return nil, err
		}
		if !found || !i.session {
			continue
		}
		// An earlier process of a living identity is its successor's to judge, which may hold pairs of it in its spill file.
		if identity == own && n < i.incarnation || n <= i.incarnation && !i.held && i.unseen > store.DeadAfter {
			dead = append(dead, store.Gone{By: by, Sure: identity == own})
		}
	}
	return dead, nil
}

// instance reads what is known of an identity. Its lock is looked for among those that are held, not tried: whoever
// tries a lock holds it for a moment.
func (s *Store) instance(ctx context.Context, identity string) (i instance, found bool, err error) {
	a, b := lockOf(identity)
	err = s.engine.Query(ctx, func(r sqlstore.Row) error {
		var session, unseen, held int64
		found = true
		err := r.Scan(&i.incarnation, &session, &unseen, &held)
		i.session, i.unseen, i.held = session == 1, time.Duration(unseen)*time.Millisecond, held > 0
		return err
	}, `SELECT incarnation, session, `+serverTime+` - seen_at, (
			SELECT count(*) FROM pg_locks
			WHERE locktype = 'advisory' AND granted AND objsubid = 2
				AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
				AND CAST(classid AS BIGINT) = $2 AND CAST(objid AS BIGINT) = $3)
		FROM instances WHERE id = $1`, identity, int64(a), int64(b))
	return i, found, err
}

// Processes implements [store.Instances].
func (s *Store) Processes(ctx context.Context) ([]store.Process, error) {
	return s.Store.Processes(ctx, serverTime+" - "+strconv.FormatInt(store.DeadAfter.Milliseconds(), 10))
}

// close ends the connection, and with it the lock.
func (p *presence) close() error {
	if p.conn == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err := p.conn.Close(ctx)
	p.conn = nil
	return translate(err)
}
