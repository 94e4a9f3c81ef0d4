package keeper_test

import (
	"os"
	"runtime"
	"testing"
)

// TestMain gives the engine's stories one processor: in a bubble of virtual time one thing happens after the other, and
// handing it from thread to thread was a quarter of their work. With GRANTKEEP_SOAK=1 they have all processors.
func TestMain(m *testing.M) {
	if os.Getenv("GRANTKEEP_SOAK") == "" {
		runtime.GOMAXPROCS(1)
	}
	os.Exit(m.Run())
}
