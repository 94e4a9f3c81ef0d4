package door_test

import (
	"regexp"
	"strings"
	"testing"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api/door"
)

func TestNewKeyHasAFormThatScannersKnow(t *testing.T) {
	form := regexp.MustCompile(`\Agk_[A-Za-z0-9_-]{43}[0-9A-Za-z]{6}\z`)
	seen := map[string]bool{}
	for range 100 {
		k := door.NewKey()
		text := k.Reveal()
		if !form.MatchString(text) || !door.MadeKey(k) || !door.ValidKey(k) {
			t.Fatalf("a key of %d characters has not the form", len(text))
		}
		if seen[text] {
			t.Fatal("two keys are the same")
		}
		seen[text] = true
		wrong := strings.ToUpper(text[3:4])
		if wrong == text[3:4] {
			wrong = strings.ToLower(wrong)
		}
		if wrong != text[3:4] && door.MadeKey(gk.NewSecret("gk_"+wrong+text[4:])) {
			t.Error("the checksum does not see a changed character")
		}
	}
}

func TestValidKey(t *testing.T) {
	for text, want := range map[string]bool{
		"":                                       false,
		"gk_short":                               false,
		"gk_" + strings.Repeat("a", 28):          false,
		"gk_" + strings.Repeat("a", 29):          true,
		"xx_" + strings.Repeat("a", 29):          false,
		"gk_" + strings.Repeat("a", 600):         false,
		"gk_" + strings.Repeat("a", 29) + " b":   false,
		"gk_" + strings.Repeat("a", 29) + "\xff": false,
	} {
		if got := door.ValidKey(gk.NewSecret(text)); got != want {
			t.Errorf("ValidKey(%d characters) = %v, want %v", len(text), got, want)
		}
	}
}
