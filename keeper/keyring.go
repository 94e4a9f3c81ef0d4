package keeper

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/vault"
)

// A rotation of the keys that seal takes three steps, so that no process meets a ciphertext that it cannot open:
//
//	stored     a key set with a fresh key; every process takes it within seconds and can open with it
//	promoted   a minute later the first process that looks makes that key the one that seals
//	walked     what older keys sealed is sealed again, some rows each second
//
// The older keys stay in the set: a spill file or a backup may still need them.
const (
	promoteAfter  = time.Minute
	sealedAtOnce  = 100
	walkRestEvery = time.Minute // how often a walk that found nothing looks again
)

// ErrNoMaster says that this process cannot change keys, since it was not given the master key.
var ErrNoMaster = errors.New("keeper: this process has no master key to wrap a key set with")

// Rotation is a key that has been added and the moment from which it seals.
type Rotation struct {
	Key     int64
	SealsAt time.Time
}

// keys is what a process knows of the key set in force.
type keys struct {
	mu       sync.Mutex
	set      int64 // id of the set; 0: none taken yet
	foreign  bool  // the set is under another master key
	latest   int64 // the key that was added last
	askedAt  time.Time
	walkedAt time.Time       // when nothing was left to seal again
	stuck    map[string]bool // grants that this walk could not seal again
}

// RotateKeys stores a key set with a fresh key. While one waits for its promotion no other is added.
func (k *Keeper) RotateKeys(ctx context.Context) (Rotation, error) {
	if k.options.Master == (vault.Master{}) {
		return Rotation{}, ErrNoMaster
	}
	set, err := k.store.Keyset(ctx)
	if err != nil {
		return Rotation{}, err
	}
	latest, err := vault.Latest(k.options.Master, set.Wrapped)
	if err != nil {
		return Rotation{}, err
	}
	if latest != set.Primary {
		return Rotation{latest, set.CreatedAt.Add(promoteAfter)}, nil
	}
	wrapped, key, err := vault.Add(k.options.Master, set.Wrapped)
	if err != nil {
		return Rotation{}, err
	}
	now := k.Now()
	err = k.store.AddKeyset(ctx, store.Keyset{ID: set.ID + 1, Wrapped: wrapped, Primary: set.Primary, CreatedAt: now})
	if errors.Is(err, store.ErrExists) { // somebody else was first; theirs is the one
		return k.RotateKeys(ctx)
	}
	if err != nil {
		return Rotation{}, err
	}
	k.log.Info("a key was added; it seals in a minute", "key", key)
	return Rotation{key, now.Add(promoteAfter)}, nil
}

// followKeys takes, once a second, a newer key set, promotes a key whose time has come, and seals again what older keys
// have sealed.
func (k *Keeper) followKeys(ctx context.Context) error {
	k.keys.mu.Lock()
	defer k.keys.mu.Unlock()
	if k.options.Master == (vault.Master{}) || time.Since(k.keys.askedAt) < tick {
		return nil
	}
	k.keys.askedAt = time.Now()
	set, err := k.store.Keyset(ctx)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if set.ID > k.keys.set {
		err := k.vault.Replace(k.options.Master, set.Wrapped)
		if k.keys.foreign = errors.Is(err, vault.ErrWrongMaster); k.keys.foreign {
			k.keys.set = set.ID
			k.log.Error("the key set was wrapped by another master key: this process goes on with the keys that it has; start it again with that master key before the keys are rotated", "set", set.ID)
			return nil
		}
		if err != nil {
			return fmt.Errorf("key set %d: %w", set.ID, err)
		}
		if k.keys.latest, err = vault.Latest(k.options.Master, set.Wrapped); err != nil {
			return err
		}
		k.keys.set, k.keys.walkedAt = set.ID, time.Time{}
		k.log.Info("key set taken", "set", set.ID, "seals", set.Primary)
	}
	if k.keys.foreign {
		return nil
	}
	if k.keys.latest != set.Primary {
		return k.promote(ctx, set)
	}
	if time.Since(k.keys.walkedAt) < walkRestEvery {
		return nil
	}
	left, err := k.sealAgain(ctx)
	if !left {
		k.keys.walkedAt = time.Now()
	}
	return err
}

// promote makes the key that was added last the one that seals, once every process has had time to take it.
func (k *Keeper) promote(ctx context.Context, set store.Keyset) error {
	now := k.Now()
	if now.Before(set.CreatedAt.Add(promoteAfter)) {
		return nil
	}
	wrapped, err := vault.Promote(k.options.Master, set.Wrapped, k.keys.latest)
	if err != nil {
		return err
	}
	err = k.store.AddKeyset(ctx, store.Keyset{ID: set.ID + 1, Wrapped: wrapped, Primary: k.keys.latest, CreatedAt: now})
	if errors.Is(err, store.ErrExists) {
		return nil // another process was first
	}
	k.log.Info("a key was promoted", "key", k.keys.latest)
	return err
}

// sealAgain seals some of what another key than the present one has sealed, and reports whether more may be left.
func (k *Keeper) sealAgain(ctx context.Context) (left bool, err error) {
	apps, err := k.store.Apps(ctx, gk.Engine(), "", 0)
	if err := k.spare(err); err != nil {
		return true, err
	}
	now := k.Now()
	var errs []error
	for _, app := range apps {
		if app.SecretsKey == k.vault.KeyID() || len(app.Secrets) == 0 {
			continue
		}
		errs = append(errs, k.store.UpdateApp(ctx, gk.Engine(), app.ID, now, func(row *gk.App) ([]gk.Event, error) {
			secrets, err := k.apps.OpenSecrets(*row)
			if err != nil {
				return nil, err
			}
			return nil, k.apps.SealSecrets(row, secrets)
		}))
	}
	ids, err := k.store.SealedOtherwise(ctx, k.vault.KeyID(), sealedAtOnce+len(k.keys.stuck))
	if err != nil {
		return true, err
	}
	left = len(ids) == sealedAtOnce+len(k.keys.stuck)
	for _, id := range ids {
		if k.keys.stuck[id] {
			continue // it is tried again by the next walk, and does not stand before the others
		}
		err := k.store.UpdateGrant(ctx, gk.Engine(), id, now, k.sealGrant)
		if errors.Is(err, store.ErrUnavailable) {
			return true, errors.Join(append(errs, err)...)
		}
		if err != nil && len(k.keys.stuck) < mostStuck {
			if k.keys.stuck == nil {
				k.keys.stuck = map[string]bool{}
			}
			k.keys.stuck[id] = true
		}
		errs = append(errs, err)
	}
	if !left {
		k.keys.stuck = nil
	}
	return left, errors.Join(errs...)
}

// mostStuck is how many grants one walk goes round, all of them damaged.
const mostStuck = 10_000

// sealGrant seals both tokens of a grant again, at the generation that they have.
func (k *Keeper) sealGrant(g *gk.Grant) ([]gk.Event, error) {
	if g.KeyID == k.vault.KeyID() || len(g.Access) == 0 && len(g.Refresh) == 0 {
		return nil, store.ErrUnchanged
	}
	cred, err := k.Credential(*g, true)
	if err != nil {
		return nil, err
	}
	sealed, err := k.sealPair(g.ID, g.Generation, cred.Token)
	if err != nil {
		return nil, err
	}
	g.Access, g.Refresh, g.KeyID = sealed.Access, sealed.Refresh, sealed.KeyID
	return nil, nil
}
