package e2e

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/store/sqlite"
)

// TestADatabaseThatWasPutBackIsKnownAtTheStart starts a server on its own database as it left it, on a copy that was put
// back in place, on a copy of the whole directory, and on each of them once more.
func TestADatabaseThatWasPutBackIsKnownAtTheStart(t *testing.T) {
	f := newFleet(t, "", 1)
	i := f.instances[0]
	f.connect(0)
	end := func() {
		t.Helper()
		i.signal(syscall.SIGTERM)
		if got := i.status(); got != 0 {
			t.Fatalf("the server ended with %d, want 0", got)
		}
	}
	restart := func() {
		t.Helper()
		i.process = launch(t, f.serveArgs(i)...)
		i.first()
	}
	fault := func() string {
		t.Helper()
		db, err := sqlite.Open(t.Context(), i.data)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		app, err := db.App(t.Context(), gk.Engine(), f.app.ID)
		if err != nil {
			t.Fatal(err)
		}
		if app.Fault == nil {
			return string(app.Stop)
		}
		return string(app.Stop) + " " + app.Fault.Code
	}
	resume := func() {
		t.Helper()
		restart()
		if err := i.api.Call(t.Context(), "PATCH", "/v1/apps/"+f.app.ID, nil, struct{}{}, nil); err != nil { // as doctor --restored does
			t.Fatal(err)
		}
		end()
		if got := fault(); got != "" {
			t.Errorf("after the operator's word the app has the fault %q", got)
		}
	}
	end()
	file := filepath.Join(i.data, "grantkeep.db")
	backup, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	restart()
	end()
	if got := fault(); got != "" {
		t.Errorf("after a plain restart the app has the fault %q", got)
	}

	if err := os.WriteFile(file, backup, 0o600); err != nil { // the inode stays
		t.Fatal(err)
	}
	restart()
	end()
	want := string(gk.StopAsking) + " " + keeper.CodeRestored
	if got := fault(); got != want {
		t.Errorf("on a database that was put back the app has the fault %q, want %q", got, want)
	}
	resume()

	elsewhere := t.TempDir()
	if err := os.CopyFS(elsewhere, os.DirFS(i.data)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(elsewhere, "master.key"), 0o600); err != nil {
		t.Fatal(err)
	}
	i.data = elsewhere
	restart()
	end()
	if got := fault(); got != want {
		t.Errorf("on a copy of the whole directory the app has the fault %q, want %q", got, want)
	}
	resume()
}
