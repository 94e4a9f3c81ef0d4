package e2e_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/grantkeep/grantkeep/platform/all"
)

// TestStories runs the scripts under testdata: what a person or a script sees of the commands. Beside testscript's own
// commands they use:
//
//	fails N grantkeep …     the command ends with exit status N; its output can be matched afterwards
//	start NAME grantkeep …  starts a process and waits for its first line of output, or for its end; FREE-PORTS stands
//	                        for the flags that give every simulator any free port
//	stop NAME               sends SIGTERM; the process must end with status 0; its output is in NAME.out and NAME.err
//	capture VAR REGEXP      sets VAR to what REGEXP finds in the last output
//	mode FILE 0600          a file's permissions
//	demo                    starts a demo; sets SERVER, CONTROL, APP, SHOP and HOST, and what commands need to talk to it
//	demo-ends               SIGTERM for the demo; it must end with status 0
//	agree LINK              a merchant opens the link and agrees as SHOP
func TestStories(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: starts processes")
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("GORACE", os.Getenv("GORACE"))
			env.Values[storyKey{}] = &story{t: env.T().(testing.TB), processes: map[string]*process{}}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"fails": fails, "start": start, "stop": stop, "capture": capture, "mode": mode, "demo": demoCommand, "demo-ends": demoEnds, "agree": agree,
		},
	})
}

// fails runs a command that must end with the given status.
func fails(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	var ended *exec.ExitError
	if neg || !errors.As(err, &ended) || ended.ExitCode() != want {
		ts.Fatalf("%s ended with %v, want exit status %d", strings.Join(args[1:], " "), err, want)
	}
}

// story is what a script has started.
type story struct {
	t         testing.TB
	processes map[string]*process
	demo      *demo
}

type storyKey struct{}

func storyOf(ts *testscript.TestScript) *story { return ts.Value(storyKey{}).(*story) }

// process is a command that goes on while its story does.
type process struct {
	cmd      *exec.Cmd
	out, err book
	ended    chan struct{}
}

func start(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: start NAME COMMAND…")
	}
	path, err := exec.LookPath(args[1])
	ts.Check(err)
	flags := slices.Clone(args[2:])
	if i := slices.Index(flags, "FREE-PORTS"); i >= 0 {
		flags = slices.Replace(flags, i, i+1, freePorts()...)
	}
	p := &process{cmd: exec.Command(path, flags...), ended: make(chan struct{})}
	p.cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "GORACE", "GRANTKEEP_ADMIN_KEY", "GRANTKEEP_PUBLIC_URL"} {
		if value := ts.Getenv(name); value != "" {
			p.cmd.Env = append(p.cmd.Env, name+"="+value)
		}
	}
	p.cmd.Stderr = &p.err
	out, err := p.cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(p.cmd.Start())
	storyOf(ts).processes[args[0]] = p
	ts.Defer(func() { _ = p.cmd.Process.Kill() }) // of one that has ended: nothing
	lines := bufio.NewReader(out)
	line, err := lines.ReadString('\n')
	if err != nil {
		ts.Fatalf("%s ended without a line: %v\n%s", args[0], p.cmd.Wait(), p.err.String())
	}
	_, _ = io.WriteString(&p.out, line)
	go func() {
		defer close(p.ended)
		_, _ = io.Copy(&p.out, lines)
	}()
	_, _ = io.WriteString(ts.Stdout(), line)
}

// freePorts are the flags by which every simulator takes any free port.
func freePorts() []string {
	_, ports := all.Simulators()
	flags := []string{"--control-port", "0"}
	for code := range ports {
		flags = append(flags, "--port", code+"=0")
	}
	return flags
}

func stop(ts *testscript.TestScript, neg bool, args []string) {
	p := storyOf(ts).processes[args[0]]
	if neg || p == nil {
		ts.Fatalf("%s was not started", args[0])
	}
	ts.Check(p.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-p.ended:
	case <-time.After(5 * time.Minute):
		ts.Fatalf("%s goes on five minutes after SIGTERM\n%s", args[0], p.err.String())
	}
	if err := p.cmd.Wait(); err != nil {
		ts.Fatalf("%s ended with %v after SIGTERM, want status 0\n%s", args[0], err, p.err.String())
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".out"), []byte(p.out.String()), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".err"), []byte(p.err.String()), 0o600))
}

