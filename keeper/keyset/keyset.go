// Package keyset rotates the keys that seal while the process runs.
package keyset

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/keeper/seal"
	"github.com/grantkeep/grantkeep/keeper/spill"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/vault"
)

// A rotation of the keys that seal takes four steps, so that no process meets a ciphertext that it cannot open:
//
//	stored     a key set with a fresh key; every process takes it within seconds and can open with it
//	promoted   a minute later the first process that looks makes that key the one that seals
//	walked     what older keys sealed is sealed again, some rows each second
//	noted      each process says that nothing which it holds outside the database is under an older key
//
// The older keys stay in the set until somebody retires them. A backup needs none of the set in force: it has its own.
const (
	askEvery      = time.Second
	promoteAfter  = time.Minute
	sealedAtOnce  = 100
	walkRestEvery = time.Minute // how often a walk that found nothing looks again

	// settleFor is for how long a process has had a set before it says what it holds: longer than a request to a platform
	// may last, whose answer was sealed just before.
	settleFor = 10 * time.Minute
)

// ErrNoMaster says that this process cannot change keys, since it was not given the master key.
var ErrNoMaster = errors.New("keeper: this process has no master key to wrap a key set with")

// Rotation is a key that has been added and the moment from which it seals.
type Rotation struct {
	Key     int64
	SealsAt time.Time
}

// Options is what a keeper of the key set is made of.
type Options struct {
	Store  store.Store
	Vault  *vault.Vault
	Apps   *apps.Registry
	Master vault.Master // none: this process neither rotates keys nor follows a rotation
	Now    func() time.Time
	Log    *slog.Logger
	Spare  func(error) error // tells of rows that cannot be read, and returns every other error

	Spill *spill.File // what waits for the database
	Kept  *spill.Kept // what was stored lately, and is stored again after a failover
	By    string      // the name under which this process announced itself; empty: it says nothing of what it holds
}

// Keys is what a process knows of the key set in force.
type Keys struct {
	Options

	mu       sync.Mutex
	set      int64 // id of the set; 0: none taken yet
	foreign  bool  // the set is under another master key
	latest   int64 // the key that was added last
	takenAt  time.Time
	noted    int64 // the set of which this process has said that it holds nothing under older keys
	askedAt  time.Time
	walkedAt time.Time       // when nothing was left to seal again
	stuck    map[string]bool // grants and other rows that this walk could not seal again
}

// Rotate stores a key set with a fresh key. While one waits for its promotion no other is added.
func (k *Keys) Rotate(ctx context.Context) (Rotation, error) {
	if k.Master == (vault.Master{}) {
		return Rotation{}, ErrNoMaster
	}
	set, err := k.Store.Keyset(ctx)
	if err != nil {
		return Rotation{}, err
	}
	latest, err := vault.Latest(k.Master, set.Wrapped)
	if err != nil {
		return Rotation{}, err
	}
	if latest != set.Primary {
		return Rotation{latest, set.CreatedAt.Add(promoteAfter)}, nil
	}
	wrapped, key, err := vault.Add(k.Master, set.Wrapped)
	if err != nil {
		return Rotation{}, err
	}
	now := k.Now()
	err = k.Store.AddKeyset(ctx, store.Keyset{ID: set.ID + 1, Wrapped: wrapped, Primary: set.Primary, CreatedAt: now})
	if errors.Is(err, store.ErrExists) { // somebody else was first; theirs is the one
		return k.Rotate(ctx)
	}
	if err != nil {
		return Rotation{}, err
	}
	k.Log.Info("a key was added; it seals in a minute", "key", key)
	return Rotation{key, now.Add(promoteAfter)}, nil
}

