package keeper

import (
	"context"
	"errors"
	"fmt"
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/keeper/cache"
	"github.com/grantkeep/grantkeep/keeper/spill"
	"github.com/grantkeep/grantkeep/store"
)

// spillOver lets an entry that could not be stored wait in memory and in the spill file, from where it is offered again.
// While one waits for the database this process claims nothing more, is not ready, and does not stop cleanly. One that the
// database refuses keeps only its own grant waiting.
func (k *Keeper) spillOver(ctx context.Context, e spill.Entry, why error) {
	k.log.Error("a pair could not be stored and waits", "kind", e.Kind, "grant", e.Refresh.Grant, "click", e.Click, "error", why)
	w, err := k.spill.Add(e)
	if err != nil {
		k.log.Error("the spill file cannot be written; the pair is in memory only", "error", err)
	}
	if !errors.Is(why, store.ErrUnavailable) {
		k.setAside(ctx, w, why)
	}
}

// offerSpilled offers what waits, oldest first, and reports whether nothing waits for the database any more. What it
// refuses although it answers is set aside: a row or an app of its own is in the way, and nobody else's refreshes stop for it.
func (k *Keeper) offerSpilled(ctx context.Context) bool { return k.offerWaiting(ctx, false) }

// offerWaiting is offerSpilled; all also offers what was set aside a moment ago.
func (k *Keeper) offerWaiting(ctx context.Context, all bool) bool {
	for _, w := range k.spill.Waiting(all) {
		err := k.commit(ctx, w.Entry)
		if err == nil {
			if err := k.spill.Done(w.Seq); err != nil {
				k.log.Error("the spill file cannot be cleared; its pairs will be offered again, which is harmless", "error", err)
			}
			continue
		}
		if errors.Is(err, store.ErrUnavailable) && !k.refusesAlone(ctx, w) {
			k.log.Warn("a pair still waits for the database", "kind", w.Kind, "grant", w.Refresh.Grant, "error", err)
			break
		}
		k.setAside(ctx, w, err)
	}
	return k.spill.Pending() == 0
}

// refusedOften is after how many offers an entry counts as refused by a database that answers everything else, as one
// does whose disk cannot read this row.
const refusedOften = 5

func (k *Keeper) refusesAlone(ctx context.Context, w spill.Waiting) bool {
	if k.spill.Offered(w.Seq) < refusedOften {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, cache.UnknownPatience)
	defer cancel()
	return k.store.Ping(ctx) == nil
}

// SetAside lets an entry wait by itself, longer after each refusal, and tells of it the first time.
func (k *Keeper) setAside(ctx context.Context, w spill.Waiting, why error) {
	if !k.spill.SetAside(w.Seq) {
		return
	}
	k.log.Error("a pair cannot be stored although the database answers; its grant waits, everything else goes on",
		"kind", w.Kind, "app", w.App, "grant", w.Refresh.Grant, "click", w.Click, "error", why)
	err := k.store.Append(ctx, gk.Event{
		ID: gk.NewID("evt", k.Now()), Kind: gk.EventSystemSpilled, Actor: "engine", App: w.App, Grant: w.Refresh.Grant, At: k.Now(),
		Data: map[string]any{"what": w.Kind},
	})
	if err != nil {
		k.log.Error("it could not be told as an event", "error", err)
	}
}

// checkSpill tells of pairs of an app that the database refuses, and of a file that was damaged, which may have held some.
func (k *Keeper) checkSpill(app string) []apps.Check {
	var checks []apps.Check
	if grants := k.spill.AsideOf(app); len(grants) > 0 {
		checks = append(checks, apps.Check{Name: "spill", State: apps.CheckFailed, Detail: "the database refuses the new token pairs of " + strings.Join(grants, ", ") +
			"; they are in the spill file of this server only and are offered again each minute: its log says what is in the way"})
	}
	if _, _, damaged := k.spill.Size(); damaged > 0 {
		checks = append(checks, apps.Check{Name: "spill", State: apps.CheckFailed, Detail: fmt.Sprintf("%d bytes of this server's spill file were damaged when it started and are in a file "+
			"beside it; a pair in them is lost, and its grant will need a new authorization", damaged)})
	}
	return checks
}
