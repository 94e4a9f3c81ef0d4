package e2e

import (
	"net/http"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/store/postgres/pgtest"
)

func TestReadsWhilePostgresIsStopped(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	f := newFleet(t, server.URL, 1)
	id, unread := f.connect(0), f.connect(1)
	want, err := f.read(0, id, "")
	if err != nil {
		t.Fatal(err)
	}
	server.Freeze()
	defer server.Thaw()
	time.Sleep(2 * time.Second) // what was read is no longer fresh
	var slowest time.Duration
	for range 100 {
		begun := time.Now()
		got, err := f.read(0, id, "")
		if err != nil || got.Access != want.Access || !got.Stale {
			t.Fatalf("a token that is known: %v, stale %v", err, got.Stale)
		}
		slowest = max(slowest, time.Since(begun))
	}
	begun := time.Now()
	status := f.status(0, "/v1/grants/"+unread+"/token")
	refusal := time.Since(begun)
	if status != http.StatusServiceUnavailable {
		t.Errorf("a grant that was never read: %d, want 503", status)
	}
	t.Logf("the slowest read took %v, the refusal %v", slowest, refusal)
	if slowest > 25*time.Second || refusal > 25*time.Second { // it was half a minute; the rest is for a busy machine
		t.Errorf("the slowest read took %v, the refusal %v", slowest, refusal)
	}
	server.Thaw()
	f.eventually("tokens are fresh again", func() bool {
		got, err := f.read(0, id, "")
		return err == nil && !got.Stale
	})
	f.eventually("it is ready again", func() bool { return f.ready(0) == http.StatusOK })
}

// status asks an instance once, as a plain client would, and returns the status.
func (f *fleet) status(i int, path string) int {
	f.t.Helper()
	req, err := http.NewRequestWithContext(f.t.Context(), http.MethodGet, "http://"+f.instances[i].address+path, http.NoBody)
	if err != nil {
		f.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+adminKey)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	_ = res.Body.Close() // not read
	return res.StatusCode
}
