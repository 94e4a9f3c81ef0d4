package taobao_test

import (
	"testing"

	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/platformtest"
	"github.com/grantkeep/grantkeep/sim"
	taobaosim "github.com/grantkeep/grantkeep/sim/taobao"
)

func TestDriverAndSimulatorAgree(t *testing.T) {
	var rows []sim.Row
	for _, r := range driver.Spec().Catalogue.Rows() {
		rows = append(rows, sim.Row{Stage: r.Stage, Code: r.Code, Pattern: r.PatternText, When: r.When, Example: r.Example, Action: string(r.Action)})
	}
	running, err := sim.Start(t.Context(), sim.Options{
		Platforms: []sim.Platform{{Name: driver.Spec().Code, New: taobaosim.New, Rows: rows}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := running.Close(); err != nil {
			t.Error(err)
		}
	})
	platformtest.Run(t, driver, platformtest.Simulated{
		Control: running.Control(),
		Call:    platform.Call{Operation: "taobao.user.seller.get", Params: []byte(`{"fields":"user_id,nick"}`)},
	})
}
