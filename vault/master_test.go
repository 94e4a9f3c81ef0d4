package vault_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/grantkeep/grantkeep/vault"
)

// zeros is the text of a key file that everybody may know.
var zeros = base64.StdEncoding.EncodeToString(make([]byte, 32))

func TestMasterSurvivesItsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "master.key")
	m := vault.NewMaster()
	if err := vault.WriteMaster(path, m); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o600 {
		t.Errorf("mode = %04o, want 0600", got)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(text) != 45 || !bytes.HasSuffix(text, []byte("\n")) {
		t.Errorf("the file has %d characters, want one line of 44", len(text))
	}

	again, err := vault.ReadMaster(path)
	if err != nil {
		t.Fatal(err)
	}
	wrapped, _, err := vault.Create(m)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := vault.Open(again, wrapped, installation); err != nil {
		t.Errorf("the key that was read does not open what the written one wrapped: %v", err)
	}

	if err := vault.WriteMaster(path, vault.NewMaster()); err == nil {
		t.Error("WriteMaster replaced a key file")
	}
	if err := vault.WriteMaster(filepath.Join(t.TempDir(), "zero"), vault.Master{}); err == nil {
		t.Error("WriteMaster wrote the zero Master")
	}
}

func TestMasterFileIsReadWithOrWithoutLineEnd(t *testing.T) {
	for _, end := range []string{"", "\n", "\r\n"} {
		path := write(t, zeros+end, 0o600)
		if _, err := vault.ReadMaster(path); err != nil {
			t.Errorf("ReadMaster with line end %q: %v", end, err)
		}
	}
	if _, err := vault.ReadMaster(write(t, zeros, 0o400)); err != nil {
		t.Errorf("ReadMaster with mode 0400: %v", err)
	}
}

func TestUnsoundMasterFileIsRefused(t *testing.T) {
	sound := write(t, zeros, 0o600)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(sound, link); err != nil {
		t.Fatal(err)
	}
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}

	tests := []struct {
		name, path, want string
	}{
		{"absent", filepath.Join(t.TempDir(), "absent"), "no such file"},
		{"symlink", link, "is a symbolic link; name the file itself"},
		{"folder", t.TempDir(), "is not a regular file"},
		{"pipe", pipe, "is not a regular file"},
		{"group may read", write(t, zeros, 0o640), "has mode 0640"},
		{"all may read", write(t, zeros, 0o604), "chmod 600 "},
		{"others may write", write(t, zeros, 0o602), "has mode 0602"},
		{"empty", write(t, "", 0o600), "is empty"},
		{"only a line end", write(t, "\n", 0o600), "is empty"},
		{"two lines", write(t, zeros+"\n"+zeros+"\n", 0o600), "more than one line"},
		{"broken line", write(t, zeros[:20]+"\n"+zeros[20:], 0o600), "more than one line"},
		{"hexadecimal", write(t, strings.Repeat("0f", 32)+"!", 0o600), "is not standard base64"},
		{"base64 for addresses", write(t, strings.Repeat("_", 43)+"=", 0o600), "is not standard base64"},
		{"leading space", write(t, " "+zeros, 0o600), "is not standard base64"},
		{"31 bytes", write(t, base64.StdEncoding.EncodeToString(make([]byte, 31)), 0o600), "holds 31 bytes"},
		{"33 bytes", write(t, base64.StdEncoding.EncodeToString(make([]byte, 33)), 0o600), "holds 33 bytes; it must be one line, standard base64 of 32 random bytes"},
		{"very long", write(t, strings.Repeat("A", 1<<20), 0o600), "holds 192 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := vault.ReadMaster(tt.path)
			if err == nil {
				t.Fatal("ReadMaster accepted it")
			}
			if got := err.Error(); !strings.Contains(got, tt.want) || !strings.Contains(got, tt.path) {
				t.Errorf("error = %q, want it to name %s and say %q", got, tt.path, tt.want)
			}
			if strings.Contains(err.Error(), "AAAAAAAA") {
				t.Errorf("error %q quotes the file", err)
			}
		})
	}
}

func TestMasterNeverPrints(t *testing.T) {
	key := bytes.Repeat([]byte("canary! "), 4)
	path := write(t, base64.StdEncoding.EncodeToString(key), 0o600)
	m, err := vault.ReadMaster(path)
	if err != nil {
		t.Fatal(err)
	}
	hidden := struct{ master vault.Master }{m}

	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+verb+verb+"\n", m, &m, hidden)
	}
	log := slog.New(slog.NewJSONHandler(&out, nil))
	log.Info("start", "master", m, "hidden", hidden)
	slog.New(slog.NewTextHandler(&out, nil)).Info("start", "master", m, "hidden", hidden)
	if err := json.NewEncoder(&out).Encode(map[string]any{"m": m, "h": hidden}); err != nil {
		t.Fatal(err)
	}

	for name, mark := range map[string]string{
		"plain": "canary", "base64": base64.StdEncoding.EncodeToString(key)[:8], "hex": fmt.Sprintf("%x", "canary"), "decimal": "99 97 110",
	} {
		if strings.Contains(out.String(), mark) {
			t.Errorf("the key shows as %s in:\n%s", name, out.String())
		}
	}
}

// write makes a file of a mode, whatever the umask.
func write(t *testing.T, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}
