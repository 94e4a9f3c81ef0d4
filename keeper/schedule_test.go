package keeper_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/keeper"
)

func TestNothingIsLookedAtAgainAndAgain(t *testing.T) {
	for name, change := range map[string]func(g *gk.Grant, now time.Time){
		"held, past its end, its renewal waits": func(g *gk.Grant, now time.Time) {
			g.State, g.Expires, g.RetryAt, g.Failures = gk.Held, now.Add(-time.Hour), now.Add(time.Hour), 3
		},
		"its authorization is over, its token lives on": func(g *gk.Grant, now time.Time) {
			g.Ceiling, g.Expires = now.Add(-time.Minute), now.Add(3*time.Hour)
		},
	} {
		t.Run(name, func(t *testing.T) {
			meddling(t, "shoplazza", func(h *house, b *between) {
				g := h.connect(0, "")
				h.write(g.ID, func(g *gk.Grant) { change(g, h.now()); g.DueAt = h.now() })
				time.Sleep(3 * time.Second)
				before := b.changed()
				time.Sleep(time.Minute)
				if n := b.changed() - before; n > 5 {
					t.Errorf("%d changes of one grant in a minute in which nothing happened", n)
				}
			})
		})
	}
}

func TestRefreshInTheNightNeverComesAfterTheEnd(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		g := h.connect(0, "")
		shanghai := time.FixedZone("CST", 8*3600)
		end := time.Date(2026, 11, 24, 2, 0, 2, 0, shanghai) // a day's lead begins just after the night's window has
		h.write(g.ID, func(g *gk.Grant) {
			g.PairAskedAt, g.Expires = end.Add(-48*time.Hour-2*time.Second), end
		})
		name := "another"
		after, err := h.keeper.UpdateGrant(context.Background(), gk.Engine(), g.ID, keeper.GrantChange{Name: &name})
		if err != nil {
			t.Fatal(err)
		}
		h.moveTo(end.Add(-time.Hour))
		if now := h.grant(g.ID); now.Generation != 2 {
			t.Errorf("an hour before the end the generation is %d (due %s, end %s), want 2", now.Generation, after.DueAt, after.Expires)
		}
	})
}

func TestCrashDuringAWarningMakesNoDoubtOfWhatCannotBeRefreshed(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		g := h.connect(0, "")
		h.write(g.ID, func(g *gk.Grant) { // claimed for a check by a process that died
			g.Renewable = false
			g.AttemptID, g.AttemptBy, g.AttemptAt, g.AttemptUntil = "att_dead", "dead", h.now(), h.now().Add(330*time.Second)
			g.DueAt = g.AttemptUntil
		})
		h.moveTo(h.now().Add(10 * time.Minute))
		if now := h.grant(g.ID); now.InDoubt() || now.Fault != nil || now.AttemptID != "" {
			t.Errorf("in doubt %v, fault %v, attempt %q; want none: no renewal can have been sent", now.InDoubt(), now.Fault, now.AttemptID)
		}
		if got, want := h.kinds(g.ID), "created"; got != want {
			t.Errorf("events = %q, want %q", got, want)
		}
	})
}

func TestDoubtIsToldThoughAnOlderFaultStands(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		g := h.connect(0, "")
		h.write(g.ID, func(g *gk.Grant) {
			g.Fault = &gk.Fault{Platform: "shoplazza", Stage: "refresh", Code: "http:429", Action: gk.Backoff, At: gk.At(h.now().Add(-time.Hour))}
			g.Failures = 1
			g.AttemptID, g.AttemptBy, g.AttemptAt, g.AttemptUntil = "att_dead", "dead", h.now(), h.now().Add(330*time.Second)
			g.DueAt = g.AttemptUntil
		})
		h.moveTo(h.now().Add(10 * time.Minute))
		if got, want := h.kinds(g.ID), "created in_doubt"; got != want {
			t.Errorf("events = %q, want %q", got, want)
		}
	})
}

