package toy_test

import (
	"os"
	"testing"

	"github.com/grantkeep/grantkeep/platform/platformtest"
)

// TestDriverAndSimulatorAgree runs the suite that every platform passes, once for each kind of pair that the toy has.
func TestDriverAndSimulatorAgree(t *testing.T) {
	call := platformtest.ReadSample(t, newDriver(), os.DirFS("testdata")).Call.PlatformCall(t)
	for _, profile := range []string{"plain", "lazy", "once", "pasted"} {
		t.Run(profile, func(t *testing.T) {
			s := startSimulator(t, profile)
			platformtest.Run(t, newDriver(), platformtest.Simulated{Control: s.Control(), Call: call})
		})
	}
}

// TestAnswersAndCalls gives the toy what every platform is given in turn.
func TestAnswersAndCalls(t *testing.T) {
	sample := platformtest.ReadSample(t, newDriver(), os.DirFS("testdata"))
	platformtest.Answers(t, newDriver(), sample)
	platformtest.Calls(t, newDriver(), sample)
}
