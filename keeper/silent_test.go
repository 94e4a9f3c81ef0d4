package keeper_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/store"
)

// silent is a store whose database can stop answering: calls hang, as on a connection to a server that is stopped,
// whatever their contexts say.
type silent struct {
	store.Store
	mu    sync.Mutex
	until chan struct{} // closed when it answers again; nil: it answers

	hanging, most atomic.Int64
	reads         atomic.Int64 // of tokens
}

func (s *silent) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.until = make(chan struct{})
}

func (s *silent) again() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.until)
	s.until = nil
}

func (s *silent) wait() {
	s.mu.Lock()
	until := s.until
	s.mu.Unlock()
	if until == nil {
		return
	}
	n := s.hanging.Add(1)
	defer s.hanging.Add(-1)
	for most := s.most.Load(); n > most && !s.most.CompareAndSwap(most, n); most = s.most.Load() {
	}
	<-until
}

func (s *silent) Tokens(ctx context.Context, ids []string) ([]gk.Grant, error) {
	s.reads.Add(1)
	s.wait()
	return s.Store.Tokens(ctx, ids)
}

func (s *silent) GrantOf(ctx context.Context, v gk.Viewer, app, kind, id string) (gk.Grant, error) {
	s.wait()
	return s.Store.GrantOf(ctx, v, app, kind, id)
}

func (s *silent) Grant(ctx context.Context, v gk.Viewer, id string) (gk.Grant, error) {
	s.wait()
	return s.Store.Grant(ctx, v, id)
}

func (s *silent) App(ctx context.Context, v gk.Viewer, id string) (gk.App, error) {
	s.wait()
	return s.Store.App(ctx, v, id)
}

func (s *silent) UpdateGrant(ctx context.Context, v gk.Viewer, id string, at time.Time, change func(*gk.Grant) ([]gk.Event, error)) error {
	s.wait()
	return s.Store.UpdateGrant(ctx, v, id, at, change)
}

func (s *silent) Changed(ctx context.Context, since string) (store.Changes, error) {
	s.wait()
	return s.Store.Changed(ctx, since)
}

func (s *silent) Ping(ctx context.Context) error {
	s.wait()
	return s.Store.Ping(ctx)
}

// silence tells a story whose database can stop answering. sole says that the keeper knows itself its only writer.
func silence(t *testing.T, sole bool, tell func(h *house, db *silent)) {
	t.Helper()
	var db *silent
	wrap := func(s store.Store) store.Store {
		if sole {
			s = s.(several).Store
		}
		db = &silent{Store: s}
		return db
	}
	wrapped(t, wrap, func(h *house) { tell(h, db) })
}

func TestReadsWhileTheDatabaseHangs(t *testing.T) {
	for _, sole := range []bool{false, true} {
		silence(t, sole, func(h *house, db *silent) {
			g, other := h.connect(0, ""), h.connect(1, "")
			want := h.token(g.ID).Access.Reveal()
			db.stop()
			defer db.again()
			time.Sleep(2 * time.Second) // what was read is no longer fresh
			refused, ctx := keeper.TokenWant{NotGeneration: 1}, context.Background()
			for _, w := range []keeper.TokenWant{{}, {}, refused} {
				begun := time.Now()
				s, err := h.keeper.Token(ctx, gk.Engine(), g.ID, w)
				took := time.Since(begun)
				if err != nil || s.Access.Reveal() != want || took > 250*time.Millisecond {
					t.Errorf("sole %v: a token that is known came with error %v after %v, want it within 250 ms", sole, err, took)
				}
				if mustBeStale := !sole || w == refused; s.Stale != mustBeStale {
					t.Errorf("sole %v: stale %v, want %v", sole, s.Stale, mustBeStale)
				}
			}
			for range 2 {
				begun := time.Now()
				_, err := h.keeper.Token(ctx, gk.Engine(), other.ID, keeper.TokenWant{})
				if took := time.Since(begun); !errors.Is(err, store.ErrUnavailable) || took > time.Second {
					t.Errorf("sole %v: a grant that is not known got %v after %v, want unavailable within a second", sole, err, took)
				}
				begun = time.Now()
				_, err = h.keeper.TokenOf(ctx, gk.Engine(), h.app.ID, "shop", h.shop(1), keeper.TokenWant{})
				if took := time.Since(begun); !errors.Is(err, store.ErrUnavailable) || took > time.Second {
					t.Errorf("sole %v: a subject that is not known got %v after %v, want unavailable within a second", sole, err, took)
				}
			}
		})
	}
}