func TestTurnThatWasOvertakenAsksNobody(t *testing.T) {
	meddling(t, "eleme", func(h *house, b *between) {
		g := h.connect(0, "")
		h.moveTo(h.now().Add(time.Minute))
		var taken atomic.Bool
		b.set(func() {
			b.claimed = func(grants []gk.Grant) {
				if !taken.CompareAndSwap(false, true) {
					return
				}
				for _, claimed := range grants { // the lease was over, and another process has the grant
					h.write(claimed.ID, func(g *gk.Grant) {
						g.AttemptID, g.AttemptBy, g.AttemptAt, g.AttemptUntil = "att_other", "other", h.now(), h.now().Add(90*time.Second)
					})
				}
			}
		})
		h.write(g.ID, func(g *gk.Grant) {
			g.PairAskedAt, g.Expires, g.DueAt = h.now().Add(-time.Hour), h.now().Add(time.Minute), h.now()
		})
		time.Sleep(10 * time.Second)
		if n := h.asked("refresh"); !taken.Load() || n != 0 {
			t.Errorf("%d renewals by one who had lost the claim (claimed %v), want none", n, taken.Load())
		}
	})
}

func TestProcessThatFrozeAfterItsClaimAsksNobody(t *testing.T) {
	meddling(t, "shoplazza", func(h *house, b *between) {
		g := h.connect(0, "")
		var frozen atomic.Bool
		b.set(func() {
			b.claimed = func([]gk.Grant) {
				if frozen.CompareAndSwap(false, true) {
					time.Sleep(10 * time.Minute)
				}
			}
		})
		h.fault("invalid_grant", "refresh", 1) // whoever asks with a lease that is over hears this
		h.write(g.ID, func(g *gk.Grant) {
			g.PairAskedAt, g.Expires, g.DueAt = h.now().Add(-2*time.Hour), h.now().Add(time.Hour), h.now()
		})
		time.Sleep(10*time.Minute + 5*time.Second)
		if n := h.asked("refresh"); n != 0 {
			t.Errorf("%d renewals under a lease that is over, want none", n)
		}
		h.control("DELETE", "/shoplazza/faults", nil, nil)
		if now := h.refreshed(g.ID, 2, 2*time.Minute); now.Generation != 2 || now.InDoubt() {
			t.Errorf("later: generation %d, in doubt %v; want 2 and none, since nothing had been sent", now.Generation, now.InDoubt())
		}
	})
}

func TestReadersUseNoReserveAtTheEnd(t *testing.T) {
	story(t, "taobao", func(h *house) {
		h.option("w2_life", "1m")
		g := h.connect(0, "")
		limits := h.keeper.Apps().Driver("taobao").Spec().Facts.Limits.TokenCalls
		h.moveTo(g.Expires.Add(-6 * time.Hour)) // the last lead
		h.write(g.ID, func(g *gk.Grant) {
			_, offset := h.now().In(time.FixedZone("CST", 8*3600)).Zone()
			g.QuotaDay, g.QuotaUsed = h.now().Add(time.Duration(offset)*time.Second).Unix()/86400, limits.Day-limits.Reserve
		})
		before := h.asked("refresh")
		for range 5 {
			if _, err := h.keeper.Token(context.Background(), gk.Engine(), g.ID, keeper.TokenWant{Window: "w2"}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Second)
		}
		if n := h.asked("refresh") - before; n != 0 {
			t.Errorf("readers spent %d of the reserve, want none", n)
		}
	})
}

func TestTokensThatHaveEndedAlreadyAreNotRefreshedWithoutAPause(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		g := h.connect(0, "")
		h.fault("status-503", "refresh", -1)
		h.write(g.ID, func(g *gk.Grant) { g.PairAskedAt, g.Expires, g.DueAt = h.now(), h.now(), h.now() })
		time.Sleep(30 * time.Second)
		if n := h.asked("refresh"); n != 0 {
			t.Errorf("%d renewals half a minute after a pair without a life, want none yet", n)
		}
	})
}
