package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// What the application is called at the provider.
const (
	clientID     = "bench-client"
	clientSecret = "bench-made-up-secret"
)

// provider is a platform that speaks as Shoplazza documents, fast and strict: a refresh token is good for one refresh, and
// everything that a request must have is looked at. A token names its store and how many refreshes went before, with a
// sum that a guess would not hit.
type provider struct {
	mu          sync.Mutex
	generations map[string]int       // of a store's refresh token; 0 is what an import brings
	given       map[string]time.Time // when a store got its last pair
	latency     time.Duration
	life        time.Duration // of an access token
	busy        int
	counts      counts
}

// longLife is how long an access token of the platform lives.
const longLife = 31556951 * time.Second

// counts is what the provider has seen since the last reset.
type counts struct {
	Refreshed int       `json:"refreshed"`
	Refused   int       `json:"refused"` // malformed, or not the application's
	Twice     int       `json:"twice"`   // a refresh token that was spent before
	Most      int       `json:"most"`    // refreshes that were under way at once
	First     time.Time `json:"first"`   // when the first one came
	Last      time.Time `json:"last"`    // when the last one was answered
	Lapsed    int       `json:"lapsed"`  // refreshes that came after the end of the access token
	Slowest   float64   `json:"slowest"` // seconds between a pair and the refresh that followed, at most
}

func newProvider() http.Handler {
	p := &provider{generations: map[string]int{}, given: map[string]time.Time{}, life: longLife}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /admin/oauth/token", p.token)
	mux.HandleFunc("GET /openapi/", p.call)
	mux.HandleFunc("POST /bench/reset", p.reset)
	mux.HandleFunc("GET /bench/counts", func(w http.ResponseWriter, _ *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		_ = json.NewEncoder(w).Encode(p.counts) // who asked may be gone
	})
	return mux
}

// tokenOf returns a token of a store.
func tokenOf(kind, store string, generation int) string {
	body := kind + "." + store + "." + strconv.Itoa(generation)
	h := fnv.New64a()
	_, _ = io.WriteString(h, clientSecret+body) // never fails
	return fmt.Sprintf("%s.%024x", body, h.Sum64())
}

// spent reads a refresh token; ok is false for one that was never given.
func spent(token string) (store string, generation int, ok bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 4 {
		return "", 0, false
	}
	generation, err := strconv.Atoi(parts[2])
	return parts[1], generation, err == nil && token == tokenOf("r", parts[1], generation)
}

func (p *provider) token(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	if p.counts.First.IsZero() {
		p.counts.First = time.Now()
	}
	p.busy++
	p.counts.Most = max(p.counts.Most, p.busy)
	latency := p.latency
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		p.busy--
		p.counts.Last = time.Now()
		p.mu.Unlock()
	}()
	time.Sleep(latency)
	var in struct {
		ID       string `json:"client_id"`
		Secret   string `json:"client_secret"`
		Refresh  string `json:"refresh_token"`
		Grant    string `json:"grant_type"`
		Redirect string `json:"redirect_uri"`
	}
	body := json.NewDecoder(r.Body)
	body.DisallowUnknownFields()
	h := w.Header()
	h["Content-Type"], h["Cache-Control"] = []string{"application/json; charset=utf-8"}, []string{"no-store"}
	if err := body.Decode(&in); err != nil || in.ID != clientID || in.Secret != clientSecret || in.Grant != "refresh_token" || in.Redirect == "" {
		p.refuse(w, &p.counts.Refused, http.StatusBadRequest, "invalid_request")
		return
	}
	store, generation, ok := spent(in.Refresh)
	p.mu.Lock()
	has := p.generations[store]
	good := ok && has == generation
	life := p.life
	given := p.given[store]
	if good {
		p.note(store, time.Now())
	}
	p.mu.Unlock()
	if !good { // its log is kept when a run fails
		_, _ = fmt.Fprintf(os.Stderr, "%s store %q: refresh token %d of a known form: %v, while its last is %d; given %s; over %s\n",
			time.Now().Format(time.RFC3339Nano), store, generation, ok, has, given.Format(time.RFC3339Nano), r.RemoteAddr)
		p.refuse(w, &p.counts.Twice, http.StatusUnauthorized, "invalid_grant")
		return
	}
	now := time.Now().Unix()
	b := make([]byte, 0, 512)
	b = append(b, `{"access_token":"`...)
	b = append(b, tokenOf("a", store, generation+1)...)
	b = append(b, `","token_type":"Bearer","expires_in":`...)
	b = strconv.AppendInt(b, int64(life/time.Second), 10)
	b = append(b, `,"refresh_token":"`...)
	b = append(b, tokenOf("r", store, generation+1)...)
	b = append(b, `","scope":"read_order read_product","created_at":`...)
	b = strconv.AppendInt(b, now, 10)
	b = append(b, `,"expires_at":`...)
	b = strconv.AppendInt(b, now+int64(life/time.Second), 10)
	b = append(b, `,"locale":"zh-CN","store_id":"`...)
	b = append(b, store...)
	b = append(b, `","store_name":"store-`...)
	b = append(b, store...)
	b = append(b, `"}`...)
	_, _ = w.Write(b)
}

// note counts a refresh; the lock is held.
func (p *provider) note(store string, now time.Time) {
	p.generations[store]++
	p.counts.Refreshed++
	if before, ok := p.given[store]; ok {
		since := now.Sub(before)
		p.counts.Slowest = max(p.counts.Slowest, since.Seconds())
		if since > p.life {
			p.counts.Lapsed++
		}
	}
	p.given[store] = now
}

// refuse answers as the platform does, and counts.
func (p *provider) refuse(w http.ResponseWriter, count *int, status int, code string) {
	p.mu.Lock()
	*count++
	p.mu.Unlock()
	w.WriteHeader(status)
	_, _ = io.WriteString(w, `{"error":"`+code+`","error_description":"The request is refused."}`)
}

// call answers a call on behalf of a store, which needs its access token.
func (p *provider) call(w http.ResponseWriter, r *http.Request) {
	w.Header()["Content-Type"] = []string{"application/json; charset=utf-8"}
	if !strings.HasPrefix(r.Header.Get("Access-Token"), "a.") {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"errors":["Unauthorized"]}`)
		return
	}
	_, _ = io.WriteString(w, `{"shop":{"id":1000,"name":"Made up","currency":"USD"}}`)
}

// reset forgets what was counted, and takes the latency of what comes and the life of its tokens.
func (p *provider) reset(w http.ResponseWriter, r *http.Request) {
	latency, err1 := time.ParseDuration(r.URL.Query().Get("latency"))
	life, err2 := time.ParseDuration(r.URL.Query().Get("life"))
	if err1 != nil || err2 != nil {
		http.Error(w, "latency, life", http.StatusBadRequest)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts, p.latency, p.life = counts{}, latency, life
}

// serveOnLoopback serves on a free port and names it.
func serveOnLoopback(h http.Handler) error {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("listens on", listener.Addr())
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	return server.Serve(listener)
}
