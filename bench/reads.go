package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// tokenReads measures the read of a token over connections that stay, beside a handler that sends a constant of the same
// length and looks at nothing. The two take turns; the median of the turns counts.
func tokenReads(ctx context.Context, s *server, r *report) error {
	if s.stores == 0 {
		if _, err := s.quiet(ctx, 100); err != nil {
			return err
		}
	}
	ids, err := s.grants(ctx, 1000)
	if err != nil {
		return err
	}
	requests := make([]string, 0, len(ids))
	for _, id := range ids {
		requests = append(requests, "GET /v1/grants/"+id+"/token HTTP/1.1\r\nHost: "+s.process.address+"\r\nAuthorization: Bearer "+adminKey+"\r\n\r\n")
	}
	bare, err := startRole(ctx, s.o, "bare", strings.Repeat("x", 420)) // about as long as a token's answer
	if err != nil {
		return err
	}
	defer bare.end()
	for _, n := range []int{16, 64} {
		c, err := compare(ctx, s.o, n, s.o.Reads, bare, s.process, requests)
		if err != nil {
			return err
		}
		c.tell(r, fmt.Sprintf("token read, %d connections", n), "bare")
	}
	return nil
}

// relayed measures a call through the signing proxy beside a bare one.
func relayed(ctx context.Context, s *server, r *report) error {
	if s.stores == 0 {
		if _, err := s.quiet(ctx, 100); err != nil {
			return err
		}
	}
	ids, err := s.grants(ctx, 1000)
	if err != nil {
		return err
	}
	relay, err := startRole(ctx, s.o, "relay", s.provider)
	if err != nil {
		return err
	}
	defer relay.end()
	floor := []string{"GET /openapi/2022-01/shop HTTP/1.1\r\nHost: " + relay.address + "\r\n\r\n"}
	var requests []string
	for _, id := range ids {
		requests = append(requests, "GET /proxy/"+id+"/openapi/2022-01/shop HTTP/1.1\r\nHost: "+s.process.address+"\r\nAuthorization: Bearer "+adminKey+"\r\n\r\n")
	}
	c := comparison{}
	if err := c.turns(ctx, s.o.Turns, 16, s.o.Relayed, turn{relay, floor}, turn{s.process, requests}); err != nil {
		return err
	}
	c.tell(r, "signed and forwarded, 16 connections", "relay")
	return nil
}

// compare has the same requests answered by a floor and by the product.
func compare(ctx context.Context, o Options, connections, n int, floor, product *process, requests []string) (*comparison, error) {
	c := &comparison{}
	return c, c.turns(ctx, o.Turns, connections, n, turn{floor, requests}, turn{product, requests})
}

// turn is what one side is asked.
type turn struct {
	process  *process
	requests []string
}

// comparison holds the turns of a floor and of the product.
type comparison struct{ floor, seen []load }

// load is one turn: its rate, how long the slowest hundredth took, and how long the process that was asked kept a processor
// busy for each.
type load struct {
	rate float64
	p99  time.Duration
	work float64 // in microseconds
}

func (c *comparison) turns(ctx context.Context, turns, connections, n int, floor, product turn) error {
	for i := range turns + 1 {
		a, err := ask(ctx, floor, connections, n)
		if err != nil {
			return fmt.Errorf("floor: %w", err)
		}
		b, err := ask(ctx, product, connections, n)
		if err != nil {
			return err
		}
		if i > 0 { // the first warms
			c.floor, c.seen = append(c.floor, a), append(c.seen, b)
		}
	}
	return nil
}

func (c *comparison) tell(r *report, work, what string) {
	median := func(loads []load, of func(load) float64) float64 {
		var all []float64
		for _, l := range loads {
			all = append(all, of(l))
		}
		slices.Sort(all)
		return all[len(all)/2]
	}
	perSecond := func(l load) float64 { return l.rate }
	late := func(l load) float64 { return float64(l.p99) / float64(time.Microsecond) }
	r.line(work, median(c.seen, perSecond), "/s", median(c.floor, perSecond), what)
	r.line("  p99", median(c.seen, late), " µs", median(c.floor, late), what)
	busy := func(l load) float64 { return l.work }
	r.line("  processor, each", median(c.seen, busy), " µs", median(c.floor, busy), what)
}

// ask has n requests answered over some connections.
func ask(ctx context.Context, t turn, connections, n int) (load, error) {
	wires := make([]*wire, 0, connections)
	defer func() {
		for _, w := range wires {
			_ = w.Close() // it was read from
		}
	}()
	for range connections {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", t.process.address)
		if err != nil {
			return load{}, err
		}
		wires = append(wires, &wire{conn, bufio.NewReader(conn)})
	}
	before, err := t.process.worked()
	if err != nil {
		return load{}, err
	}
	took := make([][]time.Duration, connections)
	failed := make(chan error, connections)
	begun := time.Now()
	var all sync.WaitGroup
	for c, w := range wires {
		all.Go(func() {
			for i := c; i < n; i += connections {
				at := time.Now()
				if err := w.patiently(ctx, t.requests[i%len(t.requests)]); err != nil {
					failed <- err
					return
				}
				took[c] = append(took[c], time.Since(at))
			}
		})
	}
	all.Wait()
	whole := time.Since(begun)
	select {
	case err := <-failed:
		return load{}, err
	default:
	}
	after, err := t.process.worked()
	every := slices.Concat(took...)
	slices.Sort(every)
	return load{rate(n, whole), every[len(every)*99/100], float64((after - before).Microseconds()) / float64(n)}, err
}

// wire is a connection that reads answers and looks at no more of them than their status and length, so that little of
// what is measured is its own.
type wire struct {
	net.Conn
	answers *bufio.Reader
}

// errAway is the answer of a server whose database does not answer in time, as on a machine that has too much to do.
var errAway = errors.New("answered 503 again and again")

// patiently asks again while the answer is 503; the waits count as part of the answer.
func (w *wire) patiently(ctx context.Context, request string) (err error) {
	for range 100 {
		if err = w.once(request); !errors.Is(err, errAway) || ctx.Err() != nil {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
	return err
}

func (w *wire) once(request string) error {
	if _, err := io.WriteString(w.Conn, request); err != nil {
		return err
	}
	length := -1
	away := false
	for first := true; ; first = false {
		line, err := w.answers.ReadSlice('\n')
		if err != nil {
			return err
		}
		text := strings.TrimSpace(string(line))
		if text == "" {
			break
		}
		if away = away || first && strings.HasPrefix(text, "HTTP/1.1 503"); first && !away && !strings.HasPrefix(text, "HTTP/1.1 200") {
			return errors.New("answered " + text)
		}
		if size, ok := strings.CutPrefix(text, "Content-Length: "); ok {
			if length, err = strconv.Atoi(size); err != nil {
				return err
			}
		}
	}
	if length < 0 {
		return errors.New("an answer without its length")
	}
	_, err := w.answers.Discard(length)
	if err == nil && away {
		return errAway
	}
	return err
}
