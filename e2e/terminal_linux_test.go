package e2e_test

import (
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestTryHidesSecretsThatAreTyped asks on a terminal, which must not show the secret while it is typed.
func TestTryHidesSecretsThatAreTyped(t *testing.T) {
	t.Parallel()
	ours, theirs := openTerminal(t)
	cmd := program(t, nil, "try", "eleme")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = theirs, theirs, theirs
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = theirs.Close() // the command has its own
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // killed
	})
	var seen book
	go func() { _, _ = io.Copy(&seen, ours) }() // ends with the terminal
	wait := func(text string) {
		t.Helper()
		for end := time.Now().Add(5 * time.Minute); !strings.Contains(seen.String(), text); {
			if time.Now().After(end) {
				t.Fatalf("the terminal does not show %q:\n%s", text, seen.String())
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
	typed := func(line string) {
		t.Helper()
		if _, err := io.WriteString(ours, line+"\n"); err != nil {
			t.Fatal(err)
		}
	}
	wait("app_key: ")
	typed("visible-key")
	wait("app_secret: ")
	typed("unseen-secret")
	wait("redirect_uri (empty for this machine): ")
	typed("https://erp.example.org/callback")
	wait("2. The link")
	if text := seen.String(); !strings.Contains(text, "visible-key") || strings.Contains(text, "unseen-secret") {
		t.Errorf("the terminal shows, want the key seen and the secret unseen:\n%s", text)
	}
}

// TestRevokeAsksOnATerminal asks a person before a grant is ended; whoever does not say yes has ended nothing.
func TestRevokeAsksOnATerminal(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	var link struct{ URL string }
	d.call("POST", "/v1/authorizations", map[string]any{"app": d.Apps["shoplazza"], "shop": d.Platforms["shoplazza"].Shops[0]["host"]}, &link)
	d.agree(link.URL, "shoplazza", d.Platforms["shoplazza"].Shops[0]["id"].(string))
	var grants struct{ Items []struct{ ID, State string } }
	d.call("GET", "/v1/grants", nil, &grants)
	ours, theirs := openTerminal(t)
	cmd := program(t, []string{"GRANTKEEP_SERVER=" + d.Server, "GRANTKEEP_KEY=" + d.Key}, "grant", "revoke", grants.Items[0].ID)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = theirs, theirs, theirs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = theirs.Close() // the command has its own
	if _, err := io.WriteString(ours, "n\n"); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, ours) }() // ends with the terminal
	if err := cmd.Wait(); err == nil {
		t.Errorf("revoke went on after n")
	}
	d.call("GET", "/v1/grants", nil, &grants)
	if grants.Items[0].State != "active" {
		t.Errorf("after n the grant is %s, want active", grants.Items[0].State)
	}
}

// openTerminal opens a pseudo terminal: our end and the command's.
func openTerminal(t *testing.T) (ours, theirs *os.File) {
	t.Helper()
	ours, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("this machine has no pseudo terminals: ", err)
	}
	t.Cleanup(func() { _ = ours.Close() })
	if err := unix.IoctlSetPointerInt(int(ours.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(ours.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if theirs, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	return ours, theirs
}
