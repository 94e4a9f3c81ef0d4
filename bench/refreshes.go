package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A token that lives less than two minutes is refreshed a minute after it was issued. An import of such tokens makes
// grants that all fall due at one moment.
const (
	dueAfter   = time.Minute
	longShort  = 119 * time.Second
	shortShort = 61 * time.Second
)

// refreshes measures how many grants that fall due at one moment are refreshed a second: living ones, at a platform that
// answers at once and at one that takes its time, and lapsed ones.
func refreshes(ctx context.Context, s *server, r *report) error {
	alone, err := s.providerAlone(ctx)
	if err != nil {
		return err
	}
	r.line("the platform alone, 64 clients", alone, "/s", 0, "")
	for _, c := range []struct {
		work    string
		latency time.Duration
		lapsed  bool
	}{
		{"living grants refreshed, platform 0 ms", 0, false},
		{fmt.Sprintf("living grants refreshed, platform %v", s.o.Latency), s.o.Latency, false},
		{"lapsed grants refreshed, platform 0 ms", 0, true},
	} {
		floor, err := s.db.commits(ctx, s.o.Commits)
		if err != nil {
			return err
		}
		seen, most, each, err := s.refreshed(ctx, c.latency, c.lapsed)
		if err != nil {
			return fmt.Errorf("%s: %w", c.work, err)
		}
		r.line(c.work, seen, "/s", floor, fmt.Sprintf("commits; %d at once", most))
		r.line("  processor, each refresh", each, " µs", 0, "")
		if c.latency > 0 {
			if err := s.besideSearches(ctx, c.latency, seen, r); err != nil {
				return err
			}
		}
	}
	return nil
}

// besideSearches measures the same while people search; the floor is the rate without them.
func (s *server) besideSearches(ctx context.Context, latency time.Duration, alone float64, r *report) error {
	end := s.searching(ctx)
	seen, _, _, err := s.refreshed(ctx, latency, false)
	found, failed := end()
	if err := errors.Join(err, failed); err != nil {
		return fmt.Errorf("refreshes beside searches: %w", err)
	}
	r.line(fmt.Sprintf("  the same beside %d searches at a time", searchers), seen, "/s", alone, fmt.Sprintf("refreshes alone; %d searches", found))
	return nil
}

// refreshed has grants fall due and returns how many a second were refreshed.
func (s *server) refreshed(ctx context.Context, latency time.Duration, lapsed bool) (perSecond float64, most int, each float64, err error) {
	if err := s.resetProvider(ctx, latency, longLife); err != nil {
		return 0, 0, 0, err
	}
	n := s.o.Grants
	margin := s.o.Margin + time.Duration(n)*time.Second/2000 // for the import
	life := longShort
	if lapsed {
		life = shortShort
	}
	issued := time.Now().Add(margin - dueAfter)
	if _, err := s.load(ctx, n, s.rows(n, issued, issued.Add(life))); err != nil {
		return 0, 0, 0, err
	}
	if c, err := s.counted(ctx); err != nil || c.Refreshed > 0 {
		return 0, 0, 0, errors.Join(err, fmt.Errorf("the import took longer than %v, and what it measures has begun", margin))
	}
	if lapsed { // while nobody is there
		s.end()
		time.Sleep(time.Until(issued.Add(life + time.Second)))
		if err := s.start(ctx); err != nil {
			return 0, 0, 0, err
		}
	}
	before, err := s.process.worked()
	if err != nil {
		return 0, 0, 0, err
	}
	for deadline := time.Now().Add(margin + 2*time.Minute + time.Duration(n)*time.Second/100); ; {
		c, err := s.counted(ctx)
		switch {
		case err != nil:
			return 0, 0, 0, err
		case c.Refused > 0 || c.Twice > 0:
			return 0, 0, 0, fmt.Errorf("the platform refused %d requests, and %d whose token was spent", c.Refused, c.Twice)
		case c.Refreshed == n:
			after, err := s.process.worked()
			return rate(n, c.Last.Sub(c.First)), c.Most, float64((after - before).Microseconds()) / float64(n), err
		case time.Now().After(deadline):
			return 0, 0, 0, fmt.Errorf("after a long time %d of %d grants are refreshed", c.Refreshed, n)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func (s *server) resetProvider(ctx context.Context, latency, life time.Duration) error {
	query := "latency=" + latency.String() + "&life=" + life.String()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.provider+"/bench/reset?"+query, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	return res.Body.Close()
}

func (s *server) counted(ctx context.Context) (c counts, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.provider+"/bench/counts", nil)
	if err != nil {
		return c, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return c, err
	}
	defer func() { _ = res.Body.Close() }() // it was read
	return c, json.NewDecoder(res.Body).Decode(&c)
}

// providerAlone returns how many refreshes a second the platform answers when nobody keeps anything.
func (s *server) providerAlone(ctx context.Context) (float64, error) {
	if err := s.resetProvider(ctx, 0, longLife); err != nil {
		return 0, err
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConns: clients, MaxIdleConnsPerHost: clients}}
	defer client.CloseIdleConnections()
	var next atomic.Int64
	failed := make(chan error, clients)
	begun := time.Now()
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			for {
				i := next.Add(1)
				if i > int64(s.o.RawRound) {
					return
				}
				store := fmt.Sprintf("raw-%s-%d", s.db.name(), i)
				body := fmt.Sprintf(`{"client_id":%q,"client_secret":%q,"refresh_token":%q,"grant_type":"refresh_token","redirect_uri":"http://127.0.0.1/callback"}`,
					clientID, clientSecret, tokenOf("r", store, 0))
				if err := postToken(ctx, client, s.provider, body); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	all.Wait()
	took := time.Since(begun)
	select {
	case err := <-failed:
		return 0, err
	default:
		return rate(s.o.RawRound, took), nil
	}
}

func postToken(ctx context.Context, client *http.Client, provider, body string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+provider+"/admin/oauth/token", strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	var got struct {
		Refresh string `json:"refresh_token"`
	}
	err = json.NewDecoder(res.Body).Decode(&got)
	if err == nil && got.Refresh == "" {
		err = errors.New("the platform gives no pair")
	}
	return errors.Join(err, res.Body.Close())
}
