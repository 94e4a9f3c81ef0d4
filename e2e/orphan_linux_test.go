package e2e

import (
	"syscall"
	"testing"
)

// endWithParent has the system end this process when the one that started it ends, however that ends: a test that is
// killed leaves no server behind.
func endWithParent() {
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_PDEATHSIG, uintptr(syscall.SIGKILL), 0); errno != 0 {
		panic(errno)
	}
}

// TestChildrenEndWithTheirTest kills a process that has started the simulators as tests do.
func TestChildrenEndWithTheirTest(t *testing.T) {
	t.Parallel()
	endsWith(t, syscall.SIGKILL)
}
