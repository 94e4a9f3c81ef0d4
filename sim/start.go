package sim

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/grantkeep/grantkeep"
)

// Options say which simulators to start, and where.
type Options struct {
	Listen      string           // host to listen on; empty: 127.0.0.1
	AnyAddress  bool             // Listen need not be a loopback address; then Token is required
	Token       grantkeep.Secret // control calls must bring it as Bearer; empty: none
	ControlPort int              // 0: any free one
	Ports       map[string]int   // by platform; 0 or missing: any free one
	TLS         bool             // https, with a certificate made for this run
	Platforms   []Platform
	Clock       *Clock            // nil: one of their own
	Memory      *Memory           // nil: real sockets
	Scenario    Scenario          // played before the first request is answered
	Out         http.RoundTripper // sends the pushes; nil: by Memory, or as usual
}

// Running are simulators that answer. It marshals to the line that tells where they are.
type Running struct {
	Clock *Clock

	ctx     context.Context
	cancel  context.CancelFunc
	members []*member
	url     string
	pem     string
	servers []*http.Server
	tasks   sync.WaitGroup
	mu      sync.Mutex
	ended   bool // nothing further is begun
	err     error
}

// Start makes simulators answer, each platform at the root of its own port and the control calls on another, until the
// context ends or Close is called. When it returns they can be reached.
func Start(ctx context.Context, o Options) (*Running, error) {
	o.Listen = cmp.Or(o.Listen, "127.0.0.1")
	if !o.AnyAddress && !isLoopback(hostname(o.Listen)) {
		return nil, fmt.Errorf("simulators listen on loopback addresses only, not on %s: whoever reaches them can act as any merchant", o.Listen)
	}
	if !isLoopback(hostname(o.Listen)) && o.Token.Empty() {
		return nil, fmt.Errorf("simulators on %s need a token for their control calls: whoever can make them can act as any merchant", o.Listen)
	}
	s := &Running{Clock: o.Clock}
	if s.Clock == nil {
		s.Clock = NewClock()
	}
	var config *tls.Config
	if o.TLS {
		cert, text, err := selfMade(o.Listen)
		if err != nil {
			return nil, fmt.Errorf("certificate: %w", err)
		}
		config, s.pem = &tls.Config{Certificates: []tls.Certificate{cert}}, string(text)
	}
	s.ctx, s.cancel = context.WithCancel(ctx)
	if err := s.start(o, config); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.tasks.Go(func() {
		<-s.ctx.Done()
		s.stop()
	})
	return s, nil
}

func (s *Running) start(o Options, config *tls.Config) error {
	for _, p := range o.Platforms {
		listener, base, err := o.listen(o.Ports[p.Name], config)
		if err != nil {
			return fmt.Errorf("simulator %s: %w", p.Name, err)
		}
		kit := NewKit(p.Name, s.Clock, p.Rows, base, o.out())
		m := &member{kit: kit, told: p.Settings}
		kit.Do(func() { m.sim = p.New(kit, p.Rows) })
		s.members = append(s.members, m)
		s.serve(listener, guarded(o.Listen, kit.Handler(m.sim)))
		s.tasks.Go(func() { kit.Pushes.Run(s.ctx) })
	}
	if err := s.play(o.Scenario); err != nil {
		return fmt.Errorf("scenario: %w", err)
	}
	listener, base, err := o.listen(o.ControlPort, config)
	if err != nil {
		return fmt.Errorf("control: %w", err)
	}
	s.url = base
	s.serve(listener, guardedControl(o.Listen, withToken(o.Token, s.control())))
	return nil
}

func (o Options) out() http.RoundTripper {
	if o.Out != nil {
		return o.Out
	}
	if o.Memory != nil {
		return &http.Transport{DialContext: o.Memory.DialContext, DisableKeepAlives: true}
	}
	return &http.Transport{DisableKeepAlives: true} // a push comes seldom: no connection is worth keeping
}

// listen takes a port and returns the address at which clients reach it.
func (o Options) listen(port int, config *tls.Config) (net.Listener, string, error) {
	address := net.JoinHostPort(o.Listen, strconv.Itoa(port))
	var listener net.Listener
	var err error
	if o.Memory != nil {
		listener, err = o.Memory.Listen(address)
	} else {
		listener, err = new(net.ListenConfig).Listen(context.Background(), "tcp", address)
	}
	if err != nil {
		return nil, "", err
	}
	_, taken, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return nil, "", errors.Join(err, listener.Close())
	}
	scheme := "http"
	if config != nil {
		scheme, listener = "https", tls.NewListener(listener, config)
	}
	return listener, scheme + "://" + net.JoinHostPort(o.Listen, taken), nil
}

func (s *Running) serve(l net.Listener, h http.Handler) {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	s.servers = append(s.servers, server)
	s.tasks.Go(func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.fail(err)
		}
	})
}

func (s *Running) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = errors.Join(s.err, err)
	s.cancel()
}

// begin runs a task that Wait waits for, unless everything is ending.
func (s *Running) begin(task func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return false
	}
	s.tasks.Go(task)
	return true
}

func (s *Running) stop() {
	s.mu.Lock()
	s.ended = true
	s.mu.Unlock()
	for _, server := range s.servers {
		if err := server.Close(); err != nil {
			s.fail(err)
		}
	}
}

// Wait returns when everything has ended, with the error that ended it.
func (s *Running) Wait() error {
	s.tasks.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Close ends the simulators and waits until they have ended. Closing twice does no harm.
func (s *Running) Close() error {
	s.cancel()
	s.stop()
	return s.Wait()
}

// Control returns the address of the control calls.
func (s *Running) Control() string { return s.url }

// Base returns a platform's address, empty if it does not run.
func (s *Running) Base(platform string) string {
	for _, m := range s.members {
		if m.kit.Platform == platform {
			return m.kit.base
		}
	}
	return ""
}
