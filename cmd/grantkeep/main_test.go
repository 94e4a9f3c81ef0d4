package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/grantkeep/grantkeep/bench"
)

// TestMain lets the test binary be the program under test, so that every process a test starts runs the code that is
// being tested: as `grantkeep` in the scripts' PATH, and wherever GRANTKEEP_TEST_MAIN=1 stands in the environment.
func TestMain(m *testing.M) {
	bench.Role()
	if os.Getenv("GRANTKEEP_TEST_MAIN") == "1" {
		main()
	}
	testscript.Main(m, map[string]func(){"grantkeep": main})
}
