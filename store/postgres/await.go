package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	knockEvery    = time.Second      // how often a server that is not up yet is asked again
	knockPatience = 10 * time.Second // how long one that says nothing at all is listened to
)

// Await returns once the server of a URL takes connections. One that is not up yet, is starting, recovering or stopping, has
// no connection free, or is not (yet) of the kind that the URL asks for by target_session_attrs is asked again and again
// until ctx ends; absent hears of it, once. What waiting does not mend,
// as a wrong password or a database that is not there, is left to [Open] to say: Await returns nil.
func Await(ctx context.Context, url string, absent func(err error)) error {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil //nolint:nilerr // Open says it
	}
	if wanted := config.ValidateConnect; wanted != nil {
		config.ValidateConnect = func(ctx context.Context, conn *pgconn.PgConn) error {
			if err := wanted(ctx, conn); err != nil {
				return &otherKind{err}
			}
			return nil
		}
	}
	for told := false; ; {
		err := knock(ctx, config)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil || !comes(err) {
			return nil
		}
		if !told {
			told = true
			absent(fmt.Errorf("postgres: %w", translate(err)))
		}
		select {
		case <-time.After(knockEvery):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// otherKind is a server that is up and not of the kind that is asked for: a standby before it is promoted.
type otherKind struct{ error }

func (o *otherKind) Unwrap() error { return o.error }

// knock makes one connection and closes it.
func knock(ctx context.Context, config *pgx.ConnConfig) error {
	ctx, cancel := context.WithTimeout(ctx, knockPatience)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, config)
	if err == nil {
		_ = conn.Close(ctx) // it has served its purpose
	}
	return err
}

// comes reports whether an error of a connection that could not be made may pass by itself. What a server says in words
// counts before what the way to it says: of several addresses one may have no server.
// https://www.postgresql.org/docs/current/errcodes-appendix.html
func comes(err error) bool {
	var said *pgconn.PgError
	if errors.As(err, &said) {
		return strings.HasPrefix(said.Code, "57P0") || strings.HasPrefix(said.Code, "53")
	}
	var other *otherKind
	var way *net.OpError // a refused handshake is one as well, by another name
	var name *net.DNSError
	return errors.As(err, &other) || errors.As(err, &way) && slices.Contains([]string{"dial", "read", "write"}, way.Op) || errors.As(err, &name) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || pgconn.Timeout(err)
}
