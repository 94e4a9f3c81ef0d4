package api_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/grantkeep/grantkeep/api/door"
)

func TestServerLimits(t *testing.T) {
	log := &safeBuffer{}
	server := door.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/panic" {
			panic("canary-of-a-panic")
		}
	}), slog.New(slog.NewTextHandler(log, nil)))
	if server.ReadHeaderTimeout == 0 || server.ReadTimeout == 0 || server.IdleTimeout == 0 {
		t.Error("a limit of time is missing")
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(listener) }() // ends with Shutdown
	t.Cleanup(func() { _ = server.Shutdown(context.Background()) })

	if got := status(t, listener.Addr().String(), "GET / HTTP/1.1\r\nHost: x\r\nX-Long: "+strings.Repeat("a", 64<<10)+"\r\n\r\n"); got != "431" {
		t.Errorf("64 KiB of headers = %s, want 431", got)
	}
	if got := status(t, listener.Addr().String(), "GET /panic HTTP/1.1\r\nHost: x\r\n\r\n"); got != "" {
		t.Errorf("a panic = %q, want a closed connection", got)
	}
	if strings.Contains(log.String(), "canary") || !strings.Contains(log.String(), "panic") {
		t.Errorf("the log of the server is %q, want the fact of a panic without its value", log.String())
	}
}

// status sends raw bytes and returns the status of the answer, empty if there is none.
func status(t *testing.T, address, raw string) string {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, _ = fmt.Fprint(conn, raw) // the server may answer and close before it has read all
	line, _ := bufio.NewReader(conn).ReadString('\n')
	_, rest, _ := strings.Cut(line, " ")
	code, _, _ := strings.Cut(rest, " ")
	return code
}
