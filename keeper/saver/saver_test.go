package saver

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grantkeep/grantkeep/store"
)

// slowCommits is a store whose commits take a second each, and whose rows can be refused.
type slowCommits struct {
	store.Store
	mu      sync.Mutex
	lots    []int
	refused map[string]error
	gone    bool
}

func (s *slowCommits) SaveRefreshes(_ context.Context, rs []store.Refreshed) ([]bool, error) {
	time.Sleep(time.Second)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lots = append(s.lots, len(rs))
	saved := make([]bool, len(rs))
	for i, r := range rs {
		if err := s.refused[r.Grant]; err != nil {
			return nil, err
		}
		saved[i] = r.Spent > 0
	}
	return saved, nil
}

func (s *slowCommits) SaveRefresh(ctx context.Context, r store.Refreshed) (bool, error) {
	if r.Grant == "panics" {
		panic("made up")
	}
	saved, err := s.SaveRefreshes(ctx, []store.Refreshed{r})
	return err == nil && saved[0], err
}

func (s *slowCommits) Ping(context.Context) error {
	if s.gone {
		return store.ErrUnavailable
	}
	return nil
}

// isolated makes an error of a panic, as the keeper does.
func isolated(_, _ string, work func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("broke down: %v", p)
		}
	}()
	return work()
}

// saveAll saves one pair of each grant at once and returns the answers.
func saveAll(db *slowCommits, grants ...string) map[string]error {
	s := New(db, isolated)
	answers := map[string]error{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for _, grant := range grants {
		all.Go(func() {
			saved, err := s.Save(context.Background(), store.Refreshed{Grant: grant, Attempt: "mine", Spent: 1})
			if err == nil && !saved {
				err = errors.New("not saved")
			}
			mu.Lock()
			defer mu.Unlock()
			answers[grant] = err
		})
	}
	all.Wait()
	synctest.Wait()
	return answers
}

func TestPairsThatComeTogetherShareACommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := &slowCommits{}
		var grants []string
		for i := range 100 {
			grants = append(grants, fmt.Sprint("grant-", i))
		}
		begun := time.Now()
		for grant, err := range saveAll(db, grants...) {
			if err != nil {
				t.Errorf("%s: %v", grant, err)
			}
		}
		if took := time.Since(begun); took > 2*time.Second || len(db.lots) > 2 {
			t.Errorf("it took %v in commits of %v, want two: the first to come, and all who came meanwhile", took, db.lots)
		}
	})
}

func TestPairThatIsRefusedRefusesNoOther(t *testing.T) {
	for name, why := range map[string]error{"a value is refused": errors.New("22003"), "its page is damaged": store.ErrUnavailable} {
		synctest.Test(t, func(t *testing.T) {
			db := &slowCommits{refused: map[string]error{"broken": why, "panics": why}}
			got := saveAll(db, "first", "broken", "sound", "panics", "last")
			for _, grant := range []string{"first", "sound", "last"} {
				if err := got[grant]; err != nil {
					t.Errorf("%s: %s: %v", name, grant, err)
				}
			}
			if !errors.Is(got["broken"], why) || got["panics"] == nil {
				t.Errorf("%s: %v", name, got)
			}
		})
	}
}

func TestDatabaseThatIsAwayIsAskedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := &slowCommits{gone: true, refused: map[string]error{}}
		grants := []string{"a", "b", "c", "d"}
		for _, grant := range grants {
			db.refused[grant] = store.ErrUnavailable
		}
		got := saveAll(db, grants...)
		for _, grant := range grants {
			if !errors.Is(got[grant], store.ErrUnavailable) {
				t.Errorf("%s: %v", grant, got[grant])
			}
		}
		if slices.Max(db.lots) == 1 || len(db.lots) > 2 {
			t.Errorf("it was asked for %v", db.lots)
		}
	})
}
