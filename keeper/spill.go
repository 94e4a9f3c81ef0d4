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
func (s *safe) spillOver(ctx context.Context, e spill.Entry, why error) {
	s.log.Error("a pair could not be stored and waits", "kind", e.Kind, "grant", e.Refresh.Grant, "click", e.Click, "error", why)
	w, err := s.spill.Add(e)
	if err != nil {
		s.log.Error("the spill file cannot be written; the pair is in memory only", "error", err)
	}
	if !errors.Is(why, store.ErrUnavailable) {
		s.setAside(ctx, w, why)
	}
}

// offerSpilled offers what waits, oldest first, and reports whether nothing waits for the database any more. What it
// refuses although it answers is set aside: a row or an app of its own is in the way, and nobody else's refreshes stop for it.
func (s *safe) offerSpilled(ctx context.Context) bool { return s.offerWaiting(ctx, false) }

// offerWaiting is offerSpilled; all also offers what was set aside a moment ago.
func (s *safe) offerWaiting(ctx context.Context, all bool) bool {
	for _, w := range s.spill.Waiting(all) {
		err := s.commit(ctx, w.Entry)
		if err == nil {
			if err := s.spill.Done(w.Seq); err != nil {
				s.log.Error("the spill file cannot be cleared; its pairs will be offered again, which is harmless", "error", err)
			}
			continue
		}
		if errors.Is(err, store.ErrUnavailable) && !s.refusesAlone(ctx, w) {
			s.log.Warn("a pair still waits for the database", "kind", w.Kind, "grant", w.Refresh.Grant, "error", err)
			break
		}
		s.setAside(ctx, w, err)
	}
	return s.spill.Pending() == 0
}

// refusedOften is after how many offers an entry counts as refused by a database that answers everything else, as one
// does whose disk cannot read this row.
const refusedOften = 5

func (s *safe) refusesAlone(ctx context.Context, w spill.Waiting) bool {
	if s.spill.Offered(w.Seq) < refusedOften {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, cache.UnknownPatience)
	defer cancel()
	return s.store.Ping(ctx) == nil
}

// setAside lets an entry wait by itself, longer after each refusal, and tells of it the first time.
func (s *safe) setAside(ctx context.Context, w spill.Waiting, why error) {
	if !s.spill.SetAside(w.Seq) {
		return
	}
	s.log.Error("a pair cannot be stored although the database answers; its grant waits, everything else goes on",
		"kind", w.Kind, "app", w.App, "grant", w.Refresh.Grant, "click", w.Click, "error", why)
	err := s.store.Append(ctx, gk.Event{
		ID: gk.NewID("evt", s.now()), Kind: gk.EventSystemSpilled, Actor: "engine", App: w.App, Grant: w.Refresh.Grant, At: s.now(),
		Data: map[string]any{"what": w.Kind},
	})
	if err != nil {
		s.log.Error("it could not be told as an event", "error", err)
	}
}

// checkSpill tells of pairs of an app that the database refuses, and of a file that was damaged, which may have held some.
func (s *safe) checkSpill(app string) []apps.Check {
	var checks []apps.Check
	if grants := s.spill.AsideOf(app); len(grants) > 0 {
		checks = append(checks, apps.Check{Name: "spill", State: apps.CheckFailed, Detail: "the database refuses the new token pairs of " + strings.Join(grants, ", ") +
			"; they are in the spill file of this server only and are offered again each minute: its log says what is in the way"})
	}
	if _, _, damaged := s.spill.Size(); damaged > 0 {
		checks = append(checks, apps.Check{Name: "spill", State: apps.CheckFailed, Detail: fmt.Sprintf("%d bytes of this server's spill file were damaged when it started and are in a file "+
			"beside it; a pair in them is lost, and its grant will need a new authorization", damaged)})
	}
	return checks
}
