// Package pgtest gives tests a PostgreSQL: databases that are empty, on a server that ends with the test's process.
package pgtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// URL returns the URL of an empty database that is dropped after the test. It lies on the server that
// GRANTKEEP_TEST_POSTGRES names (a URL of a role that may create databases), else on one that the first test of the
// process starts with the machine's own binaries. Where there is neither, the test fails; with
// GRANTKEEP_TEST_NO_POSTGRES=1, or -short, it is skipped.
func URL(t testing.TB) string {
	t.Helper()
	return copyOf(t, running(t), "template0")
}

// Template is a database that tests get copies of, so that its tables are made once per process.
type Template struct {
	Prepare func(url string) error // is called once, with an empty database

	once sync.Once
	name string
	err  error
}

// URL returns the URL of a copy that is dropped after the test.
func (m *Template) URL(t testing.TB) string {
	t.Helper()
	server := running(t)
	m.once.Do(func() {
		if m.name, m.err = create(server, "template0"); m.err == nil {
			m.err = m.Prepare(at(server, m.name)) // the database goes with the server
		}
	})
	if m.err != nil {
		t.Fatalf("make a database to copy: %v", m.err)
	}
	return copyOf(t, server, m.name)
}

// running returns the server, or ends a test that cannot have one.
func running(t testing.TB) *url.URL {
	t.Helper()
	short(t)
	server, err := server()
	if err != nil && os.Getenv("GRANTKEEP_TEST_NO_POSTGRES") == "1" {
		t.Skipf("NOT TESTED ON POSTGRESQL: %v", err)
	}
	if err != nil {
		t.Fatalf("%v; install PostgreSQL, name a server in GRANTKEEP_TEST_POSTGRES, or set GRANTKEEP_TEST_NO_POSTGRES=1 to go without", err)
	}
	return server
}

// short skips a test that is run with -short.
func short(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: needs PostgreSQL")
	}
}

// copyOf makes a database from another and drops it after the test.
func copyOf(t testing.TB, server *url.URL, template string) string {
	t.Helper()
	name, err := create(server, template)
	if err != nil {
		t.Fatalf("make a database: %v", err)
	}
	t.Cleanup(func() {
		if err := run(server, `DROP DATABASE `+name+` WITH (FORCE)`); err != nil {
			t.Errorf("drop the database: %v", err)
		}
	})
	return at(server, name)
}

// create makes a database from another and returns its name. Where the server can (from version 15 on), it copies files:
// a database whose pages were written one by one takes ten times as long to drop.
func create(server *url.URL, template string) (name string, err error) {
	name = "grantkeep_test_" + strings.ToLower(rand.Text())
	statement := `CREATE DATABASE ` + name + ` TEMPLATE ` + template + ` ENCODING 'UTF8'`
	err = run(server, statement+` STRATEGY FILE_COPY`)
	if pgErr := (*pgconn.PgError)(nil); errors.As(err, &pgErr) && pgErr.Code == "42601" { // a syntax error
		err = run(server, statement)
	}
	return name, err
}

// at returns the URL of a database of the server.
func at(server *url.URL, name string) string {
	of := *server
	of.Path = "/" + name
	return of.String()
}

// run runs a statement on the server.
func run(server *url.URL, statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, server.String())
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(ctx))
}

// server returns the URL of the server, which it starts if none is named.
var server = sync.OnceValues(func() (*url.URL, error) {
	if named := os.Getenv("GRANTKEEP_TEST_POSTGRES"); named != "" {
		return url.Parse(named)
	}
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	return start(bin)
})

// binaries returns the directory of initdb and postgres: in PATH, else the newest of a distribution's.
func binaries() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", errors.New("there is no initdb, neither in PATH nor in /usr/lib/postgresql/*/bin")
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })
	return filepath.Dir(newest), nil
}

// version returns the major version in /usr/lib/postgresql/15/bin/initdb.
func version(path string) int {
	n, _ := strconv.Atoi(strings.Split(path, "/")[4]) // 0, the oldest, for what is no number
	return n
}

// shared is the cluster of the process; its server runs as long as it is referred to.
var shared *cluster

// start makes a cluster and runs a server on it that ends with the process.
func start(bin string) (_ *url.URL, err error) {
	if shared, err = newCluster(bin); err != nil {
		return nil, err
	}
	return shared.url(), shared.start()
}

// servant returns what makes the server run as somebody else than root, who may not, and gives them its directory.
func servant(dir string) (*syscall.SysProcAttr, error) {
	as := &syscall.SysProcAttr{Setsid: true}
	if os.Geteuid() != 0 {
		return as, nil
	}
	who, err := user.Lookup("postgres")
	if err != nil {
		who, err = user.Lookup("nobody")
	}
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL does not run as root, and there is neither a user postgres nor nobody: %w", err)
	}
	uid, uidErr := strconv.ParseUint(who.Uid, 10, 32)
	gid, gidErr := strconv.ParseUint(who.Gid, 10, 32)
	if err := errors.Join(uidErr, gidErr, os.Chown(dir, int(uid), int(gid))); err != nil {
		return nil, err
	}
	as.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return as, nil
}
