package bench

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"
)

const (
	importLot = 50_000 // rows of one request
	asked     = 15     // how often each list is asked for
)

// size measures a server that keeps many grants: how fast they come in, lists and searches, its start, and what it needs when
// nothing happens.
func size(ctx context.Context, s *server, r *report) error {
	if err := s.stored(ctx, r); err != nil {
		return err
	}
	calm := cmp.Or(s.o.Idle, 10*time.Second)
	if err := rest(ctx, calm); err != nil {
		return err
	}
	last := 1_000_000 + s.stores
	for _, list := range []struct{ what, path string }{
		{"first page", "/v1/grants?limit=50"},
		{"by state", "/v1/grants?state=active&limit=50"},
		{"word of every name", "/v1/grants?q=store&limit=50"},
		{"name of one", fmt.Sprintf("/v1/grants?q=store%%20%d", last-s.o.Stored/2)},
		{"part of the last names", fmt.Sprintf("/v1/grants?q=%d&limit=50", last/1000%10_000)},
		{"host", fmt.Sprintf("/v1/grants?q=store-%d.myshoplaza.com", last-s.o.Stored/3)},
		{"owner", fmt.Sprintf("/v1/grants?owner=cust-%d", last-s.o.Stored/4)},
		{"by their end", "/v1/grants?limit=50&expires_before=" + time.Now().Add(400*24*time.Hour).UTC().Format(time.RFC3339)},
		{"summary", "/v1/summary"},
		{"events", "/v1/events?limit=50"},
	} {
		median, most, err := s.times(ctx, list.path)
		if err != nil {
			return err
		}
		r.text("list or search: "+list.what, fmt.Sprintf("%.1f ms; at most %.1f", median, most))
	}
	s.end()
	begun := time.Now()
	if err := s.start(ctx); err != nil {
		return err
	}
	r.line("start", time.Since(begun).Seconds(), " s", 0, "")
	if err := rest(ctx, calm); err != nil {
		return err
	}
	work, err := s.workOf(1, func() error { return rest(ctx, 2*calm) })
	if err != nil {
		return err
	}
	r.line("at rest, of one processor", work/10_000/(2*calm).Seconds(), " %", 0, "")
	mib, err := s.process.private()
	if err != nil {
		return err
	}
	r.line("at rest, private memory", mib, " MiB", 0, "")
	bytes, err := s.db.bytes(ctx, s.data)
	if err != nil {
		return err
	}
	r.line("database", float64(bytes)/(1<<20), " MiB", 0, "")
	return nil
}

// stored imports the grants, some at a time as a person would.
func (s *server) stored(ctx context.Context, r *report) error {
	floor, err := s.db.rows(ctx, min(s.o.Stored, importLot))
	if err != nil {
		return err
	}
	var took time.Duration
	each, err := s.workOf(s.o.Stored, func() error {
		for left := s.o.Stored; left > 0; left -= importLot {
			one, err := s.quiet(ctx, min(left, importLot))
			if err != nil {
				return err
			}
			took += one
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.line(fmt.Sprintf("import of %d grants", s.o.Stored), rate(s.o.Stored, took), " rows/s", floor, "bare inserts")
	r.line("  processor, each row", each, " µs", 0, "")
	return nil
}

// times returns how long a page takes, in milliseconds: the median, and the longest.
func (s *server) times(ctx context.Context, path string) (median, most float64, err error) {
	var all []float64
	for range asked {
		begun := time.Now()
		res, err := s.plain(ctx, http.MethodGet, path, nil)
		if err != nil {
			return 0, 0, err
		}
		_, err = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close() // it was read
		if err != nil {
			return 0, 0, err
		}
		all = append(all, float64(time.Since(begun).Microseconds())/1000)
	}
	slices.Sort(all)
	return all[len(all)/2], all[len(all)-1], nil
}

// bytesUnder returns how long the files under a directory are together.
func bytesUnder(dir string) (sum int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			sum += info.Size()
		}
		return err
	})
	return sum, err
}
