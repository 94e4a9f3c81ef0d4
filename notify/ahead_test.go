package notify_test

import (
	"strings"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

// due stores a grant whose next turn is due at a moment. Nobody claims it here.
func (h *house) due(at time.Time) gk.Grant {
	h.t.Helper()
	g := gk.Grant{
		ID: gk.NewID("grt", h.clock()), App: h.app.ID, State: gk.Active, Origin: gk.Origin{PairSpent: -1}, CreatedAt: h.clock(),
		Subject: gk.Subject{Kind: gk.KindShop, ID: "1"}, Pacing: gk.Pacing{DueAt: at},
	}
	err := h.store.PutGrants(h.t.Context(), h.app.ID, "", "", []gk.Subject{g.Subject}, h.clock(),
		func([]gk.Grant, *gk.Authorization, *gk.Click) ([]gk.Grant, []gk.Event, error) {
			return []gk.Grant{g}, nil, nil
		})
	if err != nil {
		h.t.Fatal(err)
	}
	return g
}

// TestWorkThatFallsBehindIsTold: once, after a while, to whom it concerns; and that it has caught up, to whoever heard.
func TestWorkThatFallsBehindIsTold(t *testing.T) {
	r := newReceiver(t)
	r.answers(says(`{"errcode":0}`))
	h := newHouse(t, r.host())
	kinds := []string{gk.EventSystemBehind}
	h.alarm(map[string]string{"url": r.URL + "/shoplazza"}, store.Rule{Channel: "wecom", Language: "en", Kinds: kinds, Platforms: []string{"shoplazza"}})
	h.alarm(map[string]string{"url": r.URL + "/shopee"}, store.Rule{Channel: "wecom", Language: "en", Kinds: kinds, Platforms: []string{"shopee"}})
	g := h.due(h.clock().Add(time.Minute))
	h.run()
	told := func(kind string) int {
		h.publish()
		events, err := h.store.FindEvents(t.Context(), gk.Engine(), store.EventFilter{Kind: kind})
		if err != nil {
			t.Fatal(err)
		}
		return len(events)
	}
	h.advance(10 * time.Minute)
	for range 3 { // it is late at the first of these looks, and told after five minutes more
		if told(gk.EventSystemBehind) != 0 {
			t.Fatal("it is told before it was late for a while")
		}
		looked := h.looks()
		h.advance(4 * time.Minute)
		until(t, "somebody looks", func() bool { return h.looks() > looked })
	}
	h.advance(4 * time.Minute)
	until(t, "it is told", func() bool { return told(gk.EventSystemBehind) == 1 })
	for range 3 {
		looked := h.looks()
		h.advance(10 * time.Minute)
		until(t, "somebody looks", func() bool { return h.looks() > looked })
	}
	until(t, "a message came", func() bool { return len(r.posts()) == 1 })
	if p := r.posts()[0]; p.path != "/shoplazza" || !strings.Contains(p.body, "falling behind") || !strings.Contains(p.body, "for 25 minutes") {
		t.Errorf("to %s came %s", p.path, p.body)
	}
	err := h.store.UpdateGrant(t.Context(), gk.Engine(), g.ID, h.clock(), func(g *gk.Grant) ([]gk.Event, error) {
		g.DueAt = h.clock().Add(time.Hour)
		return nil, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	h.advance(time.Minute)
	until(t, "the end of it is told", func() bool { return told(gk.EventSystemCaughtUp) == 1 })
	until(t, "it is spread", func() bool { n, _, err := h.store.SpreadUntil(t.Context()); return err == nil && n == 3 })
	h.advance(5 * time.Second)
	until(t, "the message of it came", func() bool { return len(r.posts()) == 2 })
	if p := r.posts()[1]; p.path != "/shoplazza" || !strings.Contains(p.body, "keeps to its plan again") {
		t.Errorf("to %s came %s", p.path, p.body)
	}
	if n := told(gk.EventSystemBehind); n != 1 {
		t.Errorf("it was told %d times", n)
	}
}

// TestRecoveryOfTheSameMomentIsTold: a trouble and its end may be spread together; whoever hears of one hears of the other.
func TestRecoveryOfTheSameMomentIsTold(t *testing.T) {
	r := newReceiver(t)
	r.answers(says(`{"errcode":0}`))
	h := newHouse(t, r.host())
	h.alarm(map[string]string{"url": r.URL}, store.Rule{Channel: "wecom", Language: "en"})
	h.happen(gk.Event{Kind: gk.EventAppPaused}, gk.Event{Kind: gk.EventAppResumed},
		gk.Event{Kind: gk.EventGrantRecovered, Grant: "grt_other"})
	h.run()
	until(t, "they are spread", func() bool { n, _, err := h.store.SpreadUntil(t.Context()); return err == nil && n == 4 })
	h.advance(5 * time.Second)
	until(t, "both are told", func() bool { return len(r.posts()) >= 2 })
	if !strings.Contains(r.posts()[0].body, gk.EventAppPaused) || !strings.Contains(r.posts()[1].body, gk.EventAppResumed) || len(r.posts()) > 2 {
		t.Errorf("what came is %v", r.posts())
	}
}
