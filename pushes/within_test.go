package pushes

import (
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/platform/all"
)

// TestWaitingForATurnLeavesTimeForTheAnswer: a platform that gets its answers late stops pushing.
func TestWaitingForATurnLeavesTimeForTheAnswer(t *testing.T) {
	for _, d := range all.Drivers() {
		if within := time.Duration(d.Spec().Facts.Push.AnswerWithin); within > 0 && checkedWithin > within/2 {
			t.Errorf("%s wants its answer within %s, but a push may wait %s for its turn alone", d.Spec().Code, within, checkedWithin)
		}
	}
}
