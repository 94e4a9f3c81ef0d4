// Package bench measures the product as people get it: the built binary with its default settings, in a process of its
// own, against a platform, a database server and floors that are processes too. It knows nothing of the product but the
// command line and the HTTP API, and shares no code with it.
//
// Every figure stands beside a floor of the same run: a bare handler, a bare signing proxy, a loop of durable commits on
// the same database, the platform alone. Figures of different machines, or of different moments of a busy one, do not
// compare; ratios do.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// Options are what a run measures. Zero sizes leave their case out.
type Options struct {
	Server  []string // the command that is the product, up to its first argument
	Env     []string // that it gets beside the usual
	Self    []string // the command that calls Role
	SelfEnv []string

	SQLite, PostgreSQL bool
	Database           string // a PostgreSQL that runs; empty: one is started
	Dir                string // for everything that is written

	Grants                int           // that fall due at one moment
	Margin                time.Duration // between the beginning of their import and that moment, beside half a millisecond for each
	Latency               time.Duration
	Reads                 int // of a token, at each number of connections
	Turns                 int // how often reads and their floor take turns
	Relayed               int // calls through the signing proxy
	Rows                  int // of an import
	Stored                int // grants that are there while lists, the start and the rest are measured
	Commits               int // of the raw loop
	Idle                  time.Duration
	Deliveries, Endpoints int           // of webhooks
	Flow                  time.Duration // of refreshes at an even pace
	Pace                  int           // refreshes a second of it

	RawRound int // refreshes asked of the platform alone

	Profiles string // a directory for what the product spends its time on; empty: the build is the one that is shipped
}

// Run measures and writes a table.
func Run(ctx context.Context, o Options, out io.Writer) error {
	r := &report{out: out}
	var err error
	if o.SQLite {
		err = measure(ctx, o, r, sqliteFile{filepath.Join(o.Dir, "sqlite")})
	}
	if o.PostgreSQL && err == nil {
		var pg *pgServer
		if pg, err = startPostgres(ctx, o); err != nil {
			return err
		}
		err = errors.Join(measure(ctx, o, r, pg), pg.end())
	}
	return err
}

// measure runs every case on one database, with a platform that has seen none of its stores.
func measure(ctx context.Context, o Options, r *report, db database) error {
	r.head(db.name())
	provider, err := startRole(ctx, o, "provider")
	if err != nil {
		return err
	}
	defer provider.end()
	s, err := newServer(ctx, o, db, provider.address)
	if err != nil {
		return err
	}
	defer s.end()
	for _, step := range []struct {
		wanted int
		do     func(context.Context, *server, *report) error
	}{
		{int(o.Idle), memory},
		{o.Reads, tokenReads},
		{o.Relayed, relayed},
		{o.Grants, refreshes},
		{int(o.Flow), flow},
		{o.Rows, files},
		{o.Stored, size},
		{o.Deliveries, deliveries},
	} {
		if step.wanted == 0 {
			continue
		}
		if err := step.do(ctx, s, r); err != nil {
			return fmt.Errorf("%s: %w", db.name(), err)
		}
	}
	return nil
}

// Build builds the binary as it is shipped, from the sources in the working directory; or one that tells what it spends its
// time on.
func Build(ctx context.Context, o Options) (string, error) {
	path := filepath.Join(o.Dir, "grantkeep")
	how := []string{"build", "-trimpath", "-o", path}
	if o.Profiles != "" {
		how = []string{"build", "-trimpath", "-o", path, "-tags", "profiled"}
	}
	cmd := exec.CommandContext(ctx, "go", append(how, "./cmd/grantkeep")...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	return path, cmd.Run()
}
