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
	var arrived time.Time // a call, at the platform
	h := newHouse(t, shoplazza.New(), func(w http.ResponseWriter, _ *http.Request) {
		arrived = time.Now()
		w.Header().Set(name, level)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"shop":{"id":1}}`))
	}, gateway.Options{})
	call := platform.Call{Method: http.MethodGet, Path: "/openapi/2022-01/shop"}
	since := func() time.Duration {
		before := arrived
		res, err := h.call(call)
		if err != nil || res.Code != http.StatusOK {
			t.Fatalf("call: %v", err)
		}
		return arrived.Sub(before)
	}
	since()
	quickest := time.Hour
	for range 10 { // a busy machine holds up some of them
		quickest = min(quickest, since())
	}
	if quickest > 300*time.Millisecond {
		t.Fatalf("with room in the bucket every call came %v and more after the one before", quickest)
	}
	level = "40/40"
	since()
	if d := since(); d < 300*time.Millisecond {
		t.Errorf("after the platform said that its bucket is full, a call came after %v; two a second leak, so it waits its turn", d)
	}
	level = "nonsense/0"
	since()
}
