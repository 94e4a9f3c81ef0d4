package pgtest

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// cluster is a directory of databases, and the server on it.
type cluster struct {
	bin, dir string
	as       *syscall.SysProcAttr
	server   *exec.Cmd      // nil: none runs
	held     io.WriteCloser // the server's end of life: while this pipe is open, it runs
}

// guard runs the server until a line comes on standard input. If the input ends instead, as the system sees to however
// this process ends, it removes the directory too.
const guard = `trap '' INT
dir=$1; shift
"$@" >>"$dir/log" 2>&1 &
read -r line
told=$?
kill -QUIT $!
wait $!
[ $told -eq 0 ] || rm -rf "$dir"`

// newCluster makes an empty cluster.
func newCluster(bin string) (*cluster, error) {
	dir, err := os.MkdirTemp("", "gkpg") // short: the path of a socket has about a hundred characters
	if err != nil {
		return nil, err
	}
	as, err := servant(dir)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", filepath.Join(dir, "data"), "-U", "grantkeep", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
	initdb.Dir, initdb.SysProcAttr = dir, as
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, errors.Join(fmt.Errorf("initdb: %w: %s", err, out), os.RemoveAll(dir))
	}
	return &cluster{bin: bin, dir: dir, as: as}, nil
}

// url is the address of the database that every cluster has.
func (c *cluster) url() *url.URL {
	return &url.URL{Scheme: "postgres", Path: "/postgres", RawQuery: url.Values{"host": {c.dir}, "user": {"grantkeep"}}.Encode()}
}

// start runs a server that listens on a socket in its own directory only, and waits until it answers. Nothing is synced
// to disk: what is written outlives the server, not the machine.
func (c *cluster) start() error {
	c.server = exec.Command("/bin/sh", "-c", guard, "guard", c.dir, filepath.Join(c.bin, "postgres"), "-D", filepath.Join(c.dir, "data"),
		"-c", "listen_addresses=", "-c", "unix_socket_directories="+c.dir, "-c", "max_connections=300",
		"-c", "fsync=off", "-c", "full_page_writes=off", "-c", "autovacuum=off")
	c.server.Dir, c.server.SysProcAttr = c.dir, c.as
	var err error
	if c.held, err = c.server.StdinPipe(); err != nil {
		return err
	}
	if err := c.server.Start(); err != nil {
		return err
	}
	deadline := time.Now().Add(5 * time.Minute)
	for {
		err := run(c.url(), `SELECT 1`)
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			log, _ := os.ReadFile(filepath.Join(c.dir, "log")) // the error is told anyway
			return errors.Join(fmt.Errorf("the server does not answer: %w: %s", err, log), c.held.Close())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// stop ends the server as a crash would, without a last checkpoint, and keeps its directory.
func (c *cluster) stop() error {
	if c.server == nil {
		return nil
	}
	_, err := io.WriteString(c.held, "stop\n")
	err = errors.Join(err, c.server.Wait())
	c.server = nil
	return err
}
