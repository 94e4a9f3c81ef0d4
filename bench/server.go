package bench

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// adminKey is made up.
const adminKey = "gk_bench_0123456789abcdefghijklmnopqrstuvwx"

// server is the product: the binary with its default settings, and one application at the provider.
type server struct {
	o        Options
	db       database
	provider string // host:port
	data     string
	process  *process
	flags    []string // beside those that a server needs
	app      string
	stores   int // how many were made up
}

func newServer(ctx context.Context, o Options, db database, provider string) (*server, error) {
	s := &server{o: o, db: db, provider: provider, data: filepath.Join(o.Dir, db.name())}
	if err := os.MkdirAll(s.data, 0o700); err != nil {
		return nil, err
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	if err := os.WriteFile(masterKey(s.data), []byte(base64.StdEncoding.EncodeToString(key)+"\n"), 0o600); err != nil {
		return nil, err
	}
	if err := s.start(ctx); err != nil {
		return nil, err
	}
	base := "http://" + provider
	var app struct {
		ID string `json:"id"`
	}
	err := s.ask(ctx, http.MethodPost, "/v1/apps", jsonBody(map[string]any{
		"platform": "shoplazza", "settings": map[string]string{"client_id": clientID, "client_secret": clientSecret},
		"endpoints": map[string]string{"authorize": base, "token": base, "api": base},
	}), &app)
	s.app = app.ID
	return s, err
}

// masterKey is the file of the key for a database that has none beside it.
func masterKey(data string) string { return data + ".key" }

// start starts the binary; nothing is set that a server needs not.
func (s *server) start(ctx context.Context) (err error) {
	args := append([]string{"serve", "--listen", "127.0.0.1:0", "--data", s.data, "--allow-endpoint", s.provider}, s.db.flags(s.data)...)
	args = append(args, s.flags...)
	env := append([]string{"GRANTKEEP_ADMIN_KEY=" + adminKey}, s.o.Env...)
	if s.o.Profiles != "" {
		env = append(env, "GRANTKEEP_PROFILES="+s.o.Profiles)
	}
	s.process, err = startProcess(ctx, append(append([]string{}, s.o.Server...), args...), env, s.data+".log")
	return err
}

func (s *server) end() {
	if s.process != nil {
		s.process.end()
		s.process = nil
	}
}

func jsonBody(v any) io.Reader {
	b, _ := json.Marshal(v) // texts and maps of texts
	return bytes.NewReader(b)
}

// plain asks the API; the caller closes the body.
func (s *server) plain(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://"+s.process.address+path, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+adminKey)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode >= http.StatusMultipleChoices {
		text, _ := io.ReadAll(io.LimitReader(res.Body, 1000)) // it only says more
		_ = res.Body.Close()
		return nil, fmt.Errorf("%s %s: %s: %s", method, path, res.Status, text)
	}
	return res, nil
}

// ask asks the API and reads its JSON.
func (s *server) ask(ctx context.Context, method, path string, body io.Reader, answer any) error {
	res, err := s.plain(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }() // it was read
	return json.NewDecoder(res.Body).Decode(answer)
}

// rows writes an import of stores that nobody knew before.
func (s *server) rows(n int, issued, expires time.Time) []byte {
	var b bytes.Buffer
	for range n {
		s.stores++
		id := strconv.Itoa(1_000_000 + s.stores)
		fmt.Fprintf(&b, `{"subject":{"kind":"shop","id":"%[1]s","host":"store-%[1]s.myshoplaza.com","name":"Store %[1]s"},"owner":"cust-%[1]s",`+
			`"access":%[2]q,"refresh":%[3]q,"issued_at":%[4]q,"expires_at":%[5]q,"scopes":["read_order","read_product"]}`+"\n",
			id, tokenOf("a", id, 0), tokenOf("r", id, 0), issued.UTC().Format(time.RFC3339Nano), expires.UTC().Format(time.RFC3339Nano))
	}
	return b.Bytes()
}

// load imports rows and returns how long that took.
func (s *server) load(ctx context.Context, n int, body []byte) (time.Duration, error) {
	begun := time.Now()
	var done struct {
		Created int `json:"created"`
		Errors  any `json:"errors"`
	}
	err := s.ask(ctx, http.MethodPost, "/v1/grants/import?app="+s.app, bytes.NewReader(body), &done)
	took := time.Since(begun)
	if err == nil && done.Created != n {
		err = fmt.Errorf("of %d rows %d were made grants: %v", n, done.Created, done.Errors)
	}
	return took, err
}

// workOf returns how long the server keeps a processor busy for each of n things, in microseconds.
func (s *server) workOf(n int, do func() error) (float64, error) {
	before, err := s.process.worked()
	if err != nil {
		return 0, err
	}
	if err := do(); err != nil {
		return 0, err
	}
	after, err := s.process.worked()
	return float64((after - before).Microseconds()) / float64(n), err
}

// quiet loads stores whose tokens last.
func (s *server) quiet(ctx context.Context, n int) (time.Duration, error) {
	now := time.Now()
	return s.load(ctx, n, s.rows(n, now.Add(-24*time.Hour), now.Add(300*24*time.Hour)))
}

// grants returns ids of some grants.
func (s *server) grants(ctx context.Context, n int) ([]string, error) {
	var page struct {
		Items []struct {
			ID string `json:"id"`
		} `json:"items"`
	}
	err := s.ask(ctx, http.MethodGet, "/v1/grants?limit="+strconv.Itoa(n), nil, &page)
	ids := make([]string, 0, len(page.Items))
	for _, g := range page.Items {
		ids = append(ids, g.ID)
	}
	if err == nil && len(ids) == 0 {
		err = fmt.Errorf("no grants are listed")
	}
	return ids, err
}

// memory measures what the idle process holds, without a grant and with a thousand.
func memory(ctx context.Context, s *server, r *report) error {
	for _, grants := range []int{0, 1000} {
		if grants > 0 {
			if _, err := s.quiet(ctx, grants); err != nil {
				return err
			}
		}
		select {
		case <-time.After(s.o.Idle):
		case <-ctx.Done():
			return ctx.Err()
		}
		mib, err := s.process.private()
		if err != nil {
			return err
		}
		r.line(fmt.Sprintf("private memory, idle, %d grants", grants), mib, " MiB", 0, "")
	}
	return nil
}
