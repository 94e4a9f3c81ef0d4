package e2e

import (
	"flag"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/grantkeep/grantkeep/bench"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/program"
)

// TestMain lets the test binary be the program under test, so that every process a test starts runs the code that is
// being tested: as `grantkeep` in the scripts' PATH, and wherever GRANTKEEP_TEST_MAIN=1 stands in the environment.
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
	testscript.Main(m, map[string]func(){"grantkeep": child})
}

// child is the program, which ends with the test that started it.
func child() {
	endWithParent()
	program.Main("development")
}
