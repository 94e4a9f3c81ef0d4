package keeper_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/platform/all"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/postgres"
	"github.com/grantkeep/grantkeep/store/postgres/pgtest"
	"github.com/grantkeep/grantkeep/store/sqlite"
	"github.com/grantkeep/grantkeep/store/sqlite/sqlitetest"
)

// rotating is a platform whose refresh tokens work once. The n-th pair tells its number by its lifetime, so that a token
// beside the end of another shows.
type rotating struct {
	mu     sync.Mutex
	n      int
	spent  map[string]bool
	reused int
}

var spentToken = regexp.MustCompile(`canary-refresh-of-the-old-pair|refresh-[0-9]+`)

const shortestLife = 100_000 // seconds

func (p *rotating) answer(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	token := spentToken.Find(body)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil || token == nil || p.spent[string(token)] {
		p.reused++
	}
	p.spent[string(token)] = true
	p.n++
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, `{"access_token":"access-%d","refresh_token":"refresh-%d","expires_in":%d,"token_type":"Bearer"}`, p.n, p.n, shortestLife+p.n)
}

// TestCrowdOnATokenThatIsAlwaysDue reads 1,500 times, 32 at a time, each wanting a newer pair than the one before.
func TestCrowdOnATokenThatIsAlwaysDue(t *testing.T) {
	for name, open := range map[string]func(t *testing.T) []store.Store{
		"sqlite": func(t *testing.T) []store.Store {
			st, err := sqlite.Open(t.Context(), sqlitetest.Dir(t))
			if err != nil {
				t.Fatal(err)
			}
			return []store.Store{st}
		},
		"postgresql, one instance":  func(t *testing.T) []store.Store { return onPostgres(t, 1) },
		"postgresql, two instances": func(t *testing.T) []store.Store { return onPostgres(t, 2) },
	} {
		t.Run(name, func(t *testing.T) {
			stores := open(t)
			d := all.Drivers()[0]
			l := newLiarOn(t, d, stores[0])
			p := &rotating{spent: map[string]bool{}}
			l.answer = p.answer
			g := l.grant()
			keepers := []*keeper.Keeper{l.keeper}
			l.run()
			for _, st := range stores[1:] {
				t.Cleanup(func() {
					if err := st.Close(); err != nil {
						t.Error(err)
					}
				})
				k := l.instance(d, st)
				keepers = append(keepers, k)
				l.runs(k)
			}
			var left atomic.Int64
			left.Store(1500)
			var readers sync.WaitGroup
			for n := range 32 {
				readers.Go(func() {
					k := keepers[n%len(keepers)]
					seen := int64(0)
					for left.Add(-1) >= 0 {
						s, err := k.Token(context.Background(), gk.Engine(), g.ID, keeper.TokenWant{NotGeneration: seen})
						if err != nil {
							t.Errorf("a read failed though its token is good: %v", err)
							continue
						}
						var pair int
						if _, err := fmt.Sscanf(s.Access.Reveal(), "access-%d", &pair); err == nil {
							if life := s.Grant.Expires.Sub(s.Grant.PairAskedAt); life != time.Duration(shortestLife+pair)*time.Second {
								t.Errorf("pair %d is served with the end of another: it lives %s", pair, life)
							}
						}
						if s.Grant.Generation < seen && len(keepers) == 1 { // what another instance stored is seen within a second
							t.Errorf("generation %d after %d", s.Grant.Generation, seen)
						}
						seen = s.Grant.Generation
					}
				})
			}
			readers.Wait()
			p.mu.Lock()
			defer p.mu.Unlock()
			row, err := l.store.Grant(t.Context(), gk.Engine(), g.ID)
			if err != nil || row.State != gk.Active || !row.Renewable || row.InDoubt() || row.Generation != int64(p.n)+1 {
				t.Errorf("in the end the grant is %s, renewable %v, in doubt %v, generation %d after %d pairs, %v; want none lost",
					row.State, row.Renewable, row.InDoubt(), row.Generation, p.n, err)
			}
			if p.reused != 0 || p.n < 2 {
				t.Errorf("%d refresh tokens were spent twice, of %d; want none", p.reused, p.n)
			}
		})
	}
}

func onPostgres(t *testing.T, n int) []store.Store {
	t.Helper()
	url := pgtest.URL(t)
	var stores []store.Store
	for range n {
		st, err := postgres.Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		stores = append(stores, st)
	}
	return stores
}
