package serve

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAnIdentityProviderIsReadFromAFile(t *testing.T) {
	const made = "made-up-secret-of-the-client"
	t.Setenv("TEST_OF_A_CLIENT_SECRET", made)
	whole := "issuer = \"https://login.example.com/realms/staff\"\nclient_id = \"grantkeep\"\n"
	roles := "[roles]\n\"staff\" = \"support\"\n"
	for _, c := range []struct {
		what, text string
		mode       os.FileMode
		wrong      string // empty: it opens
	}{
		{"a public client", whole + roles, 0o644, ""},
		{"a secret in the environment", whole + "client_secret = \"env:TEST_OF_A_CLIENT_SECRET\"\n" + roles, 0o644, ""},
		{"the same, which is gone by then", whole + "client_secret = \"env:TEST_OF_A_CLIENT_SECRET\"\n" + roles, 0o644, "TEST_OF_A_CLIENT_SECRET, which is empty"},
		{"a secret that only the owner reads", whole + "client_secret = \"" + made + "\"\n" + roles, 0o600, ""},
		{"a secret that others read", whole + "client_secret = \"" + made + "\"\n" + roles, 0o644, "make the file 0600"},
		{"no issuer", "client_id = \"grantkeep\"\n" + roles, 0o600, "issuer is needed"},
		{"no client", "issuer = \"https://login.example.com\"\n" + roles, 0o600, "client_id is needed"},
		{"no roles", whole, 0o600, "table roles is needed"},
		{"a role that is none", whole + "[roles]\nstaff = \"chief\"\n", 0o600, "roles.staff is no role"},
		{"plain http", strings.Replace(whole, "https", "http", 1) + roles, 0o600, "must be https"},
		{"plain http on loopback", "issuer = \"http://127.0.0.1:5556/dex\"\nclient_id = \"grantkeep\"\n" + roles, 0o600, ""},
		{"an unknown name", whole + "tenant = \"x\"\n" + roles, 0o600, `"tenant" is no setting`},
		{"a step that is none", whole + "step_up = \"never\"\n" + roles, 0o600, "proved or asked"},
		{"no TOML", "issuer = " + made, 0o600, "line 1"},
	} {
		path := filepath.Join(t.TempDir(), "oidc.toml")
		if err := os.WriteFile(path, []byte(c.text), c.mode); err != nil {
			t.Fatal(err)
		}
		p, gate, err := openProvider(path, "https://staff.example.net")
		switch {
		case c.wrong == "" && err != nil:
			t.Errorf("%s: %v", c.what, err)
		case c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)):
			t.Errorf("%s: %v, want it to say %q", c.what, err, c.wrong)
		case err != nil && strings.Contains(err.Error(), made):
			t.Errorf("%s: the error tells the secret: %v", c.what, err)
		}
		if err == nil {
			gate.Close()
			if p.Name() == "" {
				t.Errorf("%s: the log-in has no name for it", c.what)
			}
		}
	}
	if _, _, err := openProvider(filepath.Join(t.TempDir(), "none"), ""); err == nil {
		t.Error("a file that does not exist is no provider")
	}
	if p, _, err := openProvider("", ""); p != nil || err != nil {
		t.Errorf("without a file there is %v, %v", p, err)
	}
}
