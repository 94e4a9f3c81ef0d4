package shoplazza_test

import (
	"testing"

	"github.com/grantkeep/grantkeep/platform/shoplazza"
)

func TestSpecLoads(t *testing.T) {
	if got := shoplazza.New().Spec().Code; got != "shoplazza" {
		t.Errorf("Code = %q, want shoplazza", got)
	}
}
