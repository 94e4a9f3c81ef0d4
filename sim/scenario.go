package sim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Scenario is what simulators are told before anybody else can tell them anything: control calls, in order.
type Scenario struct {
	Calls []ControlCall `json:"calls"`
}

// ControlCall is one control call, such as POST /shopee/faults with the body that it takes.
type ControlCall struct {
	Call string          `json:"call"`
	Body json.RawMessage `json:"body"`
}

// ReadScenario reads a scenario. A member that it does not know is most likely a misspelt one.
func ReadScenario(r io.Reader) (s Scenario, err error) {
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return s, fmt.Errorf(`want {"calls":[{"call":"POST /PLATFORM/faults","body":{…}},…]}: %w`, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return s, errors.New("more than one JSON object: put all calls into one list")
	}
	return s, nil
}

// play makes the calls of a scenario. The first one that is refused ends it, named by its number.
func (s *Running) play(scenario Scenario) error {
	control := s.control()
	for n, c := range scenario.Calls {
		method, path, ok := strings.Cut(c.Call, " ")
		if !ok || !strings.HasPrefix(path, "/") || method != http.MethodPost && method != http.MethodDelete {
			return fmt.Errorf("call %d: %q is no control call; want POST or DELETE, a blank and a path", n+1, c.Call)
		}
		req, err := http.NewRequestWithContext(s.ctx, method, path, bytes.NewReader(c.Body))
		if err != nil {
			return fmt.Errorf("call %d: %q is no control call", n+1, c.Call)
		}
		answer := &heard{status: http.StatusOK, header: http.Header{}}
		control.ServeHTTP(answer, req)
		if answer.status != http.StatusOK {
			return fmt.Errorf("call %d, %s, was refused with %d: %s", n+1, c.Call, answer.status, strings.TrimSpace(answer.body.String()))
		}
	}
	return nil
}

// heard keeps the answer to a call that nobody sent over a network.
type heard struct {
	status int
	header http.Header
	body   bytes.Buffer
}

// Header implements [http.ResponseWriter].
func (h *heard) Header() http.Header { return h.header }

// WriteHeader implements [http.ResponseWriter].
func (h *heard) WriteHeader(status int) { h.status = status }

// Write implements [http.ResponseWriter].
func (h *heard) Write(p []byte) (int, error) { return h.body.Write(p) }
