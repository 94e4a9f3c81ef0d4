package bench

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	lots   = 12                        // in which the grants of a flow begin, so that they do not fall due together
	settle = dueAfter + 10*time.Second // until each has been refreshed once
)

// flow measures what refreshes cost that come one after the other, as those of many grants do whose tokens end at different
// times. The tokens live two minutes and are refreshed after one, so that few grants make the pace of very many: what a
// refresh costs depends on how many fall due, not on how many there are. After 42 minutes each of them has been refreshed as
// often as a shop of Shopee is in a week, after seven hours as one of Taobao, after fourteen as one of Ele.me: whatever a
// refresh leaves behind shows as growth.
func flow(ctx context.Context, s *server, r *report) error {
	if err := s.resetProvider(ctx, 0, longShort); err != nil {
		return err
	}
	each := s.o.Pace * int(dueAfter/time.Second) / lots
	for range lots {
		next := time.Now().Add(dueAfter / lots)
		now := time.Now()
		if _, err := s.load(ctx, each, s.rows(each, now, now.Add(longShort))); err != nil {
			return err
		}
		if err := rest(ctx, time.Until(next)); err != nil {
			return err
		}
	}
	if err := rest(ctx, settle); err != nil {
		return err
	}
	if err := s.resetProvider(ctx, 0, longShort); err != nil {
		return err
	}
	size, err := s.db.bytes(ctx, s.data)
	if err != nil {
		return err
	}
	begun := time.Now()
	work, err := s.workOf(1, func() error { return rest(ctx, s.o.Flow) })
	if err != nil {
		return err
	}
	c, err := s.counted(ctx)
	took := time.Since(begun)
	switch {
	case err != nil:
		return err
	case c.Refreshed == 0 || c.Refused > 0 || c.Twice > 0:
		return fmt.Errorf("of a flow %d are refreshed, %d refused, and %d had a spent token", c.Refreshed, c.Refused, c.Twice)
	}
	r.line(fmt.Sprintf("refreshes in a flow of %v", s.o.Flow), rate(c.Refreshed, took), "/s", float64(s.o.Pace), "the pace")
	r.line("  processor, each refresh", work/float64(c.Refreshed), " µs", 0, "")
	r.line("  of one processor", work/10_000/took.Seconds(), " %", 0, "")
	r.line("  of a processor, for a day of it", work/1e6/took.Hours()*24/60, " min", 0, "")
	r.line("  refreshes of each grant", float64(c.Refreshed)/float64(each*lots), "", 0, "")
	r.text("  whose token was spent before", fmt.Sprint(c.Twice))
	r.line("  from a pair to the next, at most", c.Slowest, " s", longShort.Seconds(), "the token's life")
	r.text("  after the end of the token", fmt.Sprint(c.Lapsed))
	mib, err := s.process.private()
	if err != nil {
		return err
	}
	r.line("  private memory", mib, " MiB", 0, "")
	grown, err := s.db.bytes(ctx, s.data)
	if err != nil {
		return err
	}
	r.text("  the database, its log too", fmt.Sprintf("%.1f MiB, %+.1f since the beginning", float64(grown)/(1<<20), float64(grown-size)/(1<<20)))
	// What is measured next is not to pay for these grants: each gets a token that lasts.
	return errors.Join(s.resetProvider(ctx, 0, longLife), rest(ctx, settle))
}

// rest waits.
func rest(ctx context.Context, long time.Duration) error {
	select {
	case <-time.After(long):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
