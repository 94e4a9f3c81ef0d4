package keeper_test

import (
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
)

// dead makes a doubt of an attempt whose process is known to have died, due at once.
func (h *house) dead(id string) {
	h.write(id, func(g *gk.Grant) {
		g.Doubts, g.DoubtSince, g.DueAt = 1, h.now().Add(-time.Second), h.now()
	})
}

// spend refreshes a grant at the platform behind the keeper's back, as a process that died before it could store the answer.
func (h *house) spend(g gk.Grant) {
	h.t.Helper()
	h.fault("cut-after", "refresh", 1)
	h.write(g.ID, func(g *gk.Grant) {
		g.PairAskedAt, g.DueAt, g.Expires = h.now().Add(-23*time.Hour), h.now(), h.now().Add(time.Hour)
	})
	time.Sleep(5 * time.Second)
	h.write(g.ID, func(row *gk.Grant) {
		row.Fault, row.Failures, row.RetryAt = nil, 0, time.Time{}
		row.Doubts, row.DoubtSince = 0, time.Time{}
		row.State, row.Expires = gk.Active, g.Expires
	})
}

func TestDoubtOfADeadProcessIsSettledAtOnce(t *testing.T) {
	t.Run("a platform that allows a repeat", func(t *testing.T) {
		story(t, "eleme", func(h *house) {
			g := h.connect(0, "")
			h.spend(g)
			h.dead(g.ID)
			time.Sleep(5 * time.Second)
			if now := h.grant(g.ID); now.Generation != 2 || now.InDoubt() {
				t.Errorf("generation %d, in doubt %v; want the grant back", now.Generation, now.InDoubt())
			}
		})
	})
	t.Run("one that does not, and the token has ended with it", func(t *testing.T) {
		story(t, "shoplazza", func(h *house) {
			h.option("old_access", "dies")
			g := h.connect(0, "")
			h.spend(g)
			h.dead(g.ID)
			time.Sleep(5 * time.Second)
			if now := h.grant(g.ID); now.State != gk.Expired || now.Fault == nil || now.Fault.Reason != gk.ReasonLostAnswer {
				t.Errorf("the grant is %s, fault %v; want expired by a lost answer", now.State, now.Fault)
			}
		})
	})
	t.Run("one that does not, and the token is still good", func(t *testing.T) {
		story(t, "shoplazza", func(h *house) {
			g := h.connect(0, "")
			h.dead(g.ID)
			time.Sleep(5 * time.Second)
			if now := h.grant(g.ID); now.State != gk.Active || !now.InDoubt() {
				t.Errorf("the grant is %s, in doubt %v; want active and in doubt", now.State, now.InDoubt())
			}
			if s := h.token(g.ID); s.Access.Empty() {
				t.Error("its token is not served")
			}
		})
	})
}
