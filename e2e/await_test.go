package e2e

import (
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/store/postgres/pgtest"
	"github.com/grantkeep/grantkeep/vault"
)

// unused returns an address at which nobody listens.
func unused(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// passOn has an address answer for the database at another.
func passOn(t *testing.T, address, network, to string) {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			there, err := new(net.Dialer).DialContext(t.Context(), network, to)
			if err != nil {
				_ = conn.Close()
				return
			}
			go func() { _, _ = io.Copy(there, conn); _ = there.Close() }() // either side may end it
			go func() { _, _ = io.Copy(conn, there); _ = conn.Close() }()
		}
	}()
}

// probed asks a server that may not listen yet until it answers; once it does, it answers as long as the process lives.
func probed(t *testing.T, p *process, address string) (status int, text string) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			continue
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close() // it was read
		if err == nil {
			return res.StatusCode, string(body)
		}
	}
	t.Fatalf("%s does not answer; the log: %s", address, p.log)
	return 0, ""
}

// TestServeWaitsForItsDatabase starts a server before its database is there.
func TestServeWaitsForItsDatabase(t *testing.T) {
	t.Parallel()
	real, err := url.Parse(pgtest.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	network, to := "tcp", real.Host
	if socket := real.Query().Get("host"); strings.HasPrefix(socket, "/") {
		port := real.Query().Get("port")
		if port == "" {
			port = "5432"
		}
		network, to = "unix", filepath.Join(socket, ".s.PGSQL."+port)
	}
	database, listen := unused(t), unused(t)
	late := *real
	query := late.Query()
	query.Del("host")
	query.Del("port")
	query.Set("sslmode", "disable")
	late.Host, late.RawQuery = database, query.Encode()
	key := filepath.Join(t.TempDir(), "master.key")
	if err := vault.WriteMaster(key, vault.NewMaster()); err != nil {
		t.Fatal(err)
	}
	serve := func(listen string) *process {
		return launch(t, "serve", "--listen", listen, "--data", t.TempDir(), "--database", late.String(), "--master-key", key)
	}
	ends := serve("127.0.0.1:0")
	p := serve(listen)
	for path, want := range map[string]int{"/healthz": http.StatusOK, "/readyz": http.StatusServiceUnavailable, "/v1/grants": http.StatusServiceUnavailable} {
		status, body := probed(t, p, "http://"+listen+path)
		if status != want {
			t.Errorf("%s of a server that waits for its database answers %d %s, want %d", path, status, body, want)
		}
	}
	for !strings.Contains(ends.log.String(), "waiting for it") {
		time.Sleep(20 * time.Millisecond)
	}
	ends.signal(syscall.SIGTERM)
	if status := ends.status(); status != 0 {
		t.Errorf("a server that was told to end while it waited has the status %d, want 0; it said: %s", status, ends.log)
	}
	passOn(t, database, network, to)
	if line := p.first(); !strings.Contains(line, listen) {
		t.Errorf("the first line is %q, want its address", line)
	}
	if status, body := probed(t, p, "http://"+listen+"/readyz"); status != http.StatusOK {
		t.Errorf("once the database is there, /readyz answers %d %s", status, body)
	}
	for _, said := range []string{"the database is not there yet", "the database is there"} {
		if n := strings.Count(p.log.String(), said); n != 1 {
			t.Errorf("the log says %d times %q, want once", n, said)
		}
	}
}
