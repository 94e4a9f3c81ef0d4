package bench

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
)

// searchers is how many people search at once in the case that has refreshes beside them.
const searchers = 20

// searching has people search, each again once they have their answer, until end is called; that returns how many answers
// they had, and the first error.
func (s *server) searching(ctx context.Context) (end func() (int64, error)) {
	ctx, cancel := context.WithCancel(ctx)
	client := &http.Client{Transport: &http.Transport{MaxIdleConns: searchers, MaxIdleConnsPerHost: searchers}}
	var found atomic.Int64
	failed := make(chan error, searchers)
	var all sync.WaitGroup
	for n := range searchers {
		all.Go(func() {
			for i := n; ctx.Err() == nil; i += searchers {
				query := url.Values{"q": {fmt.Sprint("store-", i%1000)}, "limit": {"50"}}
				if i%3 == 0 {
					query = url.Values{"state": {"active"}, "limit": {"50"}}
				}
				err := s.search(ctx, client, query)
				if err != nil && ctx.Err() == nil {
					failed <- err
					return
				}
				found.Add(1)
			}
		})
	}
	return func() (int64, error) {
		cancel()
		all.Wait()
		client.CloseIdleConnections()
		select {
		case err := <-failed:
			return found.Load(), err
		default:
			return found.Load(), nil
		}
	}
}

func (s *server) search(ctx context.Context, client *http.Client, query url.Values) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.process.address+"/v1/grants?"+query.Encode(), nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+adminKey)
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("a search was answered %d", res.StatusCode)
	}
	_ = res.Body.Close() // it was read
	return err
}
