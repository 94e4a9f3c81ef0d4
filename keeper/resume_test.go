package keeper_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlite/sqlitetest"
)

var errPlacing = errors.New("a row that stands in the way")

func TestClickThatCannotBePlacedIsKeptForAnOperator(t *testing.T) {
	meddling(t, "shoplazza", func(h *house, b *between) {
		var broken atomic.Value
		broken.Store("")
		b.set(func() {
			b.put = func(click string, put func() error) error {
				if first := broken.Load(); first == "" || first == click {
					broken.Store(click)
					return errPlacing
				}
				return put()
			}
		})
		a, link := h.begin(consent.BeginInput{Owner: "cust-1", Shop: h.host(0)})
		pressed := h.pressAgain(link)
		if o, err := h.callback(h.consent(pressed.URL, h.shop(0)), h.cookie); err != nil || o.Click.Stage != gk.Issued {
			t.Fatalf("the click is %s, %v", o.Click.Stage, err)
		}
		asked := h.asked("token")
		h.moveTo(h.now().Add(25 * time.Hour))
		time.Sleep(3 * time.Minute)
		now := h.authorization(a.ID)
		if now.Stage != gk.Failed || now.Reason != gk.ReasonUnplaced {
			t.Fatalf("a day later: %s (%s), want failed and why", now.Stage, now.Reason)
		}
		if o, err := h.flow.Result(context.Background(), pressed.Click, h.cookie); err != nil || !o.Click.Stranded() || len(o.Click.Answer) == 0 {
			t.Fatalf("the click: %+v, %v; want its pair kept", o.Click.Stage, err)
		}
		h.moveTo(h.now().Add(72 * time.Hour))
		if _, err := h.flow.Place(context.Background(), limitedTo("cust-1"), a.ID, nil); !errors.Is(err, keeper.ErrForbidden) {
			t.Errorf("placed by a limited key: %v, want it forbidden", err)
		}
		b.set(func() { b.put = nil })
		placed, err := h.flow.Place(context.Background(), gk.Engine(), a.ID, nil)
		if err != nil || placed.Stage != gk.Done || len(placed.Grants) != 1 {
			t.Fatalf("placed: %s (%s), grants %v, %v", placed.Stage, placed.Reason, placed.Grants, err)
		}
		if g := h.grant(placed.Grants[0]); g.Owner != "cust-1" || g.State == gk.Held || h.asked("token") != asked {
			t.Errorf("the grant: %s of %q; want cust-1's, and no code sent again", g.State, g.Owner)
		}
		if kept, err := h.flow.Stranded(context.Background(), a.ID); err != nil || kept {
			t.Errorf("after it something is kept: %t, %v", kept, err)
		}
	})
}

func TestBrokenClickStandsInNobodysWay(t *testing.T) {
	meddling(t, "shoplazza", func(h *house, b *between) {
		var broken atomic.Int64
		b.set(func() {
			b.put = func(_ string, _ func() error) error { broken.Add(1); return errPlacing }
		})
		for range 3 {
			_, pressed := h.press(consent.BeginInput{Shop: h.host(1)})
			if _, err := h.callback(h.consent(pressed.URL, h.shop(1)), h.cookie); err != nil {
				t.Fatal(err)
			}
		}
		first := b.order()
		time.Sleep(5 * time.Minute)
		if again := b.order(); again == first || broken.Load() < 9 {
			t.Errorf("after failures the head of the line is %s as before, %d tries; want it behind the others", again, broken.Load())
		}
	})
}

// order is the click at the head of the line.
func (b *between) order() string {
	clicks, err := b.Store.OpenClicks(context.Background(), time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC), 10)
	if err != nil || len(clicks) == 0 {
		return ""
	}
	return clicks[0].UpdatedAt.String()
}

func TestShopThatIsNamedTwiceIsOneShop(t *testing.T) {
	meddling(t, "eleme", func(h *house, _ *between) {
		g := h.connect(0, "cust-1")
		h.write(g.ID, func(g *gk.Grant) {
			g.Shops = append(g.Shops, g.Shops...)
			g.Shops = append(g.Shops, gk.Shop{ID: "9", Name: "first"}, gk.Shop{ID: "9", Name: "second"})
		})
		now := h.grant(g.ID)
		seen := map[string]int{}
		for _, s := range now.Shops {
			seen[s.ID]++
		}
		if len(seen) != len(now.Shops) || seen["9"] != 1 {
			t.Errorf("shops = %v, want each once", now.Shops)
		}
	})
}

func TestTwoAppsOfWhichOneIsBrokenResume(t *testing.T) {
	meddling(t, "shoplazza", func(h *house, b *between) {
		b.set(func() { b.put = func(string, func() error) error { return errPlacing } })
		stuck := map[string]string{}
		begin := func() gk.App {
			a, pressed := h.press(consent.BeginInput{Shop: h.host(0)})
			if _, err := h.callback(h.consent(pressed.URL, h.shop(0)), h.cookie); err != nil {
				t.Fatal(err)
			}
			stuck[h.app.ID] = a.ID
			return h.app
		}
		broken := begin()
		h.addApp("shoplazza")
		whole := begin()
		hang := make(chan struct{})
		b.set(func() {
			b.put = nil
			b.putIn = func(app string, put func() error) error {
				if app == broken.ID {
					<-hang
					return errPlacing
				}
				return put()
			}
		})
		time.Sleep(4 * time.Minute)
		if now := h.authorization(stuck[whole.ID]); now.Stage != gk.Done {
			t.Errorf("the other app's authorization is %s after four minutes, want done", now.Stage)
		}
		close(hang)
		b.set(func() { b.putIn = nil })
		time.Sleep(4 * time.Minute)
		if now := h.authorization(stuck[broken.ID]); now.Stage != gk.Done {
			t.Errorf("the app's authorization is %s once it works, want done", now.Stage)
		}
	})
}

