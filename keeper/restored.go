package keeper

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/keeper/gates"
	"github.com/grantkeep/grantkeep/keeper/rounds"
	"github.com/grantkeep/grantkeep/keeper/seal"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/vault"
)

// A database that comes from a backup or a snapshot holds refresh tokens that were spent after it was taken. Asking for
// all of them at once would end every grant, and on some platforms a second use ends the pair that lives elsewhere. So a
// process begins with care: of the pairs that it found, it offers a few per app, and if the first three answers are
// refusals that only a merchant could mend, it asks the platform whether the access tokens of others live. If none does,
// it stops the app's refreshes with one alarm. Its access tokens are served while they last, one grant every few minutes
// tries, a person can refresh one to see, and a change of the app, by PATCH or by `grantkeep doctor --restored`, lets the
// refreshes go on. One pair that is taken shows that the database is no old one.

// CodeRestored is the code of the fault of an app that is stopped because its database looks old.
const CodeRestored = "local:restored"

// Restored reports whether the database was put back to an earlier state since it was last served: by what is noted
// beside it. It is asked before every claim, and so it answers from memory once it knows.
type Restored func(ctx context.Context) (bool, error)

// putBack tells a database that was put back to an earlier state, and keeps the refresh tokens that it holds from being
// spent twice.
type putBack struct {
	store    store.Store
	apps     *apps.Registry
	gates    *gates.Gates
	vault    *vault.Vault
	restored Restored
	noted    func(ctx context.Context) error
	spare    func(err error) error
	now      func() time.Time
	log      *slog.Logger

	mu     sync.Mutex
	marked bool // the apps of a database that was put back
}

// NoteRestored asks whether the database was put back. Every round of [Keeper.Run] does; whoever lets readers in before Run
// calls it first.
func (k *Keeper) NoteRestored(ctx context.Context) error { return k.putBack.note(ctx) }

// doubtDatabase stops the refreshes of an app, unless the platform says of other grants that their access tokens live:
// then merchants have left, and the database is as good as before.
func (p *putBack) doubtDatabase(ctx context.Context, a apps.Opened) error {
	defer func() {
		p.gates.Found.Stopped(a.App.ID)
		p.gates.Give(a.App.ID, 0)
	}()
	if p.pairsLive(ctx, a) {
		p.log.Info("refresh tokens were refused, and the access tokens of other grants live: merchants have left", "platform", a.App.Platform, "app", a.App.ID)
		p.gates.Found.Taken(a.App.ID)
		return nil
	}
	now := p.now()
	probe := now.Add(probeInterval)
	if apps.RefreshOf(a.Driver, a.App).ReuseKills {
		probe = now.AddDate(100, 0, 0) // a probe could end a pair that lives elsewhere: only a person lets them go on
	}
	p.log.Error("the first refresh tokens were all refused: was this database restored from a backup, or is another installation using it? "+
		"Renewals of this app are stopped; after a look: grantkeep doctor --restored", "platform", a.App.Platform, "app", a.App.ID)
	return p.store.UpdateApp(ctx, gk.Engine(), a.App.ID, now, func(row *gk.App) ([]gk.Event, error) {
		if row.Stop == gk.StopRestored || row.Stop == gk.StopAsking {
			return nil, store.ErrUnchanged
		}
		f := &gk.Fault{Platform: row.Platform, Stage: platform.StageRefresh, Code: CodeRestored, Action: gk.FixConfig, At: gk.At(now)}
		row.Stop, row.Fault, row.FaultGrant, row.PausedUntil = gk.StopRestored, f, "", probe
		return []gk.Event{rounds.Event(gk.EventAppPaused, row, now, lifecycle.FaultData(f))}, nil
	})
}

// askedOfOthers is how many other grants a platform is asked about before a database is taken for an old one.
const askedOfOthers = 3

