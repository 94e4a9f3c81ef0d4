package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/keeper"
)

// TestDoctorLetsRefreshesGoOnAfterARestore stops an app as a restored database would, and gives the operator's word.
func TestDoctorLetsRefreshesGoOnAfterARestore(t *testing.T) {
	w := newTown(t)
	stopped, other := w.Apps["shopee"], w.Apps["eleme"]
	for id, code := range map[string]string{stopped: keeper.CodeRestored, other: "error_sign"} {
		why := gk.StopFault
		if code == keeper.CodeRestored {
			why = gk.StopRestored
		}
		err := w.Store.UpdateApp(t.Context(), gk.Engine(), id, w.Keeper.Now(), func(app *gk.App) ([]gk.Event, error) {
			app.Fault = &gk.Fault{Platform: app.Platform, Stage: "refresh", Code: code, Action: gk.FixConfig}
			app.Stop, app.PausedUntil = why, w.Keeper.Now().Add(time.Hour)
			return nil, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	paused := func(id string) bool {
		var app map[string]json.RawMessage
		w.ask(w.Key, http.MethodGet, "/v1/apps/"+id, nil).into(t, &app)
		return len(app["fault"]) > 0
	}
	doctor := func(args ...string) string {
		cmd := exec.CommandContext(t.Context(), Program, append([]string{"doctor"}, args...)...)
		cmd.Env = append(os.Environ(), "GRANTKEEP_TEST_MAIN=1", "GRANTKEEP_SERVER="+w.Server, "GRANTKEEP_KEY="+w.Key.Reveal())
		out, _ := cmd.CombinedOutput() // what it finds makes its status
		return string(out)
	}
	if out := doctor(); !strings.Contains(out, "doctor --restored") || !paused(stopped) {
		t.Errorf("doctor alone must say what to do and change nothing:\n%s", out)
	}
	if out := doctor("--restored"); strings.Contains(out, "doctor --restored") || paused(stopped) {
		t.Errorf("after the operator's word the app is still stopped:\n%s", out)
	}
	if !paused(other) {
		t.Error("an app that was stopped for another reason goes on")
	}
}
