package keeper_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlite/sqlitetest"
)

func TestTwoProcessesFinishOneClickOnce(t *testing.T) {
	meddling(t, "shoplazza", func(h *house, b *between) {
		b.set(func() {
			b.put = func(_ string, put func() error) error {
				if err := put(); err != nil {
					return err
				}
				return put() // another process had read the click as issued too
			}
		})
		a, pressed := h.press(consent.BeginInput{Owner: "cust-1", Shop: h.host(1)})
		if _, err := h.callback(h.consent(pressed.URL, h.shop(0)), h.cookie); err != nil {
			t.Fatal(err)
		}
		if got := h.authorization(a.ID).Reason; got != gk.ReasonOtherSubject {
			t.Fatalf("the authorization ended %q, want other_subject", got)
		}
		g, err := h.store.GrantOf(context.Background(), gk.Engine(), h.app.ID, gk.KindShop, h.shop(0))
		if err != nil || g.Generation != 1 {
			t.Errorf("generation %d, error %v; want 1: one answer makes one generation", g.Generation, err)
		}
	})
}

func TestLateCompletionOfAnOlderConsentChangesNothing(t *testing.T) {
	meddling(t, "shoplazza", func(h *house, b *between) {
		held := make(chan struct{})
		var first atomic.Value
		b.set(func() {
			b.put = func(click string, put func() error) error {
				first.CompareAndSwap(nil, click)
				if first.Load() == click {
					<-held
				}
				return put()
			}
		})
		_, pressed := h.press(consent.BeginInput{Shop: h.host(0)})
		address := h.consent(pressed.URL, h.shop(0))
		go func() { _, _ = h.callback(address, h.cookie) }() // its result is read from the rows
		time.Sleep(5 * time.Second)
		g := h.connect(0, "")
		if g, err := h.refresh(g.ID, false); err != nil || g.Generation != 2 {
			t.Fatalf("the younger consent's pair was not renewed: generation %d, %v", g.Generation, err)
		}
		close(held)
		time.Sleep(time.Minute)
		if got := h.truth(h.shop(0)).Access; h.token(g.ID).Access.Reveal() != got {
			t.Error("an older consent's pair, completed late, replaced the newest one")
		}
	})
}

func TestDoneIsFinal(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		a, link := h.begin(consent.BeginInput{Owner: "cust-1", Shop: h.host(0)})
		one, two := h.pressAgain(link), h.pressAgain(link)
		if o, err := h.callback(h.consent(one.URL, h.shop(0)), h.cookie); err != nil || o.Authorization.Stage != gk.Done {
			t.Fatalf("the first click: %s, %v", o.Authorization.Stage, err)
		}
		o, err := h.callback(h.consent(two.URL, h.shop(1)), h.cookie)
		if err != nil || o.Click.Stage != gk.Failed || o.Click.Reason != gk.ReasonOtherSubject {
			t.Errorf("the second click, by another shop: %s (%s), %v; want failed, other subject", o.Click.Stage, o.Click.Reason, err)
		}
		if now := h.authorization(a.ID); now.Stage != gk.Done || len(now.Grants) != 1 {
			t.Errorf("the authorization is %s with %d grants, want done with one as before", now.Stage, len(now.Grants))
		}
	})
}

func TestRevokedGrantIsNotRevivedFromAnotherBrowser(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		g := h.connect(0, "cust-1")
		if err := h.keeper.Revoke(context.Background(), gk.Engine(), g.ID); err != nil {
			t.Fatal(err)
		}
		_, pressed := h.press(consent.BeginInput{Owner: "cust-1", Shop: h.host(0)})
		if _, err := h.callback(h.consent(pressed.URL, h.shop(0)), stranger); err != nil {
			t.Fatal(err)
		}
		if now := h.grant(g.ID); now.State != gk.Held || len(now.Refresh) == 0 {
			t.Errorf("the grant is %s, want held with its new pair: a forwarded link must not revive what was ended", now.State)
		}
	})
}

func TestConfirmedCodeBringsAnOwnerlessGrantToItsOwner(t *testing.T) {
	meddling(t, "shoplazza", func(h *house, b *between) {
		g := h.connect(0, "")
		a, pressed := h.press(consent.BeginInput{Owner: "cust-1", Shop: h.host(0), Confirm: true, ReturnTo: "https://erp.example/back"})
		o, err := h.callback(h.consent(pressed.URL, h.shop(0)), h.cookie)
		if err != nil || o.Authorization.Stage != gk.Done {
			t.Fatalf("the authorization is %s, %v", o.Authorization.Stage, err)
		}
		code, err := h.flow.ConfirmCode(context.Background(), o)
		if err != nil || code == "" {
			t.Fatalf("code %q, %v", code, err)
		}
		b.set(func() { b.update = func(string, func() error) error { return errAway } })
		if _, err := h.flow.ConfirmAuthorization(context.Background(), gk.Engine(), a.ID, code); err == nil {
			t.Error("confirmed without a database")
		}
		b.set(func() { b.update = nil })
		if _, err := h.flow.ConfirmAuthorization(context.Background(), gk.Engine(), a.ID, code); err != nil {
			t.Errorf("the same code, after the database came back: %v; want it good until it has worked", err)
		}
		if now := h.grant(g.ID); now.Owner != "cust-1" || now.State != gk.Active {
			t.Errorf("owner %q, %s; want cust-1 and active", now.Owner, now.State)
		}
		if _, err := h.flow.ConfirmAuthorization(context.Background(), gk.Engine(), a.ID, code); err == nil {
			t.Error("the code worked twice")
		}
	})
}

