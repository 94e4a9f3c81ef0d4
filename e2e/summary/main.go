// Command summary runs go test -json and tells of it what a person asks at the end: what failed and said what, which tests
// were skipped and why, and where the time went. It ends as go test does; with CI=true it also fails for each skipped test
// that is not allowed by name, since a suite that skips what it cannot test looks like one that passed.
package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
)

func main() {
	may := flag.String("may-skip", "", "names of `TESTS` that may be skipped in CI, with commas between")
	flag.Parse()
	code, err := run(os.Stdout, flag.Args(), os.Getenv("CI") == "true", strings.Split(*may, ","))
	if err != nil {
		fmt.Fprintln(os.Stderr, "summary:", err)
	}
	os.Exit(code)
}

// run runs a command that prints the events of tests, and returns the exit status.
func run(w io.Writer, command []string, strict bool, may []string) (int, error) {
	if len(command) == 0 {
		return 2, fmt.Errorf("usage: summary [-may-skip TESTS] go test -json ARGUMENTS")
	}
	cmd := exec.CommandContext(context.Background(), command[0], command[1:]...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 1, err
	}
	if err := cmd.Start(); err != nil {
		return 1, err
	}
	s := newSummary(w)
	failed := s.read(out)
	if err := cmd.Wait(); err != nil || failed != nil {
		s.tell()
		return 1, cmp.Or(failed, err)
	}
	s.tell()
	if barred := s.barred(may); strict && len(barred) > 0 {
		return 1, fmt.Errorf("in CI only tests that are allowed by name may be skipped: %s", strings.Join(barred, ", "))
	}
	return 0, nil
}

// event is one line of go test -json.
type event struct {
	Action, Package, Test, Output string
	Elapsed                       float64 // seconds
}

// ended is a test, or a package without one, that has ended.
type ended struct {
	name, why string
	seconds   float64
}

// summary is what is known of a run.
type summary struct {
	w        io.Writer
	said     map[string][]string // what runs has printed, by package and test
	packages []ended
	tests    []ended
	skipped  []ended
}

func newSummary(w io.Writer) *summary { return &summary{w: w, said: map[string][]string{}} }

// read reads events to their end, and prints what failed as soon as it has.
func (s *summary) read(r io.Reader) error {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			var e event
			if json.Unmarshal([]byte(line), &e) != nil || e.Action == "" {
				s.print(line) // of the go command itself
			} else {
				s.note(e)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (s *summary) note(e event) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "output", "build-output":
		if e.Action == "build-output" {
			s.print(e.Output)
			return
		}
		s.said[key] = append(s.said[key], e.Output)
		return
	case "pass", "fail", "skip":
	default:
		return
	}
	said := s.said[key]
	delete(s.said, key)
	if e.Test == "" {
		s.notePackage(e, said)
		return
	}
	one := ended{name: short(e.Package) + " " + e.Test, seconds: e.Elapsed}
	if !strings.Contains(e.Test, "/") {
		s.tests = append(s.tests, one)
	}
	switch e.Action {
	case "fail":
		s.print(strings.Join(said, ""))
	case "skip":
		one.why = reason(said)
		s.skipped = append(s.skipped, one)
	}
}

// notePackage prints how a package ended; of one that failed, also what tests had said that have no end, as in a panic.
func (s *summary) notePackage(e event, said []string) {
	if e.Action == "skip" {
		return // it has no tests
	}
	if e.Action == "fail" {
		for key, left := range s.said {
			if strings.HasPrefix(key, e.Package+" ") {
				s.print(strings.Join(left, ""))
				delete(s.said, key)
			}
		}
		s.print(strings.Join(said, ""))
	}
	s.packages = append(s.packages, ended{name: short(e.Package), seconds: e.Elapsed})
	s.print(fmt.Sprintf("%s\t%s\t%.1fs\n", map[string]string{"pass": "ok", "fail": "FAIL"}[e.Action], e.Package, e.Elapsed))
}

// tell prints where the time went and what was skipped.
func (s *summary) tell() {
	s.slowest("packages", s.packages)
	s.slowest("tests", s.tests)
	s.print(fmt.Sprintf("%d tests were skipped\n", len(s.skipped)))
	for _, e := range s.skipped {
		s.print(fmt.Sprintf("  %s: %s\n", e.name, e.why))
	}
}

func (s *summary) slowest(what string, list []ended) {
	slices.SortFunc(list, func(a, b ended) int { return cmp.Compare(b.seconds, a.seconds) })
	s.print(fmt.Sprintf("the slowest of %d %s:\n", len(list), what))
	for _, e := range list[:min(len(list), 10)] {
		s.print(fmt.Sprintf("%8.1fs %s\n", e.seconds, e.name))
	}
}

// barred returns the skipped tests that are not among those which may be. A name stands for its parts too.
func (s *summary) barred(may []string) []string {
	var names []string
	for _, e := range s.skipped {
		_, test, _ := strings.Cut(e.name, " ")
		test, _, _ = strings.Cut(test, "/")
		if !slices.Contains(may, test) {
			names = append(names, e.name)
		}
	}
	return names
}

func (s *summary) print(text string) {
	_, _ = io.WriteString(s.w, text) // nobody is there to be told that standard output is closed
}

// reason is what a test said when it was skipped, without what the go command adds.
func reason(said []string) string {
	var kept []string
	for _, line := range said {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "=== ") && !strings.HasPrefix(line, "--- ") {
			kept = append(kept, line)
		}
	}
	if len(kept) == 0 {
		return "no reason given"
	}
	return strings.Join(kept, " ")
}

// short is the room that a package is.
func short(pkg string) string {
	const module = "github.com/grantkeep/grantkeep"
	if pkg == module {
		return "."
	}
	return strings.TrimPrefix(pkg, module+"/")
}
