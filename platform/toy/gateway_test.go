package toy_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/gateway"
	"github.com/grantkeep/grantkeep/platform"
)

// TestToyLimitsEachOperation: the platform counts each operation by itself, whatever thing it is about.
func TestToyLimitsEachOperation(t *testing.T) {
	w := open(t)
	g := w.connect()
	through := gateway.New(gateway.Options{Keeper: w.keeper})
	call := func(path string) error {
		return through.Call(t.Context(), httptest.NewRecorder(), gk.Engine(), g.ID, platform.Call{Method: http.MethodGet, Path: path})
	}
	for _, path := range []string{
		"/me/orders/7000001", "/me/orders/7000002", // the bucket of two
		"/me/refunds/7000001", // another operation
		"/me/free", "/me/free", "/me/free",
	} {
		if err := call(path); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	if err := call("/me/orders/7000003"); !errors.Is(err, gateway.ErrPaced) {
		t.Errorf("a third call of an operation of two: %v, want it to be told when to come again", err)
	}
}
