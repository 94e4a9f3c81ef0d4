package keeper_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/keeper/keyset"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/vault"
)

func TestKeysAreRotatedWhileTwoProcessesServe(t *testing.T) {
	h := openShared(t)
	var ahead atomic.Int64 // of product time
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	h.use(h.sharing("first", now))
	second := h.sharing("second", now)
	h.addApp("shoplazza")
	g := h.connect(0, "")
	before := h.grant(g.ID)

	rotation, err := h.keeper.Keys().Rotate(t.Context())
	if err != nil || rotation.Key == before.KeyID {
		t.Fatalf("RotateKeys = key %d, %v; want another one than %d", rotation.Key, err, before.KeyID)
	}
	if again, err := second.Keys().Rotate(t.Context()); err != nil || again != rotation {
		t.Errorf("a rotation during a rotation = %v, %v; want the one under way, %v", again, err, rotation)
	}
	h.soon("both have taken the set", func() bool { return h.logged("key set taken") >= 4 }) // the first set and the next
	if refreshed, err := second.Refresh(t.Context(), gk.Engine(), g.ID, false); err != nil || refreshed.KeyID != before.KeyID {
		t.Errorf("a renewal before the promotion is sealed by key %d, %v; want the old one, %d", refreshed.KeyID, err, before.KeyID)
	}

	ahead.Store(int64(61 * time.Second))
	h.soon("what the old key sealed is sealed again", func() bool {
		app, err := h.store.App(t.Context(), gk.Engine(), h.app.ID)
		return err == nil && h.grant(g.ID).KeyID == rotation.Key && app.SecretsKey == rotation.Key
	})
	sealed := h.grant(g.ID)
	if vault.KeyOf(sealed.Access) != rotation.Key || vault.KeyOf(sealed.Refresh) != rotation.Key || sealed.Generation != 2 {
		t.Errorf("sealed by keys %d and %d at generation %d, want %d, and 2", vault.KeyOf(sealed.Access), vault.KeyOf(sealed.Refresh), sealed.Generation, rotation.Key)
	}
	h.soon("both have taken the promoted set", func() bool { return h.logged("key set taken") >= 6 })
	time.Sleep(1100 * time.Millisecond) // of the cache
	for name, k := range map[string]*keeper.Keeper{"first": h.keeper, "second": second} {
		s, err := k.Token(context.Background(), gk.Engine(), g.ID, keeper.TokenWant{})
		if err != nil || s.Access.Reveal() != h.truth(h.shop(0)).Access {
			t.Errorf("%s after the rotation: %v, or another token than the platform's", name, err)
		}
	}
	if refreshed, err := second.Refresh(t.Context(), gk.Engine(), g.ID, false); err != nil || refreshed.Generation != 3 || refreshed.KeyID != rotation.Key {
		t.Errorf("a renewal afterwards: generation %d, sealed by key %d, %v; want 3 and %d", refreshed.Generation, refreshed.KeyID, err, rotation.Key)
	}
	set, err := h.store.Keyset(t.Context())
	if err != nil || set.ID != 3 || set.Primary != rotation.Key {
		t.Errorf("the key set in force is %d with key %d, %v; want 3 with %d: two processes promote once", set.ID, set.Primary, err, rotation.Key)
	}
}

// TestInstanceServesOnUnderTheFormerMasterKey wraps the key set by another master key under a running process, and starts
// another one with that key beside it.
func TestInstanceServesOnUnderTheFormerMasterKey(t *testing.T) {
	h := openShared(t)
	h.keeper = h.sharing("first", time.Now)
	h.addApp("shoplazza")
	g := h.connect(0, "")
	set, err := h.store.Keyset(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	next := vault.NewMaster()
	wrapped, err := vault.Rewrap(h.master, next, set.Wrapped)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.store.AddKeyset(t.Context(), store.Keyset{ID: set.ID + 1, Wrapped: wrapped, Primary: set.Primary, CreatedAt: time.Now()}); err != nil {
		t.Fatal(err)
	}
	h.soon("the first process has seen it", func() bool { return h.logged("wrapped by another master key") == 1 })
	if _, err := h.keeper.Keys().Rotate(t.Context()); !errors.Is(err, vault.ErrWrongMaster) {
		t.Errorf("RotateKeys under the former master key = %v, want ErrWrongMaster", err)
	}
	if _, err := h.keeper.Refresh(t.Context(), gk.Engine(), g.ID, false); err != nil {
		t.Errorf("a renewal under the former master key: %v", err)
	}
	h.master = next
	second := h.sharing("second", time.Now)
	s, err := second.Token(t.Context(), gk.Engine(), g.ID, keeper.TokenWant{})
	if err != nil || s.Access.Reveal() != h.truth(h.shop(0)).Access {
		t.Errorf("the process with the new master key: %v, or another token than the platform's", err)
	}
	if n := h.logged("wrapped by another master key"); n != 1 {
		t.Errorf("it was said %d times, want once", n)
	}
}

func TestKeysAreNotRotatedWithoutTheMasterKey(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		if _, err := h.keeper.Keys().Rotate(context.Background()); !errors.Is(err, keyset.ErrNoMaster) {
			t.Errorf("RotateKeys = %v, want ErrNoMaster", err)
		}
	})
}

// TestRowsThatDoNotOpenHoldUpNoWalk has more damaged rows than one step of the walk takes, before a sound one.
func TestRowsThatDoNotOpenHoldUpNoWalk(t *testing.T) {
	h := openShared(t)
	var ahead atomic.Int64 // of product time
	h.use(h.sharing("first", func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }))
	h.addApp("shoplazza")
	g := h.connect(0, "")
	breaks["its secrets are damaged"](h)
	h.addApp("shoplazza")
	sound := h.app
	for n := range 150 {
		damaged := h.grant(g.ID)
		damaged.ID, damaged.Subject.ID = fmt.Sprintf("grt_0%03d", n), fmt.Sprint(9000+n)
		h.putGrant(damaged) // its ciphertexts are bound to another row
	}
	rotation, err := h.keeper.Keys().Rotate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ahead.Store(int64(61 * time.Second))
	h.soon("what is sound is sealed again", func() bool {
		app, err := h.store.App(t.Context(), gk.Engine(), sound.ID)
		return err == nil && h.grant(g.ID).KeyID == rotation.Key && app.SecretsKey == rotation.Key
	})
}