// pairsLive asks the platform about the access tokens of grants that were found, those that fall due first, and reports
// whether one lives. Where a second use of a refresh token kills, a living access token is no licence to go on.
func (p *putBack) pairsLive(ctx context.Context, a apps.Opened) bool {
	_, ok := a.Driver.(platform.Inspector)
	if !ok || apps.RefreshOf(a.Driver, a.App).ReuseKills || !p.proves(a, p.gates.Found.At) {
		return false
	}
	grants, err := p.store.Grants(ctx, gk.Engine(), store.GrantFilter{App: a.App.ID, State: gk.Active, Limit: 200})
	if err != nil {
		return false
	}
	now := p.now()
	grants = slices.DeleteFunc(grants, func(g gk.Grant) bool {
		return g.Subject.Kind == gk.KindApp || !g.Renewable || !g.Usable(now) || g.InDoubt() || !g.PairAskedAt.Before(p.gates.Found.At)
	})
	slices.SortFunc(grants, func(a, b gk.Grant) int { return a.DueAt.Compare(b.DueAt) })
	for _, g := range grants[:min(len(grants), askedOfOthers)] {
		if alive, known := p.lives(ctx, a, g); known && alive {
			return true
		}
	}
	return false
}

// proves reports whether a living access token says that its pair was not replaced before a moment: not while the platform
// still takes the former one of a pair that was.
func (p *putBack) proves(a apps.Opened, since time.Time) bool {
	return !p.now().Before(since.Add(time.Duration(apps.RefreshOf(a.Driver, a.App).OldAccess)))
}

// lives asks the platform whether the access token of a grant lives. known is false where it did not say.
func (p *putBack) lives(ctx context.Context, a apps.Opened, g gk.Grant) (alive, known bool) {
	a.Owner = g.Owner
	cred, err := seal.Credential(p.vault, g, true)
	if err != nil {
		return false, false
	}
	in, err := a.Inspect(ctx, cred)
	if err != nil || in.Alive == nil {
		return false, false
	}
	return *in.Alive, true
}

// note asks whether the database was put back. If it was, each refresh token that works once is asked about
// before it is spent, until a person says that the rest may go: grantkeep doctor --restored.
func (p *putBack) note(ctx context.Context) error {
	if p.restored == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	restored, err := p.restored(ctx)
	if err != nil {
		return fmt.Errorf("whether the database was put back is not known: %w", err)
	}
	if !restored {
		p.marked = false
		return nil
	}
	if !p.marked {
		if err := p.stopAsking(ctx); err != nil {
			return err
		}
		p.marked = true
	}
	if p.noted == nil {
		return nil
	}
	return p.noted(ctx)
}

// stopAsking marks every app whose refresh tokens work once.
func (p *putBack) stopAsking(ctx context.Context) error {
	all, err := p.store.Apps(ctx, gk.Engine(), "", 0)
	if err := p.spare(err); err != nil {
		return err
	}
	now := p.now()
	p.log.Error("the database was put back to an earlier state: tokens that work once are asked about before they are spent; after a look: grantkeep doctor --restored")
	for _, app := range all {
		if d := p.apps.Driver(app.Platform); d != nil && apps.RefreshOf(d, app).AfterLostAnswer == platform.RepeatAny {
			continue
		}
		err := p.store.UpdateApp(ctx, gk.Engine(), app.ID, now, func(row *gk.App) ([]gk.Event, error) {
			f := &gk.Fault{Platform: row.Platform, Stage: platform.StageRefresh, Code: CodeRestored, Action: gk.FixConfig, At: gk.At(now)}
			row.Stop, row.Fault, row.FaultGrant, row.PausedUntil = gk.StopAsking, f, "", time.Time{}
			return []gk.Event{rounds.Event(gk.EventAppPaused, row, now, lifecycle.FaultData(f))}, nil
		})
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	return nil
}

// mayBeSpent reports whether the refresh token of a grant may be spent although the database was put back: its pair is
// younger than that, or the platform says that its access token lives.
func (p *putBack) mayBeSpent(ctx context.Context, a apps.Opened, g gk.Grant) bool {
	if a.App.Stop != gk.StopAsking || a.App.Fault == nil || !g.PairAskedAt.Before(a.App.Fault.At.Time) {
		return true
	}
	if g.Subject.Kind == gk.KindApp {
		return true // asking for the app's own token spends nothing
	}
	_, ok := a.Driver.(platform.Inspector)
	if !ok || !p.proves(a, a.App.Fault.At.Time) {
		return false
	}
	alive, known := p.lives(ctx, a, g)
	return known && alive
}
