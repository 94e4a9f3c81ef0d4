package claims

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
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/store"
)

// othersFirst is how long an app that this process cannot open is left to one that can. Whoever can takes back what is said
// on the app, and does so as soon as something of it is due.
const othersFirst = 15 * time.Second

const (
	fewEvery   = time.Second     // how often an app has what is due claimed, however few its free places are
	wholeEvery = 5 * time.Second // how often an app is searched without a floor
)

// Store is what the claimer needs of the database.
type Store interface {
	DueApps(ctx context.Context, now time.Time) ([]string, error)
	ClaimDue(ctx context.Context, app string, a store.Attempt, floor time.Time, limit int) ([]gk.Grant, error)
}

// Claimer claims what falls due, and has each grant take its turn. Its exported fields are set once.
type Claimer struct {
	Store    Store
	Apps     *apps.Registry
	Gates    *gates.Gates // where places of an app are taken and given back
	Attempts *Attempts
	Turn     func(ctx context.Context, a apps.Opened, g gk.Grant) error // what is done for one claimed grant
	Note     func(ctx context.Context, app gk.App, opened error) error  // writes onto an app whether it opens
	Count    func(platform string, claimed int)
	Now      func() time.Time
	Log      *slog.Logger

	Isolate      func(what, id string, work func() error) error
	Spare        func(err error) error // tells of rows that cannot be read, and returns every other error
	Begun, Ended func()                // tell that work of the process begins, and has ended
	Wake         func()                // has the scheduler look at once

	floors map[string]time.Time // lowest due time of the last claim, by app
	took   map[string]time.Time // when places of an app were last taken
	whole  map[string]time.Time // when an app was last searched without a floor
	unable map[string]time.Time // since when an app that this process cannot open is said to be broken

	// returning holds the apps of which grants were claimed just before this process froze, and their leases ended. Until
	// their turns have put them back, a claim would take each for one of a dead process.
	returning sync.Map
}

// Claim claims what is due, app by app, as many rows as the app has free workers. What goes wrong with one app is
// said on that app, and everybody else's turn comes all the same.
func (c *Claimer) Claim(ctx context.Context) error {
	if c.floors == nil {
		c.floors, c.took, c.whole, c.unable = map[string]time.Time{}, map[string]time.Time{}, map[string]time.Time{}, map[string]time.Time{}
	}
	if err := c.Attempts.Release(ctx); err != nil {
		return err
	}
	now := c.Now()
	apps, err := c.Store.DueApps(ctx, now)
	if err != nil {
		return err
	}
	var errs []error
	for _, id := range apps {
		err := c.Isolate("claim", id, func() error { return c.claimApp(ctx, id, now) })
		if errors.Is(err, store.ErrUnavailable) || ctx.Err() != nil {
			return errors.Join(append(errs, err)...) // nobody's app: there is no database to ask
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("app %s: %w", id, err))
		}
	}
	return errors.Join(errs...)
}

// claimApp claims what is due in one app. While its refreshes are stopped, or it cannot be opened, its grants have their
// turns all the same: they are warned about and end in their time.
func (c *Claimer) claimApp(ctx context.Context, id string, now time.Time) error {
	few := time.Since(c.took[id]) >= fewEvery
	if !few && !c.Gates.Worth(id) {
		return nil
	}
	app, d, err := c.Apps.Read(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil // removed meanwhile
	}
	if err != nil {
		return err
	}
	if d == nil {
		_, err := c.Apps.Open(app)
		return c.Note(ctx, app, err) // without its facts nobody knows what is due
	}
	if err := c.noteMended(ctx, &app); err != nil { // also while nothing is free here
		return err
	}
	f := apps.RefreshOf(d, app)
	if _, returning := c.returning.Load(id); returning {
		return nil
	}
	halted := app.Stopped() || c.Apps.Stopped(id)
	free := c.Gates.Take(id, d.Spec().Facts, f, few, halted)
	if free == 0 {
		return nil
	}
	c.took[id] = time.Now()
	used := 0
	defer func() { c.Gates.Give(id, free-used) }()
	a, ours, err := c.openBehindGate(ctx, id)
	if err != nil || !ours {
		return err
	}
	if halted && !a.App.Stopped() {
		return nil // the stop has ended meanwhile: these places are for turns that refresh nothing
	}
	grants, err := c.claimRows(ctx, a.App, lifecycle.TermsOf(d, a.App), now, free)
	if err != nil {
		return err
	}
	used = len(grants)
	if slices.ContainsFunc(grants, func(g gk.Grant) bool { return !g.AttemptUntil.After(c.Now()) }) {
		c.returning.Store(id, true)
	}
	turns := c.begin(ctx, a, grants, free)
	c.returned(id, turns)
	return nil
}

