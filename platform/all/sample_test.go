package all_test

import (
	"testing"

	"github.com/grantkeep/grantkeep/platform/all"
	"github.com/grantkeep/grantkeep/platform/platformtest"
)

// TestAnswersOfEveryPlatform gives each driver answers that no platform should give.
func TestAnswersOfEveryPlatform(t *testing.T) {
	for _, d := range all.Drivers() {
		t.Run(d.Spec().Code, func(t *testing.T) {
			platformtest.Answers(t, d, platformtest.SampleOf(t, all.Drivers(), d.Spec().Code, ".."))
		})
	}
}

// TestCallsOfEveryPlatform gives each driver calls and callbacks that could be read in two ways.
func TestCallsOfEveryPlatform(t *testing.T) {
	for _, d := range all.Drivers() {
		t.Run(d.Spec().Code, func(t *testing.T) {
			platformtest.Calls(t, d, platformtest.SampleOf(t, all.Drivers(), d.Spec().Code, ".."))
		})
	}
}
