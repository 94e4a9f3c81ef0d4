package notify

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/outbound"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/together"
)

const (
	perOutlet    = 8                // deliveries of one outlet at once
	mostOutlets  = 2048             // at once
	mostFailing  = 512              // of those that failed last
	answerWithin = 15 * time.Second // of a receiver
	readOfAnswer = 64 << 10
	lease        = 30 * time.Second // of a claim: longer than an attempt, and soon over after a crash
	settleWithin = 10 * time.Second
	disableAfter = 3 * 24 * time.Hour
	tellAfter    = time.Hour // of failing
	longestAsked = 24 * time.Hour
)

// retries are the pauses after each failure. After the last one a delivery has failed; a replay brings it again.
var retries = []time.Duration{
	5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute, // 43 min
	2 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 24 * time.Hour, // 69 h
}

// jittered moves a pause by up to a tenth, so that what failed together does not come back together.
func jittered(d time.Duration) time.Duration {
	return d + time.Duration((rand.Float64()-0.5)*0.2*float64(d)) //nolint:gosec // nothing secret depends on it
}

// worker is the state of one Run. Each outlet with something due has a goroutine of its own, so that one that does not
// answer delays nobody; those that failed last are few at a time, so that they leave room for the others.
type worker struct {
	*News
	all sync.WaitGroup

	mu      sync.Mutex
	busy    map[string]bool // outlet: it failed last
	failing int
	bad     map[string]bool // outlets whose last turn failed

	bodies  *together.Line[[]told, map[string]Event]
	settled *together.Line[[]store.Delivery, struct{}]
}

// told is a delivery with the one who is told: what the event shows depends on it.
type told struct {
	event string
	to    gk.Viewer
}

func newWorker(n *News) *worker {
	return &worker{News: n, busy: map[string]bool{}, bad: map[string]bool{}, bodies: shared(n.tellAll), settled: shared(n.settleAll)}
}

// tellAll reads the events of several claims, and what they are about, and words them for each. An event that was swept
// meanwhile is left out.
func (n *News) tellAll(ctx context.Context, claims [][]told) ([]map[string]Event, error) {
	var ids []string
	for _, claim := range claims {
		for _, t := range claim {
			ids = append(ids, t.event)
		}
	}
	slices.Sort(ids)
	kept, err := n.o.Store.EventsByID(ctx, slices.Compact(ids))
	if err != nil {
		return nil, err
	}
	byID := make(map[string]gk.Event, len(kept))
	for _, e := range kept {
		byID[e.ID] = e
	}
	var rows []gk.Event
	for _, claim := range claims {
		for _, t := range claim {
			if e, ok := byID[t.event]; ok {
				rows = append(rows, e.For(t.to))
			}
		}
	}
	events, err := n.teller.Tell(ctx, rows...)
	if err != nil {
		return nil, err
	}
	answers := make([]map[string]Event, len(claims))
	for i, claim := range claims {
		answers[i] = make(map[string]Event, len(claim))
		for _, t := range claim {
			if _, ok := byID[t.event]; ok {
				answers[i][t.event], events = events[0], events[1:]
			}
		}
	}
	return answers, nil
}

// settleAll stores what came of the deliveries of several outlets in one commit.
func (n *News) settleAll(ctx context.Context, lots [][]store.Delivery) ([]struct{}, error) {
	all := slices.Concat(lots...)
	slices.SortFunc(all, func(a, b store.Delivery) int { // one order for all instances, so that none waits for another in a circle
		return cmp.Or(strings.Compare(a.Outlet, b.Outlet), strings.Compare(a.Event, b.Event))
	})
	return make([]struct{}, len(lots)), n.o.Store.SettleDeliveries(ctx, all)
}

// pass begins a turn of each outlet that has something due.
func (w *worker) pass(ctx context.Context) error {
	due, err := w.o.Store.DueOutlets(ctx, w.o.Keeper.Now())
	if err != nil {
		return err
	}
	for _, id := range due {
		if !w.enter(id) {
			continue
		}
		w.all.Go(func() {
			failed := true
			defer func() {
				if v := recover(); v != nil {
					w.o.Log.Error("panic in a delivery", "outlet", id, "stack", string(debug.Stack())) // the value may hold a secret
				}
				w.leave(id, failed)
			}()
			var err error
			if failed, err = w.turn(ctx, id); err != nil && ctx.Err() == nil && !errors.Is(err, store.ErrNotFound) {
				w.o.Log.Warn("news of an outlet waits", "outlet", id, "error", err)
			}
		})
	}
	return nil
}

