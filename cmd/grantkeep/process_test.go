package main

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is a grantkeep that runs beside the test.
type process struct {
	t     testing.TB
	cmd   *exec.Cmd
	lines chan string   // its standard output
	ended chan struct{} // closed when it has ended
	log   *logBook
}

// logBook keeps what a process logs.
type logBook struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// launch starts a grantkeep, which is the test binary itself, race detector and all. It is killed when the test ends.
func launch(t testing.TB, args ...string) *process {
	t.Helper()
	p := &process{t: t, lines: make(chan string, 100), ended: make(chan struct{}), log: &logBook{}}
	p.cmd = exec.Command(os.Args[0], args...)
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "GRANTKEEP_") {
			p.cmd.Env = append(p.cmd.Env, v)
		}
	}
	p.cmd.Env = append(p.cmd.Env, "GRANTKEEP_TEST_MAIN=1", "GRANTKEEP_ADMIN_KEY="+adminKey)
	p.cmd.Stderr = p.log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // however the test ends
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		lines := bufio.NewScanner(out)
		lines.Buffer(nil, 16<<20)
		for lines.Scan() {
			p.lines <- lines.Text()
		}
		_ = p.cmd.Wait() // its state tells
	}()
	t.Cleanup(func() {
		p.signal(syscall.SIGKILL)
		<-p.ended
		if t.Failed() {
			t.Logf("%s:\n%s", strings.Join(args, " "), p.log)
		}
	})
	return p
}

// first returns the first line of output: the process is ready.
func (p *process) first() string {
	p.t.Helper()
	select {
	case line := <-p.lines:
		return line
	case <-p.ended:
		p.t.Fatalf("it ended with %v before it was ready", p.cmd.ProcessState)
	case <-time.After(30 * time.Second):
		p.t.Fatal("it is not ready after half a minute")
	}
	return ""
}

// signal sends a signal; one that has ended gets none.
func (p *process) signal(sig os.Signal) {
	if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Errorf("signal %v: %v", sig, err)
	}
}

// status waits for the end and returns the exit status, -1 for one that was killed.
func (p *process) status() int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(30 * time.Second):
		p.t.Fatal("it has not ended after half a minute")
	}
	return p.cmd.ProcessState.ExitCode()
}
