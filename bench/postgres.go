package bench

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// pgServer is a PostgreSQL with the settings of its package, so that a commit is on the disk before it is answered.
type pgServer struct {
	url string
	dir string // empty for one that somebody else runs
	cmd *exec.Cmd
}

func (s *pgServer) name() string { return "postgres" }
func (s *pgServer) flags(data string) []string {
	return []string{"--database", s.url, "--master-key", masterKey(data)}
}

func (s *pgServer) bytes(ctx context.Context, _ string) (n int64, err error) {
	conn, err := pgx.Connect(ctx, s.url)
	if err != nil {
		return 0, err
	}
	err = conn.QueryRow(ctx, `SELECT pg_database_size(current_database())`).Scan(&n)
	return n, errors.Join(err, conn.Close(ctx))
}

// startPostgres starts a server on a socket of its own.
func startPostgres(ctx context.Context, o Options) (*pgServer, error) {
	if o.Database != "" {
		return &pgServer{url: o.Database}, nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return nil, errors.New("there is no PostgreSQL under /usr/lib/postgresql; make install-deps installs it")
	}
	bin := filepath.Dir(found[len(found)-1])
	dir, err := os.MkdirTemp("", "gkbench") // short: the path of a socket has about a hundred characters
	if err != nil {
		return nil, err
	}
	as, err := servant(dir)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	initdb := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "-D", filepath.Join(dir, "data"), "-U", "grantkeep", "-A", "trust", "-E", "UTF8", "--no-locale")
	initdb.Dir, initdb.SysProcAttr = dir, as
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, errors.Join(fmt.Errorf("initdb: %w: %s", err, out), os.RemoveAll(dir))
	}
	s := &pgServer{dir: dir}
	s.cmd = exec.CommandContext(ctx, filepath.Join(bin, "postgres"), "-D", filepath.Join(dir, "data"),
		"-c", "listen_addresses=", "-c", "unix_socket_directories="+dir)
	s.cmd.Dir, s.cmd.SysProcAttr = dir, as
	s.cmd.Cancel = func() error { return s.cmd.Process.Signal(syscall.SIGQUIT) }
	log, err := os.OpenFile(filepath.Join(o.Dir, "postgres-server.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	defer func() { _ = log.Close() }() // the process has its own
	s.cmd.Stderr = log
	if err := s.cmd.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	s.url = (&url.URL{Scheme: "postgres", Path: "/postgres", RawQuery: url.Values{"host": {dir}, "user": {"grantkeep"}}.Encode()}).String()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		conn, err := pgx.Connect(ctx, s.url)
		if err == nil {
			return s, conn.Close(ctx)
		}
		if time.Now().After(deadline) {
			return nil, errors.Join(fmt.Errorf("PostgreSQL does not answer: %w", err), s.end())
		}
	}
}

// end stops the server and removes what it wrote.
func (s *pgServer) end() error {
	if s.dir == "" {
		return nil
	}
	_ = s.cmd.Process.Signal(syscall.SIGQUIT) // at once: nothing is kept
	_ = s.cmd.Wait()                          // it was told to end so
	return os.RemoveAll(s.dir)
}

// servant makes a command run as somebody else than root, whom PostgreSQL refuses, and gives them a directory.
func servant(dir string) (*syscall.SysProcAttr, error) {
	as := &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT}
	if os.Geteuid() != 0 {
		return as, nil
	}
	who, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL does not run as root: %w", err)
	}
	uid, err1 := strconv.ParseUint(who.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(who.Gid, 10, 32)
	as.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return as, errors.Join(err1, err2, os.Chown(dir, int(uid), int(gid)))
}