// counting counts how often clicks are read.
type counting struct {
	store.Store
	reads atomic.Int64
}

func (c *counting) Click(ctx context.Context, id string) (gk.Click, error) {
	c.reads.Add(1)
	return c.Store.Click(ctx, id)
}

func TestWaitingMerchantIsToldAndDoesNotPoll(t *testing.T) {
	dir := sqlitetest.Dir(t)
	synctest.Test(t, func(t *testing.T) {
		c := &counting{}
		h := open(t, dir, func(s store.Store) store.Store { c.Store = s; return c })
		defer h.close()
		h.start(h.keeper)
		h.addApp("shoplazza")
		h.option("slow", "9s")
		h.fault("slow", "token", 1)
		_, pressed := h.press(consent.BeginInput{Shop: h.host(0)})
		address := h.consent(pressed.URL, h.shop(0))
		begun := time.Now()
		o, err := h.callback(address, h.cookie)
		took := time.Since(begun)
		if err != nil || o.Click.Stage != gk.Done {
			t.Fatalf("the click is %s, %v", o.Click.Stage, err)
		}
		if took < 9*time.Second || took > 9*time.Second+500*time.Millisecond {
			t.Errorf("the merchant waited %s for a platform that took nine seconds", took)
		}
		if n := c.reads.Load(); n > 10 {
			t.Errorf("%d reads of the click, want a few", n)
		}
	})
}

func TestCodeWithoutStateIsSpentOnce(t *testing.T) {
	story(t, "taobao", func(h *house) {
		_, pressed := h.press(consent.BeginInput{Owner: "cust-1"})
		u, err := url.Parse(h.consent(pressed.URL, h.shop(0)))
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		code := q.Get("code")
		q.Del("state")
		u.RawQuery = q.Encode()
		entry := func() (consent.Outcome, error) {
			return h.flow.Callback(context.Background(), h.app.ID, platform.Incoming{Method: http.MethodGet, URL: u.String(), Header: http.Header{}}, stranger)
		}
		first, err := entry()
		if err != nil || first.Click.Stage != gk.Done {
			t.Fatalf("the entry: %s (%s), %v", first.Click.Stage, first.Click.Reason, err)
		}
		for range 15 { // more than strangers may begin in a minute
			again, err := entry()
			if err != nil || !again.Replay || again.Click.ID != first.Click.ID {
				t.Fatalf("reloaded: click %s, %v; want the outcome of the first", again.Click.ID, err)
			}
		}
		q.Set("state", "x")
		if n := h.asked("token"); n != 1 {
			t.Errorf("the code went to the platform %d times, want once", n)
		}
		if len(code) == 0 {
			t.Error("the callback held no code")
		}
	})
}

func TestCodeOfAClickIsNotSpentAgainWithoutItsState(t *testing.T) {
	story(t, "taobao", func(h *house) {
		_, pressed := h.press(consent.BeginInput{Owner: "cust-1"})
		address := h.consent(pressed.URL, h.shop(0))
		if o, err := h.callback(address, h.cookie); err != nil || o.Click.Stage != gk.Done {
			t.Fatalf("the click: %s, %v", o.Click.Stage, err)
		}
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		q.Del("state")
		u.RawQuery = q.Encode()
		var refused *consent.Refused
		if _, err := h.callback(u.String(), stranger); !errors.As(err, &refused) {
			t.Errorf("the same code without its state: %v, want it refused", err)
		}
		if n := h.asked("token"); n != 1 {
			t.Errorf("the code went to the platform %d times, want once", n)
		}
	})
}

func TestConsentWaitsForTheWholeLeaseOfARefresh(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		g := h.connect(0, "cust-1")
		h.write(g.ID, func(g *gk.Grant) { // as a process that died in the middle of a refresh leaves it
			g.AttemptID, g.AttemptBy, g.AttemptAt, g.AttemptUntil = "att_dead", "dead", h.now(), h.now().Add(5*time.Minute)
			g.DueAt = g.AttemptUntil
		})
		a, pressed := h.press(consent.BeginInput{Owner: "cust-1", Shop: h.host(0)})
		if _, err := h.callback(h.consent(pressed.URL, h.shop(0)), h.cookie); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Minute)
		if now := h.authorization(a.ID); now.Stage != gk.Begun {
			t.Errorf("while the lease runs the authorization is %s, want it under way", now.Stage)
		}
		time.Sleep(6 * time.Minute)
		if now := h.authorization(a.ID); now.Stage != gk.Done {
			t.Errorf("after it the authorization is %s (%s), want done", now.Stage, now.Reason)
		}
		if now := h.grant(g.ID); now.State != gk.Active || now.InDoubt() || !now.Renewable {
			t.Errorf("the grant is %s, in doubt %t, renewable %t; want it whole", now.State, now.InDoubt(), now.Renewable)
		}
	})
}
