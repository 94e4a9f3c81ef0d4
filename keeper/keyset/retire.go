package keyset

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/vault"
)

// settled reports whether this process has had its set for long enough, and holds nothing under an older key.
func (k *Keys) settled() bool {
	if time.Since(k.takenAt) < settleFor {
		return false
	}
	return (k.Spill == nil || k.Spill.All(k.underPrimary)) && (k.Kept == nil || k.Kept.Every(k.underPrimary))
}

// ErrNeeded is the error of a retirement while something is, or may be, under an older key.
var ErrNeeded = errors.New("the older keys are still needed")

// Standing is how the keys of the set in force stand.
type Standing struct {
	Keys    []int64 // in the order in which they were added
	Sealing int64
	Since   time.Time // when the set was last changed
	// InTheWay says in words, an item for each thing, why the older keys cannot be retired. It is empty where they can, and
	// where there are none.
	InTheWay []string
	Behind   []string // identities of processes that have not said that they hold nothing under the older keys

	set store.Keyset
}

// Older returns the keys that no longer seal.
func (s Standing) Older() []int64 {
	return slices.DeleteFunc(slices.Clone(s.Keys), func(key int64) bool { return key == s.Sealing })
}

// Standing looks at the key set, and at what is under its older keys. Whoever is in without is gone, and its disk with it.
func (k *Keys) Standing(ctx context.Context, without ...string) (s Standing, err error) {
	if k.Master == (vault.Master{}) {
		return s, ErrNoMaster
	}
	if s.set, err = k.Store.Keyset(ctx); err != nil {
		return s, err
	}
	if s.Keys, err = vault.Keys(k.Master, s.set.Wrapped); err != nil {
		return s, err
	}
	s.Sealing, s.Since = s.set.Primary, s.set.CreatedAt
	if len(s.Keys) < 2 {
		return s, nil
	}
	if s.Keys[len(s.Keys)-1] != s.Sealing {
		s.InTheWay = []string{"a key was added and does not seal yet"}
		return s, nil
	}
	for _, look := range []func(context.Context, store.Keyset) (string, error){k.grantsUnderOlder, k.appsUnderOlder, k.othersUnderOlder} {
		found, err := look(ctx, s.set)
		if err != nil {
			return s, err
		}
		if found != "" {
			s.InTheWay = append(s.InTheWay, found)
		}
	}
	behind, err := k.Store.BehindKeyset(ctx, s.set.ID)
	if err != nil {
		return s, err
	}
	s.Behind = slices.DeleteFunc(behind, func(id string) bool { return slices.Contains(without, id) })
	if len(s.Behind) > 0 {
		s.InTheWay = append(s.InTheWay, "it is not known yet whether "+some(s.Behind)+" holds something under an older key: each instance says that it does not about ten "+
			"minutes after it has taken the set, and one that is gone for good is named with --without")
	}
	return s, nil
}

// Retire takes the older keys out of the set. It is refused, by ErrNeeded, while something may be under them.
func (k *Keys) Retire(ctx context.Context, without ...string) (retired []int64, err error) {
	s, err := k.Standing(ctx, without...)
	if err != nil {
		return nil, err
	}
	if len(s.InTheWay) > 0 {
		return nil, fmt.Errorf("%w: %s", ErrNeeded, strings.Join(s.InTheWay, "; "))
	}
	wrapped := s.set.Wrapped
	for _, key := range s.Older() {
		if wrapped, err = vault.Retire(k.Master, wrapped, key); err != nil {
			return nil, err
		}
	}
	if len(s.Older()) == 0 {
		return nil, nil
	}
	err = k.Store.AddKeyset(ctx, store.Keyset{ID: s.set.ID + 1, Wrapped: wrapped, Primary: s.Sealing, CreatedAt: k.Now()})
	if errors.Is(err, store.ErrExists) { // somebody has changed the set meanwhile
		return k.Retire(ctx, without...)
	}
	if err != nil {
		return nil, err
	}
	k.Log.Info("older keys were retired", "keys", s.Older())
	return s.Older(), nil
}

// named is how many things are told by name.
const named = 3

// some names a few.
func some(names []string) string {
	if len(names) > named {
		return strings.Join(names[:named], ", ") + " and others"
	}
	return strings.Join(names, ", ")
}

const underOlder = "under an older key; they are sealed again by themselves, unless they are damaged"

func (k *Keys) grantsUnderOlder(ctx context.Context, set store.Keyset) (string, error) {
	ids, err := k.Store.SealedOtherwise(ctx, set.Primary, named+1)
	if err != nil || len(ids) == 0 {
		return "", err
	}
	return "the tokens of " + some(ids) + " are " + underOlder + ": such a grant is revoked, or authorized anew", nil
}

func (k *Keys) appsUnderOlder(ctx context.Context, set store.Keyset) (string, error) {
	all, err := k.Store.Apps(ctx, gk.Engine(), "", 0)
	if err != nil {
		return "", err
	}
	var ids []string
	for _, app := range all {
		if len(app.Secrets) > 0 && app.SecretsKey != set.Primary {
			ids = append(ids, app.ID)
		}
	}
	if len(ids) == 0 {
		return "", nil
	}
	return "the secrets of " + some(ids) + " are " + underOlder + ": such an app is given its secrets again", nil
}

func (k *Keys) othersUnderOlder(ctx context.Context, set store.Keyset) (string, error) {
	found, err := k.Store.CiphertextsBeside(ctx, vault.Beginning(set.Primary), named+1)
	if err != nil || len(found) == 0 {
		return "", err
	}
	var names []string
	for _, c := range found {
		names = append(names, c.Table+" "+c.Row)
	}
	return some(names) + " are " + underOlder + ": such a webhook or alarm is removed, such a second step taken away", nil
}

// oldest is the age at which keys are rotated.
const oldest = 366 * 24 * time.Hour

// Unable says in words why this process cannot look into the key set or change it; empty where it is something else.
func Unable(err error) string {
	switch {
	case errors.Is(err, ErrNoMaster):
		return "this process has no master key and cannot look into the key set"
	case errors.Is(err, vault.ErrWrongMaster):
		return "the key set is under another master key than this process was started with: start it again with that one before the keys are rotated"
	}
	return ""
}

// Check looks at the key set in force and at what older keys have sealed, for whoever runs the process.
func (k *Keys) Check(ctx context.Context) apps.Check {
	c := apps.Check{Name: "keys", State: apps.CheckFailed}
	s, err := k.Standing(ctx)
	switch {
	case errors.Is(err, ErrNoMaster):
		c.State, c.Detail = apps.CheckManual, Unable(err)
	case Unable(err) != "":
		c.Detail = Unable(err)
	case err != nil:
		c.Detail = "could not be looked at: " + err.Error()
	case k.Now().Sub(s.Since) > oldest:
		c.Detail = fmt.Sprintf("the keys were last changed on %s; rotate them once a year: grantkeep keyring rotate", s.Since.Format(time.DateOnly))
	case len(s.Keys) < 2:
		c.State, c.Detail = apps.CheckOK, "one key"
	case len(s.InTheWay) > 0:
		c.State, c.Detail = apps.CheckOK, fmt.Sprintf("%d keys, the newest seals; the older ones are still needed: %s", len(s.Keys), strings.Join(s.InTheWay, "; "))
	default:
		c.State, c.Detail = apps.CheckOK, fmt.Sprintf("%d keys, the newest seals; nothing needs the older ones: grantkeep keyring retire", len(s.Keys))
	}
	return c
}
