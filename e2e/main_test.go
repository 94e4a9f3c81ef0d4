package e2e

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/grantkeep/grantkeep/bench"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/program"
)

// TestMain lets a test binary be the program under test: as `grantkeep` in the scripts' PATH, and wherever
// GRANTKEEP_TEST_MAIN=1 stands in the environment.
func TestMain(m *testing.M) {
	bench.Role()
	if os.Getenv("GRANTKEEP_TEST_MAIN") == "1" {
		child()
	}
	if os.Getenv("GRANTKEEP_TEST_PARENT") == "1" {
		parent()
	}
	if err := os.Setenv("GORACE", "atexit_sleep_ms=0"); err != nil { // processes end without the second they else wait
		panic(err)
	}
	if err := flag.Set("test.parallel", "6"); err != nil { // these tests wait for processes more than they compute
		panic(err)
	}
	testscript.Main(suite{m}, map[string]func(){"grantkeep": child})
}

// child is the program, which ends with the test that started it.
func child() {
	endWithParent()
	program.Main("development", "")
}

// Program is what tests start: a test binary, which is the program where GRANTKEEP_TEST_MAIN=1 stands in its environment.
// Where the race detector watches this process, it is another one, made of the same files, that is not watched: a process
// that is takes five times the work, and there are some four hundred. With GRANTKEEP_SOAK=1 it is this one. What is watched
// whenever this process is: what runs in it, and the servers of TestInstancesOnOneExpiredToken.
var Program = os.Args[0]

// suite runs the tests, with the program that they start in PATH.
type suite struct{ *testing.M }

func (s suite) Run() int {
	flag.Parse()
	if !watched || testing.Short() || os.Getenv("GRANTKEEP_SOAK") != "" {
		return s.M.Run()
	}
	dir, err := os.MkdirTemp("", "grantkeep-e2e")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // nothing but a file that can be made again
	Program = filepath.Join(dir, "grantkeep")
	if out, err := exec.Command("go", "test", "-c", "-vet=off", "-o", Program, ".").CombinedOutput(); err != nil {
		panic(fmt.Sprintf("build the program: %v\n%s", err, out))
	}
	if err := os.Setenv("PATH", dir+string(filepath.ListSeparator)+os.Getenv("PATH")); err != nil {
		panic(err)
	}
	return s.M.Run()
}
