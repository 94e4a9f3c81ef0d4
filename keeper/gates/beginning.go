package gates

import (
	"sync"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

const (
	carefulFor     = 10 * time.Minute // since the process began
	refusalsInARow = 3
)

// beginning is what a process has learned of the pairs that it found when it began.
type beginning struct {
	At time.Time // product time

	mu   sync.Mutex
	apps map[string]*firstAnswers
}

// firstAnswers counts what became of the first pairs of an app.
type firstAnswers struct {
	refused int
	taken   bool
	stopped bool // the stop that so many refusals ask for stands in the app's row
}

func (b *beginning) answers(app string) *firstAnswers {
	if b.apps == nil {
		b.apps = map[string]*firstAnswers{}
	}
	if b.apps[app] == nil {
		b.apps[app] = &firstAnswers{}
	}
	return b.apps[app]
}

// most returns how many refreshes of an app may be under way at once, of the many that have a worker: until one pair was
// taken, no more than could be lost before the app is stopped.
func (b *beginning) most(app string, f platform.Refresh, now time.Time, workers int) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	a := b.answers(app)
	if f.AfterLostAnswer == platform.RepeatAny || a.taken || !now.Before(b.At.Add(carefulFor)) {
		return workers
	}
	switch {
	case a.refused < refusalsInARow:
		return min(workers, refusalsInARow-a.refused)
	case !a.stopped:
		return 0 // the stop is being written
	}
	return min(workers, refusalsInARow) // a person has let it go on, if the app's row says so
}

// Stopped notes that the stop of an app is written.
func (b *beginning) Stopped(app string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answers(app).stopped = true
}

// Taken notes a refresh that worked.
func (b *beginning) Taken(app string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answers(app).taken = true
}

// Refused notes the final refusal of a grant's pair and reports whether it is the one that makes the database look old.
func (b *beginning) Refused(app string, g *gk.Grant, f platform.Refresh, now time.Time) bool {
	if f.AfterLostAnswer == platform.RepeatAny || g.InDoubt() || !g.PairAskedAt.Before(b.At) || !now.Before(b.At.Add(carefulFor)) {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	a := b.answers(app)
	a.refused++
	return a.refused == refusalsInARow && !a.taken
}

// Careful reports whether the pairs of an app are offered with care at this moment.
func (b *beginning) Careful(app string, f platform.Refresh, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return f.AfterLostAnswer != platform.RepeatAny && !b.answers(app).taken && now.Before(b.At.Add(carefulFor))
}