// TestShortSilenceFailsNobody has readers ask for grants that nobody has read yet while the database says nothing for half a
// second, as it may on a machine that is busy with something else.
func TestShortSilenceFailsNobody(t *testing.T) {
	for _, sole := range []bool{false, true} {
		silence(t, sole, func(h *house, db *silent) {
			first, second := h.connect(0, ""), h.connect(1, "")
			var all sync.WaitGroup
			read := func(who string, ask func() (keeper.Served, error)) {
				all.Go(func() {
					if s, err := ask(); err != nil || s.Stale {
						t.Errorf("sole %v: %s got stale %v, %v", sole, who, s.Stale, err)
					}
				})
			}
			db.stop()
			read("the first reader", func() (keeper.Served, error) {
				return h.keeper.Token(context.Background(), gk.Engine(), first.ID, keeper.TokenWant{})
			})
			time.Sleep(300 * time.Millisecond)
			for range 3 { // one of them is let try
				read("a reader after 300 ms", func() (keeper.Served, error) {
					return h.keeper.Token(context.Background(), gk.Engine(), second.ID, keeper.TokenWant{})
				})
				read("a reader by name after 300 ms", func() (keeper.Served, error) {
					return h.keeper.TokenOf(context.Background(), gk.Engine(), h.app.ID, "shop", h.shop(1), keeper.TokenWant{})
				})
			}
			time.Sleep(200 * time.Millisecond)
			db.again()
			all.Wait()
		})
	}
}

func TestReaderWhoLeavesIsNotHeld(t *testing.T) {
	silence(t, false, func(h *house, db *silent) {
		g := h.connect(0, "")
		db.stop()
		defer db.again()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
		defer cancel()
		begun := time.Now()
		_, err := h.keeper.Token(ctx, gk.Engine(), g.ID, keeper.TokenWant{})
		if took := time.Since(begun); !errors.Is(err, context.DeadlineExceeded) || took > 10*time.Millisecond {
			t.Errorf("got %v after %v, want the end of the caller's context after 10 ms", err, took)
		}
	})
}

func TestHangingReadsAreBounded(t *testing.T) {
	silence(t, false, func(h *house, db *silent) {
		g := h.connect(0, "")
		h.token(g.ID)
		db.stop()
		for range 100 { // a minute of readers who ask for what is not known
			var all sync.WaitGroup
			for n := range 20 {
				all.Go(func() {
					id := g.ID
					if n > 0 {
						id = gk.NewID("grt", h.now())
					}
					_, err := h.keeper.Token(context.Background(), gk.Engine(), id, keeper.TokenWant{})
					if n > 0 && !errors.Is(err, store.ErrUnavailable) || n == 0 && err != nil {
						t.Errorf("reader %d got %v", n, err)
					}
				})
			}
			all.Wait()
			time.Sleep(600 * time.Millisecond)
		}
		if most := db.most.Load(); most > 100 {
			t.Errorf("%d calls hang at once, want their number bounded", most)
		}
		db.again()
		time.Sleep(time.Second)
		if s := h.token(g.ID); s.Stale {
			t.Error("a second after the database is back the token is still stale")
		}
	})
}

func TestWaitersOfOneRefreshShareWhatItLeft(t *testing.T) {
	silence(t, false, func(h *house, db *silent) {
		g := h.connect(0, "")
		h.token(g.ID)
		h.option("slow", "2s")
		h.fault("slow", "refresh", 1)
		before := db.reads.Load()
		var all sync.WaitGroup
		for range 1000 {
			all.Go(func() {
				s, err := h.keeper.Token(context.Background(), gk.Engine(), g.ID, keeper.TokenWant{NotGeneration: 1})
				if err != nil || s.Grant.Generation != 2 {
					t.Errorf("a waiter got generation %d, %v; want 2", s.Grant.Generation, err)
				}
			})
		}
		all.Wait()
		if n := db.reads.Load() - before; n > 10 {
			t.Errorf("%d reads for 1,000 waiters of one refresh, want a few", n)
		}
		if n := h.asked("refresh"); n != 1 {
			t.Errorf("%d requests, want 1", n)
		}
	})
}

