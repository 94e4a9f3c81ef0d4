package serve

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/grantkeep/grantkeep/api"
	"github.com/grantkeep/grantkeep/api/door"
	"github.com/grantkeep/grantkeep/store/postgres"
)

// awaitDatabase returns once the PostgreSQL at url takes connections. Until then whoever asks at the listener hears that this
// server lives and is not ready: what started both at once, in whatever order, has nothing to start again.
func awaitDatabase(ctx context.Context, url string, listener net.Listener, log *slog.Logger) error {
	if url == "" {
		return nil
	}
	begun := time.Now()
	var ended chan error
	var server *http.Server
	given := &lent{Listener: listener}
	err := postgres.Await(ctx, url, func(err error) {
		log.Warn("the database is not there yet; waiting for it", "error", err)
		server, ended = door.NewServer(api.Awaiting(), log), make(chan error, 1)
		server.SetKeepAlivesEnabled(false) // whoever comes again comes to the server that follows
		go func() { ended <- server.Serve(door.LimitConnections(given)) }()
	})
	if server == nil {
		return err
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastAnswers)
	defer cancel()
	shut := server.Shutdown(end)
	if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
		shut = errors.Join(shut, served)
	}
	if err == nil {
		err = given.until(time.Time{})
	}
	if shut != nil {
		log.Warn("the server that waited for the database", "error", shut)
	}
	if err == nil {
		log.Info("the database is there", "waited", time.Since(begun).Round(time.Second))
	}
	return err
}

// lastAnswers is how long requests that came while the database was waited for may take to be answered.
const lastAnswers = 5 * time.Second

// lent is a listener that somebody else goes on with: closing it ends Accept, and nothing else.
type lent struct {
	net.Listener

	closed atomic.Bool
}

// Accept returns net.ErrClosed once the listener was given back.
func (l *lent) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil && l.closed.Load() {
		return nil, net.ErrClosed
	}
	return conn, err
}

// Close gives the listener back.
func (l *lent) Close() error {
	l.closed.Store(true)
	return l.until(time.Unix(1, 0))
}

// until sets the moment at which Accept ends.
func (l *lent) until(t time.Time) error {
	timed, ok := l.Listener.(interface{ SetDeadline(t time.Time) error })
	if !ok {
		return errors.ErrUnsupported
	}
	return timed.SetDeadline(t)
}
