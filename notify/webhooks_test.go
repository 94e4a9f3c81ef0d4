package notify_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

// signed reports whether a post verifies with a secret, by the specification's own library.
func signed(t *testing.T, p post, secret string) bool {
	t.Helper()
	w, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	return w.Verify([]byte(p.body), p.header) == nil
}

func TestEventIsDeliveredSigned(t *testing.T) {
	r := newReceiver(t)
	h := newHouse(t, r.host())
	w, secret := h.webhook(r.URL+"/hook", store.Rule{Kinds: []string{"grant.*"}})
	h.run()
	ids := h.happen(gk.Event{Kind: gk.EventGrantExpired, Grant: "grt_1", Owner: "ann"}, gk.Event{Kind: gk.EventAppPaused})
	until(t, "the event is delivered", func() bool { return len(r.posts()) == 1 })
	p := r.posts()[0]
	if !signed(t, p, secret) || p.header.Get("webhook-id") != ids[0] || p.path != "/hook" {
		t.Errorf("the post to %s has the id %s and does not verify", p.path, p.header.Get("webhook-id"))
	}
	var e map[string]any
	if err := json.Unmarshal([]byte(p.body), &e); err != nil || e["id"] != ids[0] || e["kind"] != gk.EventGrantExpired || e["whose_move"] != "merchant" {
		t.Errorf("the body is %v, %v", e, err)
	}
	next, err := h.news.RotateWebhook(t.Context(), all, w.ID)
	if err != nil {
		t.Fatal(err)
	}
	h.happen(gk.Event{Kind: gk.EventGrantRevoked, Grant: "grt_1"})
	until(t, "the next is delivered", func() bool { return len(r.posts()) == 2 })
	if p := r.posts()[1]; !signed(t, p, secret) || !signed(t, p, next.Reveal()) {
		t.Error("within a day of a rotation not both secrets verify")
	}
	h.advance(25 * time.Hour)
	h.happen(gk.Event{Kind: gk.EventGrantRevoked, Grant: "grt_1"})
	until(t, "the third is delivered", func() bool { return len(r.posts()) == 3 })
	if p := r.posts()[2]; signed(t, p, secret) || !signed(t, p, next.Reveal()) {
		t.Error("a day after a rotation the old secret still signs, or the new one does not")
	}
}