// begin begins a turn for each claimed grant. Whoever ends one looks for more if there was work for every free place.
func (c *Claimer) begin(ctx context.Context, a apps.Opened, grants []gk.Grant, free int) *sync.WaitGroup {
	id, turns := a.App.ID, &sync.WaitGroup{}
	for _, g := range grants {
		c.Begun()
		turns.Go(func() {
			defer func() {
				c.Gates.Give(id, 1)
				c.Ended()
				if len(grants) == free && c.Gates.Worth(id) {
					c.Wake()
				}
			}()
			err := c.Isolate("turn", g.ID, func() error { return c.Turn(context.WithoutCancel(ctx), a, g) })
			if err != nil {
				c.Log.Warn("a grant's turn", "platform", a.App.Platform, "grant", g.ID, "error", err)
			}
		})
	}
	return turns
}

// noteMended notes that an app opens here that another process could not open, which waits to hear that.
func (c *Claimer) noteMended(ctx context.Context, app *gk.App) error {
	if app.Broken == "" {
		return nil
	}
	if _, err := c.Apps.Open(*app); err != nil {
		return nil //nolint:nilerr // it is noted already
	}
	if err := c.Note(ctx, *app, nil); err != nil {
		return err
	}
	app.Broken = ""
	return nil
}

// returned lets an app be claimed for again when the turns have ended that give claims back.
func (c *Claimer) returned(id string, turns *sync.WaitGroup) {
	if _, returning := c.returning.Load(id); !returning {
		return
	}
	c.Begun()
	go func() {
		defer c.Ended()
		turns.Wait()
		c.returning.Delete(id)
		c.Wake()
	}()
}

// openBehindGate opens an app once its gate has been passed: a stop may have been written since, and each claim that did not
// see it costs a grant. An app that is stopped, or that this process cannot open, is marked so; ours is false for one that
// another process may be able to open.
func (c *Claimer) openBehindGate(ctx context.Context, id string) (a apps.Opened, ours bool, err error) {
	a, err = c.Apps.OpenByID(ctx, id)
	var b *apps.Broken
	if err != nil && !errors.As(err, &b) {
		return a, false, err
	}
	if noted := c.Note(ctx, a.App, err); noted != nil {
		return a, false, errors.Join(err, noted)
	}
	ours = err == nil || c.leftToUs(a.App)
	if c.Apps.Stopped(id) {
		a.App.Stop = gk.StopPerson
	}
	a.App.Broken = "" // for this process, whatever another says
	if err != nil {
		a.App.Broken = b.Code
	}
	return a, ours, nil
}

// leftToUs reports whether nobody has taken back for a while that an app is broken, which this process cannot open: then its
// grants are warned about and end by this one. A claim before that would put off what another process refreshes.
func (c *Claimer) leftToUs(app gk.App) bool {
	if app.Broken == "" {
		delete(c.unable, app.ID)
		return false
	}
	since, known := c.unable[app.ID]
	if !known {
		c.unable[app.ID] = time.Now()
	}
	return known && time.Since(since) >= othersFirst
}

// claimRows claims up to free rows that are due. It looks above the app's floor, which makes the search cheap where much
// was due lately; below it as well every few seconds, and at once where nothing lies above: what is due is due at once,
// however long ago that was.
func (c *Claimer) claimRows(ctx context.Context, app gk.App, t lifecycle.Terms, now time.Time, free int) ([]gk.Grant, error) {
	ctx = context.WithoutCancel(ctx) // a claim that is made is carried out: stopping must not cut off its answer
	floor := c.floors[app.ID]
	if time.Since(c.whole[app.ID]) >= wholeEvery {
		floor = time.Time{}
	}
	attempt := c.Attempts.New(t, now)
	grants, err := c.Store.ClaimDue(ctx, app.ID, attempt, floor, free)
	if err == nil && len(grants) == 0 && !floor.IsZero() {
		floor = time.Time{}
		grants, err = c.Store.ClaimDue(ctx, app.ID, attempt, floor, free)
	}
	c.Attempts.Note(attempt, err)
	err = c.Spare(err) // rows that cannot be read were not claimed; the others are
	c.Count(app.Platform, len(grants))
	switch {
	case err != nil || !floor.IsZero():
	case len(grants) < free: // nothing is left below
		c.floors[app.ID] = now.Add(-24 * time.Hour)
		c.whole[app.ID] = time.Now()
	default:
		delete(c.floors, app.ID)
	}
	return grants, err
}
