package api_test

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api"
	"github.com/grantkeep/grantkeep/api/door"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/outbound"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/shoplazza"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/postgres"
	"github.com/grantkeep/grantkeep/store/postgres/pgtest"
	"github.com/grantkeep/grantkeep/store/sqlite"
	"github.com/grantkeep/grantkeep/vault"
)

// BenchmarkTokenRead measures the read of a token over kept-alive connections against a bare net/http handler that sends
// the same bytes, in turns of one run on one machine, and reports the ratio of the two rates. The clients write a
// finished request and look at no more of the answer than its length, so that little of what is measured is theirs.
func BenchmarkTokenRead(b *testing.B) {
	stores := []struct {
		name string
		open func(b *testing.B) (store.Store, error)
	}{
		{"sqlite", func(b *testing.B) (store.Store, error) { return sqlite.Open(b.Context(), b.TempDir()) }},
		{"postgresql", func(b *testing.B) (store.Store, error) { return postgres.Open(b.Context(), pgtest.URL(b)) }},
	}
	for _, s := range stores {
		db, err := s.open(b)
		if err != nil {
			b.Fatal(err)
		}
		ours, request := benchServer(b, db)
		answer := askOnce(b, ours, request)
		bare := listen(b, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			h := w.Header()
			for name, values := range answer.header {
				h[name] = values
			}
			_, _ = io.WriteString(w, answer.body)
		}))
		for _, connections := range []int{16, 64} {
			b.Run(fmt.Sprintf("%s/%d connections", s.name, connections), func(b *testing.B) {
				floor, us := dialAll(b, bare, connections), dialAll(b, ours, connections)
				ask(b, floor, request, b.N/8+connections) // warm
				ask(b, us, request, b.N/8+connections)
				b.ResetTimer()
				var ratios []float64
				fastest := time.Duration(math.MaxInt64)
				for range 11 {
					theirs, took := ask(b, floor, request, b.N), ask(b, us, request, b.N)
					ratios = append(ratios, theirs.Seconds()/took.Seconds())
					fastest = min(fastest, took)
				}
				slices.Sort(ratios)
				b.ReportMetric(ratios[len(ratios)/2], "of-bare") // the median: one turn may be disturbed
				b.ReportMetric(float64(b.N)/fastest.Seconds(), "reads/s")
				b.ReportMetric(0, "ns/op") // of both together it says nothing
			})
		}
		if err := db.Close(); err != nil {
			b.Error(err)
		}
	}
}

// benchServer serves an API as cmd does, access log and all, and returns its address with a request for a token.
func benchServer(b *testing.B, db store.Store) (address, request string) {
	b.Helper()
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		b.Fatal(err)
	}
	log := slog.New(slog.NewJSONHandler(null, nil))
	master := vault.NewMaster()
	wrapped, _, err := vault.Create(master)
	if err != nil {
		b.Fatal(err)
	}
	h := &house{t: b, store: db, log: &safeBuffer{}, keys: map[string]gk.Secret{}, now: time.Now().UTC().Truncate(time.Millisecond)}
	if h.vault, err = vault.Open(master, wrapped, "bench"); err != nil {
		b.Fatal(err)
	}
	gate, err := outbound.New(outbound.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(gate.Close)
	drivers := []platform.Driver{shoplazza.New()}
	h.keeper, err = keeper.New(keeper.Options{Store: db, Vault: h.vault, Gate: gate, Drivers: drivers, PublicURL: "https://connect.example", Log: log})
	if err != nil {
		b.Fatal(err)
	}
	h.addKey("all", gk.Scopes(), nil, nil)
	g := h.addGrant(h.addApp("first"), "100", "ann", nil)
	address = listen(b, api.New(api.Options{Keeper: h.keeper, Consent: consent.New(h.keeper), Store: db, Drivers: drivers, APIURL: "http://127.0.0.1", Version: "bench", Log: log}))
	return address, "GET /v1/grants/" + g.ID + "/token HTTP/1.1\r\nHost: " + address + "\r\nAuthorization: Bearer " + h.keys["all"].Reveal() + "\r\n\r\n"
}

func listen(b *testing.B, handler http.Handler) (address string) {
	b.Helper()
	s := httptest.NewUnstartedServer(handler)
	s.Config = door.NewServer(handler, slog.New(slog.DiscardHandler))
	s.Start()
	b.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// bytesOf is one answer as it came.
type bytesOf struct {
	header http.Header
	body   string
}

func askOnce(b *testing.B, address, request string) bytesOf {
	b.Helper()
	conn := dialAll(b, address, 1)[0]
	if _, err := io.WriteString(conn.Conn, request); err != nil {
		b.Fatal(err)
	}
	res, err := http.ReadResponse(conn.answers, nil)
	if err != nil {
		b.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		b.Fatalf("%d %s, %v", res.StatusCode, body, err)
	}
	res.Header.Del("Date") // each server writes its own
	return bytesOf{res.Header, string(body)}
}

type wire struct {
	net.Conn
	answers *bufio.Reader
}

func dialAll(b *testing.B, address string, n int) []*wire {
	b.Helper()
	var wires []*wire
	for range n {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = conn.Close() }) // nothing is left to be written
		wires = append(wires, &wire{conn, bufio.NewReader(conn)})
	}
	return wires
}

// ask has n requests answered over some connections and returns how long that took.
func ask(b *testing.B, wires []*wire, request string, n int) time.Duration {
	begun := time.Now()
	var all sync.WaitGroup
	for i, w := range wires {
		share := n / len(wires)
		if i < n%len(wires) {
			share++
		}
		all.Go(func() {
			for range share {
				if err := w.once(request); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	return time.Since(begun)
}

// once has one request answered with 200.
func (w *wire) once(request string) error {
	if _, err := io.WriteString(w.Conn, request); err != nil {
		return err
	}
	length := -1
	for first := true; ; first = false {
		line, err := w.answers.ReadSlice('\n')
		if err != nil {
			return err
		}
		text := strings.TrimSpace(string(line))
		if text == "" {
			break
		}
		if first && !strings.HasPrefix(text, "HTTP/1.1 200") {
			return fmt.Errorf("answered %s", text)
		}
		if size, ok := strings.CutPrefix(text, "Content-Length: "); ok {
			if length, err = strconv.Atoi(size); err != nil {
				return err
			}
		}
	}
	_, err := w.answers.Discard(length)
	return err
}