// Follow takes, once a second, a newer key set, promotes a key whose time has come, and seals again what older keys
// have sealed.
func (k *Keys) Follow(ctx context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.Master == (vault.Master{}) || time.Since(k.askedAt) < askEvery {
		return nil
	}
	k.askedAt = time.Now()
	set, err := k.Store.Keyset(ctx)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if set.ID > k.set {
		err := k.Vault.Replace(k.Master, set.Wrapped)
		if k.foreign = errors.Is(err, vault.ErrWrongMaster); k.foreign {
			k.set = set.ID
			k.Log.Error("the key set was wrapped by another master key: this process goes on with the keys that it has; start it again with that master key before the keys are rotated", "set", set.ID)
			return nil
		}
		if err != nil {
			return fmt.Errorf("key set %d: %w", set.ID, err)
		}
		if k.latest, err = vault.Latest(k.Master, set.Wrapped); err != nil {
			return err
		}
		k.set, k.takenAt, k.walkedAt = set.ID, time.Now(), time.Time{}
		k.Log.Info("key set taken", "set", set.ID, "seals", set.Primary)
	}
	if k.foreign {
		return nil
	}
	if k.latest != set.Primary {
		return k.promote(ctx, set)
	}
	if time.Since(k.walkedAt) < walkRestEvery {
		return nil
	}
	left, err := k.sealAgain(ctx)
	if !left {
		k.walkedAt = time.Now()
		err = errors.Join(err, k.note(ctx))
	}
	return err
}

// promote makes the key that was added last the one that seals, once every process has had time to take it.
func (k *Keys) promote(ctx context.Context, set store.Keyset) error {
	now := k.Now()
	if now.Before(set.CreatedAt.Add(promoteAfter)) {
		return nil
	}
	wrapped, err := vault.Promote(k.Master, set.Wrapped, k.latest)
	if err != nil {
		return err
	}
	err = k.Store.AddKeyset(ctx, store.Keyset{ID: set.ID + 1, Wrapped: wrapped, Primary: k.latest, CreatedAt: now})
	if errors.Is(err, store.ErrExists) {
		return nil // another process was first
	}
	k.Log.Info("a key was promoted", "key", k.latest)
	return err
}

// sealAgain seals some of what another key than the present one has sealed, and reports whether more may be left.
func (k *Keys) sealAgain(ctx context.Context) (left bool, err error) {
	all, err := k.Store.Apps(ctx, gk.Engine(), "", 0)
	if err := k.Spare(err); err != nil {
		return true, err
	}
	now := k.Now()
	var errs []error
	for _, app := range all {
		if app.SecretsKey == k.Vault.KeyID() || len(app.Secrets) == 0 {
			continue
		}
		errs = append(errs, k.Store.UpdateApp(ctx, gk.Engine(), app.ID, now, func(row *gk.App) ([]gk.Event, error) {
			secrets, err := k.Apps.OpenSecrets(*row)
			if err != nil {
				return nil, err
			}
			return nil, k.Apps.SealSecrets(row, secrets)
		}))
	}
	ids, err := k.Store.SealedOtherwise(ctx, k.Vault.KeyID(), sealedAtOnce+len(k.stuck))
	if err != nil {
		return true, err
	}
	left = len(ids) == sealedAtOnce+len(k.stuck)
	for _, id := range ids {
		if k.stuck[id] {
			continue // it is tried again by the next walk, and does not stand before the others
		}
		err := k.Store.UpdateGrant(ctx, gk.Engine(), id, now, k.sealGrant)
		if errors.Is(err, store.ErrUnavailable) {
			return true, errors.Join(append(errs, err)...)
		}
		k.goRound(id, err)
		errs = append(errs, err)
	}
	more, err := k.sealOthersAgain(ctx)
	errs = append(errs, err, k.sealWaitingAgain())
	if left = left || more; !left {
		k.stuck = nil
	}
	return left, errors.Join(errs...)
}

// mostStuck is how many rows one walk goes round, all of them damaged.
const mostStuck = 10_000

// goRound has the rest of this walk leave out a row that could not be sealed again.
func (k *Keys) goRound(row string, err error) {
	if err == nil || len(k.stuck) >= mostStuck {
		return
	}
	if k.stuck == nil {
		k.stuck = map[string]bool{}
	}
	k.stuck[row] = true
}

// sealGrant seals both tokens of a grant again, at the generation that they have.
func (k *Keys) sealGrant(g *gk.Grant) ([]gk.Event, error) {
	if g.KeyID == k.Vault.KeyID() || len(g.Access) == 0 && len(g.Refresh) == 0 {
		return nil, store.ErrUnchanged
	}
	cred, err := seal.Credential(k.Vault, *g, true)
	if err != nil {
		return nil, err
	}
	sealed, err := seal.Pair(k.Vault, g.ID, g.Generation, cred.Token)
	if err != nil {
		return nil, err
	}
	g.Access, g.Refresh, g.KeyID = sealed.Access, sealed.Refresh, sealed.KeyID
	return nil, nil
}
