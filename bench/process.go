package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a program that serves on loopback and names its address in its first line.
type process struct {
	cmd     *exec.Cmd
	address string // host:port
}

var addressIn = regexp.MustCompile(`127\.0\.0\.1:[0-9]+`)

// startProcess starts a program and waits for its address. It is killed when this process ends, however that is.
func startProcess(ctx context.Context, command, env []string, log string) (*process, error) {
	p := &process{cmd: exec.CommandContext(ctx, command[0], command[1:]...)}
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "GRANTKEEP_") {
			p.cmd.Env = append(p.cmd.Env, v)
		}
	}
	p.cmd.Env = append(p.cmd.Env, env...)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	file, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // the process has its own
	p.cmd.Stderr = file
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewReader(out)
	for p.address == "" {
		line, err := lines.ReadString('\n')
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%s ended before it was ready; its log is %s", filepath.Base(command[0]), log), p.cmd.Wait())
		}
		p.address = addressIn.FindString(line)
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }() // until it ends
	return p, nil
}

// end asks the process to stop, and waits for it.
func (p *process) end() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	stop := time.AfterFunc(20*time.Second, func() { _ = p.cmd.Process.Kill() })
	defer stop.Stop()
	_ = p.cmd.Wait() // how it ended changes no figure
}

// kill ends the process as a power cut does.
func (p *process) kill() error {
	if err := p.cmd.Process.Kill(); err != nil {
		return err
	}
	_ = p.cmd.Wait() // it says that it was killed
	return nil
}

// private returns the memory that belongs to the process alone, in MiB.
func (p *process) private() (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			kib, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 64)
			return kib / 1024, err
		}
	}
	return 0, errors.New("the system does not tell RssAnon")
}

// ticks is how often a second the system counts a processor's work; Linux tells it so to programs everywhere.
const ticks = 100

// worked returns how long the process has kept a processor busy since it began.
func (p *process) worked() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, errors.New("the system does not tell how long a process worked")
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * time.Second / ticks, errors.Join(err1, err2)
}

// roleName is the variable that makes a process play a role.
const roleName = "GRANTKEEP_BENCH_ROLE"

// Role plays the role that the environment names, and does not return; without one it returns at once.
func Role() {
	var err error
	switch role := os.Getenv(roleName); role {
	case "":
		return
	case "provider":
		err = serveOnLoopback(newProvider())
	case "bare":
		err = serveOnLoopback(bareHandler(os.Getenv(roleName + "_TEXT")))
	case "relay":
		err = serveOnLoopback(bareRelay(os.Getenv(roleName + "_TEXT")))
	default:
		err = fmt.Errorf("%s=%s is no role", roleName, role)
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// startRole starts a process of our own. Its text, if any, says more.
func startRole(ctx context.Context, o Options, role string, text ...string) (*process, error) {
	env := append([]string{roleName + "=" + role}, o.SelfEnv...)
	for _, t := range text {
		env = append(env, roleName+"_TEXT="+t)
	}
	return startProcess(ctx, o.Self, env, filepath.Join(o.Dir, role+".log"))
}
