package gates

import (
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/platform"
)

var levelBegin = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)

// grown returns a level that a platform answered well so many times.
func grown(times int) *level {
	l := &level{}
	for range times {
		l.answered(100*time.Millisecond, l.allowed(levelLeast, levelRepeat), levelBegin)
	}
	return l
}

func TestLevelGrowsWhileThePlatformAnswersWell(t *testing.T) {
	if got := grown(0).allowed(levelLeast, levelMost); got != levelMost/levelStart {
		t.Errorf("a level begins at %d, want %d", got, levelMost/levelStart)
	}
	if got := grown(200).allowed(levelLeast, levelMost); got < 200 {
		t.Errorf("after 200 answers as fast as ever the level is %d, want at least 200", got)
	}
	if got := grown(5000).allowed(levelLeast, levelMost); got != levelMost {
		t.Errorf("after 5000 answers as fast as ever the level is %d, want its most, %d", got, levelMost)
	}
	l := &level{}
	for range 1000 {
		l.allowed(levelLeast, levelMost)
		l.answered(100*time.Millisecond, 3, levelBegin)
	}
	if got := l.allowed(levelLeast, levelMost); got != levelMost/levelStart {
		t.Errorf("three at a time raised the level to %d", got)
	}
}

func TestLevelShrinksWhereThePlatformHasEnough(t *testing.T) {
	l := grown(200)
	before := l.allowed(levelLeast, levelMost)
	for range before { // all that were under way tell of one moment
		l.refused(levelBegin)
	}
	if got := l.allowed(levelLeast, levelMost); got != before/2 {
		t.Errorf("refusals of one moment made of %d a level of %d, want half", before, got)
	}
	at := levelBegin
	for range 20 {
		at = at.Add(2 * levelRest)
		l.refused(at)
	}
	if got := l.allowed(levelLeast, levelMost); got != levelLeast {
		t.Errorf("a platform that goes on refusing has a level of %d, want %d", got, levelLeast)
	}
	for range 100 {
		l.answered(100*time.Millisecond, levelLeast, at)
	}
	if got := l.allowed(levelLeast, levelMost); got <= levelLeast || got > 2*levelLeast+4 {
		t.Errorf("after the refusals the level grew to %d in 100 answers, want step by step", got)
	}
}

func TestLevelShrinksWhereAnswersBecomeSlow(t *testing.T) {
	l := grown(200)
	before := l.allowed(levelLeast, levelMost)
	at := levelBegin
	for range 100 {
		at = at.Add(100 * time.Millisecond)
		l.answered(time.Second, l.allowed(levelLeast, levelMost), at)
	}
	if got := l.allowed(levelLeast, levelMost); got > before*2/3 {
		t.Errorf("answers ten times as slow left the level at %d of %d", got, before)
	}
}

func TestLevelIsBoundByTheFacts(t *testing.T) {
	shared := &platform.Facts{}
	shared.Limits.Calls = []platform.CallLimit{{Per: "grant", Burst: 1}, {Per: "app", Burst: 5, Second: 2}}
	for _, c := range []struct {
		facts       *platform.Facts
		refresh     platform.Refresh
		least, most int
	}{
		{&platform.Facts{}, platform.Refresh{AfterLostAnswer: platform.RepeatAny}, levelLeast, levelRepeat},
		{&platform.Facts{}, platform.Refresh{AfterLostAnswer: platform.Once}, levelLeast, levelMost},
		{shared, platform.Refresh{AfterLostAnswer: platform.RepeatAny}, 5, 5},
	} {
		if least, most := levelBounds(c.facts, c.refresh); least != c.least || most != c.most {
			t.Errorf("%+v: the level lies between %d and %d, want %d and %d", c.refresh, least, most, c.least, c.most)
		}
	}
}