func TestSoleWriterReadsATokenOnce(t *testing.T) {
	silence(t, true, func(h *house, db *silent) {
		g := h.connect(0, "")
		h.token(g.ID)
		before := db.reads.Load()
		for range 100 {
			h.token(g.ID)
			time.Sleep(time.Second)
		}
		if n := db.reads.Load() - before; n != 0 {
			t.Errorf("%d reads of what nobody has changed, want none", n)
		}
		if _, err := h.refresh(g.ID, false); err != nil {
			t.Fatal(err)
		}
		if s := h.token(g.ID); s.Grant.Generation != 2 || s.Access.Reveal() != h.truth(h.shop(0)).Access {
			t.Errorf("after a refresh generation %d is served, want the new pair", s.Grant.Generation)
		}
		if err := h.keeper.Revoke(context.Background(), gk.Engine(), g.ID); err != nil {
			t.Fatal(err)
		}
		if s, err := h.keeper.Token(context.Background(), gk.Engine(), g.ID, keeper.TokenWant{}); err == nil {
			t.Errorf("after the revocation a token of generation %d is served", s.Grant.Generation)
		}
	})
}

// TestEveryWriteOfAGrantIsSeen fails when the store learns a method that nobody has looked at: the token cache must hear of
// each grant that this process writes.
func TestEveryWriteOfAGrantIsSeen(t *testing.T) {
	heard := []string{"ClaimDue", "EndAttempts", "PutGrants", "ReleaseAttempts", "SaveRefresh", "SaveRefreshes", "UpdateGrant"}
	writesNone := []string{ // Hasten writes only when a grant is due
		"AddKeyset", "Announce", "App", "Append", "Apps", "Authorization", "AuthorizationByLink", "Authorizations",
		"Changed", "Children", "ClaimDeliveries", "ClaimPushes", "Click", "ClickByCode", "ClickByState", "Clock", "Close",
		"CreateApp", "CreateAuthorization", "CreateClick", "CreateInvitation", "CreateKey", "CreateLogin", "CreateOutlet",
		"CreatePerson", "Dead", "DeferPush", "DeleteApp", "DeleteOutlet", "Deliveries", "DropReply", "DueApps",
		"DueOutlets", "EndLogin", "EndLogins", "EndsByDay", "EventCounts", "EventsAfter", "EventsByID", "FindEvents", "FinishPush",
		"Grant", "GrantCounts", "GrantOf", "Grants", "GrantsAt", "GrantsOfShop", "Hasten", "History", "HoldOutlet",
		"Incarnation", "KeepEvents", "KeepPushes", "KeyByHash", "Keys", "Keyset", "LastPosition", "LastTold", "Login",
		"Logins", "Meta", "Name", "NextDue", "OpenClicks", "Outlet", "Outlets", "People", "Person", "PersonByName", "Ping",
		"Publish", "PushApps", "RecentEvents", "Redeliver", "RemovePerson", "ReserveReply", "RevokeKey", "Sealed",
		"SealedOtherwise", "Seen", "SetMetaOnce", "SetReply", "SettleDeliveries", "SpendInvitation", "SpendState",
		"Spread", "SpreadUntil", "StopApp", "StoppedApps", "StrandedClicks", "Sweep", "TellOnce", "TellOver", "Tokens", "TopUses", "TouchLogin", "Troubled",
		"UpdateApp", "UpdateAuthorization", "UpdateClick", "UpdateOutlet", "UpdatePerson",
	}
	writesNone = append(writesNone, "AddHalfHours", "AuditAfter", "Backlogs", "BehindKeyset", "CiphertextsBeside", "HalfHoursSince", "LastUses", "Mark",
		"Marked", "NoteKeyset", "NoteUses", "Processes", "Record", "ReplaceCiphertext", "Summary", "Unpublished")
	methods := reflect.TypeFor[store.Store]()
	for i := range methods.NumMethod() {
		name := methods.Method(i).Name
		if !slices.Contains(heard, name) && !slices.Contains(writesNone, name) {
			t.Errorf("does store.Store.%s write grants? Then keeper/cache/follow.go must tell the cache; else add it to this list", name)
		}
	}
}