func TestDeliveryIsRepeatedAndThenGivenUp(t *testing.T) {
	r := newReceiver(t)
	r.answers(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	h := newHouse(t, r.host())
	w, _ := h.webhook(r.URL, store.Rule{Kinds: []string{"app.paused", "app.resumed"}})
	h.run()
	h.happen(gk.Event{Kind: gk.EventAppPaused})
	of := func(kind string) store.Delivery {
		rows, err := h.news.Deliveries(t.Context(), all, store.DeliveryFilter{Outlet: w.ID, Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range rows {
			if d.Kind == kind {
				return d
			}
		}
		return store.Delivery{}
	}
	last := func() store.Delivery { return of(gk.EventAppPaused) }
	until(t, "it failed once", func() bool { return last().Attempts == 1 })
	if d := last(); d.State != store.Pending || d.LastStatus != 503 || d.LastError != "answer" || d.DueAt.Sub(h.clock()) < time.Hour {
		t.Errorf("after a 503 with Retry-After it stands %+v", d)
	}
	r.answers(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/other", http.StatusTemporaryRedirect)
	})
	h.advance(time.Hour)
	until(t, "it failed twice", func() bool { return last().Attempts == 2 })
	if d := last(); d.LastError != "redirect" {
		t.Errorf("a redirect is told as %q", d.LastError)
	}
	for _, p := range r.posts() {
		if p.path == "/other" {
			t.Error("a redirect was followed")
		}
	}
	r.answers(nil)
	h.advance(time.Minute)
	until(t, "it is delivered", func() bool { return last().State == store.Delivered })
	r.answers(status(http.StatusInternalServerError))
	h.happen(gk.Event{Kind: gk.EventAppResumed})
	until(t, "the next one failed, and that is noted", func() bool { return of(gk.EventAppResumed).Attempts == 1 })
	h.advance(73 * time.Hour)
	until(t, "the webhook is disabled", func() bool {
		got, err := h.news.Webhook(t.Context(), all, w.ID)
		return err == nil && !got.Enabled && got.Reason == "failing"
	})
	h.publish()
	events, err := h.store.FindEvents(t.Context(), gk.Engine(), store.EventFilter{Kind: gk.EventWebhookDisabled})
	if err != nil || len(events) != 1 || events[0].Data["webhook"] != w.ID {
		t.Errorf("the disabling is told as %v, %v", events, err)
	}
}

func TestGoneDisablesAndAReplayBringsWhatWasMissed(t *testing.T) {
	r := newReceiver(t)
	r.answers(status(http.StatusGone))
	h := newHouse(t, r.host())
	w, _ := h.webhook(r.URL, store.Rule{Kinds: []string{"grant.*"}})
	h.run()
	h.happen(gk.Event{Kind: gk.EventGrantCreated})
	until(t, "the webhook is disabled", func() bool {
		got, err := h.news.Webhook(t.Context(), all, w.ID)
		return err == nil && !got.Enabled && got.Reason == "gone"
	})
	missed := h.happen(gk.Event{Kind: gk.EventGrantRevoked}, gk.Event{Kind: gk.EventGrantExpired})
	until(t, "the events are passed", func() bool { n, _, err := h.store.SpreadUntil(t.Context()); return err == nil && n >= 4 })
	if _, err := h.news.Replay(t.Context(), all, w.ID, 0, 0); err == nil {
		t.Error("a disabled webhook takes a replay")
	}
	r.answers(nil)
	on := true
	if _, err := h.news.UpdateWebhook(t.Context(), all, w.ID, webhookOn(on)); err != nil {
		t.Fatal(err)
	}
	if n, err := h.news.Replay(t.Context(), all, w.ID, 0, 0); err != nil || n != 3 {
		t.Errorf("Replay = %d, %v, want the three of its kinds", n, err)
	}
	until(t, "all three are there, and noted", func() bool { // what is sent again before that is the attempt under way
		rows, err := h.news.Deliveries(t.Context(), all, store.DeliveryFilter{Outlet: w.ID, Limit: 10})
		under := slices.ContainsFunc(rows, func(d store.Delivery) bool { return d.State != store.Delivered })
		return err == nil && len(r.posts()) == 4 && len(rows) == 3 && !under
	})
	if err := h.news.Redeliver(t.Context(), all, w.ID, missed[0]); err != nil {
		t.Fatal(err)
	}
	until(t, "one came again", func() bool { return len(r.posts()) == 5 })
	if id := r.posts()[4].header.Get("webhook-id"); id != missed[0] {
		t.Errorf("the one that came again has the id %s, want %s", id, missed[0])
	}
}

func TestBlackHoleDelaysNobody(t *testing.T) {
	hole, good := newReceiver(t), newReceiver(t)
	hold := make(chan struct{})
	hole.answers(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-hold:
		case <-r.Context().Done():
		}
	})
	h := newHouse(t, hole.host(), good.host())
	h.webhook(hole.URL, store.Rule{Kinds: []string{"app.paused"}})
	h.webhook(good.URL, store.Rule{Kinds: []string{"app.paused"}})
	stop := h.run()
	for range 30 {
		h.happen(gk.Event{Kind: gk.EventAppPaused})
	}
	until(t, "the good one has them all", func() bool { return len(good.posts()) == 30 })
	if n := len(hole.posts()); n > 8 {
		t.Errorf("%d deliveries hang at once, want 8 at most", n)
	}
	close(hold)
	stop()
}

