package people_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/grantkeep/grantkeep/people"
)

func TestPasswordsAreHashedApart(t *testing.T) {
	h := people.NewHashing()
	const password = "seven calm herons walk home"
	one, err := h.Hash(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	two, err := h.Hash(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	if one == two || strings.Contains(one, password) || !strings.HasPrefix(one, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("two hashes of one password are %q and %q", one, two)
	}
	for _, c := range []struct {
		kept, given string
		want        bool
	}{
		{one, password, true}, {two, password, true}, {one, password + " ", false}, {one, "", false}, {"", password, false}, {"", "", false},
		{"$argon2id$v=19$m=19456,t=2,p=1$AAAA$AAAA", password, false}, {"plain", "plain", false},
		{strings.Replace(one, "m=19456", "m=4294967295", 1), password, false},
	} {
		if got, err := h.Verify(t.Context(), c.kept, c.given); got != c.want || err != nil {
			t.Errorf("Verify(%q, %q) = %t, %v; want %t", c.kept, c.given, got, err, c.want)
		}
	}
}

// TestNobodysPasswordCostsAsMuchAsSomebodys measures the memory that a comparison fills, which is most of its work.
func TestNobodysPasswordCostsAsMuchAsSomebodys(t *testing.T) {
	h := people.NewHashing()
	kept, err := h.Hash(t.Context(), "seven calm herons walk home")
	if err != nil {
		t.Fatal(err)
	}
	for whose, kept := range map[string]string{"somebody's": kept, "nobody's": ""} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if same, err := h.Verify(t.Context(), kept, "another"); same || err != nil {
			t.Errorf("%s: %t, %v; want no match", whose, same, err)
		}
		runtime.ReadMemStats(&after)
		if filled := after.TotalAlloc - before.TotalAlloc; filled < 19456<<10 {
			t.Errorf("%s password filled %d bytes, want the whole of the comparison", whose, filled)
		}
	}
}

func TestWeakPasswordsAreRefused(t *testing.T) {
	for password, want := range map[string]string{
		"short": people.TooShort, strings.Repeat("a1", 65): people.TooLong, "password1234": people.Common, "aaaaaaaaaaaaaaaa": people.Common,
		"lin-has-a-secret": people.HasName, "seven calm herons walk home": "", "七只安静的苍鹭慢慢走回家": "",
	} {
		if got := people.CheckPassword("lin", password); got != want {
			t.Errorf("CheckPassword(%q) = %q, want %q", password, got, want)
		}
	}
}

func TestNamesAndRoles(t *testing.T) {
	for text, ok := range map[string]bool{" Lin ": true, "lin@example.org": true, "": false, "a b": false, "-x": false, "<b>": false, strings.Repeat("a", 65): false} {
		if name, got := people.Name(text); got != ok {
			t.Errorf("Name(%q) = %q, %t; want %t", text, name, got, ok)
		}
	}
	if people.May("support", "operator") || !people.May("administrator", "support") || people.May("nobody", "support") || people.May("", "") {
		t.Error("a role may what is not its own, or not what is")
	}
}
