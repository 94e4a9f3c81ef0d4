package gates

import (
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/platform"
)

func TestClaimIsMadeForManyPlacesAtOnce(t *testing.T) {
	s := New(20, func() time.Time { return levelBegin })
	f := platform.Refresh{AfterLostAnswer: platform.RepeatAny}
	take := func(want int, few bool) {
		t.Helper()
		if got := s.Take("app", &platform.Facts{}, f, few); got != want {
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
		if got := s.Take("app", &platform.Facts{}, f, false); got != 1 {
			t.Fatalf("%d places were taken, want 1", got)
		}
		s.Give("app", 1)
	}
}
