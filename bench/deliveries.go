package bench

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	eventsASecond = 1000 // that are asked for; each goes to one endpoint
	lotEvery      = 250 * time.Millisecond
	arriveWithin  = 5 * time.Minute
)

// deliveries measures webhooks: new grants of as many customers as there are endpoints, a thousand a second, each told to
// the customer's own endpoint. In the middle of the second half the server is killed; what it had not told, it tells after
// its next start, and none is lost.
func deliveries(ctx context.Context, s *server, r *report) error {
	to, err := newReceiver()
	if err != nil {
		return err
	}
	defer to.end()
	s.end()
	s.flags = []string{"--allow-webhook", to.host()}
	if err := s.start(ctx); err != nil {
		return err
	}
	for i := range s.o.Endpoints {
		if err := s.subscribe(ctx, to, customer(i)); err != nil {
			return err
		}
	}
	from, err := s.lastPosition(ctx)
	if err != nil {
		return err
	}
	half := s.o.Deliveries / 2
	begun, made := time.Now(), time.Duration(0)
	work, err := s.workOf(half, func() error {
		if err := s.happen(ctx, half); err != nil {
			return err
		}
		made = time.Since(begun)
		return to.wait(ctx, half)
	})
	if err != nil {
		return err
	}
	took := time.Since(begun)
	p50, p99 := to.lateness()
	r.line(fmt.Sprintf("deliveries a second, %d endpoints", s.o.Endpoints), rate(half, took), "/s", rate(half, made), "the events a second")
	r.line("  processor for each, with its grant", work, " µs", 0, "")
	r.line("  from the event to its endpoint, half", float64(p50.Milliseconds()), " ms", 0, "")
	r.line("  p99", float64(p99.Milliseconds()), " ms", 0, "")

	rest := s.o.Deliveries - half
	if err := s.happen(ctx, rest/2); err != nil {
		return err
	}
	before, _ := to.seen()
	if err := s.process.kill(); err != nil {
		return err
	}
	if err := s.start(ctx); err != nil {
		return err
	}
	back := time.Now()
	if err := s.happen(ctx, rest-rest/2); err != nil {
		return err
	}
	events, err := s.madeAfter(ctx, from)
	if err != nil {
		return err
	}
	if len(events) != s.o.Deliveries {
		return fmt.Errorf("%d events are told of %d grants", len(events), s.o.Deliveries)
	}
	err = to.wait(ctx, s.o.Deliveries)
	r.line("  on their way or waiting at kill -9", float64(half+rest/2-before), "", 0, "")
	r.line("  all there after the next start in", time.Since(back).Seconds(), " s", 0, "")
	r.line("  came twice", float64(to.twice), "", 0, "")
	r.text("  lost", strconv.Itoa(to.missing(events)))
	return err
}

func customer(i int) string { return fmt.Sprint("customer-", i) }

// subscribe has the new grants of a customer told to an endpoint.
func (s *server) subscribe(ctx context.Context, to *receiver, customer string) error {
	var made struct {
		Secret string `json:"secret"`
	}
	err := s.ask(ctx, http.MethodPost, "/v1/webhooks", jsonBody(map[string]any{
		"url": to.url(customer), "kinds": []string{"grant.created"}, "owners": []string{customer},
	}), &made)
	if err != nil {
		return err
	}
	return to.knows(customer, made.Secret)
}

// happen makes n grants, and so n events, in lots: as many a second as are asked for, if the server keeps up.
func (s *server) happen(ctx context.Context, n int) error {
	lot := int(eventsASecond * lotEvery / time.Second)
	ticker := time.NewTicker(lotEvery)
	defer ticker.Stop()
	for made := 0; made < n; made += lot {
		size := min(lot, n-made)
		now := time.Now()
		rows := s.rows(size, now.Add(-24*time.Hour), now.Add(300*24*time.Hour))
		for i := range size {
			owner := []byte(`"owner":"cust-` + strconv.Itoa(1_000_000+s.stores-i) + `"`)
			rows = bytes.Replace(rows, owner, []byte(`"owner":"`+customer((s.stores-i)%s.o.Endpoints)+`"`), 1)
		}
		if _, err := s.load(ctx, size, rows); err != nil {
			return err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// wait waits until n events have arrived.
func (r *receiver) wait(ctx context.Context, n int) error {
	ctx, cancel := context.WithTimeout(ctx, arriveWithin)
	defer cancel()
	for {
		seen, wrong := r.seen()
		if seen >= n || wrong != nil {
			return wrong
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("of %d events %d arrived within %s: %w", n, seen, arriveWithin, ctx.Err())
		}
	}
}

// page asks for events behind a position.
func (s *server) page(ctx context.Context, after string, query url.Values) (ids []string, next string, err error) {
	var page struct {
		Items []struct {
			ID string `json:"id"`
		} `json:"items"`
		Next string `json:"next"`
	}
	query.Set("after", after)
	query.Set("limit", "1000")
	err = s.ask(ctx, http.MethodGet, "/v1/events?"+query.Encode(), nil, &page)
	for _, e := range page.Items {
		ids = append(ids, e.ID)
	}
	return ids, page.Next, err
}

// lastPosition is the position of the event that was told last.
func (s *server) lastPosition(ctx context.Context) (string, error) {
	for at := "0"; ; {
		ids, next, err := s.page(ctx, at, url.Values{})
		if err != nil || len(ids) == 0 {
			return at, err
		}
		at = next
	}
}

// madeAfter lists the events of grants that were made behind a position. They are numbered a moment after they happen.
func (s *server) madeAfter(ctx context.Context, at string) (all []string, err error) {
	for empty := 0; empty < 20; {
		ids, next, err := s.page(ctx, at, url.Values{"kind": {"grant.created"}})
		if err != nil {
			return nil, err
		}
		all, at = append(all, ids...), next
		if len(ids) > 0 {
			empty = 0
			continue
		}
		empty++
		select {
		case <-time.After(250 * time.Millisecond):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return all, nil
}
