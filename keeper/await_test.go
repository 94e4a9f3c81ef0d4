package keeper_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/store"
)

// attempt writes an attempt onto a grant, as another process does.
func (h *house) attempt(id string, lease time.Duration) {
	h.write(id, func(g *gk.Grant) {
		g.AttemptID, g.AttemptBy, g.AttemptAt, g.AttemptUntil = "att_other", "other", h.now(), h.now().Add(lease)
	})
}

func TestConsentWaitsForARefreshAsLongAsItsLease(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		g := h.connect(0, "")
		h.attempt(g.ID, 330*time.Second)
		_, pressed := h.press(consent.BeginInput{Shop: h.host(0)})
		if _, err := h.callback(h.consent(pressed.URL, h.shop(0)), h.cookie); err != nil {
			t.Fatal(err)
		}
		time.Sleep(4 * time.Minute)
		if now := h.grant(g.ID); now.Generation != 1 || now.AttemptID != "att_other" {
			t.Errorf("after four minutes of a renewal: generation %d, attempt %q; want the consent to wait", now.Generation, now.AttemptID)
		}
		h.write(g.ID, func(g *gk.Grant) { // the answer is stored
			g.AttemptID, g.AttemptBy, g.AttemptAt, g.AttemptUntil = "", "", time.Time{}, time.Time{}
		})
		time.Sleep(3 * time.Second)
		if now := h.grant(g.ID); now.Generation != 2 {
			t.Errorf("after the renewal the generation is %d, want 2: the consent's", now.Generation)
		}
	})
}

func TestClaimBetweenTheLookAndThePlacementIsAwaited(t *testing.T) {
	meddling(t, "shoplazza", func(h *house, b *between) {
		g := h.connect(0, "")
		var claimed atomic.Bool
		b.set(func() {
			b.put = func(_ string, put func() error) error {
				if claimed.CompareAndSwap(false, true) {
					h.attempt(g.ID, 90*time.Second)
				}
				return put()
			}
		})
		_, pressed := h.press(consent.BeginInput{Shop: h.host(0)})
		if _, err := h.callback(h.consent(pressed.URL, h.shop(0)), h.cookie); err != nil {
			t.Fatal(err)
		}
		if now := h.grant(g.ID); now.Generation != 1 || now.AttemptID != "att_other" {
			t.Errorf("a claim made just before the placement was overrun: generation %d, attempt %q", now.Generation, now.AttemptID)
		}
		time.Sleep(2 * time.Minute)
		if now := h.grant(g.ID); now.Generation != 2 || now.AttemptID != "" {
			t.Errorf("after the lease: generation %d, attempt %q; want the consent's 2", now.Generation, now.AttemptID)
		}
	})
}

// TestConsentThatCannotBeStoredForgetsNothing loses the database in the moment when a merchant agrees again: the token that
// is known is served, as any other.
func TestConsentThatCannotBeStoredForgetsNothing(t *testing.T) {
	meddling(t, "shoplazza", func(h *house, b *between) {
		g := h.connect(0, "")
		want := h.token(g.ID)
		var away atomic.Bool
		b.set(func() {
			b.put = func(_ string, put func() error) error {
				away.Store(true)
				return errors.Join(store.ErrUnavailable, put())
			}
			b.tokens = func() error {
				if away.Load() {
					return store.ErrUnavailable
				}
				return nil
			}
		})
		_, pressed := h.press(consent.BeginInput{Shop: h.host(0)})
		if _, err := h.callback(h.consent(pressed.URL, h.shop(0)), h.cookie); err != nil {
			t.Logf("the consent ended with %v", err)
		}
		if got := h.token(g.ID); !got.Stale || got.Access != want.Access {
			t.Errorf("while the database is away the token is stale %v, the same %v; want both", got.Stale, got.Access == want.Access)
		}
		away.Store(false)
		b.set(func() { b.put = nil })
		time.Sleep(2 * time.Minute)
		if now := h.grant(g.ID); now.Generation != 2 {
			t.Errorf("two minutes later the grant is at generation %d, want the consent's 2", now.Generation)
		}
	})
}
