package bench

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// receiver is the other end of many webhooks, one for each customer. It checks every signature.
type receiver struct {
	listener net.Listener
	server   *http.Server

	mu      sync.Mutex
	keys    map[string][]byte    // customer: the key that signs what goes to them
	arrived map[string]time.Time // event: when it came first
	waited  []time.Duration      // from the event to its first arrival
	twice   int
	wrong   error // the first delivery that is not as it should be
}

func newReceiver() (*receiver, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &receiver{listener: l, keys: map[string][]byte{}, arrived: map[string]time.Time{}}
	r.server = &http.Server{Handler: r, ReadHeaderTimeout: time.Minute}
	go func() { _ = r.server.Serve(l) }() // until end
	return r, nil
}

func (r *receiver) end() { _ = r.server.Close() }

func (r *receiver) host() string { return r.listener.Addr().String() }

func (r *receiver) url(customer string) string { return "http://" + r.host() + "/" + customer }

// knows takes the secret of the webhook that goes to a customer.
func (r *receiver) knows(customer, secret string) error {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keys[customer] = key
	return err
}

// ServeHTTP takes one delivery.
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	now := time.Now()
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return // cut off with its sender: it comes again
	}
	var event struct {
		Owner string    `json:"owner"`
		At    time.Time `json:"at"`
	}
	customer := strings.TrimPrefix(req.URL.Path, "/")
	id := req.Header.Get("webhook-id")
	err = json.Unmarshal(body, &event)
	r.mu.Lock()
	defer r.mu.Unlock()
	mac := hmac.New(sha256.New, r.keys[customer])
	_, _ = fmt.Fprintf(mac, "%s.%s.%s", id, req.Header.Get("webhook-timestamp"), body) // never fails
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	if err != nil || event.Owner != customer || !slices.Contains(strings.Fields(req.Header.Get("webhook-signature")), want) {
		r.wrong = errors.Join(r.wrong, err, fmt.Errorf("event %s of %q came to %q, or is signed wrongly", id, event.Owner, customer))
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if _, seen := r.arrived[id]; seen {
		r.twice++
		return
	}
	r.arrived[id] = now
	r.waited = append(r.waited, now.Sub(event.At))
}

// seen tells how many events have arrived, and the first that was not as it should be.
func (r *receiver) seen() (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.arrived), r.wrong
}

// lateness is how long nine and ninety-nine of a hundred events took at most.
func (r *receiver) lateness() (p50, p99 time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	slices.Sort(r.waited)
	if len(r.waited) == 0 {
		return 0, 0
	}
	return r.waited[len(r.waited)/2], r.waited[len(r.waited)*99/100]
}

// missing returns how many of some events have not arrived.
func (r *receiver) missing(events []string) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range events {
		if _, came := r.arrived[id]; !came {
			n++
		}
	}
	return n
}