func (w *worker) enter(id string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, busy := w.busy[id]; busy || len(w.busy) >= mostOutlets || w.bad[id] && w.failing >= mostFailing {
		return false
	}
	w.busy[id] = w.bad[id]
	if w.bad[id] {
		w.failing++
	}
	return true
}

func (w *worker) leave(id string, failed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.busy[id] {
		w.failing--
	}
	delete(w.busy, id)
	delete(w.bad, id)
	if failed {
		w.bad[id] = true
	}
}

// turn delivers what is due for an outlet, and reports whether it failed.
func (w *worker) turn(ctx context.Context, id string) (failed bool, err error) {
	o, err := w.o.Store.Outlet(ctx, store.WebhookForm, id)
	if errors.Is(err, store.ErrNotFound) {
		if o, err = w.o.Store.Outlet(ctx, store.AlarmForm, id); err == nil {
			return w.turnAlarm(ctx, o)
		}
	}
	if err != nil {
		return false, err
	}
	if !o.Enabled { // meanwhile, or because it cannot be read
		return true, nil
	}
	p, err := w.open(o)
	if err != nil {
		return true, err
	}
	for ctx.Err() == nil {
		room := perOutlet
		if failed || !o.FailingSince.IsZero() {
			room = 1
		}
		now := w.o.Keeper.Now()
		claimed, err := w.o.Store.ClaimDeliveries(ctx, id, now, now.Add(lease), room)
		if err != nil || len(claimed) == 0 {
			return failed, err
		}
		end := context.WithoutCancel(ctx) // what was claimed is finished
		gone, bad, err := w.send(end, o, p, claimed)
		if err != nil {
			return true, err
		}
		failed = bad
		if err := w.health(end, &o, bad, gone); err != nil || !o.Enabled || len(claimed) < room {
			return failed, err // less than there was room for: what comes meanwhile begins the next turn
		}
	}
	return failed, nil
}

// send sends claimed deliveries and settles them. gone: the receiver wants none any more.
func (w *worker) send(ctx context.Context, o store.Outlet, p private, claimed []store.Delivery) (gone, failed bool, err error) {
	wanted, to := make([]told, 0, len(claimed)), viewerOf(o.Rule)
	for _, d := range claimed {
		wanted = append(wanted, told{d.Event, to})
	}
	byID, err := w.bodies.Ask(ctx, wanted)
	if err != nil {
		return false, false, err
	}
	var all sync.WaitGroup
	for i := range claimed {
		all.Go(func() {
			d := &claimed[i]
			d.Attempts++
			e, kept := byID[d.Event]
			if !kept { // swept meanwhile
				d.State, d.DueAt, d.LastError = store.Failed, time.Time{}, ""
				return
			}
			w.attempt(ctx, p, d, e)
		})
	}
	all.Wait()
	for _, d := range claimed {
		gone = gone || d.LastStatus == http.StatusGone
		failed = failed || d.State != store.Delivered
	}
	for _, d := range claimed {
		w.sent.add(store.WebhookForm, d.State)
	}
	_, err = w.settled.Ask(ctx, claimed)
	return gone, failed, err
}

// attempt sends one event once and notes what came of it.
func (w *worker) attempt(ctx context.Context, p private, d *store.Delivery, e Event) {
	begun := time.Now()
	now := w.o.Keeper.Now()
	asked := time.Duration(0)
	status, class := 0, "answer"
	body, err := json.Marshal(e)
	if err == nil {
		var answer *outbound.Answer
		answer, err = w.post(ctx, p, p.Settings["url"], d.Event, body, now)
		if answer != nil {
			status, asked = answer.Status, retryAfter(answer.Header, time.Now())
		}
	}
	if err != nil {
		class = classOf(err)
	}
	d.LastAt, d.LastStatus, d.LastTook, d.LastError = now, int64(status), time.Since(begun).Round(100*time.Millisecond), ""
	if class == "address" {
		d.LastTook = 0 // what stands behind a refused address is nobody's business
	}
	if status >= 200 && status < 300 {
		d.State, d.DueAt = store.Delivered, time.Time{}
		return
	}
	if status >= 300 && status < 400 {
		class = "redirect"
	}
	d.LastError = class
	if d.Attempts > int64(len(retries)) {
		d.State, d.DueAt = store.Failed, time.Time{}
		return
	}
	d.State, d.DueAt = store.Pending, now.Add(max(jittered(retries[d.Attempts-1]), asked))
}

