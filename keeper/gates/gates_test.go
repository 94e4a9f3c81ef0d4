package gates

import (
	"errors"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/platform"
)

func TestClaimIsMadeForManyPlacesAtOnce(t *testing.T) {
	s := New(20, func() time.Time { return levelBegin })
	f := platform.Refresh{AfterLostAnswer: platform.RepeatAny}
	take := func(want int, few bool) {
		t.Helper()
		if got := s.Take("app", &platform.Facts{}, f, few, false); got != want {
			t.Fatalf("%d places were taken, want %d", got, want)
		}
	}
	take(20, false)
	s.Give("app", 4)
	if s.Worth("app") {
		t.Error("a claim is made for 4 places of 20")
	}
	take(0, false)
	take(4, true) // now and then it is: the others may hang
	s.Give("app", 5)
	if !s.Worth("app") {
		t.Error("no claim is made for 5 places of 20")
	}
	take(5, false)
	s.Give("app", 20)
	take(20, false)
	if !s.Worth("another") {
		t.Error("an app that has begun nothing is not looked at")
	}
}

func TestOnePlaceIsWorthAClaimWhereThereIsOnlyOne(t *testing.T) {
	s := New(1, func() time.Time { return levelBegin })
	f := platform.Refresh{AfterLostAnswer: platform.RepeatAny}
	for range 3 {
		if got := s.Take("app", &platform.Facts{}, f, false, false); got != 1 {
			t.Fatalf("%d places were taken, want 1", got)
		}
		s.Give("app", 1)
	}
}

// TestStoppedAppsTurnsWaitForNoProof has an app whose pairs a process found when it began: a few may be refreshed at once until
// one was taken. Turns of a stopped app refresh nothing, and come as many as the app's level lets through.
func TestStoppedAppsTurnsWaitForNoProof(t *testing.T) {
	s := New(20, func() time.Time { return levelBegin })
	f := platform.Refresh{AfterLostAnswer: platform.Once}
	if n := s.Take("app", &platform.Facts{}, f, false, false); n != refusalsInARow {
		t.Fatalf("%d places were taken for pairs that nobody has proved, want %d", n, refusalsInARow)
	}
	s.Give("app", refusalsInARow)
	if n := s.Take("app", &platform.Facts{}, f, false, true); n != 20 {
		t.Fatalf("%d places were taken while the app is stopped, want all 20", n)
	}
	s.Give("app", 12)
	if !s.Worth("app") {
		t.Error("twelve places of a stopped app are worth no claim")
	}
	if err := s.Enter(t.Context(), "app", &platform.Facts{}, f, 0); !errors.Is(err, ErrLongQueue) {
		t.Errorf("a person's refresh beside eight turns of the stopped app: %v, want it to wait: it is no turn", err)
	}
	if n := s.Take("app", &platform.Facts{}, f, true, false); n != 0 {
		t.Errorf("%d places were taken when the stop ended, beside eight turns; want none", n)
	}
	s.Give("app", 8)
	if n := s.Take("app", &platform.Facts{}, f, true, false); n != refusalsInARow {
		t.Errorf("%d places were taken after the stop, want %d", n, refusalsInARow)
	}
}
