package transfer

import (
	"context"
	"errors"
	"maps"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

// ImportRow is a grant that another system kept until now, with its tokens in clear.
type ImportRow struct {
	App        string
	Subject    gk.Subject
	Owner      string
	Token      gk.Token
	Ceiling    time.Time
	Issued     time.Time // when the platform gave the pair; zero: not known
	Authorized time.Time // the merchant's last consent; zero: not known
	Scopes     []string
	Shops      []gk.Shop
	Facts      map[string]string
}

// ImportOptions is what holds for a whole import.
type ImportOptions struct {
	Replace bool // a row's pair replaces the stored one even if it is not newer, and revives what was revoked
	DryRun  bool // everything is checked and nothing is stored
}

// What an import did with a row.
const (
	ImportCreated  = "created"
	ImportReplaced = "replaced"
	ImportKept     = "kept" // the stored pair is as new as the row's, or newer
)

// Imported is what became of one row: Err, or Result with the id of the grant, which is empty where a dry run would
// have made one.
type Imported struct {
	Grant, Result string
	Err           error
}

// importBatch is how many grants one transaction takes: enough to share its cost and the pages that its rows are stored on,
// few enough to let others write after a quarter of a second.
const importBatch = 2000

// Import stores grants by app and subject and returns what became of each row, in their order. A row that is wrong
// stops no other; an error says that the store, or the caller's patience, ended it, and the rows stored by then stay.
// Repeating an import is harmless: of two pairs the newer one stands.
func Import(ctx context.Context, k *keeper.Keeper, v gk.Viewer, rows []ImportRow, o ImportOptions) ([]Imported, error) {
	if !k.BeginWork() {
		return nil, keeper.ErrDraining
	}
	defer k.EndWork()
	im := &importing{keeper: k, viewer: v, options: o, now: k.Now(), id: gk.NewID("imp", k.Now()), apps: map[string]*importApp{}, done: make([]Imported, len(rows))}
	for i, row := range rows {
		a, err := im.app(ctx, row.App)
		if err != nil {
			return nil, err
		}
		if a == nil {
			why := "is none that this key sees; GET /v1/apps lists them"
			if row.App == "" {
				why = "is missing; name it in each row, or once for all (--app APP, app=APP in the query)"
			}
			im.done[i].Err = gk.BadInput("app", why)
			continue
		}
		p, err := im.check(a, row)
		if err != nil {
			im.done[i].Err = err
			continue
		}
		p.row = i
		a.parcels = append(a.parcels, p)
	}
	for _, id := range slices.Sorted(maps.Keys(im.apps)) {
		a := im.apps[id]
		if a == nil {
			continue
		}
		if err := im.identify(ctx, a); err != nil {
			return nil, err
		}
		if err := im.store(ctx, a); err != nil {
			return nil, err
		}
	}
	if !o.DryRun {
		k.Wake()
	}
	return im.done, nil
}

// importing is one import under way.
type importing struct {
	keeper  *keeper.Keeper
	viewer  gk.Viewer
	options ImportOptions
	now     time.Time
	id      string
	apps    map[string]*importApp // nil: the viewer does not see it
	done    []Imported
}

// importApp is an app with the rows that are for it.
type importApp struct {
	apps.Opened

	parcels []parcel
}

// parcel is a checked row.
type parcel struct {
	row      int
	owner    string
	issue    platform.Issue
	issuedAt time.Time
	stated   bool // the row says when the pair was issued
	consent  time.Time
	id       string  // of the grant, should it have to be made
	sealed   gk.Pair // for it
}

func (im *importing) app(ctx context.Context, id string) (*importApp, error) {
	if a, known := im.apps[id]; known {
		return a, nil
	}
	app, err := im.keeper.Store().App(ctx, im.viewer, id)
	if errors.Is(err, store.ErrNotFound) {
		im.apps[id] = nil
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	opened, err := im.keeper.Apps().Open(app)
	if err != nil {
		return nil, err
	}
	im.apps[id] = &importApp{Opened: opened}
	return im.apps[id], nil
}

// store puts an app's rows into the database, some at a time. Two rows of one subject never share a transaction, so that
// the second one is measured against the first.
func (im *importing) store(ctx context.Context, a *importApp) error {
	for left := a.parcels; len(left) > 0; {
		seen := make(map[gk.Subject]bool, importBatch)
		n := 0
		for n < len(left) && n < importBatch {
			s := left[n].issue.Subject
			if key := (gk.Subject{Kind: s.Kind, ID: s.ID}); !seen[key] {
				seen[key] = true
				n++
				continue
			}
			break
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := im.seal(left[:n]); err != nil {
			return err
		}
		if err := im.put(ctx, a, left[:n]); err != nil {
			return err
		}
		left = left[n:]
	}
	return nil
}

// sealAtOnce is how many pairs one processor seals before it looks for more.
const sealAtOnce = 64

// seal names the grants that may have to be made and seals their pairs, on every processor: in the transaction it would
// keep others from writing.
func (im *importing) seal(parcels []parcel) error {
	if im.options.DryRun {
		return nil
	}
	var sealing errgroup.Group
	sealing.SetLimit(runtime.GOMAXPROCS(0))
	for some := range slices.Chunk(parcels, sealAtOnce) {
		sealing.Go(func() (err error) {
			for i := range some {
				p := &some[i]
				p.id = gk.NewID("grt", im.now)
				if p.sealed, err = im.keeper.SealPair(p.id, p.issue.Token); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return sealing.Wait()
}

func (im *importing) put(ctx context.Context, a *importApp, parcels []parcel) error {
	subjects := make([]gk.Subject, 0, len(parcels))
	for _, p := range parcels {
		subjects = append(subjects, p.issue.Subject)
	}
	err := im.keeper.Store().PutGrants(ctx, a.App.ID, "", "", subjects, im.now,
		func(existing []gk.Grant, _ *gk.Authorization, _ *gk.Click) ([]gk.Grant, []gk.Event, error) {
			olds := make(map[gk.Subject]*gk.Grant, len(existing))
			for i := range existing {
				s := existing[i].Subject
				olds[gk.Subject{Kind: s.Kind, ID: s.ID}] = &existing[i]
			}
			var grants []gk.Grant
			var events []gk.Event
			for _, p := range parcels {
				s := p.issue.Subject
				g, evs, out := im.decide(a, p, olds[gk.Subject{Kind: s.Kind, ID: s.ID}])
				im.done[p.row] = out
				if g != nil {
					grants, events = append(grants, *g), append(events, evs...)
				}
			}
			if len(grants) == 0 || im.options.DryRun {
				return nil, nil, store.ErrUnchanged
			}
			return grants, events, nil
		})
	return err
}

// decide says what a row means for the grant that its subject has, nil if it has none. The grant returned is nil where
// nothing is to be stored.
func (im *importing) decide(a *importApp, p parcel, old *gk.Grant) (*gk.Grant, []gk.Event, Imported) {
	out := Imported{Result: ImportCreated}
	if old != nil && im.options.DryRun && !im.viewer.SeesOwner(old.Owner) {
		return nil, nil, out // to this key it does not exist, and nothing is stored that could tell
	}
	if old != nil {
		out = Imported{Grant: old.ID, Result: ImportReplaced}
		if err := im.mayReplace(p, old); err != nil {
			return nil, nil, Imported{Err: err}
		}
		if !im.options.Replace && !p.newer(old) {
			out.Result = ImportKept
			return nil, nil, out
		}
		if old.Attempting(im.now) {
			return nil, nil, Imported{Err: gk.BadInput("subject", "has a renewal under way; import this row again in a moment")}
		}
	}
	if im.options.DryRun {
		return nil, nil, out
	}
	subject := gk.Subject{Kind: p.issue.Subject.Kind, ID: p.issue.Subject.ID}
	pl := keeper.Placement{
		Keeper: im.keeper, App: a.App, Driver: a.Driver, AskedAt: p.issuedAt, Now: im.now,
		IDs: map[gk.Subject]string{subject: p.id}, Sealed: &p.sealed,
	}
	g, events, err := pl.Grant(&gk.Authorization{Owner: p.owner}, &gk.Click{ID: im.id}, p.issue, old, true)
	if err != nil {
		return nil, nil, Imported{Err: err}
	}
	g.AuthorizedAt = p.consent
	if im.unproven(a, old) {
		lifecycle.Hold(&g, im.now)
		events[0].Kind = gk.EventGrantHeld
	}
	for i := range events {
		events[i].Actor, events[i].Data["import"] = im.viewer.Key, true
	}
	out.Grant = g.ID
	return &g, events, out
}

// mayReplace says what stands in the way of a row for a grant that exists, however new it is.
func (im *importing) mayReplace(p parcel, old *gk.Grant) error {
	switch {
	case len(im.viewer.Owners) > 0 && (old.Owner != p.owner || old.State == gk.Held && !lifecycle.Unconfirmed(old)):
		return gk.BadInput("subject", "is not for this key to import; ask somebody without an owner limit")
	case p.owner != "" && old.Owner != "" && old.Owner != p.owner:
		return gk.BadInput("owner", "is not the owner who has this subject's grant")
	case old.State == gk.Revoked && !im.options.Replace:
		return gk.BadInput("subject", "has a grant that was revoked; only a new authorization or replace revives it")
	}
	return nil
}

// unproven reports whether only the importer vouches for whose a row's pair is, so that the grant is held until the
// platform has confirmed it: rows from a key that is limited to owners, unless its owner has the grant by a consent
// already, and rows of a platform without tokens, which hold nothing but a name.
func (im *importing) unproven(a *importApp, old *gk.Grant) bool {
	if old != nil && !lifecycle.Unproven(old) {
		return false
	}
	return len(im.viewer.Owners) > 0 || !a.Driver.Spec().Facts.Tokens
}

// newer reports whether a row's pair is newer than the stored one: by when the platform gave it, or by its end where the
// row does not say when.
func (p parcel) newer(old *gk.Grant) bool {
	if p.stated {
		return p.issuedAt.After(old.PairAskedAt)
	}
	return p.issue.Token.Expires.After(old.Expires)
}
