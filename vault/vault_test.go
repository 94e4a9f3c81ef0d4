package vault_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/vault"
)

const installation = "inst_1"

var place = vault.Place{Table: "grants", Row: "gr_1", Field: "access", Generation: 7}

// fresh returns a vault with a new key set, and what opens it.
func fresh(t testing.TB) (*vault.Vault, vault.Master, []byte) {
	t.Helper()
	m := vault.NewMaster()
	wrapped, primary, err := vault.Create(m)
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.Open(m, wrapped, installation)
	if err != nil {
		t.Fatal(err)
	}
	if v.KeyID() != primary || primary == 0 {
		t.Fatalf("KeyID = %d, Create said %d; want the same, not 0", v.KeyID(), primary)
	}
	return v, m, wrapped
}

func seal(t *testing.T, v *vault.Vault, plain string) gk.Sealed {
	t.Helper()
	sealed, err := v.Seal(place, []byte(plain))
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestSealedOpensInItsPlace(t *testing.T) {
	v, _, _ := fresh(t)
	for _, plain := range []string{"", "a text that chance does not write", strings.Repeat("long ", 10_000)} {
		sealed := seal(t, v, plain)
		if plain != "" && bytes.Contains(sealed, []byte(plain)) {
			t.Error("the ciphertext contains the text")
		}
		if got, want := vault.KeyOf(sealed), v.KeyID(); got != want {
			t.Errorf("KeyOf = %d, want %d", got, want)
		}
		got, err := v.Open(place, sealed)
		if err != nil || string(got) != plain {
			t.Errorf("Open = %d bytes, %v; want the %d sealed", len(got), err, len(plain))
		}
	}
}

func TestSameTextSealsDifferently(t *testing.T) {
	v, _, _ := fresh(t)
	if bytes.Equal(seal(t, v, "token"), seal(t, v, "token")) {
		t.Error("two ciphertexts of one text are equal: they tell that two shops share a token")
	}
}

func TestMovedCiphertextIsRefused(t *testing.T) {
	v, m, wrapped := fresh(t)
	other, err := vault.Open(m, wrapped, "inst_2")
	if err != nil {
		t.Fatal(err)
	}
	sealed := seal(t, v, "token")

	tests := []struct {
		moved string
		vault *vault.Vault
		place vault.Place
	}{
		{"installation", other, place},
		{"table", v, vault.Place{Table: "apps", Row: "gr_1", Field: "access", Generation: 7}},
		{"row", v, vault.Place{Table: "grants", Row: "gr_2", Field: "access", Generation: 7}},
		{"field", v, vault.Place{Table: "grants", Row: "gr_1", Field: "refresh", Generation: 7}},
		{"generation up", v, vault.Place{Table: "grants", Row: "gr_1", Field: "access", Generation: 8}},
		{"generation down", v, vault.Place{Table: "grants", Row: "gr_1", Field: "access", Generation: 6}},
		{"table runs into row", v, vault.Place{Table: "grantsg", Row: "r_1", Field: "access", Generation: 7}},
		{"row runs into field", v, vault.Place{Table: "grants", Row: "gr_1a", Field: "ccess", Generation: 7}},
		{"parts swapped", v, vault.Place{Table: "grants", Row: "access", Field: "gr_1", Generation: 7}},
	}
	for _, tt := range tests {
		t.Run(tt.moved, func(t *testing.T) {
			if _, err := tt.vault.Open(tt.place, sealed); !errors.Is(err, vault.ErrSealed) {
				t.Errorf("Open in another place: %v, want ErrSealed", err)
			}
		})
	}
}

func TestDamagedCiphertextIsRefused(t *testing.T) {
	v, _, _ := fresh(t)
	sealed := seal(t, v, "token")
	for i := range sealed {
		damaged := bytes.Clone(sealed)
		damaged[i] ^= 1
		if _, err := v.Open(place, damaged); !errors.Is(err, vault.ErrSealed) {
			t.Fatalf("Open with byte %d changed: %v, want ErrSealed", i, err)
		}
	}
	for n := range len(sealed) {
		if _, err := v.Open(place, sealed[:n]); !errors.Is(err, vault.ErrSealed) {
			t.Fatalf("Open of the first %d bytes: %v, want ErrSealed", n, err)
		}
	}
	if _, err := v.Open(place, nil); !errors.Is(err, vault.ErrSealed) {
		t.Errorf("Open of nothing: %v, want ErrSealed, never an empty token", err)
	}
}

func TestErrorNamesThePlaceAndNoText(t *testing.T) {
	v, _, _ := fresh(t)
	_, err := v.Open(place, gk.Sealed("not a ciphertext at all"))
	want := "vault: ciphertext does not open: grants gr_1 access, generation 7, sealed under key 0"
	if err == nil || err.Error() != want {
		t.Errorf("error = %v, want %s", err, want)
	}
}

func TestSecretsRoundTrip(t *testing.T) {
	v, _, _ := fresh(t)
	for _, text := range []string{"refresh-token", ""} {
		sealed, err := v.SealSecret(place, gk.NewSecret(text))
		if err != nil {
			t.Fatal(err)
		}
		if len(sealed) == 0 {
			t.Errorf("the ciphertext of %d characters is empty", len(text))
		}
		got, err := v.OpenSecret(place, sealed)
		if err != nil || got.Reveal() != text {
			t.Errorf("OpenSecret: %v, or another text; want the %d characters sealed", err, len(text))
		}
	}
	if _, err := v.OpenSecret(place, nil); !errors.Is(err, vault.ErrSealed) {
		t.Errorf("OpenSecret of nothing: %v, want ErrSealed", err)
	}
}

func TestWrongMasterIsTold(t *testing.T) {
	_, m, wrapped := fresh(t)
	if _, err := vault.Open(vault.NewMaster(), wrapped, installation); !errors.Is(err, vault.ErrWrongMaster) {
		t.Errorf("Open with another master key: %v, want ErrWrongMaster", err)
	}
	for _, damaged := range [][]byte{nil, []byte("x"), wrapped[:len(wrapped)-1]} {
		if _, err := vault.Open(m, damaged, installation); !errors.Is(err, vault.ErrWrongMaster) {
			t.Errorf("Open of a damaged set of %d bytes: %v, want ErrWrongMaster", len(damaged), err)
		}
	}
	if _, err := vault.Open(vault.Master{}, wrapped, installation); err == nil {
		t.Error("Open with the zero Master succeeded")
	}
	if _, err := vault.Open(m, wrapped, ""); err == nil {
		t.Error("Open without an installation succeeded")
	}
}

func TestCheckTellsAnotherKeySetOrInstallation(t *testing.T) {
	v, m, wrapped := fresh(t)
	check := v.Check()
	if err := v.VerifyCheck(check); err != nil {
		t.Errorf("VerifyCheck of its own value: %v", err)
	}

	stranger, _, _ := fresh(t)
	if err := stranger.VerifyCheck(check); !errors.Is(err, vault.ErrSealed) {
		t.Errorf("VerifyCheck with another key set: %v, want ErrSealed", err)
	}
	clone, err := vault.Open(m, wrapped, "inst_2")
	if err != nil {
		t.Fatal(err)
	}
	if err := clone.VerifyCheck(check); !errors.Is(err, vault.ErrSealed) {
		t.Errorf("VerifyCheck in another installation: %v, want ErrSealed", err)
	}
	for _, bad := range []string{"", "%", "AAAA"} {
		if err := v.VerifyCheck(bad); !errors.Is(err, vault.ErrSealed) {
			t.Errorf("VerifyCheck(%q): %v, want ErrSealed", bad, err)
		}
	}
}

func TestReplaceWhileInUse(t *testing.T) {
	v, m, wrapped := fresh(t)
	sealed := seal(t, v, "token")
	added, key, err := vault.Add(m, wrapped)
	if err != nil {
		t.Fatal(err)
	}
	promoted, err := vault.Promote(m, added, key)
	if err != nil {
		t.Fatal(err)
	}

	var users sync.WaitGroup
	for range 4 {
		users.Go(func() {
			for range 500 {
				if _, err := v.Open(place, sealed); err != nil {
					t.Errorf("Open during Replace: %v", err)
					return
				}
				s, err := v.Seal(place, []byte("x"))
				if err != nil {
					t.Errorf("Seal during Replace: %v", err)
					return
				}
				if _, err := v.Open(place, s); err != nil {
					t.Errorf("Open of what was just sealed: %v", err)
					return
				}
			}
		})
	}
	// added and promoted open the same ciphertexts, so that users notice nothing.
	for range 50 {
		if err := errors.Join(v.Replace(m, added), v.Replace(m, promoted)); err != nil {
			t.Errorf("Replace: %v", err)
		}
	}
	users.Wait()
	if v.KeyID() != key {
		t.Errorf("KeyID = %d, want %d", v.KeyID(), key)
	}

	if err := v.Replace(vault.NewMaster(), wrapped); !errors.Is(err, vault.ErrWrongMaster) {
		t.Errorf("Replace with another master key: %v, want ErrWrongMaster", err)
	}
	if v.KeyID() != key {
		t.Error("a failed Replace changed the key set")
	}
}

func FuzzOpen(f *testing.F) {
	v, _, _ := fresh(f)
	sealed, err := v.Seal(place, []byte("token"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{})
	f.Add([]byte{1, 0, 0, 0, 0})
	f.Add([]byte(sealed[:5]))
	f.Add([]byte(sealed[:len(sealed)-1]))
	f.Fuzz(func(t *testing.T, random []byte) {
		if bytes.Equal(random, sealed) {
			return
		}
		if _, err := v.Open(place, random); !errors.Is(err, vault.ErrSealed) {
			t.Errorf("Open of %d foreign bytes: %v, want ErrSealed", len(random), err)
		}
		_ = vault.KeyOf(random)
	})
}

func BenchmarkSealAndOpen(b *testing.B) {
	v, _, _ := fresh(b)
	token := bytes.Repeat([]byte("t"), 64)
	b.ReportAllocs()
	for b.Loop() {
		sealed, err := v.Seal(place, token)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := v.Open(place, sealed); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleVault_Seal() {
	master := vault.NewMaster()
	wrapped, _, err := vault.Create(master)
	if err != nil {
		panic(err)
	}
	v, err := vault.Open(master, wrapped, "inst_1")
	if err != nil {
		panic(err)
	}

	access := vault.Place{Table: "grants", Row: "gr_1", Field: "access", Generation: 1}
	sealed, err := v.SealSecret(access, gk.NewSecret("a token"))
	if err != nil {
		panic(err)
	}
	fmt.Println(sealed)

	refresh := access
	refresh.Field = "refresh"
	_, err = v.OpenSecret(refresh, sealed)
	fmt.Println(errors.Is(err, vault.ErrSealed))
	// Output:
	// sealed(52 bytes)
	// true
}
