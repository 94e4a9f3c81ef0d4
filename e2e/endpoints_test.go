package e2e

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/client"
)

// TestAppAtAForeignEndpointIsBrokenAlone starts a server without the --allow-endpoint that one of its apps needs, and
// again with it.
func TestAppAtAForeignEndpointIsBrokenAlone(t *testing.T) {
	f := newFleet(t, "", 1)
	i := f.instances[0]
	other, err := i.api.CreateApp(t.Context(), client.App{Platform: "eleme", Settings: map[string]string{"app_key": "made-up", "app_secret": "made-up"}})
	if err != nil {
		t.Fatal(err)
	}
	again := func(platforms bool) {
		t.Helper()
		i.signal(syscall.SIGTERM)
		if got := i.status(); got != 0 {
			t.Fatalf("the server ended with %d, want 0", got)
		}
		i.address = "127.0.0.1:0"
		all := f.sims.Platforms
		if !platforms {
			f.sims.Platforms = nil
		}
		f.start(i)
		f.sims.Platforms = all
	}
	fault := func(id string) string {
		t.Helper()
		a, err := i.api.App(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if a.Fault == nil {
			return ""
		}
		return a.Fault.Code
	}
	for range 2 { // the second start tells the log again, and nobody else
		again(false)
		if got := fault(f.app.ID); got != apps.CodeEndpoint {
			t.Errorf("the app's fault is %q, want %q", got, apps.CodeEndpoint)
		}
		if got := fault(other.ID); got != "" {
			t.Errorf("the other app's fault is %q, want none", got)
		}
		f.eventually("the log speaks of the app once for each start", func() bool { return strings.Count(i.log.String(), "an app cannot be opened") == 1 })
	}
	doctor := exec.CommandContext(t.Context(), Program, "doctor")
	doctor.Env = append(os.Environ(), "GRANTKEEP_TEST_MAIN=1", "GRANTKEEP_SERVER=http://"+i.address, "GRANTKEEP_KEY="+adminKey)
	out, err := doctor.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "--allow-endpoint") {
		t.Errorf("doctor ends with %v and says\n%s", err, out)
	}
	again(true)
	if got := fault(f.app.ID); got != "" {
		t.Errorf("with the host named at start the app's fault is %q, want none", got)
	}
	f.eventually("the app's events are of its making, its break and its repair", func() bool {
		var kinds []string
		var page struct{ Items []struct{ App, Kind string } }
		if err := i.api.Call(t.Context(), "GET", "/v1/events", nil, nil, &page); err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Items {
			if e.App == f.app.ID {
				kinds = append(kinds, e.Kind)
			}
		}
		return strings.Join(kinds, " ") == "app.changed app.broken app.resumed"
	})
}
