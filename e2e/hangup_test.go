package e2e

import (
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/client"
)

// hangUps is how many callers reset their connections.
const hangUps = 1500

// TestCallersWhoResetTheirConnections lets callers with a key that may only read reset their connections 0–400 µs after
// they have asked. Reads, the end of a revoked key, and what is due have to work right after.
func TestCallersWhoResetTheirConnections(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgresql"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			database := ""
			if engine != "sqlite" {
				database = sharedPostgres(t)
			}
			f := newFleet(t, database, 1)
			id := f.connect(0)
			api := f.instances[0].api
			key, err := api.CreateKey(t.Context(), client.Key{Name: "reader", Scopes: []string{"read"}})
			if err != nil {
				t.Fatal(err)
			}
			reader, err := client.New("http://"+f.instances[0].address, gk.NewSecret(key.Text))
			if err != nil {
				t.Fatal(err)
			}
			request := "GET /v1/grants/" + id + " HTTP/1.1\r\nHost: " + f.instances[0].address +
				"\r\nAuthorization: Bearer " + key.Text + "\r\n\r\n"
			var callers sync.WaitGroup
			for c := range 4 {
				callers.Go(func() {
					for n := range hangUps / 4 {
						reset(t, f.instances[0].address, request, time.Duration((n*4+c)%400)*time.Microsecond)
					}
				})
			}
			callers.Wait()
			if got := f.ready(0); got != http.StatusOK {
				t.Errorf("/readyz answers %d, want 200", got)
			}
			for range 100 {
				if _, err := reader.Grant(t.Context(), id); err != nil {
					t.Fatalf("a read after the storm: %v", err)
				}
			}
			if err := api.RevokeKey(t.Context(), key.ID); err != nil {
				t.Fatal(err)
			}
			f.eventually("the revoked key ends", func() bool { _, err := reader.Grant(t.Context(), id); return err != nil })
			for range 30 {
				if _, err := reader.Grant(t.Context(), id); err == nil {
					t.Fatal("the revoked key works again")
				}
			}
			if database != "" {
				f.edit(id, func(g *gk.Grant, now time.Time) {
					g.PairAskedAt, g.Expires, g.DueAt = now.Add(-4*time.Hour), now.Add(time.Minute), now
				})
				f.served(id, 0, 2)
			} else if err := <-f.refresh(0, id); err != nil {
				t.Errorf("a renewal after the storm: %v", err)
			}
		})
	}
}

// reset sends a request and resets the connection after a while.
func reset(t *testing.T, address, request string, after time.Duration) {
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Errorf("connect: %v", err)
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		if err := tcp.SetLinger(0); err != nil { // closed, it is reset
			t.Errorf("SetLinger: %v", err)
		}
	}
	if _, err := io.WriteString(conn, request); err != nil {
		t.Errorf("ask: %v", err)
	}
	for begun := time.Now(); time.Since(begun) < after; {
		// No timer is as fine as this.
	}
	_ = conn.Close() // that is what it is for
}
