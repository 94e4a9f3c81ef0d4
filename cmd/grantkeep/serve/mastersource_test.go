package serve

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/grantkeep/grantkeep/vault"
)

// TestMasterFromEverySource reads the same key from a file, from the environment and from a command.
func TestMasterFromEverySource(t *testing.T) {
	path := filepath.Join(t.TempDir(), "master.key")
	m := vault.NewMaster()
	if err := vault.WriteMaster(path, m); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	wrapped, _, err := vault.Create(m)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("MADE_UP_MASTER", string(text))
	for _, source := range []string{path, "env:MADE_UP_MASTER", "exec:cat " + path, "exec:  cat   " + path + " "} {
		got, err := loadMaster(t.Context(), source)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		if _, err := vault.Open(got, wrapped, "ins_test"); err != nil {
			t.Errorf("%s is another key: %v", source, err)
		}
	}
	if _, ok := os.LookupEnv("MADE_UP_MASTER"); ok {
		t.Error("the variable is still in the environment, where every child finds it")
	}
}

// TestUnsoundSourcesOfAMasterAreRefused expects words that name the source and never quote what it holds.
func TestUnsoundSourcesOfAMasterAreRefused(t *testing.T) {
	t.Setenv("MADE_UP_SHORT", "QUFBQQ==")
	for source, want := range map[string]string{
		"env:MADE_UP_NOTHING":         `no variable "MADE_UP_NOTHING"`,
		"env:MADE_UP_SHORT":           "MADE_UP_SHORT holds 4 bytes",
		"exec:":                       "names no command",
		"exec:/no/such/program x":     "/no/such/program failed",
		"exec:false":                  "false failed: exit status 1; run it by hand",
		"exec:echo QUFBQQ==":          "what the command echo printed holds 4 bytes",
		"exec:true":                   "printed is empty",
		"exec:head -c 1000 /dev/zero": "is not standard base64",
		"exec:echo $(cat x)":          "is not standard base64", // no shell
	} {
		_, err := loadMaster(t.Context(), source)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want words that say %q", source, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "QUFB") {
			t.Errorf("%s: the error quotes the key: %v", source, err)
		}
	}
}

// TestMasterOfSystemd reads a credential as systemd hands it over: readable by the group in its folder, and there alone.
func TestMasterOfSystemd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "master.key")
	if err := vault.WriteMaster(path, vault.NewMaster()); err != nil {
		t.Fatal(err)
	}
	allow := func(mode os.FileMode) {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	allow(0o440)
	if _, err := loadMaster(t.Context(), path); err == nil {
		t.Error("a file that a group may read was taken")
	}
	t.Setenv("CREDENTIALS_DIRECTORY", filepath.Dir(path)+"/")
	if _, err := loadMaster(t.Context(), path); err != nil {
		t.Errorf("a credential of systemd: %v", err)
	}
	allow(0o444)
	if _, err := loadMaster(t.Context(), path); err == nil {
		t.Error("a file that everybody may read was taken")
	}
}
