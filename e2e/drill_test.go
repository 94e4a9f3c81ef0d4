package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// command runs a command to its end, with a server's address and key in its environment, and returns what it printed.
func (f *fleet) command(args ...string) (string, error) {
	f.t.Helper()
	cmd := exec.CommandContext(f.t.Context(), Program, args...)
	cmd.Env = append(os.Environ(), "GRANTKEEP_TEST_MAIN=1", "GRANTKEEP_SERVER=http://"+f.instances[0].address, "GRANTKEEP_KEY="+adminKey)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// TestDrill loses a whole machine: two merchants are connected, a copy is made while the server runs, one pair is
// refreshed after it and one more merchant comes, then everything but the copy and the master key is gone. Whoever was
// neither refreshed nor new since the copy must do nothing.
func TestDrill(t *testing.T) {
	f := newFleet(t, "", 1)
	i := f.instances[0]
	kept := []string{f.connect(0), f.connect(1)}
	spent := kept[1]

	safe := t.TempDir()
	copied, key := filepath.Join(safe, "copy.db"), filepath.Join(safe, "master.key")
	text, err := os.ReadFile(filepath.Join(i.data, "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(key, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := f.command("backup", copied, "--data", i.data); err != nil || !strings.Contains(out, "1 apps, 2 grants") {
		t.Fatalf("backup: %v\n%s", err, out)
	}
	if err := <-f.refresh(0, spent); err != nil {
		t.Fatal(err)
	}
	lost := f.connect(2)

	i.kill()
	if err := os.RemoveAll(i.data); err != nil {
		t.Fatal(err)
	}
	if out, err := f.command("restore", copied, "--data", i.data, "--master-key", key); err != nil || !strings.Contains(out, "2 grants") {
		t.Fatalf("restore: %v\n%s", err, out)
	}
	if err := os.WriteFile(filepath.Join(i.data, "master.key"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	f.start(i)

	again := 0
	for n, id := range kept {
		if err := <-f.refresh(0, id); err != nil {
			t.Logf("refresh of grant %d: %v", n, err)
		}
		g := f.grant(0, id)
		if g.Fault != nil {
			again++
			if id != spent {
				t.Errorf("grant %d, whose pair the copy holds, is refused: %s", n, g.Fault.Code)
			}
			continue
		}
		f.served(id, n, g.Generation)
	}
	if _, err := f.instances[0].api.Grant(t.Context(), lost); err == nil {
		t.Error("a grant that came after the copy is there")
	} else {
		again++
	}
	if again != 2 {
		t.Errorf("%d merchants must agree again, want 2: one was renewed after the copy, one came after it", again)
	}
	t.Logf("3 merchants, one copy, everything lost: %d must agree again", again)
	i.signal(syscall.SIGTERM)
	if got := i.status(); got != 0 {
		t.Errorf("the server ended with %d, want 0", got)
	}
}
