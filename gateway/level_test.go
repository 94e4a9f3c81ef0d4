package gateway_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/gateway"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/shoplazza"
)

// TestBucketIsLoweredToWhatThePlatformCounts has another program of ours empty the platform's bucket: the next calls
// wait although this process has hardly called.
func TestBucketIsLoweredToWhatThePlatformCounts(t *testing.T) {
	const name = "X-Shoplazza-Shop-Api-Call-Limit"
	level := "1/40"
	h := newHouse(t, shoplazza.New(), func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set(name, level)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"shop":{"id":1}}`))
	}, gateway.Options{})
	call := platform.Call{Method: http.MethodGet, Path: "/openapi/2022-01/shop"}
	took := func() time.Duration {
		begun := time.Now()
		res, err := h.call(call)
		if err != nil || res.Code != http.StatusOK {
			t.Fatalf("call: %v", err)
		}
		return time.Since(begun)
	}
	took()
	level = "40/40"
	if d := took(); d > 300*time.Millisecond {
		t.Fatalf("with room in the bucket a call took %v", d)
	}
	if d := took(); d < 300*time.Millisecond {
		t.Errorf("after the platform said that its bucket is full, a call took %v; two a second leak, so it waits its turn", d)
	}
	level = "nonsense/0"
	took()
}
