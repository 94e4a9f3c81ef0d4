package gates

import (
	"time"

	"github.com/grantkeep/grantkeep/platform"
)

// How many refreshes of one app are under way at once is found out: it begins at a part of the most that the facts allow,
// grows while the platform answers as fast as before, and shrinks when it says that this is too much, falls silent or
// becomes slow.
const (
	levelLeast  = 8
	levelStart  = 4   // the part of the most with which it begins
	levelMost   = 256 // where a lost answer costs: so many may be in doubt when the process dies
	levelRepeat = 512 // where a refresh token may be sent again at any time

	levelSlack = 20 * time.Millisecond // by which an answer may be late because this machine is busy
	levelRest  = time.Second           // between two shrinkings: what was under way at the first tells of it once more
)

// level is the number of refreshes that one app may have under way. Its gate's lock guards it.
type level struct {
	now     float64
	usual   time.Duration // of an answer while few were under way; it follows slowly what becomes usual
	lately  time.Duration
	settled bool // it has shrunk once: from then on it grows step by step
	shrunk  time.Time
}

// levelBounds returns the least and the most that an app's facts allow. A bucket of calls that all of an app share is a
// bound as well, since refreshes come out of the same address.
func levelBounds(f *platform.Facts, r platform.Refresh) (least, most int) {
	most = levelMost
	if r.AfterLostAnswer == platform.RepeatAny {
		most = levelRepeat
	}
	for _, c := range f.Limits.Calls {
		if c.Per == "app" && c.Burst > 0 {
			most = min(most, c.Burst)
		}
	}
	return min(levelLeast, most), most
}

// allowed returns the level within bounds.
func (l *level) allowed(least, most int) int {
	if l.now == 0 {
		l.now = float64(most) / levelStart
	}
	l.now = min(max(l.now, float64(least)), float64(most))
	return int(l.now)
}

// answered notes an answer that took so long while busy refreshes were under way.
func (l *level) answered(took time.Duration, busy int, at time.Time) {
	if l.usual == 0 {
		l.usual, l.lately = took, took
	}
	l.lately += (took - l.lately) / 16
	if took < l.usual {
		l.usual = took
	} else {
		l.usual += (took - l.usual) / 4096
	}
	switch {
	case l.lately > 2*l.usual+levelSlack:
		l.shrink(0.9, at)
	case float64(busy) < l.now/2: // that it would bear more is not shown by fewer
	case l.settled:
		l.now += 1 / l.now
	default:
		l.now++
	}
}

// refused notes that the platform asked for less, or did not answer.
func (l *level) refused(at time.Time) { l.shrink(0.5, at) }

func (l *level) shrink(to float64, at time.Time) {
	if at.Sub(l.shrunk) < max(levelRest, l.lately) {
		return
	}
	l.settled, l.shrunk = true, at
	l.now *= to
}