func TestAnswerOutlivesAPlatformThatCannotSayWhoItIs(t *testing.T) {
	for _, fault := range []string{"EXCEED_LIMIT", "status-503"} {
		t.Run(fault, func(t *testing.T) {
			meddling(t, "eleme", func(h *house, b *between) {
				b.set(func() {
					b.openClicks = func(clicks []gk.Click) {
						for i := range clicks { // as a process that was slow to read them saw them
							clicks[i].Stage, clicks[i].UpdatedAt = gk.Exchanging, clicks[i].UpdatedAt.Add(-time.Hour)
						}
					}
				})
				h.fault(fault, "call", -1)
				a, pressed := h.press(consent.BeginInput{Owner: "cust-1"})
				if _, err := h.callback(h.consent(pressed.URL, h.shop(0)), h.cookie); err != nil {
					t.Fatal(err)
				}
				time.Sleep(3 * time.Minute)
				if now := h.authorization(a.ID); now.Stage != gk.Begun {
					t.Errorf("while the platform cannot tell who it is: %s (%s), want it under way", now.Stage, now.Reason)
				}
				h.control(http.MethodDelete, "/eleme/faults", nil, nil)
				b.set(func() { b.openClicks = nil })
				time.Sleep(3 * time.Minute)
				if now := h.authorization(a.ID); now.Stage != gk.Done || len(now.Grants) != 1 {
					t.Errorf("once it can: %s (%s) with %d grants, want done with one", now.Stage, now.Reason, len(now.Grants))
				}
				if n := h.asked("token"); n != 1 {
					t.Errorf("%d exchanges, want 1", n)
				}
			})
		})
	}
}

func TestAnswerThatNobodyCanNameIsGivenUpWithItsReason(t *testing.T) {
	story(t, "eleme", func(h *house) {
		h.fault("EXCEED_LIMIT", "call", -1)
		a, pressed := h.press(consent.BeginInput{Owner: "cust-1"})
		if _, err := h.callback(h.consent(pressed.URL, h.shop(0)), h.cookie); err != nil {
			t.Fatal(err)
		}
		h.moveTo(h.now().Add(25 * time.Hour))
		time.Sleep(2 * time.Minute)
		now := h.authorization(a.ID)
		if now.Stage != gk.Failed || now.Reason != gk.ReasonUnconfirmed || now.Fault == nil || now.Fault.Code != "EXCEED_LIMIT" {
			t.Errorf("a day later: %s (%s), fault %v; want failed, unconfirmed, with the platform's word", now.Stage, now.Reason, now.Fault)
		}
	})
}

func TestSlowInspectionOfAClickStopsNoRefresh(t *testing.T) {
	meddling(t, "eleme", func(h *house, _ *between) {
		g := h.connect(0, "")
		h.moveTo(h.now().Add(time.Minute))
		h.option("slow", "29s")
		h.fault("slow", "call", -1)
		h.fault("EXCEED_LIMIT", "call", -1)
		for range 5 {
			_, pressed := h.press(consent.BeginInput{})
			if _, err := h.callback(h.consent(pressed.URL, h.shop(1)), h.cookie); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(3 * time.Minute)
		h.write(g.ID, func(g *gk.Grant) { g.Expires, g.DueAt = h.now().Add(time.Minute), h.now() })
		time.Sleep(10 * time.Second)
		if now := h.grant(g.ID); now.Generation != 2 {
			t.Errorf("ten seconds after it fell due the generation is %d, want 2: clicks that wait must not hold up renewals", now.Generation)
		}
	})
}

// blind is a store that loses sight of authorizations for a moment.
type blind struct {
	store.Store
	gone atomic.Bool
}

func (b *blind) Authorization(ctx context.Context, v gk.Viewer, id string) (gk.Authorization, error) {
	if b.gone.Load() {
		return gk.Authorization{}, errAway
	}
	return b.Store.Authorization(ctx, v, id)
}

func TestCodeThatWasNotSentCanComeAgain(t *testing.T) {
	dir := sqlitetest.Dir(t)
	synctest.Test(t, func(t *testing.T) {
		b := &blind{}
		h := open(t, dir, func(s store.Store) store.Store { b.Store = s; return b })
		defer h.close()
		h.start(h.keeper)
		h.addApp("shoplazza")
		_, pressed := h.press(consent.BeginInput{Shop: h.host(0)})
		address := h.consent(pressed.URL, h.shop(0))
		b.gone.Store(true)
		_, _ = h.callback(address, h.cookie) // the merchant sees that it does not work
		time.Sleep(time.Second)
		b.gone.Store(false)
		if o, err := h.callback(address, h.cookie); err != nil || o.Click.Stage != gk.Done {
			t.Errorf("reloaded once the database is back: %s, %v; want done, since the code had gone nowhere", o.Click.Stage, err)
		}
	})
}
