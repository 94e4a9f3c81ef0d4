package vault_test

import (
	"bytes"
	"errors"
	"testing"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/vault"
)

func TestRotation(t *testing.T) {
	v, m, wrapped := fresh(t)
	check := v.Check()
	first := v.KeyID()
	old := seal(t, v, "old")
	opens := func(sealed gk.Sealed, want string) {
		t.Helper()
		if got, err := v.Open(place, sealed); err != nil || string(got) != want {
			t.Errorf("Open = %q, %v; want %q", got, err, want)
		}
	}
	follow := func(set []byte, key int64) {
		t.Helper()
		if err := v.Replace(m, set); err != nil {
			t.Fatal(err)
		}
		if v.KeyID() != key {
			t.Errorf("KeyID = %d, want %d", v.KeyID(), key)
		}
	}

	added, second, err := vault.Add(m, wrapped)
	if err != nil {
		t.Fatal(err)
	}
	if second == first || second == 0 {
		t.Fatalf("Add made key %d beside %d; want another one", second, first)
	}
	latest := func(set []byte, want int64) {
		t.Helper()
		if got, err := vault.Latest(m, set); err != nil || got != want {
			t.Errorf("Latest = %d, %v; want %d", got, err, want)
		}
	}
	latest(wrapped, first)
	latest(added, second)
	follow(added, first)
	opens(old, "old")

	promoted, err := vault.Promote(m, added, second)
	if err != nil {
		t.Fatal(err)
	}
	// A process that has taken the added set only must open what one with the promoted set seals.
	behind, err := vault.Open(m, added, installation)
	if err != nil {
		t.Fatal(err)
	}
	follow(promoted, second)
	latest(promoted, second)
	opens(old, "old")
	young := seal(t, v, "young")
	opens(young, "young")
	if vault.KeyOf(young) != second || vault.KeyOf(old) != first {
		t.Errorf("KeyOf young, old = %d, %d; want %d, %d", vault.KeyOf(young), vault.KeyOf(old), second, first)
	}
	if got, err := behind.Open(place, young); err != nil || string(got) != "young" {
		t.Errorf("Open by a process one step behind = %q, %v", got, err)
	}
	if err := v.VerifyCheck(check); err != nil {
		t.Errorf("VerifyCheck of the value of before: %v", err)
	}

	retired, err := vault.Retire(m, promoted, first)
	if err != nil {
		t.Fatal(err)
	}
	follow(retired, second)
	opens(young, "young")
	if _, err := v.Open(place, old); !errors.Is(err, vault.ErrSealed) {
		t.Errorf("Open under a retired key: %v, want ErrSealed", err)
	}
}

func TestKeySetChangesAreRefused(t *testing.T) {
	_, m, wrapped := fresh(t)
	added, second, err := vault.Add(m, wrapped)
	if err != nil {
		t.Fatal(err)
	}
	promoted, err := vault.Promote(m, added, second)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []int64{0, -1, second + 1, second + 1<<32} {
		if _, err := vault.Promote(m, added, key); err == nil {
			t.Errorf("Promote of key %d, which is not there, succeeded", key)
		}
		if _, err := vault.Retire(m, added, key); err == nil {
			t.Errorf("Retire of key %d, which is not there, succeeded", key)
		}
	}
	if _, err := vault.Retire(m, promoted, second); err == nil {
		t.Error("Retire of the key that seals succeeded")
	}

	wrong := vault.NewMaster()
	_, _, errAdd := vault.Add(wrong, wrapped)
	_, errPromote := vault.Promote(wrong, added, second)
	_, errRetire := vault.Retire(wrong, added, second)
	_, errRewrap := vault.Rewrap(wrong, m, wrapped)
	for _, err := range []error{errAdd, errPromote, errRetire, errRewrap} {
		if !errors.Is(err, vault.ErrWrongMaster) {
			t.Errorf("change with another master key: %v, want ErrWrongMaster", err)
		}
	}
	if _, _, err := vault.Create(vault.Master{}); err == nil {
		t.Error("Create with the zero Master succeeded: the key set would be wrapped by zeros")
	}
}

func TestRewrapChangesTheMasterOnly(t *testing.T) {
	v, m, wrapped := fresh(t)
	sealed := seal(t, v, "token")
	next := vault.NewMaster()
	rewrapped, err := vault.Rewrap(m, next, wrapped)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(rewrapped, wrapped) {
		t.Error("Rewrap returned the same bytes")
	}
	if err := v.Replace(next, rewrapped); err != nil {
		t.Fatal(err)
	}
	if got, err := v.Open(place, sealed); err != nil || string(got) != "token" {
		t.Errorf("Open after Rewrap = %q, %v; want the token", got, err)
	}
	if err := v.Replace(m, rewrapped); !errors.Is(err, vault.ErrWrongMaster) {
		t.Errorf("the former master key opens the set: %v, want ErrWrongMaster", err)
	}
}
