package e2e

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/grantkeep/grantkeep/client"
)

// TestDeliveryUnderWayOutlivesTheProcess kills a server with a delivery on its way: it comes again, under its id, within
// a minute of the next start.
func TestDeliveryUnderWayOutlivesTheProcess(t *testing.T) {
	t.Parallel()
	f := newFleet(t, "", 1)
	var mu sync.Mutex
	var got []client.Event
	var hook client.Webhook
	r := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		mu.Lock()
		secret := hook.Secret
		mu.Unlock()
		e, verr := client.ReadWebhook(secret, r.Header, body)
		if err != nil || verr != nil {
			t.Errorf("a delivery does not verify: %v, %v", err, verr)
		}
		mu.Lock()
		got = append(got, e)
		first := len(got) == 1
		mu.Unlock()
		if first {
			<-r.Context().Done() // the sender dies
		}
	}))
	defer r.Close()
	mu.Lock()
	made, err := f.instances[0].api.CreateWebhook(t.Context(), client.Webhook{URL: r.URL, Kinds: []string{"webhook.test"}})
	hook = made
	mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	id, err := f.instances[0].api.TestWebhook(t.Context(), hook.ID)
	if err != nil {
		t.Fatal(err)
	}
	seen := func(n int) func() bool {
		return func() bool { mu.Lock(); defer mu.Unlock(); return len(got) == n && got[n-1].ID == id }
	}
	f.eventually("the delivery is under way", seen(1))
	f.instances[0].kill()
	f.start(f.instances[0])
	f.eventually("the delivery comes again", seen(2))
}
