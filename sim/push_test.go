package sim_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// arrivals notes at which simulated time a push to which path arrived.
type arrivals struct {
	clock *sim.Clock
	at    map[string]time.Time
}

func (a *arrivals) RoundTrip(r *http.Request) (*http.Response, error) {
	a.at[r.URL.Path] = a.clock.Now()
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: r}, nil
}

func TestAPushWaitsForItsDelayAndIsDroppedWhenVoid(t *testing.T) {
	clock := sim.NewClock()
	a := &arrivals{clock: clock, at: map[string]time.Time{}}
	kit := sim.NewKit("toy", clock, nil, "http://toy.example", a)
	sent, void := clock.Now(), false
	kit.Pushes.Send(sim.Push{URL: "http://app.example/late", Delay: 48 * time.Hour, Void: func() bool { return void }})
	kit.Pushes.Send(sim.Push{URL: "http://app.example/void", Delay: 72 * time.Hour, Void: func() bool { return void }})
	if err := clock.Advance(t.Context(), 60*time.Hour); err != nil {
		t.Fatal(err)
	}
	if after := a.at["/late"].Sub(sent); after < 48*time.Hour || after > 49*time.Hour {
		t.Errorf("the late push arrived after %v, want 48 hours", after)
	}
	void = true
	if err := clock.Advance(t.Context(), 60*time.Hour); err != nil {
		t.Fatal(err)
	}
	if at, ok := a.at["/void"]; ok {
		t.Errorf("the void push arrived at %v", at)
	}
	if n := len(kit.Calls.All()); n != 1 {
		t.Errorf("lines in the log = %d, want that of the late push only", n)
	}
}

func TestARefusedFaultNamesThoseThatCanBeSaid(t *testing.T) {
	kit := sim.NewKit("toy", sim.NewClock(), []sim.Row{
		{Stage: "call", Code: "E1", Example: "gone"}, {Stage: "call", Code: "local:lost"}, {Stage: "call", Pattern: "no code", Example: "no code here"},
	}, "http://toy.example", http.DefaultTransport)
	for _, name := range []string{"local:lost", "nothing"} {
		err := kit.Faults.Arm(sim.Fault{Name: name})
		if err == nil || !strings.Contains(err.Error(), `E1, "no code here"`) {
			t.Errorf("Arm(%s) = %v, want a refusal that lists what can be said", name, err)
		}
	}
}

func TestNamesBelowLocalhostAreThisMachineInMemoryToo(t *testing.T) {
	memory := sim.NewMemory()
	listener, err := memory.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.NotFoundHandler()}
	go server.Serve(listener)
	defer server.Close()
	_, port, _ := strings.Cut(listener.Addr().String(), ":")
	transport := memory.Transport()
	defer transport.CloseIdleConnections()
	res, err := (&http.Client{Transport: transport}).Get("http://sg.localhost:" + port + "/")
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusNotFound || res.Body.Close() != nil {
		t.Errorf("answer = %d, want that of the listener", res.StatusCode)
	}
}
