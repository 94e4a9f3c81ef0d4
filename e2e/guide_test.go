package e2e_test

import (
	"context"
	network "net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// commandsOf returns the shell blocks of a page.
func commandsOf(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	_, rest, found := strings.Cut(string(text), "```sh\n")
	for found {
		var block string
		block, rest, _ = strings.Cut(rest, "```")
		blocks = append(blocks, block)
		_, rest, found = strings.Cut(rest, "```sh\n")
	}
	return blocks
}

// guidePorts are those of the simulators.
var guidePorts = []int{7700, 7701, 7702, 7703, 7704, 7705, 7706, 7707, 7708, 7709}

// TestFiveMinutes runs the commands of the first guide as they stand, then those of the guides that go on from there, and
// compares those of their translations.
func TestFiveMinutes(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short: starts processes")
	}
	blocks := commandsOf(t, "../docs/five-minutes.md")
	if len(blocks) == 0 || !slices.Equal(blocks, commandsOf(t, "../docs/five-minutes.zh-CN.md")) {
		t.Errorf("the two languages of the guide hold different commands")
	}
	for _, guide := range []string{"integrate", "support", "import"} {
		more := commandsOf(t, "../docs/"+guide+".md")
		if len(more) == 0 || !slices.Equal(more, commandsOf(t, "../docs/"+guide+".zh-CN.md")) {
			t.Errorf("the two languages of %s hold different commands", guide)
		}
		blocks = append(blocks, more...)
	}
	for _, port := range append([]int{8080}, guidePorts...) {
		l, err := (&network.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:"+strconv.Itoa(port))
		if err != nil {
			t.Fatalf("the guides' commands use the default ports, and another program has one of them: %v", err)
		}
		_ = l.Close()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute) // of a loaded machine; a guide that waits for ever fails
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-eu", "-c", strings.Join(blocks, "\n"))
	var err error
	if cmd.Dir, err = os.MkdirTemp("", "five-minutes-"); err != nil {
		t.Fatal(err)
	}
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + cmd.Dir, "LC_ALL=C", "GORACE=" + os.Getenv("GORACE")}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	said, err := os.Create(cmd.Dir + "/said") // a file: a pipe would be held open by the servers
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// The servers that the guide starts in the background outlive its shell, and end with the test.
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = said.Close()
		_ = os.RemoveAll(cmd.Dir) // a server that is just ending may still hold a file
	})
	state, err := cmd.Process.Wait()
	if err != nil {
		t.Fatal(err)
	}
	out, err := os.ReadFile(said.Name())
	if err != nil {
		t.Fatal(err)
	}
	if !state.Success() {
		t.Fatalf("the guide's commands ended with %s:\n%s", state, out)
	}
	for _, want := range []string{"/connect/", `"demo-1.myshoplaza.com"`, `"access_token":"`, `"ends_within_days"`, "authorization.completed", "Nothing needs anybody.", "AUT-",
		"1 would be imported (1 made, 0 replaced, 0 kept), 0 failed, 1 not checked", "2 imported (2 made, 0 replaced, 0 kept), 0 failed", "二号店"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the guide's commands print no %q:\n%s", want, out)
		}
	}
}
