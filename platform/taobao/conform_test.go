package taobao_test

import (
	"testing"

	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/platformtest"
	"github.com/grantkeep/grantkeep/platform/simulate"
	"github.com/grantkeep/grantkeep/platform/taobao/taobaosim"
)

func TestDriverAndSimulatorAgree(t *testing.T) {
	var rows []simulate.Row
	for _, r := range driver.Spec().Catalogue.Rows() {
		rows = append(rows, simulate.Row{Stage: r.Stage, Code: r.Code, Pattern: r.PatternText, When: r.When, Example: r.Example})
	}
	running, err := simulate.Start(t.Context(), simulate.Options{
		Platforms: []simulate.Platform{{Name: driver.Spec().Code, New: taobaosim.New, Rows: rows}},
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
