package sim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// clockPatience is how long POST /clock waits for the arrival before it answers from the way.
const clockPatience = 2 * time.Second

// errBad marks what the caller of a control call got wrong.
var errBad = errors.New("bad control call")

// control serves the control calls: /clock, and those of each platform below its name.
func (s *Running) control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", reply(func(*http.Request) (any, error) { return s, nil }))
	mux.HandleFunc("GET /clock", reply(func(*http.Request) (any, error) { return s.Clock.State(), nil }))
	mux.HandleFunc("POST /clock", reply(s.moveClock))
	mux.HandleFunc("GET /echo", echo)
	for _, m := range s.members {
		on := func(pattern string, do func(r *http.Request) (any, error)) {
			method, path, _ := strings.Cut(pattern, " ")
			mux.HandleFunc(method+" /"+m.kit.Platform+path, reply(do))
		}
		mux.HandleFunc("GET /"+m.kit.Platform, m.rules)
		on("POST /consent", m.consent)
		on("POST /faults", m.locked(m.arm))
		on("GET /faults", m.locked(m.faults))
		on("DELETE /faults", m.locked(m.clear))
		on("GET /calls", m.locked(func(*http.Request) (any, error) { return map[string]any{"calls": m.kit.Calls.All()}, nil }))
		on("GET /grants", m.locked(m.grants))
		on("POST /revoke", m.locked(m.revoke))
		on("GET /apps", m.locked(func(*http.Request) (any, error) { return map[string]any{"apps": m.kit.Apps.All()}, nil }))
		on("POST /apps", m.locked(m.addApp))
		on("GET /shops", m.locked(func(*http.Request) (any, error) { return map[string]any{"shops": m.kit.Shops.All()}, nil }))
		on("POST /shops", m.locked(m.addShops))
		on("GET /options", m.locked(m.options))
		on("POST /options", m.locked(m.setOptions))
	}
	return mux
}

// echo answers with the address that asks, as text: what a server names that wants to know from where its requests come.
func echo(w http.ResponseWriter, r *http.Request) {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr // in memory there are no ports
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, host+"\n") // the client may be gone
}

// reply turns a function into a handler that answers with JSON.
func reply(do func(r *http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		status := http.StatusOK
		value, err := do(r)
		if err != nil {
			status, value = http.StatusUnprocessableEntity, map[string]string{"error": err.Error()}
			if errors.Is(err, errBad) {
				status = http.StatusBadRequest
			}
		}
		text, err := json.Marshal(value)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(status)
		w.Write(append(text, '\n')) // an error means that the client has gone
	}
}

// read decodes a request's body strictly: an unknown member is most likely a misspelt one.
func read(r *http.Request, into any) error {
	d := json.NewDecoder(io.LimitReader(r.Body, 1<<20))
	d.DisallowUnknownFields()
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("%w: want a JSON object: %w", errBad, err)
	}
	return nil
}

func (s *Running) moveClock(r *http.Request) (any, error) {
	var want struct {
		Advance string          `json:"advance"`
		Set     json.RawMessage `json:"set"`
	}
	if err := read(r, &want); err != nil {
		return nil, err
	}
	move := func(ctx context.Context) error { return nil }
	switch {
	case want.Advance != "" && want.Set == nil:
		d, err := parseDuration(want.Advance)
		if err != nil {
			return nil, fmt.Errorf("%w: advance: %w", errBad, err)
		}
		move = func(ctx context.Context) error { return s.Clock.Advance(ctx, d) }
	case want.Set != nil && want.Advance == "":
		at, err := parseMoment(want.Set)
		if err != nil {
			return nil, fmt.Errorf("%w: set: %w", errBad, err)
		}
		move = func(ctx context.Context) error { return s.Clock.Set(ctx, at) }
	default:
		return nil, fmt.Errorf("%w: want either advance or set", errBad)
	}
	arrived := make(chan struct{})
	if !s.begin(func() {
		defer close(arrived)
		_ = move(s.ctx) // its error stands in the clock's state
	}) {
		return nil, errors.New("the simulators are ending")
	}
	timer := time.NewTimer(clockPatience)
	defer timer.Stop()
	select {
	case <-arrived:
	case <-timer.C:
	}
	return s.Clock.State(), nil
}

// parseMoment reads RFC 3339 text, or a number of unix seconds.
func parseMoment(raw json.RawMessage) (time.Time, error) {
	text := strings.Trim(string(raw), `"`)
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.Unix(seconds, 0), nil
	}
	return time.Parse(time.RFC3339, text)
}
