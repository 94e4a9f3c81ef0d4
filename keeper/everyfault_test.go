package keeper_test

import (
	"context"
	"reflect"
	"slices"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/storefault"
)

// TestEveryMethodOfTheStoreMayFail has a grant fall due while one method of the store after another fails, hangs, is late
// or loses its answer: meanwhile every token that is known is served at once, and afterwards the grant is refreshed, with
// one request for each refresh.
func TestEveryMethodOfTheStoreMayFail(t *testing.T) {
	for name, fault := range map[string]storefault.Fault{
		"it fails":            {Fail: true},
		"it hangs":            {Hang: true, Deaf: true},
		"it is late":          {Late: 700 * time.Millisecond},
		"it loses its answer": {Lose: true},
	} {
		t.Run(name, func(t *testing.T) {
			var sound store.Store
			var faulty *storefault.Store
			wrap := func(s store.Store) store.Store { sound, faulty = s, storefault.Wrap(s); return faulty }
			wrapped(t, wrap, func(h *house) { everyMethod(h, faulty, sound, fault) })
		})
	}
}

func everyMethod(h *house, faulty *storefault.Store, sound store.Store, fault storefault.Fault) {
	h.store = sound // what the test asks does not fail
	ctx, cancel := context.WithCancel(context.Background())
	worked := make(chan error, 1)
	go func() { worked <- h.pushes.Run(ctx) }()
	defer func() { cancel(); <-worked }()

	grants := []gk.Grant{h.connect(0, ""), h.connect(1, ""), h.connect(2, "")}
	due := func(n int) (refreshed func() bool) {
		id := grants[n%len(grants)].ID
		generation := h.grant(id).Generation
		h.write(id, func(g *gk.Grant) {
			g.PairAskedAt, g.DueAt, g.Expires = h.now().Add(-23*time.Hour), h.now(), h.now().Add(time.Hour)
		})
		return func() bool {
			g := h.grant(id)
			return g.Generation == generation+1 && g.AttemptID == "" && !g.InDoubt()
		}
	}
	first := due(0)
	time.Sleep(12 * time.Second) // every duty has had its turn
	if !first() {
		h.t.Fatal("without a fault nothing is refreshed")
	}

	enough, asked := time.Minute, 0
	for _, method := range calledMethods(faulty) {
		asked++
		lift := faulty.On(method, fault)
		refreshed := due(asked)
		for range 8 {
			time.Sleep(400 * time.Millisecond)
			for _, g := range grants {
				begun := time.Now()
				_, err := h.keeper.Token(context.Background(), gk.Engine(), g.ID, keeper.TokenWant{MinValid: &enough})
				if took := time.Since(begun); err != nil || took > 250*time.Millisecond {
					h.t.Errorf("%s: a token that is known came with %v after %v, want it within 250 ms", method, err, took)
				}
			}
		}
		lift()
		begun := time.Now()
		for !refreshed() && time.Since(begun) < 10*time.Minute {
			time.Sleep(time.Second)
		}
		if took := time.Since(begun); !refreshed() {
			h.t.Errorf("%s: ten minutes later the grant is not refreshed: %+v", method, h.grant(grants[asked%len(grants)].ID).Attempt)
		} else if took > time.Minute {
			h.t.Errorf("%s: the grant is refreshed %v after the store is sound", method, took)
		}
	}
	if n := h.asked("refresh"); n != asked+1 {
		h.t.Errorf("%d requests for %d refreshes", n, asked+1)
	}
	for i, g := range grants {
		if ours, theirs := h.token(g.ID).Access.Reveal(), h.truth(h.shop(i)); ours != theirs.Access || theirs.Revoked {
			h.t.Errorf("shop %d: what is served is not what the platform gave last", i)
		}
	}
}

// TestProbeThatCannotBeTakenIsNoDoubt keeps a due grant of a stopped app from learning whether it is the one that tries:
// nothing was sent, and so nothing is in doubt.
func TestProbeThatCannotBeTakenIsNoDoubt(t *testing.T) {
	for name, fault := range map[string]storefault.Fault{"it fails": {Fail: true}, "it loses its answer": {Lose: true}} {
		t.Run(name, func(t *testing.T) {
			var sound store.Store
			var faulty *storefault.Store
			wrap := func(s store.Store) store.Store { sound, faulty = s, storefault.Wrap(s); return faulty }
			wrapped(t, wrap, func(h *house) {
				h.store = sound
				g := h.connect(0, "")
				h.writeApp(h.app.ID, func(a *gk.App) {
					a.Stop, a.PausedUntil = gk.StopFault, h.now().Add(-time.Second)
					a.Fault = &gk.Fault{Platform: "shoplazza", Stage: "refresh", Code: "invalid_client", Action: gk.FixConfig, At: gk.At(h.now())}
				})
				lift := faulty.On("UpdateApp", fault)
				h.write(g.ID, func(g *gk.Grant) {
					h.fallsDue(g)
				})
				time.Sleep(5 * time.Second)
				lift()
				if g := h.grant(g.ID); g.AttemptID != "" || g.InDoubt() {
					t.Errorf("the grant is held by an attempt (%q) or in doubt (%v)", g.AttemptID, g.InDoubt())
				}
				h.moveTo(h.now().Add(70 * time.Minute)) // the probe that nobody heard of is over, and what was put off is due
				if g := h.grant(g.ID); g.Generation != 2 || g.InDoubt() {
					t.Errorf("seventy minutes later generation %d, in doubt %v; want 2 and none", g.Generation, g.InDoubt())
				}
			})
		})
	}
}

// calledMethods lists the methods of the store that were called and may fail.
func calledMethods(s *storefault.Store) []string {
	var called []string
	methods := reflect.TypeFor[store.Store]()
	for i := range methods.NumMethod() {
		if name := methods.Method(i).Name; s.Calls(name) > 0 {
			called = append(called, name)
		}
	}
	slices.Sort(called)
	return called
}
