package signing

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// Match says which secret of an app proved something.
type Match struct {
	Setting string // by the platform's own name; empty: none did
	Nth     int    // 1: the newest value
}

// String returns the setting, with #2, #3 … for an older value of it. It holds nothing of the secret.
func (m Match) String() string {
	if m.Nth < 2 {
		return m.Setting
	}
	return fmt.Sprintf("%s#%d", m.Setting, m.Nth)
}

// Equal compares two signatures in constant time.
func Equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// Prove asks which of an app's secrets made a signature over a text. See [Prove] for the order and the errors.
func (r Recipe) Prove(app platform.App, text, given string, settings ...string) (Match, error) {
	return Prove(app, func(secret gk.Secret) bool { return Equal(r.Sign(text, secret), given) }, settings...)
}

// Prove tries every secret of the settings, in their order, each with its newest value first, and returns the one for
// which proves holds. It returns an error that wraps platform.ErrForged if none does, and one that names the first
// setting where the app has no secret to try: then nothing is known of the signature. An empty secret proves nothing.
func Prove(app platform.App, proves func(gk.Secret) bool, settings ...string) (Match, error) {
	tried := false
	for _, setting := range settings {
		for i, secret := range app.Secrets[setting] {
			if secret.Empty() {
				continue
			}
			tried = true
			if proves(secret) {
				return Match{Setting: setting, Nth: i + 1}, nil
			}
		}
	}
	if !tried {
		return Match{}, errNoSecret(app, settings)
	}
	return Match{}, fmt.Errorf("%w: no %s of the app gives this signature", platform.ErrForged, strings.Join(settings, " or "))
}

func errNoSecret(app platform.App, settings []string) error {
	code := "platform"
	if spec := app.Spec(); spec != nil {
		code = spec.Code
	}
	if len(settings) == 0 {
		return errors.New(code + ": no secret is named to verify with")
	}
	return errors.New(code + ": verify: " + settings[0] + " is empty")
}