// post sends a signed body.
func (n *News) post(ctx context.Context, p private, address, id string, body []byte, now time.Time) (*outbound.Answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("the address cannot be read")
	}
	req.Header.Set("Content-Type", "application/json")
	if err := p.sign(req.Header, id, body, now, time.Now()); err != nil {
		return nil, err
	}
	return n.o.Gate.Send(ctx, req, outbound.Policy{Public: true, Once: false, Timeout: answerWithin, MaxBody: readOfAnswer})
}

// classOf tells the class of a failure, never its text: that could tell of an inner network.
func classOf(err error) string {
	var failure *outbound.Error
	switch {
	case errors.Is(err, outbound.ErrForbidden):
		return "address"
	case errors.As(err, &failure) && strings.HasPrefix(failure.Class, "TLS"):
		return "tls"
	case errors.As(err, &failure) && strings.HasPrefix(failure.Class, "time-out"):
		return "timeout"
	case errors.Is(err, outbound.ErrNotSent):
		return "refused"
	}
	return "answer"
}

// retryAfter reads how long a receiver wants to be left alone, a day at most.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if s, err := strconv.ParseInt(text, 10, 32); err == nil && s > 0 {
		return min(time.Duration(s)*time.Second, longestAsked)
	}
	if at, err := http.ParseTime(text); err == nil && at.After(now) {
		return min(at.Sub(now), longestAsked)
	}
	return 0
}

// health notes how an outlet stands. One that is gone, or has failed for three days, is disabled, and that is told.
func (w *worker) health(ctx context.Context, o *store.Outlet, failed, gone bool) error {
	now := w.o.Keeper.Now()
	over := !o.FailingSince.IsZero() && now.Sub(o.FailingSince) >= disableAfter
	if asBefore(o, failed, gone || over, now) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, settleWithin)
	defer cancel()
	return w.o.Store.UpdateOutlet(ctx, o.Form, o.ID, now, func(row *store.Outlet) ([]gk.Event, error) {
		if !row.Enabled {
			*o = *row
			return nil, store.ErrUnchanged
		}
		var events []gk.Event
		data := map[string]any{"webhook": o.ID}
		switch {
		case !failed:
			row.FailingSince, row.ToldAt = time.Time{}, time.Time{}
		case gone || over && o.Form == store.WebhookForm:
			if row.FailingSince.IsZero() {
				row.FailingSince = now
			}
			row.Enabled, row.Reason = false, map[bool]string{true: "gone", false: "failing"}[gone]
			data["since"], data["reason"] = gk.At(row.FailingSince), row.Reason
			events = append(events, outletEvent(gk.EventWebhookDisabled, now, data))
		case row.FailingSince.IsZero():
			row.FailingSince = now
		case row.ToldAt.IsZero() && now.Sub(row.FailingSince) >= tellAfter:
			row.ToldAt = now
			data["since"] = gk.At(row.FailingSince)
			events = append(events, outletEvent(gk.EventWebhookFailing, now, data))
		}
		*o = *row
		return events, nil
	})
}

// asBefore reports whether an attempt leaves an outlet as it stands: a good one that was, or one that fails and is told of.
func asBefore(o *store.Outlet, failed, ends bool, now time.Time) bool {
	if !failed {
		return o.FailingSince.IsZero()
	}
	told := !o.ToldAt.IsZero() || now.Sub(o.FailingSince) < tellAfter
	return !o.FailingSince.IsZero() && told && !ends
}

func outletEvent(kind string, now time.Time, data map[string]any) gk.Event {
	return gk.Event{ID: gk.NewID("evt", now), Kind: kind, Actor: "engine", At: now, Data: data}
}

// errGate says that the gate refuses an address.
func errGate(err error) string {
	var failure *outbound.Error
	if errors.As(err, &failure) {
		return fmt.Sprintf("leads to %s", failure.Class)
	}
	return "cannot be reached"
}