func capture(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: capture VAR REGEXP")
	}
	found := regexp.MustCompile(args[1]).FindString(ts.ReadFile("stdout"))
	if found == "" {
		ts.Fatalf("the output holds nothing like %s", args[1])
	}
	ts.Setenv(args[0], found)
}

func mode(ts *testscript.TestScript, neg bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if got := fmt.Sprintf("%04o", info.Mode().Perm()); neg || got != args[1] {
		ts.Fatalf("%s has mode %s, want %s", args[0], got, args[1])
	}
}

func demoCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("a demo that fails is run by fails")
	}
	s := storyOf(ts)
	s.demo = startDemo(s.t, args...)
	shop := s.demo.Platforms["shoplazza"].Shops[0]
	for name, value := range map[string]string{
		"SERVER": s.demo.Server, "CONTROL": s.demo.Control, "APP": s.demo.Apps["shoplazza"], "SHOP": shop["id"].(string),
		"HOST": shop["host"].(string), "GRANTKEEP_SERVER": s.demo.Server, "GRANTKEEP_KEY": s.demo.Key,
	} {
		ts.Setenv(name, value)
	}
}

func demoEnds(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: demo-ends")
	}
	storyOf(ts).demo.end()
}

func agree(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: agree LINK")
	}
	storyOf(ts).demo.agree(args[0], "shoplazza", ts.Getenv("SHOP"))
}

// TestReadme plays the README's transcript: its commands print what it says they print, up to ids, times and secrets. Two
// of its remarks are stage directions, which the test carries out.
func TestReadme(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "```console\n")
	transcript, _, found := strings.Cut(rest, "```\n")
	if !found {
		t.Fatal("the README has no transcript")
	}
	d := startDemo(t)
	d.only("shoplazza")
	variables := map[string]string{"GRANTKEEP_SERVER": d.Server, "GRANTKEEP_KEY": d.Key, "APP": d.Apps["shoplazza"], "LC_ALL": "C"}
	var got strings.Builder
	var link string
	for line := range strings.Lines(transcript) {
		command, isCommand := strings.CutPrefix(strings.TrimSpace(line), "$ ")
		switch {
		case isCommand:
			cmd := exec.CommandContext(t.Context(), "sh", "-c", command)
			for name, value := range variables {
				cmd.Env = append(cmd.Env, name+"="+value)
			}
			cmd.Env = append(cmd.Env, "PATH="+os.Getenv("PATH"), "GORACE="+os.Getenv("GORACE"))
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%s: %v\n%s", command, err, out)
			}
			got.WriteString(line + string(out))
			if strings.Contains(command, "link") {
				link = strings.TrimSpace(string(out))
			}
		case strings.HasPrefix(line, "# the merchant"):
			got.WriteString(line)
			d.agree(link, "shoplazza", d.Platforms["shoplazza"].Shops[0]["id"].(string))
			var grants struct{ Items []struct{ ID string } }
			if d.call("GET", "/v1/grants", nil, &grants); len(grants.Items) != 1 {
				t.Fatalf("after the merchant there are %d grants, want one", len(grants.Items))
			}
			variables["GRANT"] = grants.Items[0].ID
		case strings.HasPrefix(line, "# a year later"):
			got.WriteString(line)
			d.advance("8760h")
		}
	}
	if diff := cmp.Diff(anonymous(transcript), anonymous(got.String())); diff != "" {
		t.Errorf("the README's transcript is not what the commands print (-README +commands):\n%s\nThe commands print:\n%s", diff, got.String())
	}
}

// anonymous replaces what differs from run to run, and the blanks that align tables with it.
func anonymous(transcript string) string {
	for _, r := range []struct{ pattern, with string }{
		{`\b(app|grt)_[0-9a-z]{26}\b`, "$1"}, {`\d{4}-\d\d-\d\d \d\d:\d\dZ`, "TIME"}, {`http://\S+/connect/\S+`, "LINK"},
		{`shop:\d+`, "shop:ID"}, {`(?m)^[\w-]{40,}$`, "TOKEN"}, {` +`, " "}, {`(?m) $`, ""},
	} {
		transcript = regexp.MustCompile(r.pattern).ReplaceAllString(transcript, r.with)
	}
	return transcript
}
