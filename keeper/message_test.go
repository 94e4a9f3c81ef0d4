package keeper_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// left is a message that the merchant of the first shop has left.
func (h *house) left() platform.Notice {
	return platform.Notice{Kind: platform.NoticeRevoked, Subjects: []gk.Subject{{Kind: gk.KindShop, ID: h.shop(0), Host: h.host(0)}}}
}

func TestMessageDoesNotEndAGrantWhoseTokenHasMerelyEnded(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		g := h.connect(0, "")
		h.fault("status-503", "refresh", -1)
		h.moveTo(g.Expires.Add(time.Minute))
		if now := h.grant(g.ID); now.State != gk.Suspended {
			t.Fatalf("the grant is %s, want suspended", now.State)
		}
		if err := h.pushes.Hear(context.Background(), h.app.ID, h.left()); err != nil {
			t.Fatal(err)
		}
		if now := h.grant(g.ID); now.State != gk.Suspended || len(now.Refresh) == 0 {
			t.Fatalf("after a message that anybody can send it is %s with a refresh token of %d bytes; want suspended, with it", now.State, len(now.Refresh))
		}
		h.control(http.MethodDelete, "/shoplazza/faults", nil, nil)
		h.moveTo(h.now().Add(25 * time.Hour))
		if now := h.grant(g.ID); now.State != gk.Active || now.Generation != 2 {
			t.Errorf("once the platform works: %s, generation %d; want active, 2", now.State, now.Generation)
		}
	})
}

func TestMessageDuringARefreshThrowsNoPairAway(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		h.option("old_access", "dies")
		g := h.connect(0, "")
		h.option("slow", "20s")
		h.fault("slow", "refresh", 1)
		go func() { _, _ = h.refresh(g.ID, false) }() // its result is read from the row
		time.Sleep(5 * time.Second)
		if err := h.pushes.Hear(context.Background(), h.app.ID, h.left()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if now := h.grant(g.ID); now.State != gk.Active || now.Generation != 2 {
			t.Errorf("afterwards: %s, generation %d; want active, 2: the token that was asked about had just been replaced", now.State, now.Generation)
		}
	})
}

func TestMessageDuringADoubtIsSettledByTheRepeat(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		g := h.connect(0, "")
		h.fault("cut-before", "refresh", 1)
		if _, err := h.refresh(g.ID, false); err != nil {
			t.Fatal(err)
		}
		h.write(g.ID, func(g *gk.Grant) { g.Generation++; g.Generation-- }) // nothing but a version
		h.fault("http:401", "call", 2)
		if err := h.pushes.Hear(context.Background(), h.app.ID, h.left()); err != nil {
			t.Fatal(err)
		}
		h.moveTo(h.now().Add(25 * time.Hour))
		if now := h.grant(g.ID); now.State != gk.Active || now.Generation != 2 {
			t.Errorf("a day later: %s, generation %d; want active, 2: a rotation that nobody heard of explains a refused token as well", now.State, now.Generation)
		}
	})
}

func TestOneMessageThatCannotBeActedOnStopsNoOther(t *testing.T) {
	story(t, "taobao", func(h *house) {
		one, two := h.connect(0, ""), h.connect(1, "")
		h.moveTo(h.now().Add(5 * time.Minute))
		h.control(http.MethodPost, "/taobao/faults", map[string]any{"fault": "garbage", "times": -1, "match": map[string]string{"stage": "call", "subject": one.Subject.ID}}, nil)
		h.control(http.MethodPost, "/taobao/revoke", map[string]string{"subject": one.Subject.ID}, nil)
		h.control(http.MethodPost, "/taobao/revoke", map[string]string{"subject": two.Subject.ID}, nil)
		if now := h.revoked(two.ID, 5*time.Minute); now.State != gk.Revoked {
			t.Errorf("the second seller is %s five minutes after they left, want revoked", now.State)
		}
	})
}
