package pgtest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// Server is a PostgreSQL of a test's own, which it may stop, freeze and set back.
type Server struct {
	// URL is the address of an empty database. It stays the same when the server is started again.
	URL string

	t       *testing.T
	cluster *cluster
}

// Start starts a server with the machine's own binaries; it ends with the test. Where there are none, the test fails, or
// is skipped as [URL] tells.
func Start(t *testing.T) *Server {
	t.Helper()
	short(t)
	bin, err := binaries()
	if err != nil && os.Getenv("GRANTKEEP_TEST_NO_POSTGRES") == "1" {
		t.Skipf("NOT TESTED ON POSTGRESQL: %v", err)
	}
	if err != nil {
		t.Fatalf("%v; install PostgreSQL, or set GRANTKEEP_TEST_NO_POSTGRES=1 to go without", err)
	}
	c, err := newCluster(bin)
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{URL: c.url().String(), t: t, cluster: c}
	t.Cleanup(func() {
		if c.server != nil {
			s.Thaw()
		}
		if err := errors.Join(c.stop(), os.RemoveAll(c.dir)); err != nil {
			t.Errorf("end the server: %v", err)
		}
	})
	s.must(c.start())
	return s
}

// Stop ends the server as a crash of it would.
func (s *Server) Stop() { s.t.Helper(); s.must(s.cluster.stop()) }

// Again starts a stopped server.
func (s *Server) Again() { s.t.Helper(); s.must(s.cluster.start()) }

// Copy copies everything that a stopped server holds. The function it returns puts the copy in the place of what a
// stopped server holds then: the database of some time ago, as a replica is that had not got the last commits.
func (s *Server) Copy() (restore func()) {
	s.t.Helper()
	data, kept := filepath.Join(s.cluster.dir, "data"), filepath.Join(s.cluster.dir, "copy")
	s.must(exec.Command("cp", "-a", data, kept).Run())
	return func() { s.t.Helper(); s.must(errors.Join(os.RemoveAll(data), os.Rename(kept, data))) }
}

// Standby starts a second server that follows this one, and may be promoted. It ends with the test.
func (s *Server) Standby() *Server {
	s.t.Helper()
	dir, err := os.MkdirTemp("", "gkpg")
	s.must(err)
	c := &cluster{bin: s.cluster.bin, dir: dir}
	s.t.Cleanup(func() {
		if err := errors.Join(c.stop(), os.RemoveAll(dir)); err != nil {
			s.t.Errorf("end the standby: %v", err)
		}
	})
	c.as, err = servant(dir)
	s.must(err)
	initdb, err := filepath.EvalSymlinks(filepath.Join(c.bin, "initdb")) // its neighbours are those of the same version
	s.must(err)
	backup := exec.Command(filepath.Join(filepath.Dir(initdb), "pg_basebackup"), "-h", s.cluster.dir, "-U", "grantkeep", "-D", filepath.Join(dir, "data"),
		"--write-recovery-conf", "--checkpoint=fast", "--wal-method=stream", "--no-sync")
	backup.Dir, backup.SysProcAttr = dir, c.as
	if out, err := backup.CombinedOutput(); err != nil {
		s.t.Fatalf("pg_basebackup: %v: %s", err, out)
	}
	s.must(c.start())
	return &Server{URL: c.url().String(), t: s.t, cluster: c}
}

// Promote makes a standby the server that is written.
func (s *Server) Promote() { s.t.Helper(); s.must(run(s.cluster.url(), `SELECT pg_promote()`)) }

// Either is the address of whichever of two servers is written.
func (s *Server) Either(other *Server) string {
	u := s.cluster.url()
	q := u.Query()
	q.Set("host", s.cluster.dir+","+other.cluster.dir)
	q.Set("target_session_attrs", "read-write")
	u.RawQuery = q.Encode()
	return u.String()
}

// Freeze stops every process of the server where it is; connections stay open and nobody answers.
func (s *Server) Freeze() { s.t.Helper(); s.signal(syscall.SIGSTOP) }

// Thaw lets a frozen server go on.
func (s *Server) Thaw() { s.t.Helper(); s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig syscall.Signal) {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.cluster.dir, "data", "postmaster.pid"))
	s.must(err)
	line, _, _ := bytes.Cut(text, []byte("\n"))
	master, err := strconv.Atoi(string(line))
	s.must(err)
	s.must(syscall.Kill(master, sig)) // first, so that it makes no further ones
	entries, err := filepath.Glob("/proc/[0-9]*/stat")
	s.must(err)
	for _, entry := range entries {
		stat, err := os.ReadFile(entry)
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(stat), ") ") // the name in parentheses may hold blanks
		var state string
		var parent int
		if _, err := fmt.Sscan(rest, &state, &parent); err != nil || parent != master {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(entry)))
		s.must(err)
		if err := syscall.Kill(pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
			s.t.Fatal(err)
		}
	}
}

func (s *Server) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}