func TestAddressesOfTheInnerNetworkAreNeverDialled(t *testing.T) {
	r := newReceiver(t)
	h := newHouse(t)
	for _, address := range []string{
		r.URL, strings.Replace(r.URL, "http://", "https://", 1), "https://localhost/x", "https://10.0.0.1/", "https://[::1]/", "https://169.254.169.254/latest",
		"https://example.com:8443/", "ftp://example.com/", "https://user:pass@example.com/", "https://2130706433/", "nonsense", "",
	} {
		_, _, err := h.news.CreateWebhook(t.Context(), all, address, store.Rule{Kinds: []string{"*"}})
		var bad *gk.Invalid
		if !errors.As(err, &bad) || bad.Field != "url" {
			t.Errorf("%q = %v, want it refused", address, err)
		}
	}
	if len(r.posts()) != 0 {
		t.Error("the inner listener was reached")
	}
}

func TestWebhookOfALimitedKeyTellsNoMoreThanTheKeySees(t *testing.T) {
	r := newReceiver(t)
	h := newHouse(t, r.host())
	ann := gk.Viewer{Key: "key_ann", Scopes: []gk.Scope{gk.ScopeManage}, Owners: []string{"ann"}}
	_, _, err := h.news.CreateWebhook(t.Context(), ann, r.URL, store.Rule{Kinds: []string{"*"}, Owners: []string{"bob"}})
	var bad *gk.Invalid
	if !errors.As(err, &bad) || bad.Field != "owners" {
		t.Errorf("a webhook beyond its key = %v", err)
	}
	w, _, err := h.news.CreateWebhook(t.Context(), ann, r.URL, store.Rule{Kinds: []string{"*"}})
	if err != nil {
		t.Fatal(err)
	}
	wide, _ := h.webhook(r.URL+"/wide", store.Rule{Kinds: []string{"webhook.test"}})
	if _, err := h.news.Webhook(t.Context(), ann, wide.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a webhook of others = %v, want it absent", err)
	}
	h.run()
	h.happen(
		gk.Event{Kind: gk.EventGrantCreated, Owner: "bob", Grant: "grt_bob"}, gk.Event{Kind: gk.EventAppPaused},
		gk.Event{Kind: gk.EventGrantMoved, Owner: "ann", Grant: "grt_ann", Data: map[string]any{"from": "bob", "to": "ann"}})
	if _, err := h.news.TestWebhook(t.Context(), ann, w.ID); err != nil {
		t.Fatal(err)
	}
	h.publish()
	until(t, "hers and the test came", func() bool { return len(r.posts()) == 2 })
	for _, p := range r.posts() {
		if strings.Contains(p.body, "bob") || p.path == "/wide" {
			t.Errorf("%s got %s", p.path, p.body)
		}
	}
}

func TestWhatWasOnItsWayIsSentAgain(t *testing.T) {
	r := newReceiver(t)
	h := newHouse(t, r.host())
	w, _ := h.webhook(r.URL, store.Rule{})
	h.happen(gk.Event{Kind: gk.EventAppPaused})
	stop := h.run()
	until(t, "all are delivered", func() bool {
		rows, err := h.news.Deliveries(t.Context(), all, store.DeliveryFilter{Outlet: w.ID, State: store.Delivered, Limit: 9})
		return err == nil && len(rows) == 2 // the app's making is an event too
	})
	stop()
	before := len(r.posts())
	ids := h.happen(gk.Event{Kind: gk.EventAppResumed})
	from, _, err := h.store.SpreadUntil(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ok, err := h.store.Spread(t.Context(), from, from+1, []store.Delivery{{Outlet: w.ID, Event: ids[0], Kind: gk.EventAppResumed, Position: from + 1, DueAt: h.clock(), CreatedAt: h.clock()}})
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	// A process claims it and dies.
	if got, err := h.store.ClaimDeliveries(t.Context(), w.ID, h.clock(), h.clock().Add(45*time.Second), 9); err != nil || len(got) != 1 {
		t.Fatal(got, err)
	}
	h.run()
	h.advance(time.Minute)
	until(t, "it is sent within a minute of the next start", func() bool { return len(r.posts()) == before+1 })
}
