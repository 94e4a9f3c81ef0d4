package e2e

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/platform/all"
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

// launch starts a grantkeep, which is killed when the test ends.
func launch(t testing.TB, args ...string) *process {
	t.Helper()
	return launchProgram(t, Program, args...)
}

// launchProgram is launch for another program, which is a grantkeep too.
func launchProgram(t testing.TB, program string, args ...string) *process {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: starts processes")
	}
	p := &process{t: t, lines: make(chan string, 100), ended: make(chan struct{}), log: &logBook{}}
	p.cmd = exec.Command(program, args...)
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "GRANTKEEP_") {
			p.cmd.Env = append(p.cmd.Env, v)
		}
	}
	p.cmd.Env = append(p.cmd.Env, "GRANTKEEP_TEST_MAIN=1", "GRANTKEEP_ADMIN_KEY="+adminKey)
	p.cmd.Stderr = p.log
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
	case <-time.After(5 * time.Minute):
		p.t.Fatal("it is not ready after five minutes")
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
	case <-time.After(5 * time.Minute):
		p.t.Fatal("it has not ended after five minutes")
	}
	return p.cmd.ProcessState.ExitCode()
}

// parent starts the simulators as a test does, and stays.
func parent() {
	_, ports := all.Simulators()
	args := []string{"simulate", "--control-port", "0"}
	for name := range ports {
		args = append(args, "--port", name+"=0")
	}
	child := exec.Command(os.Args[0], args...)
	child.Env = append(os.Environ(), "GRANTKEEP_TEST_MAIN=1")
	child.Stdout, child.Stderr = os.Stdout, os.Stderr
	if err := child.Run(); err != nil {
		panic(err)
	}
}

// endsWith expects a child that serves to end with its parent, which gets a signal: the output that both share ends.
func endsWith(t *testing.T, sig os.Signal) {
	t.Helper()
	ours, theirs, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ours.Close() }()
	cmd := exec.Command(Program)
	cmd.Env = append(os.Environ(), "GRANTKEEP_TEST_PARENT=1")
	cmd.Stdout = theirs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = theirs.Close() // the processes have their own
	out := bufio.NewReader(ours)
	if _, err := out.ReadString('\n'); err != nil {
		t.Fatalf("the simulators did not start: %v", err)
	}
	if err := cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	if err := ours.SetReadDeadline(time.Now().Add(5 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, out); err != nil {
		t.Errorf("the child of a process that was killed goes on: %v", err)
	}
}
