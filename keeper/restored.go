package keeper

import (
	"context"
	"sync"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

// A database that comes from a backup or a snapshot holds refresh tokens that were spent after it was taken. Asking for
// all of them at once would end every grant, and on some platforms a second use ends the pair that lives elsewhere. So a
// process begins with care: of the pairs that it found, it offers a few per app, and if the first three answers are
// refusals that only a merchant could mend, it stops the app's renewals with one alarm. Its access tokens are served
// while they last, a person can renew one grant to see, and a change of the app, by PATCH or by
// `grantkeep doctor --restored`, lets the renewals go on. One pair that is taken shows that the database is no old one.

// CodeRestored is the code of the fault of an app that is stopped because its database looks old.
const CodeRestored = "local:restored"

const (
	carefulFor     = 10 * time.Minute // since the process began
	refusalsInARow = 3
)

// beginning is what a process has learned of the pairs that it found when it began.
type beginning struct {
	at time.Time // product time

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

// most returns how many renewals of an app may be under way at once, of the many that have a worker: until one pair was
// taken, no more than could be lost before the app is stopped.
func (b *beginning) most(app string, f platform.Renewal, now time.Time, workers int) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	a := b.answers(app)
	if f.AfterLostAnswer == platform.RepeatAny || a.taken || !now.Before(b.at.Add(carefulFor)) {
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

// stopped notes that the stop of an app is written.
func (b *beginning) stopped(app string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answers(app).stopped = true
}

// taken notes a renewal that worked.
func (b *beginning) taken(app string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answers(app).taken = true
}

// refused notes the final refusal of a grant's pair and reports whether it is the one that makes the database look old.
func (b *beginning) refused(app string, g *gk.Grant, f platform.Renewal, now time.Time) bool {
	if f.AfterLostAnswer == platform.RepeatAny || g.InDoubt() || !g.PairAskedAt.Before(b.at) || !now.Before(b.at.Add(carefulFor)) {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	a := b.answers(app)
	a.refused++
	return a.refused == refusalsInARow && !a.taken
}

// looksRestored reports whether an app is stopped because its database looks old.
func looksRestored(app gk.App) bool { return app.Fault != nil && app.Fault.Code == CodeRestored }

// doubtDatabase stops the renewals of an app until a person has looked.
func (k *Keeper) doubtDatabase(ctx context.Context, app gk.App) error {
	now := k.Now()
	k.log.Error("the first refresh tokens were all refused: was this database restored from a backup, or is another installation using it? "+
		"Renewals of this app are stopped; after a look: grantkeep doctor --restored", "platform", app.Platform, "app", app.ID)
	defer k.found.stopped(app.ID)
	return k.store.UpdateApp(ctx, gk.Engine(), app.ID, now, func(row *gk.App) ([]gk.Event, error) {
		if looksRestored(*row) {
			return nil, store.ErrUnchanged
		}
		f := &gk.Fault{Platform: row.Platform, Stage: platform.StageRefresh, Code: CodeRestored, Action: gk.FixConfig, At: gk.At(now)}
		row.Fault, row.FaultGrant, row.PausedUntil = f, "", now.AddDate(100, 0, 0)
		return []gk.Event{{ID: gk.NewID("evt", now), Kind: gk.EventAppPaused, Actor: "engine", App: row.ID, At: now, Data: faultData(f)}}, nil
	})
}
