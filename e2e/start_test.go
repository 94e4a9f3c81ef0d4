package e2e

import (
	"os/exec"
	"regexp"
	"strconv"
	"testing"
)

// TestNoPackageWorksBeforeItIsAsked starts a command and reads what each package allocated to be initialized: what costs
// more is made when somebody needs it, since every command of every script pays for it.
func TestNoPackageWorksBeforeItIsAsked(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), Program, "version")
	cmd.Env = []string{"GRANTKEEP_TEST_MAIN=1", "GODEBUG=inittrace=1"}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	packages := regexp.MustCompile(`(?m)^init (\S+) .* (\d+) bytes`).FindAllStringSubmatch(string(out), -1)
	if len(packages) < 20 {
		t.Fatalf("%d packages are told of:\n%s", len(packages), out)
	}
	for _, p := range packages {
		if bytes, err := strconv.Atoi(p[2]); err != nil || bytes > 2<<20 {
			t.Errorf("package %s allocates %s bytes before main begins, want at most two million", p[1], p[2])
		}
	}
}
