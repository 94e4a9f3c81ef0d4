package keyset_test

import (
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/keeper/keyset"
	"github.com/grantkeep/grantkeep/keeper/seal"
	"github.com/grantkeep/grantkeep/keeper/spill"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlite"
	"github.com/grantkeep/grantkeep/store/sqlite/sqlitetest"
	"github.com/grantkeep/grantkeep/vault"
)

// ring is the keeper of a key set on a database, with a spill file and what was stored lately.
type ring struct {
	*keyset.Keys
	t     *testing.T
	store store.Store
	vault *vault.Vault
	file  string
	spill *spill.File
	kept  *spill.Kept
}

func open(t *testing.T) *ring {
	t.Helper()
	dir := sqlitetest.Dir(t)
	db, err := sqlite.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	master := vault.NewMaster()
	wrapped, primary, err := vault.Create(master)
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.Open(master, wrapped, "ins_test")
	if err != nil {
		t.Fatal(err)
	}
	_, metaErr := db.SetMetaOnce(t.Context(), "keyring_check", v.Check())
	err = errors.Join(metaErr, db.AddKeyset(t.Context(), store.Keyset{ID: 1, Wrapped: wrapped, Primary: primary, CreatedAt: time.Now()}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Announce(t.Context(), "gone", "v1"); err != nil { // whoever had this identity never comes back
		t.Fatal(err)
	}
	by, err := db.Announce(t.Context(), "mine", "v1")
	if err != nil {
		t.Fatal(err)
	}
	r := &ring{t: t, store: db, vault: v, file: filepath.Join(dir, "spill"), kept: &spill.Kept{}}
	if r.spill, err = spill.Open(r.file); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(r.spill.Close(), db.Close()); err != nil {
			t.Error(err)
		}
	})
	log := slog.New(slog.DiscardHandler)
	r.Keys = &keyset.Keys{Options: keyset.Options{
		Store: db, Vault: v, Apps: apps.New(apps.Options{Store: db, Vault: v, Now: time.Now, Log: log}), Master: master, Now: time.Now, Log: log,
		Spare: func(err error) error { return err }, Spill: r.spill, Kept: r.kept, By: by,
	}}
	return r
}

// entry is a pair that was bought with generation 4, sealed as the vault seals at this moment.
func (r *ring) entry() spill.Entry {
	r.t.Helper()
	pair, err := seal.Pair(r.vault, "grt_1", 5, gk.Token{Access: gk.NewSecret("access-5"), Refresh: gk.NewSecret("refresh-5")})
	if err != nil {
		r.t.Fatal(err)
	}
	return spill.Entry{Kind: spill.Refresh, App: "app", Refresh: store.Refreshed{Grant: "grt_1", Attempt: "a", Spent: 4, Pair: pair}}
}

// pass lets the process follow for a while.
func (r *ring) pass(d time.Duration) {
	r.t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(10 * time.Second) {
		if err := r.Follow(r.t.Context()); err != nil {
			r.t.Fatal(err)
		}
	}
}

// refused asks for a retirement, which must be refused by these words.
func (r *ring) refused(words string, without ...string) {
	r.t.Helper()
	retired, err := r.Retire(r.t.Context(), without...)
	if !errors.Is(err, keyset.ErrNeeded) || !strings.Contains(err.Error(), words) || len(retired) > 0 {
		r.t.Errorf("Retire = %v, %v; want it refused for %q", retired, err, words)
	}
}

func TestOlderKeysAreRetiredOnceNothingIsUnderThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t)
		ctx := t.Context()
		first := r.vault.KeyID()
		if _, err := r.spill.Add(r.entry()); err != nil {
			t.Fatal(err)
		}
		r.kept.Add(r.entry())
		if retired, err := r.Retire(ctx); len(retired) > 0 || err != nil {
			t.Errorf("Retire of a set of one key = %v, %v; want nothing done", retired, err)
		}
		r.pass(20 * time.Second)
		rotation, err := r.Rotate(ctx)
		if err != nil {
			t.Fatal(err)
		}
		r.refused("does not seal yet", "gone")
		r.pass(90 * time.Second)
		r.refused("not known yet whether mine", "gone")
		check, err := r.store.Meta(ctx, "keyring_check")
		if err != nil || r.vault.VerifyCheck(check) != nil {
			t.Fatalf("the check value: %v, or it does not open", err)
		}
		beside, err := r.store.CiphertextsBeside(ctx, vault.Beginning(rotation.Key), 10)
		if err != nil || len(beside) > 0 {
			t.Errorf("%d are left under the first key, %v", len(beside), err)
		}
		r.pass(12 * time.Minute)
		r.refused("not known yet whether mine", "gone") // what was stored lately may be stored again, and is under the first key
		r.kept.Confirm("database")
		r.pass(2 * time.Minute)
		r.refused("not known yet whether gone")
		retired, err := r.Retire(ctx, "gone")
		if err != nil || !slices.Equal(retired, []int64{first}) {
			t.Fatalf("Retire = %v, %v; want the first key, %d", retired, err, first)
		}
		r.pass(20 * time.Second)
		standing, err := r.Standing(ctx)
		if err != nil || !slices.Equal(standing.Keys, []int64{rotation.Key}) || len(standing.InTheWay) > 0 {
			t.Errorf("Standing = %+v, %v; want the second key alone", standing, err)
		}
		for _, w := range r.spill.Waiting(true) { // and of the file, as the next process reads it
			r.opens(w.Entry)
		}
		if err := r.spill.Close(); err != nil {
			t.Fatal(err)
		}
		if r.spill, err = spill.Open(r.file); err != nil {
			t.Fatal(err)
		}
		waiting := r.spill.Waiting(true)
		if len(waiting) != 1 || r.spill.Damaged > 0 {
			t.Fatalf("%d pairs wait in the file, %d bytes are damaged; want the one", len(waiting), r.spill.Damaged)
		}
		r.opens(waiting[0].Entry)
	})
}

// opens fails the test unless a pair opens where it belongs.
func (r *ring) opens(e spill.Entry) {
	r.t.Helper()
	cred, err := seal.Credential(r.vault, gk.Grant{ID: "grt_1", Generation: 5, Pair: e.Refresh.Pair}, true)
	if err != nil || cred.Token.Access.Reveal() != "access-5" || cred.Token.Refresh.Reveal() != "refresh-5" || e.Refresh.Spent != 4 {
		r.t.Errorf("the pair that waits: %v, or another one", err)
	}
}
