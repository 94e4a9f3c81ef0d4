package keeper_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// lists counts how often the platform's own list was asked for.
func (h *house) lists() int {
	h.t.Helper()
	var got struct {
		Calls []struct{ Path string } `json:"calls"`
	}
	h.control("GET", "/"+h.app.Platform+"/calls", nil, &got)
	n := 0
	for _, c := range got.Calls {
		if strings.Contains(c.Path, "get_shops_by_partner") || strings.Contains(c.Path, "get_partner_shop") {
			n++
		}
	}
	return n
}

func TestCensusThatFindsNoNewsWritesNothing(t *testing.T) {
	meddling(t, "shopeev1", func(h *house, b *between) {
		h.connect(0, "")
		h.moveTo(h.now().Add(7 * time.Hour))
		lists, changes := h.lists(), b.changed()
		h.moveTo(h.now().Add(24 * time.Hour))
		if h.lists() == lists {
			t.Fatal("no census within a day")
		}
		if n := b.changed() - changes; n != 0 {
			t.Errorf("%d changes by %d censuses that found everything as it was, want none", n, h.lists()-lists)
		}
	})
}

func TestLongCensusIsNotBegunTwice(t *testing.T) {
	meddling(t, "shopeev1", func(h *house, b *between) {
		g := h.connect(0, "")
		h.moveTo(h.now().Add(time.Minute))
		lists := h.lists()
		var slow atomic.Bool
		b.set(func() {
			b.update = func(_ string, update func() error) error {
				if slow.CompareAndSwap(false, true) {
					time.Sleep(40 * time.Minute)
				}
				return update()
			}
		})
		h.writeApp(h.app.ID, func(a *gk.App) { a.DueAt, a.Cursors = time.Time{}, nil })
		err := b.Store.UpdateGrant(context.Background(), gk.Engine(), g.ID, h.now(), func(g *gk.Grant) ([]gk.Event, error) {
			g.Facts = nil // so that the census has something to write
			g.AuthorizedAt = h.now().Add(-30 * 24 * time.Hour)
			return nil, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(35 * time.Minute)
		if n := h.lists() - lists; n != 1 || !slow.Load() {
			t.Errorf("%d lists asked for while the first census went on for 40 minutes, want 1", n)
		}
		time.Sleep(10 * time.Minute)
	})
}

// TestMessagesDuringACensusShareOneThatFollows has a platform tell three times that the list is another, while a long
// census is under way.
func TestMessagesDuringACensusShareOneThatFollows(t *testing.T) {
	meddling(t, "shopeev1", func(h *house, b *between) {
		g := h.connect(0, "")
		h.moveTo(h.now().Add(time.Minute))
		lists := h.lists()
		var slow atomic.Bool
		b.set(func() {
			b.update = func(_ string, update func() error) error {
				if slow.CompareAndSwap(false, true) {
					time.Sleep(10 * time.Minute)
				}
				return update()
			}
		})
		h.writeApp(h.app.ID, func(a *gk.App) { a.DueAt, a.Cursors = time.Time{}, nil })
		err := b.Store.UpdateGrant(context.Background(), gk.Engine(), g.ID, h.now(), func(g *gk.Grant) ([]gk.Event, error) {
			g.Facts = nil
			g.AuthorizedAt = h.now().Add(-30 * 24 * time.Hour)
			return nil, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Minute)
		var told sync.WaitGroup
		for range 3 {
			told.Go(func() {
				if err := h.pushes.Hear(context.Background(), h.app.ID, platform.Notice{Census: true, At: h.now()}); err != nil {
					t.Errorf("a message = %v", err)
				}
			})
		}
		time.Sleep(time.Minute)
		if n := h.lists() - lists; n != 1 || !slow.Load() {
			t.Errorf("%d lists asked for while the first census goes on, want 1", n)
		}
		told.Wait()
		if n := h.lists() - lists; n != 2 {
			t.Errorf("%d lists asked for in all, want one more, for all messages", n)
		}
	})
}

func TestExpiredGrantThatLivesComesBack(t *testing.T) {
	story(t, "shopeev1", func(h *house) {
		g := h.connect(0, "")
		h.write(g.ID, func(g *gk.Grant) {
			g.State, g.Renewable, g.DueAt, g.Ceiling = gk.Expired, false, time.Time{}, h.now().Add(-time.Hour)
		})
		h.moveTo(h.now().Add(25 * time.Hour))
		if now := h.grant(g.ID); now.State != gk.Active || !strings.HasSuffix(h.kinds(g.ID), "recovered") {
			t.Errorf("a grant that the platform's list names is %s after a day, told %q; want active and recovered", now.State, h.kinds(g.ID))
		}
	})
}
