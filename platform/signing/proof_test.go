package signing_test

import (
	"errors"
	"strings"
	"testing"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/signing"
)

func TestProveSaysWhichSecretMatched(t *testing.T) {
	app := platform.App{Secrets: map[string][]gk.Secret{
		"push_key":   {gk.NewSecret("new-push"), gk.NewSecret("old-push")},
		"client_key": {{}, gk.NewSecret("the-client")},
	}}
	for secret, want := range map[string]string{"new-push": "push_key", "old-push": "push_key#2", "the-client": "client_key#2", "foreign": "", "": ""} {
		given := signing.HMACLower.Sign("text", gk.NewSecret(secret))
		m, err := signing.HMACLower.Prove(app, "text", given, "push_key", "client_key")
		if m.String() != want {
			t.Errorf("signed with %q: matched %q, want %q", secret, m, want)
		}
		if forged := errors.Is(err, platform.ErrForged); forged != (want == "") {
			t.Errorf("signed with %q: %v", secret, err)
		}
	}
}

func TestProveWithoutASecretNamesTheSetting(t *testing.T) {
	app := platform.App{Secrets: map[string][]gk.Secret{"push_key": {{}}}}
	_, err := signing.HMACLower.Prove(app, "text", signing.HMACLower.Sign("text", gk.Secret{}), "push_key")
	if err == nil || errors.Is(err, platform.ErrForged) || !strings.Contains(err.Error(), "push_key is empty") {
		t.Errorf("an app without its secret: %v", err)
	}
}
